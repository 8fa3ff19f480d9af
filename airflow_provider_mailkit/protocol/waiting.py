"""When a delivery is done: one decision for every mode in which a sensor can wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_mailkit._arguments import statuses
from airflow_provider_mailkit.catalogue.reports.deliveries import RECIPIENTS as RECIPIENTS
from airflow_provider_mailkit.exceptions import MailkitError, MailkitTransportError
from airflow_provider_mailkit.protocol.excerpt import Redactor, TextCounter, shown_counts
from airflow_provider_mailkit.protocol.records import Batch
from airflow_provider_mailkit.protocol.statuses import FINAL_STATUSES, NO_STATUS, WAITING_STATUSES

#: The columns that are read to count recipients.
COUNTED = ("STATUS",)

#: The part of a pause between two polls by which it may be shorter or longer.
SPREAD = 0.1

#: How many transient failures in a row a wait in the triggerer survives.
MAX_FAILURES = 5
# Failures double the pause, and a server may ask for one, up to the longer of this many seconds and this many
# intervals: however rare the polls are, each pause is longer than the one before.
_MAX_FAILURE_PAUSE_S = 3600.0
_MAX_FAILURE_INTERVALS = 16

#: How many seconds a poll that begins when the time is nearly up may take, unless polls are closer together.
LAST_POLL_S = 5.0
_CLOCKS_DIFFER_S = 0.05


class StatusTally:
    """Counts the recipients of a report by status.

    :param stop_at: statuses of which the first one seen ends the counting.
    """

    def __init__(self, stop_at: Collection[str] = ()) -> None:
        self._stop_at = frozenset(statuses("stop_at", stop_at))
        self.counts = TextCounter()

    def add(self, batch: Batch) -> bool:
        """Count the recipients of a batch; tell whether enough has been seen."""
        statuses = [record.STATUS for record in batch.records]
        stop = False
        if self._stop_at:
            first = next((i for i, status in enumerate(statuses) if status in self._stop_at), None)
            if first is not None:
                # In the order of the report: where it was cut into batches must not matter.
                statuses, stop = statuses[: first + 1], True
        for status, count in Counter(statuses).items():
            self.counts.count(status or NO_STATUS, count)
        return stop


@dataclass(frozen=True, slots=True)
class WaitRule:
    """What a delivery has to be like for the waiting to end.

    :param allow_empty: whether a report without any recipient counts as done.
    :param stop_at_first_waiting: whether reading stops at the first waiting recipient.
    """

    waiting_statuses: tuple[str, ...] = WAITING_STATUSES
    final_statuses: tuple[str, ...] = FINAL_STATUSES
    allow_empty: bool = False
    stop_at_first_waiting: bool = False

    @property
    def stop_at(self) -> tuple[str, ...]:
        """The statuses of which the first one seen ends a poll."""
        return self.waiting_statuses if self.stop_at_first_waiting else ()

    def is_done(self, counts: Counter[str]) -> bool:
        """Tell whether nobody is waiting any more.

        :raises MailkitError: there is a status that is in neither set.
        """
        unknown = sorted(counts.keys() - set(self.waiting_statuses) - set(self.final_statuses))
        if unknown:
            shown = ", ".join(repr(Redactor().clean(status)) for status in unknown[:5])
            raise MailkitError(
                f"Recipients have the status {shown}, which is in neither waiting_statuses nor "
                "final_statuses. Add it to one of these two arguments."
            )
        if not counts:
            return self.allow_empty
        return not any(counts[status] for status in self.waiting_statuses)

    def describe(self, id_send: int, counts: Counter[str], elapsed_s: float) -> str:
        """Return the line that is logged for a poll."""
        total = counts.total()
        elapsed_s = max(0.0, elapsed_s)
        waiting = sum(counts[status] for status in self.waiting_statuses)
        if self.stop_at_first_waiting and waiting:
            return f"Delivery {id_send}: a recipient is waiting, read no further; {elapsed_s:.0f} s elapsed."
        percent = 100 * waiting / total if total else 0
        return (
            f"Delivery {id_send}: {waiting} of {total} recipients waiting ({percent:.1f} %); "
            f"{describe_counts(shown_counts(counts))}; {elapsed_s:.0f} s elapsed."
        )


def describe_counts(counts: Mapping[str, int]) -> str:
    """Return counts per status as a person reads them: ``failed 30, sent 970``."""
    by_status = (f"{status or '(none)'} {count}" for status, count in sorted(counts.items()))
    return ", ".join(by_status) or "the report is empty"


def result_of(id_send: int, counts: Counter[str]) -> dict[str, Any]:
    """Return what a finished wait gives back, ready for JSON."""
    return {"id_send": id_send, "total": counts.total(), "status_counts": dict(sorted(counts.items()))}


def poll_interval_s(
    poke_interval_s: float, polls: int, *, exponential: bool, max_wait_s: float | None, jitter: float
) -> float:
    """Return the seconds until the next poll.

    :param polls: how many polls were made so far, at least 1.
    :param exponential: doubles the interval with every poll, plus up to as much again, within the bounds that
        Airflow's sensors use. Otherwise it is :func:`spread_s` of ``poke_interval_s``, and after the first
        poll any part of it from a tenth on: however many waits begin together, their polls are spread evenly.
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

    The pause is doubled with each failure, and never shorter than a server's ``Retry-After``, within bounds:
    an hour, or sixteen times ``poke_interval_s`` where that is longer.

    :param jitter: a random number from 0 to 1, see :func:`spread_s`.
    """
    longest = max(_MAX_FAILURE_PAUSE_S, poke_interval_s * _MAX_FAILURE_INTERVALS)
    asked = error.retry_after_s if isinstance(error, MailkitTransportError) else None
    pause_s = spread_s(poke_interval_s * 2.0 ** (failures - 1), jitter)
    return min(longest, max(pause_s, asked or 0.0))


def poll_limit_s(left_s: float, poke_interval_s: float) -> float:
    """Return the seconds that a poll may take: what is left of the wait, or a little if that is none."""
    return max(left_s, min(poke_interval_s, LAST_POLL_S))


def is_over(left_s: float) -> bool:
    """Tell whether a wait has no time left: less than a clock that is set meanwhile may be off."""
    return left_s < _CLOCKS_DIFFER_S


def timed_out(id_send: int, elapsed_s: float) -> str:
    """Return the sentence for a wait whose time is up."""
    return f"Delivery {id_send} was not done after {max(0.0, elapsed_s):.0f} s: the sensor has timed out."


def spread_s(seconds: float, jitter: float) -> float:
    """Return a pause up to a tenth shorter or longer, so that waits which began together drift apart.

    :param jitter: a random number from 0 to 1; their mean leaves the pause as it is.
    """
    return seconds * (1 + SPREAD * (2 * jitter - 1))
