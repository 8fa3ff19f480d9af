"""The sent and scheduled deliveries of a campaign, from its history and its list of schedules.

All times are on the account's clock, without an offset, as Mailkit writes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, NamedTuple

from airflow_provider_mailkit.exceptions import MailkitResponseError

# How far the clocks of Airflow and Mailkit may differ.
_MARGIN = timedelta(minutes=1)
# Time zones reach from 12 hours behind UTC to 14 ahead of it.
_FARTHEST_BEHIND = timedelta(hours=12)


class Sending(NamedTuple):
    """A delivery of a campaign, or the schedule of one.

    :param id_send: ID of the delivery; None for a schedule.
    :param id_queue: ID of the schedule; None for a delivery.
    :param made: when the delivery began, or when the schedule was made.
    :param due: the time of a schedule.
    """

    id_send: int | None
    id_queue: int | None
    made: datetime
    due: datetime | None = None


def read_history(function: str, answer: Any) -> list[Sending]:
    """Read a checked answer of ``mailkit.campaigns.history``.

    :raises MailkitResponseError: the answer does not have the documented form.
    """
    return [
        Sending(_number(function, row, "ID_SEND"), None, _instant(function, row, "DATE"))
        for row in _rows(function, answer)
    ]


def read_schedules(function: str, answer: Any) -> list[Sending]:
    """Read a checked answer of ``mailkit.campaigns.schedule.list``.

    :raises MailkitResponseError: the answer does not have the documented form.
    """
    return [
        Sending(
            None,
            _number(function, row, "ID_SEND_MESSAGE_QUEUE"),
            _instant(function, row, "DATE"),
            _instant(function, row, "DATE_SEND"),
        )
        for row in _rows(function, answer.get("data") if isinstance(answer, dict) else answer)
    ]


class Once(NamedTuple):
    """Which deliveries and schedules count as the one of a task.

    :param since: made at or after this time.
    :param due: schedules for this time.
    :param day: beginning on this day.
    """

    since: datetime
    due: datetime | None = None
    day: date | None = None

    def first(self, sendings: Iterable[Sending]) -> Sending | None:
        """Return the oldest one, a delivery before any schedule; None if there is none."""
        found = sorted(filter(self._counts, sendings), key=lambda each: (each.id_send is None, each.made))
        return found[0] if found else None

    def _counts(self, sending: Sending) -> bool:
        begins = sending.due or sending.made
        is_due = self.due is not None and sending.due == self.due
        return sending.made >= self.since or is_due or begins.date() == self.day


def clock_of(since: datetime, now: datetime, zone: tzinfo | None) -> datetime:
    """Return the earliest time that Mailkit can have written for a delivery made at or after an instant.

    Nobody has seen whether Mailkit's dates are on the account's clock, so UTC counts too.

    :param since: with an offset.
    :param now: with an offset. If clocks were set back since, they show earlier times again.
    :param zone: the zone of the account; None: any zone of the world.
    """
    since -= _MARGIN
    by_utc = since.astimezone(UTC).replace(tzinfo=None)
    if zone is None:
        return by_utc - _FARTHEST_BEHIND
    then, today = since.astimezone(zone), now.astimezone(zone)
    set_back = (then.utcoffset() or timedelta()) - (today.utcoffset() or timedelta())
    return min(by_utc, then.replace(tzinfo=None) - max(set_back, timedelta()))


def _rows(function: str, answer: Any) -> Iterator[Mapping[str, Any]]:
    rows = [] if answer in ("", None, {}) else answer
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _unexpected(function, "the answer is not a list of objects")
    return ({name.upper(): value for name, value in row.items()} for row in rows)


def _number(function: str, row: Mapping[str, Any], name: str) -> int:
    value = row.get(name)
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _unexpected(function, f"{name} is not a number")
    return value


def _instant(function: str, row: Mapping[str, Any], name: str) -> datetime:
    try:
        return datetime.fromisoformat(str(row.get(name))).replace(tzinfo=None)
    except ValueError:
        raise _unexpected(function, f"{name} is not a date with a time") from None


def _unexpected(function: str, what: str) -> MailkitResponseError:
    return MailkitResponseError(f"{function}: {what}.", function=function)
