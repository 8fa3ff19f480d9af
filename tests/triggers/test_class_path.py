"""Airflow finds each trigger's own class again; ours stay where waits under way expect them."""

from __future__ import annotations

import importlib

import pytest

from airflow_provider_mailkit._compat import IS_AIRFLOW_2
from airflow_provider_mailkit.triggers.mailkit import MailkitCampaignTrigger, MailkitRecipientsTrigger


class OwnRecipientsTrigger(MailkitRecipientsTrigger):
    """Waits for more than ours does."""


class OwnCampaignTrigger(MailkitCampaignTrigger):
    """Watches more than ours does."""


class MailkitRecipientsTriggerOfAnother(MailkitRecipientsTrigger):
    """Is called nearly as ours."""


MailkitRecipientsTriggerOfAnother.__qualname__ = "MailkitRecipientsTrigger"

OURS = "airflow_provider_mailkit.triggers.mailkit"
PATHS = [
    (MailkitRecipientsTrigger, {"id_send": 5001}, f"{OURS}.MailkitRecipientsTrigger"),
    (MailkitCampaignTrigger, {"id_message": 3001}, f"{OURS}.MailkitCampaignTrigger"),
    (OwnRecipientsTrigger, {"id_send": 5001}, f"{__name__}.OwnRecipientsTrigger"),
    (OwnCampaignTrigger, {"id_message": 3001}, f"{__name__}.OwnCampaignTrigger"),
    (MailkitRecipientsTriggerOfAnother, {"id_send": 5001}, f"{__name__}.MailkitRecipientsTrigger"),
]


@pytest.mark.parametrize(
    ("kind", "arguments", "path"), PATHS, ids=lambda value: getattr(value, "__name__", "")
)
def test_a_trigger_is_stored_under_its_own_class(kind, arguments, path):
    if IS_AIRFLOW_2 and issubclass(kind, MailkitCampaignTrigger):
        pytest.skip("assets have watchers from Airflow 3 on")
    stored, kept = kind(**arguments).serialize()
    assert stored == path
    module, _, name = stored.rpartition(".")
    found = getattr(importlib.import_module(module), name)
    assert found(**kept).serialize()[1] == kept
