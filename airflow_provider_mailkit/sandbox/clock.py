"""The account's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_ZONE = "Europe/Prague"


@cache
def zone() -> tzinfo:
    """Return the time zone of the account: Prague, or UTC on a machine without time zones."""
    try:
        return ZoneInfo(_ZONE)
    except ZoneInfoNotFoundError:
        return UTC


def local_time() -> datetime:
    """Return the time in whole seconds."""
    return datetime.now(zone()).replace(microsecond=0, tzinfo=None)


def yesterday() -> date:
    """Return the day before today: at any hour, all its deliveries have begun."""
    return local_time().date() - timedelta(days=1)


def shown(moment: datetime) -> datetime:
    """Return a moment as the clock shows it: in the hour that it leaves out in spring, an hour later."""
    return moment.replace(tzinfo=zone()).astimezone(UTC).astimezone(zone()).replace(tzinfo=None)
