"""Days that last: what asks for "the last days" gets others if midnight passes meanwhile."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta, tzinfo

_ENOUGH = timedelta(minutes=4)
_HOUR_S = 3600


def lasting_day(zone: tzinfo) -> date:
    """Return the day that it is in a zone; with less than four minutes left of it, wait for the next one."""
    now = datetime.now(zone)
    soon = now + _ENOUGH
    if soon.date() != now.date():
        time.sleep((datetime.combine(soon.date(), datetime.min.time(), zone) - now).total_seconds() + 1)
    return soon.date()


def let_the_hour_begin(within_s: float) -> None:
    """Wait for the next full hour if it is near. It is midnight in one of the zones of the tests.

    :param within_s: how near, in seconds.
    """
    left_s = _HOUR_S - time.time() % _HOUR_S
    if left_s <= within_s:
        time.sleep(left_s + 0.01)
