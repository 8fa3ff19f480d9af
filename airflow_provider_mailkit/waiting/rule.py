"""Decides when a delivery is done, in the same way for every mode of the sensor."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from airflow_provider_mailkit.exceptions import MailkitArgumentError
from airflow_provider_mailkit.protocol.excerpt import Redactor, describe_counts, shown_counts
from airflow_provider_mailkit.waiting.statuses import FINAL_STATUSES, WAITING_STATUSES


@dataclass(frozen=True, slots=True)
class WaitRule:
    """The condition for the end of a wait.

    :param allow_empty: whether a report without any recipient counts as done.
    :param stop_at_first_waiting: whether reading stops at the first waiting recipient.
    """

    waiting_statuses: tuple[str, ...] = WAITING_STATUSES
    final_statuses: tuple[str, ...] = FINAL_STATUSES
    allow_empty: bool = False
    stop_at_first_waiting: bool = False

    @property
    def stop_at(self) -> tuple[str, ...]:
        """The statuses that end a poll when the first one is seen."""
        return self.waiting_statuses if self.stop_at_first_waiting else ()

    def is_done(self, counts: Counter[str]) -> bool:
        """Tell whether nobody is waiting any more.

        :raises MailkitError: a status is in neither set.
        """
        unknown = sorted(counts.keys() - set(self.waiting_statuses) - set(self.final_statuses))
        if unknown:
            shown = ", ".join(repr(Redactor().clean(status)) for status in unknown[:5])
            raise MailkitArgumentError(
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


def result_of(id_send: int, counts: Counter[str]) -> dict[str, Any]:
    """Return the result of a finished wait, ready for JSON."""
    return {"id_send": id_send, "total": counts.total(), "status_counts": dict(sorted(counts.items()))}


def timed_out(id_send: int, elapsed_s: float) -> str:
    """Return the sentence for a wait whose time is up."""
    return f"Delivery {id_send} was not done after {max(0.0, elapsed_s):.0f} s: the sensor has timed out."
