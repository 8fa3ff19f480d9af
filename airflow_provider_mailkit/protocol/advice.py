"""Advice on an error answer of Mailkit: a sentence with the ID of the call and the connection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from airflow_provider_mailkit.catalogue.parameters import NOUNS

_UNAUTHORIZED = re.compile(r"\s*Unauthorized", re.IGNORECASE)
_DISALLOWED = re.compile(r"\s*Disallowed IP", re.IGNORECASE)
# "Missing ID email" is written with a blank.
_NAMED = re.compile(r"\s*(Missing|Invalid) ((?:ID )?[A-Za-z]\w{0,30})", re.IGNORECASE | re.ASCII)


def is_refused(text: str) -> bool:
    """Tell whether an error text refuses the client, and not the call."""
    return any(pattern.match(text) for pattern in (_UNAUTHORIZED, _DISALLOWED))


def named(connection: str) -> str:
    """Return the name of a connection in a sentence.

    :param connection: its ID; empty if it has none that its user knows.
    """
    return f"the connection '{connection}'" if connection else "the connection"


def advise(text: str, parameters: Mapping[str, Any], connection: str) -> str:
    """Return the sentence to follow an error text of the API.

    :param parameters: the parameters of the call. Only IDs of campaigns, deliveries, links and mailing lists
        are shown.
    :param connection: as of :func:`named`.
    """
    if _UNAUTHORIZED.match(text):
        return f"Check the client ID (login) and the MD5 code (password) of {named(connection)}."
    account = "the Mailkit account" + (f" of {named(connection)}" if connection else "")
    if _DISALLOWED.match(text):
        return f"Add the address to the allowed IPs of {account} (Profile / Integration)."
    sent = {name.lower(): value for name, value in parameters.items()}
    call = "the call" + _asked_for(sent) + (f" over {named(connection)}" if connection else "")
    found = _NAMED.match(text)
    if found is None:
        return f"Check the parameters of {call}."
    name = found[2].replace(" ", "_")
    thing = _described(name.lower(), sent)
    if thing:
        return f"Check that {thing} exists in {account}."
    is_missing = found[1].lower() == "missing" and name.lower() not in sent
    return f"{'Add' if is_missing else 'Check'} the parameter {name} {'to' if is_missing else 'of'} {call}."


def _asked_for(sent: Mapping[str, Any]) -> str:
    things = [thing for name in NOUNS if (thing := _described(name, sent))]
    return f" for {' and '.join(things)}" if things else ""


def _described(name: str, sent: Mapping[str, Any]) -> str:
    """Return a text such as "delivery 5001"; empty if the ID must not be shown, or is not a number."""
    value = str(sent.get(name, "")).strip()
    return f"{NOUNS[name]} {value}" if name in NOUNS and re.fullmatch(r"[0-9]{1,19}", value) else ""
