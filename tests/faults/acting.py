"""What each fault means for a call that does more than read: whether Mailkit may have acted."""

from __future__ import annotations

from faults.fault import Fault
from faults.matrix import ANSWERS, BREAKS, DAMAGE, REDIRECTS, REFUSED_PLACES, SILENCE, STATUSES
from faults.outcomes import ACCESS, API, NOT_SENT, RESPONSE, UNCLEAR, Outcome

# Answers from which nothing can be learnt, whatever the function.
_UNREADABLE = ("page", "UTF-16", "other protocol", "DTD", "encoding", "more after", "twice", "deep")
# Answers that are fine for functions which are not reports, or are not answered at all in time.
_OTHERS = ("slow", "error in list")


def acting(fault: Fault) -> Outcome | None:
    """Return what happens to the call; None if the fault is one of reports only."""
    if fault.id in _OTHERS:
        return None
    if fault in REFUSED_PLACES:
        return NOT_SENT
    if fault in [*SILENCE, *BREAKS, *DAMAGE]:
        return UNCLEAR
    if fault in ANSWERS:
        if fault.id in _UNREADABLE:
            return UNCLEAR
        return fault.outcome if fault.outcome in (ACCESS, API) else None
    if fault in [*REDIRECTS, *STATUSES]:
        return _by_status(fault)
    return None


def _by_status(fault: Fault) -> Outcome:
    status = int(fault.id[:3])
    if status == 429:
        return NOT_SENT
    # 303 says that something was done; a gateway says 408 for a server that is slow.
    if status in (303, 408) or not 300 <= status < 500:
        return UNCLEAR
    return fault.outcome if fault.outcome in (ACCESS, API) else RESPONSE
