"""Counts of kills, and of the rows that these have lost or repeated, over all tests of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

#: The name under which the report of a test has them.
PROPERTY = "tally"


class Tally:
    """What one test counts."""

    def __init__(self) -> None:
        #: A report takes nothing but plain values from one process to another.
        self.counts = {"kills": 0, "ids": 0, "lost": 0, "double": 0}

    @property
    def kills(self) -> int:
        return self.counts["kills"]

    def kill(self, times: int = 1) -> None:
        """Count kills."""
        self.counts["kills"] += times

    def compare(self, held: Collection[int], landed: Counter[int]) -> None:
        """Count what a log has held, and what is missing in the files or there more than once; then judge.

        :param landed: how often each ID is in the files.
        """
        known = set(held)
        lost = known - landed.keys()
        double = {id_ for id_, times in landed.items() if times > 1}
        self.counts["ids"] += len(known)
        self.counts["lost"] += len(lost)
        self.counts["double"] += len(double)
        assert (sorted(lost), sorted(double), landed.keys() - known) == ([], [], set())


def describe(reports: Iterable[Any]) -> str:
    """Return the sums over the reports of tests, as a sentence; empty if none has counted."""
    total: Counter[str] = Counter()
    for report in reports:
        for name, value in report.user_properties:
            if name == PROPERTY:
                total.update(value)
    if not total["ids"]:
        return ""
    return f"{total['kills']} kills, {total['ids']} IDs: {total['lost']} lost, {total['double']} double"
