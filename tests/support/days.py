"""Days that last: what asks for "the last days" gets others if midnight passes meanwhile."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta, tzinfo

_ENOUGH = timedelta(minutes=4)


def lasting_day(zone: tzinfo) -> date:
    """Return the day that it is in a zone; with less than four minutes left of it, wait for the next one."""
    now = datetime.now(zone)
    soon = now + _ENOUGH
    if soon.date() != now.date():
        time.sleep((datetime.combine(soon.date(), datetime.min.time(), zone) - now).total_seconds() + 1)
    return soon.date()
