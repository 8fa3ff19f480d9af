"""Decides when a call is repeated. These are pure functions; the callers sleep."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Self

from airflow_provider_mailkit.exceptions import MailkitError, MailkitTransportError


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How reads are repeated.

    :param max_attempts: tries in all, including the first.
    :param first_delay_s: seconds before the second try.
    :param growth: the factor between two delays. Five tries take about ten seconds by default.
    :param max_delay_s: the longest delay in seconds.
    :param max_retry_after_s: the longest ``Retry-After`` in seconds that is followed.
    :param budget_s: the maximum sum of all delays of one call in seconds.
    """

    max_attempts: int = 5
    first_delay_s: float = 1.0
    growth: float = 2.0
    max_delay_s: float = 30.0
    max_retry_after_s: float = 60.0
    budget_s: float = 180.0

    def for_exports(self) -> Self:
        """Return the policy of an export: the same number of tries, but five take 40 to 51 seconds.

        Polls are repeated anyway, and a function can be called again. But a failed export costs a try of its
        task, which may be the last one, and the answer that was read so far.
        """
        return replace(self, growth=4.0)

    def delay_s(self, error: MailkitError, attempt: int, waited_s: float, jitter: float) -> float | None:
        """Return the seconds to wait before the next try, or None if there is none.

        :param attempt: how many tries were made, 1 after the first.
        :param waited_s: the delays so far, in seconds.
        :param jitter: a random number from 0 to 1, so that many clients do not come back at once.
        """
        if not error.retryable or attempt >= self.max_attempts:
            return None
        delay = self.backoff_s(attempt, jitter)
        asked = error.retry_after_s if isinstance(error, MailkitTransportError) else None
        if asked is not None:
            if asked > self.max_retry_after_s:
                return None
            delay = max(delay, asked)
        return delay if waited_s + delay <= self.budget_s else None

    def backoff_s(self, failures: int, jitter: float) -> float:
        """Return the delay in seconds after this many failures in a row: half to all of the grown one."""
        # The exponent is bounded because 2.0 ** 1024 is an error.
        grown = self.first_delay_s * self.growth ** min(failures - 1, 60)
        return min(self.max_delay_s, grown) * (0.5 + jitter / 2)


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds of a ``Retry-After`` header; None if it is missing or unreadable.

    :param value: seconds, or an HTTP date (RFC 9110, section 10.2.3).
    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            date = parsedate_to_datetime(value)
        except (ValueError, TypeError, OverflowError):
            return None
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        seconds = (date - now).total_seconds()
    return None if math.isnan(seconds) else max(0.0, seconds)
