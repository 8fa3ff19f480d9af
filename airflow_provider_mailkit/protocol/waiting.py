"""When a delivery is done: one decision for every mode in which a sensor can wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.protocol.excerpt import Redactor
from airflow_provider_mailkit.protocol.records import NO_STATUS, STATUS, Batch

#: Statuses by Mailkit's reference: queued without word from the receiving side; waiting for the A/B test.
WAITING_STATUSES = ("wait", "wait_ab")
#: Statuses by Mailkit's reference: sent; bounced.
FINAL_STATUSES = ("sent", "failed")


class StatusTally:
    """Counts the recipients of a report by status.

    :param stop_at: statuses of which the first one seen ends the counting.
    """

    def __init__(self, stop_at: Collection[str] = ()) -> None:
        self._stop_at = frozenset(stop_at)
        self.counts: Counter[str] = Counter()

    def add(self, batch: Batch) -> bool:
        """Count the recipients of a batch; tell whether enough has been seen."""
        statuses: Iterable[str | None] = batch.column(STATUS)
        stop = False
        if self._stop_at:
            statuses = list(statuses)
            first = next((i for i, status in enumerate(statuses) if status in self._stop_at), None)
            if first is not None:
                # In the order of the report: where it was cut into batches must not matter.
                statuses, stop = statuses[: first + 1], True
        for status, count in Counter(statuses).items():
            self.counts[status or NO_STATUS] += count
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
                "final_statuses. Add it to one of these two arguments of the sensor."
            )
        if not counts:
            return self.allow_empty
        return not any(counts[status] for status in self.waiting_statuses)

    def describe(self, id_send: int, counts: Counter[str], elapsed_s: float) -> str:
        """Return the line that is logged for a poll."""
        total = counts.total()
        waiting = sum(counts[status] for status in self.waiting_statuses)
        if self.stop_at_first_waiting and waiting:
            return f"Delivery {id_send}: a recipient is waiting, read no further; {elapsed_s:.0f} s elapsed."
        percent = 100 * waiting / total if total else 0
        by_status = ", ".join(f"{status or '(none)'} {count}" for status, count in sorted(counts.items()))
        return (
            f"Delivery {id_send}: {waiting} of {total} recipients waiting ({percent:.1f} %); "
            f"{by_status or 'the report is empty'}; {elapsed_s:.0f} s elapsed."
        )


def result_of(id_send: int, counts: Counter[str]) -> dict[str, Any]:
    """Return what a finished wait gives back, ready for JSON."""
    return {"id_send": id_send, "total": counts.total(), "status_counts": dict(sorted(counts.items()))}


def poll_interval_s(
    poke_interval_s: float, polls: int, *, exponential: bool, max_wait_s: float | None, jitter: float
) -> float:
    """Return the seconds until the next poll, within the bounds that Airflow's sensors use.

    :param polls: how many polls were made so far, at least 1.
    :param exponential: doubles the interval with every poll, plus up to as much again.
    :param jitter: a random number from 0 to 1.
    """
    if not exponential:
        return poke_interval_s
    # The exponent is bounded because 2.0 ** 1024 is an error.
    backoff = max(float(int(poke_interval_s * 2.0 ** min(polls - 2, 60))), 1.0)
    interval = backoff * (1 + jitter)
    return interval if max_wait_s is None else min(interval, max_wait_s)
