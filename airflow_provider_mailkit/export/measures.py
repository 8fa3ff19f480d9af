"""Measures in the summary of an export besides the number of rows, as the report declares them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit.catalogue.report import CountBy, Range, Report, Total
from airflow_provider_mailkit.protocol import fields
from airflow_provider_mailkit.protocol.dates import Extremes
from airflow_provider_mailkit.protocol.excerpt import TextCounter, shown_counts
from airflow_provider_mailkit.protocol.records import Batch

if TYPE_CHECKING:
    import pyarrow as pa


class Counts:
    """Counts rows by the value of a text column."""

    def __init__(self, declared: CountBy, usual: tuple[str, ...]) -> None:
        self.column = declared.column
        self._name = declared.name
        self._usual = [text for text in usual if text]
        # Where an empty text is usual, it says that there is nothing to count.
        self._counts_absent = "" not in usual
        self._counts = TextCounter()

    def add(self, batch: Batch) -> None:
        """Add the rows of a batch."""
        texts = fields.values(batch.records, self.column)
        if not self._counts_absent:
            texts = [text for text in texts if text]
        others = len(texts)
        # A list counts one value several times faster than a Counter.
        for usual in self._usual:
            if rows := texts.count(usual):
                self._counts[usual] += rows
                others -= rows
            if not others:
                return
        for text, rows in Counter(text or "" for text in texts if text not in self._usual).items():
            self._counts.count(text, rows)

    def note(self, text: str | None, rows: int) -> None:
        """Add rows with one value."""
        if text or self._counts_absent:
            self._counts.count(text or "", rows)

    def result(self) -> dict[str, Any]:
        """Return the members of the summary."""
        return {self._name: shown_counts(self._counts)}


class Sum:
    """Adds up a column of whole numbers, and counts the rows above 0.

    :param inside: the member that holds the column, if one does. Where it holds a list, each row of a record
        has its own number. Otherwise the record counts once.
    """

    def __init__(self, declared: Total, inside: str | None) -> None:
        self.column = declared.column
        self._members = {inside or ""}
        self._declared = declared
        self._total = 0
        self._rows = 0

    def add(self, batch: Batch) -> None:
        """Add the rows of a batch."""
        numbers = fields.filled_values(batch.once(self._members).records, self.column)
        self._rows += sum(number > 0 for number in numbers)
        self._total += sum(numbers)

    def note(self, number: int | None, rows: int) -> None:
        """Add rows with one value."""
        if number:
            self._rows += rows if number > 0 else 0
            self._total += rows * number

    def result(self) -> dict[str, Any]:
        """Return the members of the summary."""
        rows = {self._declared.rows_name: self._rows} if self._declared.rows_name else {}
        return rows | {self._declared.name: self._total}


class Measures:
    """All measures of a report, fed with batches or with tables.

    :param report: declares them.
    """

    def __init__(self, report: Report) -> None:
        self.rows = 0
        self._report = report
        #: Are shown the dates of these columns by whoever reads them in rows that are written.
        self.extremes = _extremes(report)
        self._tried = _extremes(report)
        self._counted: list[Counts | Sum] = []
        for measure in report.measures:
            if isinstance(measure, CountBy):
                self._counted.append(Counts(measure, report.column(measure.column).usual))
            elif isinstance(measure, Total):
                self._counted.append(Sum(measure, report.column(measure.column).inside))

    @property
    def columns(self) -> frozenset[str]:
        """The columns that :meth:`add_table` needs."""
        return frozenset(measure.column for measure in self._counted)

    def begin_try(self) -> Mapping[str, Extremes]:
        """Return what the decoder of a new try shows its dates to. Those of a try before it are forgotten."""
        self._tried = _extremes(self._report)
        return self._tried

    def keep_try(self) -> None:
        """Say that the rows that were read in this try until now are not read again."""
        for column, ends in self._tried.items():
            self.extremes[column].join(ends)

    def add(self, batch: Batch) -> None:
        """Add the rows of a batch."""
        self.rows += len(batch)
        for measure in self._counted:
            measure.add(batch)

    def add_table(self, table: pa.Table) -> None:
        """Do what :meth:`add` does with a pyarrow table, which needs no Python object for each row.

        No record may be several rows.
        """
        self.rows += table.num_rows
        for measure in self._counted:
            for value in table[measure.column].value_counts().to_pylist():
                measure.note(value["values"], value["counts"])

    def result(self) -> dict[str, Any]:
        """Return the members of the summary in the declared order, ready for JSON."""
        counted = iter(self._counted)
        members: dict[str, Any] = {}
        for measure in self._report.measures:
            if isinstance(measure, Range):
                ends = self.extremes[measure.column]
                members |= {measure.first: ends.first, measure.last: ends.last}
            else:
                members |= next(counted).result()
        return members


def _extremes(report: Report) -> dict[str, Extremes]:
    return {measure.column: Extremes() for measure in report.measures if isinstance(measure, Range)}
