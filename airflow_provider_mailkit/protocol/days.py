"""The days that a report is asked for: both ends are always sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, tzinfo
from typing import Any

from airflow_provider_mailkit._arguments import day
from airflow_provider_mailkit.catalogue.report import Report


def complete_days(
    report: Report, parameters: Mapping[str, Any], zone: tzinfo | None, look_back_days: int | None = None
) -> dict[str, Any]:
    """Return a report's parameters with both ends of its range of days.

    Sources disagree on what Mailkit answers without a range. An end that is missing is today, on the
    account's clock or else in UTC; a beginning that is missing is some days before the end.

    :param look_back_days: how many, instead of the number that the report declares.
    """
    days = report.days
    asked = {name: value for name, value in parameters.items() if value is not None}
    if days is None or days.last is None or days.look_back_days is None:
        return asked
    last = day(days.last, asked.get(days.last)) or _today(zone)
    asked[days.last] = last
    if not asked.get(days.first):
        back = days.look_back_days if look_back_days is None else look_back_days
        asked[days.first] = _before(last, back)
    return asked


def _today(zone: tzinfo | None) -> date:
    import pendulum

    return pendulum.now(str(zone) if zone else "UTC").date()


def _before(last: date, days: int) -> date:
    import pendulum

    end = pendulum.date(last.year, last.month, last.day)
    return end.subtract(days=min(days, (end - pendulum.date(1, 1, 1)).days))
