"""The summary of an export: numbers about the delivery, without an address in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from airflow_provider_mailkit.export.duplicates import DuplicateCounter
from airflow_provider_mailkit.protocol.excerpt import shown_counts
from airflow_provider_mailkit.protocol.records import DATE, ROW_KEY, STATUS, Batch
from airflow_provider_mailkit.protocol.waiting import describe_counts


class ReportSummary:
    """Adds up the recipients of one report.

    :param duplicates: counts the doubles among the row keys; closed by whoever made it.
    """

    def __init__(self, duplicates: DuplicateCounter) -> None:
        self.rows = 0
        self._duplicates = duplicates
        self._statuses: Counter[str | None] = Counter()
        self._versions: Counter[str | None] = Counter()
        self._totals = {"READ_COUNT": 0, "CLICK_COUNT": 0}
        self._active = {"READ_COUNT": 0, "CLICK_COUNT": 0}
        self._first_date: str | None = None
        self._last_date: str | None = None

    def add(self, batch: Batch) -> None:
        """Add the recipients of a batch."""
        columns = batch.columns
        self.rows += len(batch)
        self._statuses.update(columns[STATUS])
        self._versions.update(columns["AB_VERSION"])
        for name in self._totals:
            counts = list(filter(None, columns[name]))
            self._totals[name] += sum(counts)
            self._active[name] += len(counts)
        # As text they would sort wrongly in the hour that comes twice when summer time ends.
        dates = set(columns[DATE])
        dates.discard(None)
        if dates:
            dates |= {date for date in (self._first_date, self._last_date) if date is not None}
            self._first_date, self._last_date = (
                min(dates, key=datetime.fromisoformat),
                max(dates, key=datetime.fromisoformat),
            )
        self._duplicates.add(columns[ROW_KEY])

    def result(self) -> dict[str, Any]:
        """Return the numbers, ready for JSON."""
        versions = {version: count for version, count in self._versions.items() if version}
        return {
            "rows": self.rows,
            "status_counts": shown_counts(self._statuses),
            "ab_counts": shown_counts(versions),
            "read_recipients": self._active["READ_COUNT"],
            "read_total": self._totals["READ_COUNT"],
            "click_recipients": self._active["CLICK_COUNT"],
            "click_total": self._totals["CLICK_COUNT"],
            "first_date": self._first_date,
            "last_date": self._last_date,
            "duplicates": self._duplicates.count(),
        }


def describe_export(summary: Mapping[str, Any]) -> str:
    """Return what an export has done, in a sentence for the log."""
    doubles = f"; {summary['duplicates']} of them double" if summary["duplicates"] else ""
    return (
        f"Delivery {summary['id_send']}: exported {summary['rows']} recipients "
        f"({describe_counts(summary['status_counts'])}{doubles}) to {summary['uri'] or 'XCom'}, "
        f"{describe_size(summary['bytes'])} in {summary['seconds']:.1f} s."
    )


def describe_size(size: int) -> str:
    """Return a number of bytes as people write it."""
    if size < 1_000_000:
        return f"{size / 1e3:.1f} kB"
    return f"{size / 1e6:.1f} MB"
