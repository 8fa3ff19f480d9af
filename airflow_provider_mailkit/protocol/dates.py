"""Mailkit's dates, ``2026-03-01 08:00:00`` in the account's time zone, as ISO 8601."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from functools import cache

from airflow_provider_mailkit.exceptions import MailkitResponseError
from airflow_provider_mailkit.protocol.functions import RECIPIENTS

# Recipients that follow each other have few different dates; the bound is for reports that are not like that.
_MAX_CACHED = 4096
_HOUR = len("2026-03-01 08")

#: A date as it is on the account's clock, in ISO 8601, and the offset behind it.
_Local = tuple[str, str]
_BEFORE_ALL: _Local = ("", "")
_AFTER_ALL: _Local = ("~", "")


class DateReader(dict[str | None, str | None]):
    """Turns Mailkit's dates, which carry no offset, into ISO 8601, and keeps what it has read.

    Absent, empty and ``0000-00-00`` dates become ``absent``.

    :param zone: the zone that the account's dates are in; None leaves them without offset. A time that a
        change to summer time skips is read with the offset before the change and so lands after it; one
        that comes twice is read as the first of the two.
    :param absent: None or an empty text.
    :param function: whose dates they are, for the error.
    """

    def __init__(
        self, zone: tzinfo | None = None, absent: str | None = None, function: str = RECIPIENTS
    ) -> None:
        super().__init__()
        self._zone = zone
        self._function = function
        self._absent = absent
        # What the dates of an hour begin with, and their offset; None where they have to be read singly.
        self._hours: dict[str, _Local | None] = {}
        self._times: frozenset[str] = frozenset()
        self._first = _AFTER_ALL
        self._last = _BEFORE_ALL

    @property
    def first(self) -> str | None:
        """The earliest date that was read."""
        return None if self._first is _AFTER_ALL else "".join(self._first)

    @property
    def last(self) -> str | None:
        """The latest date that was read."""
        return None if self._last is _BEFORE_ALL else "".join(self._last)

    def __missing__(self, text: str | None) -> str | None:
        if len(self) >= _MAX_CACHED:
            self.clear()
        # As little as possible: a report may have a million different dates.
        hour = self._hours.get(text[:_HOUR]) if text else None
        if text and hour and (rest := text[_HOUR:]) in self._times:
            local, offset = hour[0] + rest, hour[1]
        elif not text or text.startswith("0000-00-00"):
            self[text] = self._absent
            return self._absent
        else:
            local, offset = self._read_first(text)
        # The clock's order is that of time: of an hour that comes twice only the first is ever meant, and a
        # time that was skipped has been moved.
        if local < self._first[0]:
            self._first = local, offset
        if local > self._last[0]:
            self._last = local, offset
        self[text] = iso = local + offset
        return iso

    def _read_first(self, text: str) -> _Local:
        """Read a date of an hour that is not known yet."""
        date = self._parse(text.strip())
        if date is None:
            raise MailkitResponseError(
                f"{self._function}: a DATE of the report is not of the form YYYY-MM-DD HH:MM:SS.",
                function=self._function,
            )
        if len(self._hours) >= _MAX_CACHED:
            self._hours.clear()
        self._times = _times_in_an_hour()
        hour = text[:_HOUR]
        begin, end = self._parse(hour + ":00:00"), self._parse(hour + ":59:59")
        self._hours[hour] = None
        # Summer time may begin, or end, in the middle of an hour.
        if begin and begin[0].endswith(":00:00") and end == (begin[0][:_HOUR] + ":59:59", begin[1]):
            self._hours[hour] = begin[0][:_HOUR], begin[1]
        return date

    def _parse(self, text: str) -> _Local | None:
        # A date at the very end of the calendar overflows in some zones.
        with suppress(ValueError, OverflowError):
            date = datetime.fromisoformat(text)
            if date.tzinfo is None and self._zone is not None:
                # By way of UTC, since a skipped local time is no point in time of its own.
                date = date.replace(tzinfo=self._zone).astimezone(UTC).astimezone(self._zone)
                local = date.replace(tzinfo=None).isoformat()
                return local, date.isoformat()[len(local) :]
            if date.tzinfo is None:
                return date.isoformat(), ""
        return None


@cache
def _times_in_an_hour() -> frozenset[str]:
    return frozenset(f":{minute:02}:{second:02}" for minute in range(60) for second in range(60))
