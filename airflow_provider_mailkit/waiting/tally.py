"""Counting the recipients of a report by status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from airflow_provider_mailkit._arguments import statuses
from airflow_provider_mailkit.protocol.excerpt import TextCounter
from airflow_provider_mailkit.protocol.records import Batch
from airflow_provider_mailkit.waiting.statuses import NO_STATUS

#: The columns that are read to count recipients.
COUNTED = ("STATUS",)


class StatusTally:
    """Counts the recipients of a report by status.

    :param stop_at: statuses; counting ends at the first recipient who has one of them.
    """

    def __init__(self, stop_at: Collection[str] = ()) -> None:
        self._stop_at = frozenset(statuses("stop_at", stop_at))
        self.counts = TextCounter()

    def add(self, batch: Batch) -> bool:
        """Count the recipients of a batch; return whether the counting is over."""
        statuses = [record.STATUS for record in batch.records]
        stop = False
        if self._stop_at:
            first = next((i for i, status in enumerate(statuses) if status in self._stop_at), None)
            if first is not None:
                # In the order of the report, so that its division into batches does not matter.
                statuses, stop = statuses[: first + 1], True
        for status, count in Counter(statuses).items():
            self.counts.count(status or NO_STATUS, count)
        return stop
