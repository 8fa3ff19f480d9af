"""Mailkit's dates, ``2026-03-01 08:00:00`` in the account's time zone, as ISO 8601."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from functools import cache
from typing import Any

from airflow_provider_mailkit.catalogue.columns import DAY, INSTANT
from airflow_provider_mailkit.exceptions import MailkitResponseError
from airflow_provider_mailkit.protocol import fields
from airflow_provider_mailkit.protocol.schema import Schema

# Recipients that follow each other have few different dates; the bound is for reports that are not like that.
_MAX_CACHED = 4096
# If nearly all dates of a batch are new, this many batches are read without asking what is kept.
_SCATTERED = 7 / 8
_BATCHES_READ_SINGLY = 63
_HOUR = len("2026-03-01 08")
# ISO 8601 has much more, which would be a mistake here; the form without hyphens is that of XML-RPC.
_FORM = re.compile(r"[0-9]{4}(-?)[0-9]{2}\1[0-9]{2}(?:[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)?")
# Before and after all texts of dates.
_FIRST, _LAST = "", "~"


class Extremes:
    """The earliest and the latest date, in ISO 8601.

    The order of the texts is the order of time: in a repeated hour only the first one counts, and skipped
    times have been moved.
    """

    def __init__(self) -> None:
        self._first = _LAST
        self._last = _FIRST

    @property
    def first(self) -> str | None:
        """The earliest date; None if there was none."""
        return None if self._first == _LAST else self._first

    @property
    def last(self) -> str | None:
        """The latest date; None if there was none."""
        return self._last or None

    def add(self, iso: str) -> None:
        """Take a date into account."""
        if iso < self._first:
            self._first = iso
        if iso > self._last:
            self._last = iso

    def add_all(self, dates: Sequence[str]) -> None:
        """Take dates into account."""
        if dates:
            self.add(min(dates))
            self.add(max(dates))

    def join(self, others: Extremes) -> None:
        """Take into account what others were shown."""
        self._first = min(self._first, others._first)
        self._last = max(self._last, others._last)


class DateReader(dict[str | None, str | None]):
    """Turns Mailkit's dates, which have no offset, into ISO 8601, and caches them.

    Absent, empty and ``0000-00-00`` dates become ``absent``.

    :param zone: the time zone of the account's dates; None leaves them without offset. A time that the change
        to summer time skips is read with the offset before the change, and so falls after it. Of a repeated
        time the first one counts.
    :param absent: None or an empty text.
    :param function: whose dates they are, and ``column``: in which column, for the error.
    :param extremes: is shown every date that is read.
    """

    def __init__(
        self,
        zone: tzinfo | None = None,
        absent: str | None = None,
        *,
        function: str,
        column: str = "DATE",
        extremes: Extremes | None = None,
    ) -> None:
        super().__init__()
        self._zone = zone
        self._function = function
        self._column = column
        self._absent = absent
        self._extremes = extremes or Extremes()
        self._hours: dict[str, tuple[str, str]] = {}
        # What may follow the beginning of a date in one of the hours; none as long as no hour is known.
        self._times: frozenset[str] = frozenset()
        self._misses = 0
        self._batches_read_singly = 0

    def __missing__(self, text: str | None) -> str | None:
        self._misses += 1
        if len(self) >= _MAX_CACHED:
            self.clear()
        self[text] = iso = self._read(text)
        return iso

    def read_all(self, records: Sequence[Any]) -> None:
        """Make the column's attribute of records ISO 8601, in place.

        :raises MailkitResponseError: one of them is not a date.
        """
        if self._batches_read_singly:
            self._batches_read_singly -= 1
            self._read_singly(records)
            return
        before = self._misses
        fields.replace(records, self._column, self)
        if self._misses - before > _SCATTERED * len(records):
            self._batches_read_singly = _BATCHES_READ_SINGLY

    def hour(self, begin: str) -> tuple[str, str] | None:
        """Return what all dates of an hour have in common in ISO 8601: their beginning and their offset.

        :param begin: their beginning as they come, ``2026-03-01 08``.
        :return: None if that is not an hour, or if the clock is changed in it: its dates are read one by one.
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
        fields.read_dates(records, self._column, self._hours, self._times, self._read)
        self._extremes.add_all(fields.filled_values(records, self._column))

    def _read(self, text: str | None) -> str | None:
        hour = self._hours.get(text[:_HOUR]) if text else None
        if text and hour and (time := text[_HOUR:]) in self._times:
            iso = f"{hour[0]}{time}{hour[1]}"
        else:
            text = (text or "").strip()
            if not text or text.startswith("0000-00-00"):
                return self._absent
            iso = self._read_first(text)
        self._extremes.add(iso)
        return iso

    def _read_first(self, text: str) -> str:
        """Read a date of an hour that is not known yet."""
        self.hour(text[:_HOUR])
        if date := self._parse(text):
            return "".join(date)
        raise MailkitResponseError(
            f"{self._function}: {self._column} of a record is not of the form YYYY-MM-DD HH:MM:SS.",
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
                # By way of UTC, since a skipped local time is not a point in time of its own.
                date = date.replace(tzinfo=self._zone).astimezone(UTC).astimezone(self._zone)
                local = date.replace(tzinfo=None).isoformat()
                return local, date.isoformat()[len(local) :]
            return date.isoformat(), ""
        return None


@cache
def _times_in_an_hour() -> frozenset[str]:
    return frozenset(f":{minute:02}:{second:02}" for minute in range(60) for second in range(60))


class DayReader(dict[str | None, str | None]):
    """Turns days into ISO 8601, and caches them. A time after the day is dropped.

    :param function: whose days they are, and ``column``: in which column, for the error.
    :param extremes: is shown every day that is read.
    """

    def __init__(self, *, function: str, column: str, extremes: Extremes | None = None) -> None:
        super().__init__()
        self._function = function
        self._column = column
        self._extremes = extremes or Extremes()

    def __missing__(self, text: str | None) -> str | None:
        if len(self) >= _MAX_CACHED:
            self.clear()
        self[text] = day = self._read(text)
        return day

    def read_all(self, records: Sequence[Any]) -> None:
        """Make the column's attribute of records ISO 8601, in place.

        :raises MailkitResponseError: one of them is not a day.
        """
        fields.replace(records, self._column, self)

    def _read(self, text: str | None) -> str | None:
        text = (text or "").strip()
        if not text or text.startswith("0000-00-00"):
            return None
        with suppress(ValueError):
            if _FORM.fullmatch(text):
                day = datetime.fromisoformat(text).date().isoformat()
                self._extremes.add(day)
                return day
        raise MailkitResponseError(
            f"{self._function}: {self._column} of a record is not of the form YYYY-MM-DD.",
            function=self._function,
        )


def date_readers(
    schema: Schema,
    columns: Collection[str],
    zone: tzinfo | None,
    absent: str | None,
    extremes: Mapping[str, Extremes],
) -> dict[str, DateReader | DayReader]:
    """Return what reads the dates of a report, by column.

    :param columns: those that are read; others than dates are left out.
    :param zone: the zone that the account's instants are in.
    :param absent: what an absent instant becomes.
    :param extremes: are shown the dates of a column.
    """
    readers: dict[str, DateReader | DayReader] = {}
    for name in schema.of_kind(INSTANT, columns):
        readers[name] = DateReader(
            zone, absent, function=schema.function, column=name, extremes=extremes.get(name)
        )
    for name in schema.of_kind(DAY, columns):
        readers[name] = DayReader(function=schema.function, column=name, extremes=extremes.get(name))
    return readers
