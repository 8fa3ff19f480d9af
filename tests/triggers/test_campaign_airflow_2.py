"""What is said to those who want to watch a campaign on Airflow 2."""

from __future__ import annotations

import pytest
from airflow.triggers import base

from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.triggers.mailkit import MailkitCampaignTrigger, MailkitRecipientsTrigger


@pytest.mark.skipif(hasattr(base, "BaseEventTrigger"), reason="this is Airflow 3")
def test_it_can_be_imported_and_says_what_it_needs():
    with pytest.raises(MailkitError, match="needs Airflow 3"):
        MailkitCampaignTrigger(id_message=3001)
    assert MailkitRecipientsTrigger(id_send=5001).id_send == 5001
