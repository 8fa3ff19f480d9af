"""Checks of an import's mailing list: whether it exists, and how many recipients it has."""

from __future__ import annotations

import logging
import time
from contextlib import closing

from airflow_provider_mailkit.catalogue.functions import MAILING_LISTS
from airflow_provider_mailkit.catalogue.reports.lists import MEMBERS
from airflow_provider_mailkit.exceptions import MailkitArgumentError, MailkitResponseError
from airflow_provider_mailkit.protocol.excerpt import Redactor
from airflow_provider_mailkit.protocol.plan import plan_for
from airflow_provider_mailkit.transport.sync_client import SyncClient

# Its pages go by this column.
_COUNTED = ("ID_EMAIL",)
# Mailkit does not document whether its work is done when it answers. So before an import counts as
# incomplete, the list is counted again after these pauses.
_PAUSES_S = (5.0, 25.0)

log = logging.getLogger(__name__)


def check_list(client: SyncClient, id_user_list: int) -> None:
    """Check that a mailing list can take recipients.

    :raises MailkitError: it does not exist or is not enabled, or the lists cannot be read.
    """
    lists = client.call(MAILING_LISTS, checked=True)
    if not isinstance(lists, list) or not all(isinstance(entry, dict) for entry in lists):
        raise MailkitResponseError(f"{MAILING_LISTS}: the answer is not a list.", function=MAILING_LISTS)
    entries = [{name.upper(): value for name, value in entry.items()} for entry in lists]
    found = next((entry for entry in entries if str(entry.get("ID_USER_LIST")) == str(id_user_list)), None)
    if found is None:
        raise MailkitArgumentError(
            f"The account has no mailing list {id_user_list}. Nothing was sent: check id_user_list.",
            function=MAILING_LISTS,
        )
    status = str(found.get("STATUS"))
    if status.lower() != "enabled":
        raise MailkitArgumentError(
            f"Mailing list {id_user_list} is not enabled but {Redactor().clean(status)!r}. Nothing was sent: "
            "enable it in Mailkit, or choose another one.",
            function=MAILING_LISTS,
        )


def count_recipients(client: SyncClient, id_user_list: int) -> int:
    """Return how many recipients a mailing list has, in any state. It is read page by page.

    :raises MailkitError: it cannot be read.
    """
    plan = plan_for(MEMBERS.name, {"ID_user_list": id_user_list}, client.endpoint.zone)
    with closing(client.read(plan, lambda call: client.decoder(call.report, _COUNTED))) as batches:
        return sum(map(len, batches))


def count_at_least(client: SyncClient, id_user_list: int, expected: int) -> int:
    """Return how many recipients a list has, after waiting a while until it has the expected number."""
    count = count_recipients(client, id_user_list)
    for pause_s in _PAUSES_S:
        if count >= expected:
            break
        log.info("List %d has %d recipients of %d so far; counting again.", id_user_list, count, expected)
        time.sleep(pause_s)
        count = count_recipients(client, id_user_list)
    return count
