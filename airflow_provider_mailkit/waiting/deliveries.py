"""The deliveries of a campaign, from the answer of ``mailkit.report.campaign``."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit.catalogue.function import ENVELOPE
from airflow_provider_mailkit.catalogue.functions import CAMPAIGN
from airflow_provider_mailkit.exceptions import MailkitResponseError
from airflow_provider_mailkit.protocol.dates import DateReader

if TYPE_CHECKING:
    from airflow_provider_mailkit.protocol.days import Days

_ID_SEND = "ID_SEND"
_SIXTY_FOUR_BITS = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery of a campaign. Values that the report lacks are None.

    :param date: when it began, in ISO 8601; with an offset if the account has a time zone.
    :param sender: as Mailkit has it: a name, an address, or both. Callers that pass it on must hide the
        address.
    :param subject: may quote an address, too.
    :param read_recipients: people who have read it at least once.
    :param click_recipients: people who have clicked at least once.
    """

    id_send: int
    date: str | None = None
    subject: str | None = None
    sender: str | None = None
    send_count: int | None = None
    delivered_count: int | None = None
    read_recipients: int | None = None
    click_recipients: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the delivery ready for JSON."""
        return asdict(self)


def question(id_message: int, days: Days) -> dict[str, Any]:
    """Return the parameters of a call of ``mailkit.report.campaign``, in the order of XML-RPC."""
    return {"ID_message": id_message, "range_from": str(days.first), "range_to": str(days.last)}


def read_deliveries(answer: Any, zone: tzinfo | None = None) -> list[Delivery]:
    """Read a decoded answer of ``mailkit.report.campaign``, in either protocol.

    One object may stand for a list of one, and an empty object or text for an empty list. Members may have
    any letter case, and numbers may be texts.

    :param zone: the zone of the account's dates; None leaves them without offset.
    :return: every delivery once, ordered by its ID.
    :raises MailkitResponseError: the answer does not have the documented form.
    """
    if isinstance(answer, dict):
        answer = {name: value for name, value in answer.items() if name.lower() not in ENVELOPE}
    if answer in ("", None, {}):
        answer = []
    records = [answer] if isinstance(answer, dict) else answer
    if not isinstance(records, list):
        raise _unexpected("the answer is not a list of deliveries")
    dates = DateReader(zone, function=CAMPAIGN)
    deliveries = {delivery.id_send: delivery for delivery in (_read(record, dates) for record in records)}
    return [deliveries[id_send] for id_send in sorted(deliveries)]


def _read(record: Any, dates: DateReader) -> Delivery:
    if not isinstance(record, dict):
        raise _unexpected("a delivery is not an object")
    members = {name.upper(): value for name, value in record.items()}
    id_send = _number(members, _ID_SEND)
    if id_send is None or id_send <= 0:
        raise _unexpected(f"a delivery has no {_ID_SEND}")
    began = members.get("DATE")
    if not isinstance(began, str | None):
        raise _unexpected("a DATE is not a text")
    return Delivery(
        id_send,
        dates[began],
        _text(members, "SUBJECT"),
        _text(members, "FROM"),
        _number(members, "SEND_COUNT"),
        _number(members, "DELIVERED_COUNT"),
        _number(members, "READ_COUNT_U"),
        _number(members, "CLICK_COUNT_U"),
    )


def _text(members: dict[str, Any], name: str) -> str | None:
    # A subject of digits may come as a number. A subject of another type must not end a wait.
    value = members.get(name)
    is_text = isinstance(value, str | int | float) and not isinstance(value, bool)
    return str(value).strip() or None if is_text else None


def _number(members: dict[str, Any], name: str) -> int | None:
    value = members.get(name)
    text = value.strip() if isinstance(value, str) else value
    if text is None or text == "":
        return None
    if isinstance(text, str) and re.fullmatch(r"-?[0-9]{1,19}", text):
        text = int(text)
    if isinstance(text, bool) or not isinstance(text, int) or text not in _SIXTY_FOUR_BITS:
        raise _unexpected(f"{name} of a delivery is not a whole number")
    return text


def _unexpected(what: str) -> MailkitResponseError:
    # No excerpt, since the report holds the sender's address.
    return MailkitResponseError(f"{CAMPAIGN}: {what}.", function=CAMPAIGN)
