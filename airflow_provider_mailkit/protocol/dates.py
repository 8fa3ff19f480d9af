"""Mailkit's dates, ``2026-03-01 08:00:00`` in the account's time zone, as ISO 8601."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from functools import cache
from typing import Any

from airflow_provider_mailkit.catalogue.functions import RECIPIENTS
from airflow_provider_mailkit.exceptions import MailkitResponseError

# Recipients that follow each other have few different dates; the bound is for reports that are not like that.
_MAX_CACHED = 4096
# If nearly all dates of a batch are new, so many batches are read without asking what is kept.
_SCATTERED = 7 / 8
_BATCHES_READ_SINGLY = 15
_HOUR = len("2026-03-01 08")
# ISO 8601 has much more, which would be a mistake here; the form without hyphens is that of XML-RPC.
_FORM = re.compile(r"[0-9]{4}(-?)[0-9]{2}\1[0-9]{2}(?:[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)?")
# Before and after all texts of dates.
_FIRST, _LAST = "", "~"


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
        self._hours: dict[str, tuple[str, str]] = {}
        # What may follow the beginning of a date in one of the hours; none as long as no hour is known.
        self._times: frozenset[str] = frozenset()
        self._misses = 0
        self._batches_read_singly = 0
        # The clock's order, which is that of the texts, is that of time: of an hour that comes twice only the
        # first is ever meant, and a time that was skipped has been moved.
        self._first = _LAST
        self._last = _FIRST

    @property
    def first(self) -> str | None:
        """The earliest date that was read."""
        return None if self._first == _LAST else self._first

    @property
    def last(self) -> str | None:
        """The latest date that was read."""
        return self._last or None

    def __missing__(self, text: str | None) -> str | None:
        self._misses += 1
        if len(self) >= _MAX_CACHED:
            self.clear()
        self[text] = iso = self._read(text)
        return iso

    def read_all(self, records: Sequence[Any]) -> None:
        """Make the attribute ``DATE`` of records ISO 8601, in place.

        :raises MailkitResponseError: one of them is not a date.
        """
        if self._batches_read_singly:
            self._batches_read_singly -= 1
            self._read_singly(records)
            return
        before = self._misses
        for record in records:
            record.DATE = self[record.DATE]
        if self._misses - before > _SCATTERED * len(records):
            self._batches_read_singly = _BATCHES_READ_SINGLY

    def hour(self, begin: str) -> tuple[str, str] | None:
        """Return what all dates of an hour have in common in ISO 8601: their beginning and their offset.

        :param begin: their beginning as they come, ``2026-03-01 08``.
        :return: None if that is no hour, or one in which the clock is changed: its dates are read singly.
        """
        hour = self._hours.get(begin)
        if hour is None and (hour := self._read_hour(begin)):
            if len(self._hours) >= _MAX_CACHED:
                self._hours.clear()
            self._hours[begin] = hour
            self._times = _times_in_an_hour()
        return hour

    def _read_singly(self, records: Sequence[Any]) -> None:
        """Do what :meth:`read_all` does, for dates that are hardly ever the same again."""
        hours, times = self._hours, self._times
        for record in records:
            text = record.DATE or ""
            hour, time = hours.get(text[:_HOUR]), text[_HOUR:]
            record.DATE = f"{hour[0]}{time}{hour[1]}" if hour and time in times else self._read(text)
        dates = [date for record in records if (date := record.DATE)]
        self._first = min(self._first, min(dates, default=_LAST))
        self._last = max(self._last, max(dates, default=_FIRST))

    def _read(self, text: str | None) -> str | None:
        hour = self._hours.get(text[:_HOUR]) if text else None
        if text and hour and (time := text[_HOUR:]) in self._times:
            iso = f"{hour[0]}{time}{hour[1]}"
        else:
            text = (text or "").strip()
            if not text or text.startswith("0000-00-00"):
                return self._absent
            iso = self._read_first(text)
        if iso < self._first:
            self._first = iso
        if iso > self._last:
            self._last = iso
        return iso

    def _read_first(self, text: str) -> str:
        """Read a date of an hour that is not known yet."""
        self.hour(text[:_HOUR])
        if date := self._parse(text):
            return "".join(date)
        raise MailkitResponseError(
            f"{self._function}: a DATE of the report is not of the form YYYY-MM-DD HH:MM:SS.",
            function=self._function,
        )

    def _read_hour(self, begin: str) -> tuple[str, str] | None:
        first, last = self._parse(begin + ":00:00"), self._parse(begin + ":59:59")
        # Summer time may begin, or end, in the middle of an hour.
        if first and first[0].endswith(":00:00") and last == (first[0][:_HOUR] + ":59:59", first[1]):
            return first[0][:_HOUR], first[1]
        return None

    def _parse(self, text: str) -> tuple[str, str] | None:
        """Return a date on the account's clock, in ISO 8601, and the offset."""
        if not _FORM.fullmatch(text):
            return None
        # A date at the very end of the calendar overflows in some zones.
        with suppress(ValueError, OverflowError):
            date = datetime.fromisoformat(text)
            if self._zone is not None:
                # By way of UTC, since a skipped local time is no point in time of its own.
                date = date.replace(tzinfo=self._zone).astimezone(UTC).astimezone(self._zone)
                local = date.replace(tzinfo=None).isoformat()
                return local, date.isoformat()[len(local) :]
            return date.isoformat(), ""
        return None


@cache
def _times_in_an_hour() -> frozenset[str]:
    return frozenset(f":{minute:02}:{second:02}" for minute in range(60) for second in range(60))
