"""What happened to each batch of an import, for whoever comes after a failure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from airflow_provider_mailkit.catalogue.columns import INTEGER, Column
from airflow_provider_mailkit.imports.records import RecordFile

ACKNOWLEDGED: Final = "acknowledged"
UNCLEAR: Final = "unclear"
NOT_SENT: Final = "not sent"

#: ``RUN``: when the run began (UTC); ``FIRST`` and ``LAST``: which recipients, from 1 on, as they were sent;
#: ``OUTCOME``; ``AT``: when that was known (UTC).
COLUMNS = (Column("RUN"), Column("FIRST", INTEGER), Column("LAST", INTEGER), Column("OUTCOME"), Column("AT"))


def now() -> str:
    """Return the time in UTC, in ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Journal:
    """Notes what happened to each batch, in a file of receipts if there is one.

    :param receipts: what earlier runs have left stays in it.
    """

    def __init__(self, receipts: RecordFile | None = None) -> None:
        self._receipts = receipts
        self._run = now()
        self._recipients = self._done = 0
        self._counts: Counter[str] = Counter()
        #: What happened to how many recipients of the run before this one; None if nothing is known of it.
        self.previous: dict[str, Any] | None = None
        if receipts is not None:
            self._take_over(receipts, receipts.earlier())

    def _take_over(self, receipts: RecordFile, earlier: Sequence[Mapping[str, Any]]) -> None:
        for record in earlier:
            receipts.add(*record.values())
        if earlier:
            run = earlier[-1]["RUN"]
            counts: Counter[str] = Counter()
            for record in earlier:
                if record["RUN"] == run:
                    counts[record["OUTCOME"]] += record["LAST"] - record["FIRST"] + 1
            self.previous = {"run": run, **as_dict(counts)}

    def begin(self, recipients: int) -> None:
        """Note that sending begins.

        :param recipients: how many are to be sent.
        """
        self._recipients = recipients

    def note(self, recipients: int, outcome: str) -> None:
        """Note what happened to the next recipients."""
        first, self._done = self._done + 1, self._done + recipients
        self._counts[outcome] += recipients
        if self._receipts is not None and recipients:
            self._receipts.add(self._run, first, self._done, outcome, now())

    def end(self) -> None:
        """Note that the others were not sent, and publish the receipts.

        :raises OSError: they could not be published.
        """
        self.note(self._recipients - self._done, NOT_SENT)
        if self._receipts is not None:
            self._receipts.publish()

    def state(self) -> str:
        """Return in sentences what was acknowledged and what was not."""
        left = self._recipients - self._done
        unclear = self._counts[UNCLEAR]
        parts = [f"{self._counts[ACKNOWLEDGED]} of {self._recipients} recipients were acknowledged"]
        if unclear:
            parts.append(f"of {unclear} it is unclear whether they have arrived")
        if left:
            parts.append(f"{left} were not sent")
        return ", ".join(parts) + "."


def as_dict(counts: Mapping[str, int]) -> dict[str, int]:
    """Return counts by outcome under names that are fit for a summary."""
    return {outcome.replace(" ", "_"): counts[outcome] for outcome in (ACKNOWLEDGED, UNCLEAR, NOT_SENT)}
