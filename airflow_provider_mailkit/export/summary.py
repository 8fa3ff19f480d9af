"""The summary of an export: numbers about the delivery, without an address in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit.export.duplicates import DuplicateCounter
from airflow_provider_mailkit.protocol.dates import DateReader
from airflow_provider_mailkit.protocol.excerpt import TextCounter, shown_counts
from airflow_provider_mailkit.protocol.records import ROW_KEY, STATUS, USUAL_TEXTS, Batch
from airflow_provider_mailkit.protocol.statuses import NO_STATUS
from airflow_provider_mailkit.protocol.waiting import describe_counts

if TYPE_CHECKING:
    import pyarrow as pa

_TIMES = {"READ_COUNT": "read", "CLICK_COUNT": "click"}
_COUNTED = (STATUS, "AB_VERSION", *_TIMES)
#: The columns that :meth:`ReportSummary.add_table` needs.
SUMMARISED = frozenset({*_COUNTED, ROW_KEY})


class ReportSummary:
    """Adds up the recipients of one report.

    :param duplicates: counts the doubles among the row keys; closed by whoever made it.
    """

    def __init__(self, duplicates: DuplicateCounter) -> None:
        self._duplicates = duplicates
        self._statuses = TextCounter()
        self._versions = TextCounter()
        self._numbers: Counter[str] = Counter()

    def add(self, batch: Batch) -> None:
        """Add the recipients of a batch."""
        # Written out column by column: Python reads the attributes of a struct faster than functions in C do.
        records = batch.records
        self._add_statuses([record.STATUS for record in records])
        versions = Counter([version for record in records if (version := record.AB_VERSION)])
        for version, recipients in versions.items():
            self._versions.count(version, recipients)
        self._add_times("read", [times for record in records if (times := record.READ_COUNT)])
        self._add_times("click", [times for record in records if (times := record.CLICK_COUNT)])
        keys = [record.ID_SEND_MESSAGE for record in records]
        try:
            self._duplicates.add(keys)
        except TypeError:
            self._duplicates.add([key for key in keys if key is not None])

    def _add_statuses(self, statuses: list[str | None]) -> None:
        usual = USUAL_TEXTS[STATUS]
        others = len(statuses)
        # A list counts what equals one value several times faster than a Counter takes values up.
        for status in usual:
            if recipients := statuses.count(status):
                self._statuses[status] += recipients
                others -= recipients
            if not others:
                return
        unusual = Counter(status or NO_STATUS for status in statuses if status not in usual)
        for status, recipients in unusual.items():
            self._statuses.count(status, recipients)

    def _add_times(self, kind: str, times: list[int]) -> None:
        self._numbers[f"{kind}_recipients"] += len(times)
        self._numbers[f"{kind}_total"] += sum(times)

    def add_table(self, table: pa.Table) -> None:
        """Do what :meth:`add` does with a pyarrow table, which needs no Python object per recipient."""
        for column in _COUNTED:
            for value in table[column].value_counts().to_pylist():
                self._note(column, value["values"], value["counts"])
        # In one piece and only where needed, for behind each step the interpreter is waited for.
        keys = table[ROW_KEY].combine_chunks()
        self._duplicates.add_column(keys.drop_null() if keys.null_count else keys)

    def _note(self, column: str, value: Any, recipients: int) -> None:
        if column == STATUS:
            self._statuses.count(value or NO_STATUS, recipients)
        elif column in _TIMES:
            self._numbers[f"{_TIMES[column]}_recipients"] += recipients if value else 0
            self._numbers[f"{_TIMES[column]}_total"] += recipients * (value or 0)
        elif value:
            self._versions.count(value, recipients)

    def result(self, dates: DateReader) -> dict[str, Any]:
        """Return the numbers, ready for JSON.

        :param dates: has read the dates of the report.
        """
        return {
            "rows": self._statuses.total(),
            "status_counts": shown_counts(self._statuses),
            "ab_counts": shown_counts(self._versions),
            "read_recipients": self._numbers["read_recipients"],
            "read_total": self._numbers["read_total"],
            "click_recipients": self._numbers["click_recipients"],
            "click_total": self._numbers["click_total"],
            "first_date": dates.first,
            "last_date": dates.last,
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
