"""How long a wait pauses between two polls, and how long a poll may take."""

from __future__ import annotations

from airflow_provider_mailkit.exceptions import MailkitError, MailkitTransportError

#: The share by which a pause between two polls may be shorter or longer.
SPREAD = 0.1


#: How many temporary failures in a row a wait in the triggerer tolerates.
MAX_FAILURES = 5


# The maximum pause after failures: this many seconds or this many intervals, whichever is longer. So even
# with rare polls each pause is longer than the one before.
_MAX_FAILURE_PAUSE_S = 3600.0


_MAX_FAILURE_INTERVALS = 16


#: How many seconds a poll may take that begins when the time is nearly up, unless polls are closer together.
LAST_POLL_S = 5.0


_CLOCKS_DIFFER_S = 0.05


def poll_interval_s(
    poke_interval_s: float, polls: int, *, exponential: bool, max_wait_s: float | None, jitter: float
) -> float:
    """Return the seconds until the next poll.

    :param polls: how many polls were made so far, at least 1.
    :param exponential: doubles the interval with every poll, plus a random part of up to the same length,
        within the bounds that Airflow's sensors use. Otherwise the pause is :func:`spread_s` of
        ``poke_interval_s``. After the first poll it is a random part of that, at least a tenth, so that the
        polls of waits which begin together are spread evenly.
    :param jitter: a random number from 0 to 1.
    """
    if not exponential:
        if polls == 1:
            return poke_interval_s * (SPREAD + (1 - SPREAD) * jitter)
        return spread_s(poke_interval_s, jitter)
    # The exponent is bounded because 2.0 ** 1024 is an error.
    backoff = max(float(int(poke_interval_s * 2.0 ** min(polls - 2, 60))), 1.0)
    interval = backoff * (1 + jitter)
    return interval if max_wait_s is None else min(interval, max_wait_s)


def failure_pause_s(poke_interval_s: float, failures: int, error: MailkitError, jitter: float = 0.5) -> float:
    """Return the seconds until the next poll after this many failures in a row.

    The pause doubles with each failure, and is never shorter than a server's ``Retry-After``. It ends at an
    hour, or at sixteen times ``poke_interval_s`` if that is longer.

    :param jitter: a random number from 0 to 1, see :func:`spread_s`.
    """
    longest = max(_MAX_FAILURE_PAUSE_S, poke_interval_s * _MAX_FAILURE_INTERVALS)
    asked = error.retry_after_s if isinstance(error, MailkitTransportError) else None
    pause_s = spread_s(poke_interval_s * 2.0 ** (failures - 1), jitter)
    return min(longest, max(pause_s, asked or 0.0))


def poll_limit_s(left_s: float, poke_interval_s: float) -> float:
    """Return the seconds that a poll may take: the rest of the wait, or a little if nothing is left."""
    return max(left_s, min(poke_interval_s, LAST_POLL_S))


def is_over(left_s: float) -> bool:
    """Tell whether a wait has no time left, with a tolerance for clocks that are adjusted."""
    return left_s < _CLOCKS_DIFFER_S


def spread_s(seconds: float, jitter: float) -> float:
    """Return a pause up to a tenth shorter or longer, so that waits which began together drift apart.

    :param jitter: a random number from 0 to 1; their mean leaves the pause as it is.
    """
    return seconds * (1 + SPREAD * (2 * jitter - 1))
