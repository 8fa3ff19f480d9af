"""Ranges of days for reports, on the account's clock."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Any

import pendulum

from airflow_provider_mailkit._arguments import day, whole
from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.exceptions import MailkitArgumentError

LOOK_BACK_DAYS = whole(0, "number of days")


@dataclass(frozen=True, slots=True)
class Days:
    """A range of days, including both ends."""

    first: date
    last: date


def last_days(days: int, zone: tzinfo | None, now: datetime | None = None) -> Days:
    """Return today and this many days before it.

    :param zone: the time zone of the account's days; None for UTC.
    :param now: an instant within today.
    """
    last = today(zone, now)
    return Days(days_before(last, days), last)


def days_between(
    first: Any, last: Any, look_back_days: Any, *, zone: tzinfo | None = None, now: datetime | None = None
) -> Days:
    """Return the range of an operator's arguments. It never ends later than today.

    :param first: date, datetime or ISO 8601 text; None or empty: ``look_back_days`` before the last day.
    :param last: the same; None or empty: today.
    :param look_back_days: int, or str with only digits.
    :param zone: the time zone of the account's days; None for UTC.
    :param now: an instant within today.
    :raises MailkitError: an argument cannot be read, or the range ends before it begins.
    """
    latest = today(zone, now)
    end = read_day("date_to", last, zone) or latest
    begin = read_day("date_from", first, zone)
    if begin is None:
        begin = days_before(min(end, latest), LOOK_BACK_DAYS("look_back_days", look_back_days))
    _check_order(("date_from", begin), ("date_to", end) if end < latest else ("today", latest))
    return Days(begin, min(end, latest))


def complete_days(
    report: Report, parameters: Mapping[str, Any], zone: tzinfo | None, look_back_days: int | None = None
) -> dict[str, Any]:
    """Return a report's parameters with both ends of its range of days.

    Sources disagree on what Mailkit answers without a range. A missing end is today. A missing beginning is
    some days before the end.

    :param zone: the time zone of the account's days; None for UTC.
    :param look_back_days: how many, instead of the number that the report declares.
    :raises MailkitError: a day cannot be read, or the range ends before it begins.
    """
    days = report.days
    asked = {name: value for name, value in parameters.items() if value is not None}
    if days is None:
        return asked
    if days.last is None or days.look_back_days is None:
        others = {name: value for name, value in asked.items() if name not in (days.first, days.last)}
        return others | days_in(report, asked, zone)
    end = read_day(days.last, asked.get(days.last), zone)
    last = end or today(zone)
    back = days.look_back_days if look_back_days is None else look_back_days
    first = read_day(days.first, asked.get(days.first), zone) or days_before(last, back)
    _check_order((days.first, first), (days.last if end else "today", last))
    return asked | {days.first: first, days.last: last}


def days_in(report: Report, parameters: Mapping[str, Any], zone: tzinfo | None) -> dict[str, date]:
    """Return the ends of a report's range of days, as far as the parameters have them.

    :raises MailkitError: one is not a day.
    """
    names = (report.days.first, report.days.last) if report.days else ()
    given = {name: read_day(name, parameters.get(name), zone) for name in names if name}
    return {name: value for name, value in given.items() if value is not None}


def today(zone: tzinfo | None, now: datetime | None = None) -> date:
    """Return the day on the account's clock: in its zone, or in UTC.

    :param now: an instant in that day, instead of the present one.
    """
    instant = pendulum.instance(now) if now else pendulum.now("UTC")
    return instant.astimezone(zone or UTC).date()


def read_day(name: str, value: Any, zone: tzinfo | None) -> date | None:
    """Return the day of an argument. None and an empty text are None.

    The day of an instant, such as ``{{ data_interval_start }}``, depends on the zone.

    :raises MailkitError: it is not a day.
    """
    read = day(name, value)
    if isinstance(read, datetime) and read.tzinfo:
        with suppress(OverflowError):
            read = pendulum.instance(read).astimezone(zone or UTC)
    return read.date() if isinstance(read, datetime) else read


def days_before(last: date, days: int) -> date:
    """Return the day this many days before another one, or the first day of the calendar."""
    end = pendulum.date(last.year, last.month, last.day)
    return end.subtract(days=min(days, end.diff(date.min).in_days()))


def _check_order(first: tuple[str, date], last: tuple[str, date]) -> None:
    if first[1] > last[1]:
        begins, ends = (f"{name} ({day})" for name, day in (first, last))
        raise MailkitArgumentError(f"{begins} is after {ends}: the range has no days.")
