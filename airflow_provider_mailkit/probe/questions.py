"""The calls to make: each function that only reads, once, with IDs from earlier answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow_provider_mailkit.catalogue.functions import (
    FUNCTIONS,
    campaigns,
    mailinglists,
    reports,
    sending,
)
from airflow_provider_mailkit.probe.shapes import ROWS

_DAYS = 30
_MOST_DELIVERIES = 50
# Needs the ID of a request, which only somebody who sends has.
_NOT_ASKED = (sending.SENDMAIL_MASS_RESULTS.name,)
# Mailkit's page calls its parameters required in one place, and optional in another.
_ASKED_IN_FULL = (campaigns.SCHEDULE_LIST.name,)
#: Where IDs come from: functions, and the parameters for the IDs in their answers. Each function comes after
#: those whose IDs it needs.
_SOURCES = {
    campaigns.CAMPAIGNS_LIST.name: ("ID_message",),
    campaigns.CAMPAIGNS_HISTORY.name: ("ID_message", "ID_send"),
    reports.REPORT_LINKS.name: ("ID_url",),
    mailinglists.MAILING_LISTS_LIST.name: ("ID_user_list",),
    mailinglists.MAILING_LIST_GETSTATUS.name: ("ID_email",),
}


def functions() -> Iterator[str]:
    """Yield the names of all functions that only read, in the order of the calls."""
    reading = [name for name, function in FUNCTIONS.items() if function.reads]
    yield from _SOURCES
    yield from (name for name in reading if name not in _SOURCES)


def parameters(name: str, known: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the parameters of a call; None if an ID for it is not known.

    :param known: IDs by the names of the parameters.
    """
    if name in _NOT_ASKED:
        return None
    function = FUNCTIONS[name]
    names = [parameter.name for parameter in function.parameters]
    required = [parameter.name for parameter in function.parameters if parameter.required]
    if name in _ASKED_IN_FULL:
        required = names
    if function.one_of:
        required += [each for each in function.one_of if each in known][:1] or function.one_of[:1]
    if any(each not in known for each in required):
        return None
    today = datetime.now(UTC).date()
    usual = {
        "limit": ROWS,
        "list_count": _MOST_DELIVERIES,
        "range_from": today - timedelta(days=_DAYS),
        "range_to": today,
    }
    return {each: usual[each] for each in names if each in usual} | {each: known[each] for each in required}


def found(name: str, answer: Any) -> dict[str, Any]:
    """Return the IDs that an answer names, of its last usable row: the oldest delivery has ended."""
    rows = answer if isinstance(answer, list) else [answer]
    ids: dict[str, Any] = {}
    for row in rows:
        members = {str(key).upper(): value for key, value in row.items()} if isinstance(row, dict) else {}
        if str(members.get("STATUS", "enabled")).lower() == "disabled":
            continue
        ids |= {
            parameter: members[parameter.upper()]
            for parameter in _SOURCES.get(name, ())
            if members.get(parameter.upper())
        }
    return ids
