"""Makes the files of an export: decides what is decoded, and opens writers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import tzinfo
from typing import Any

from airflow_provider_mailkit.catalogue.columns import INSTANT
from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.export.rows import RowBuilder, RowOptions, all_columns, framed
from airflow_provider_mailkit.protocol.dates import DateReader, Extremes
from airflow_provider_mailkit.protocol.json_shape import Learned
from airflow_provider_mailkit.protocol.records import Batch
from airflow_provider_mailkit.writers import OutputFormat
from airflow_provider_mailkit.writers.base import Dates, Layout, Writer
from airflow_provider_mailkit.writers.compression import Sink


class Filling:
    """Makes files from batches, all with the same columns.

    :param zone: the zone of the account's dates.
    :param constants: columns with one value in all rows.
    :param read: columns whose values are decoded here, even if the writer could take Mailkit's texts.
    :param extremes: collects the dates that are read while a file is written.
    """

    def __init__(
        self,
        report: Report,
        options: RowOptions,
        output_format: OutputFormat,
        zone: tzinfo | None,
        constants: Mapping[str, Any],
        read: Collection[str] = (),
        extremes: Mapping[str, Extremes] | None = None,
    ) -> None:
        self._report = report
        self._format = output_format
        self._zone = zone
        self._constants = constants
        self._extremes = extremes or {}
        self.needs = output_format.writer
        self._learned = Learned()
        self._builder = RowBuilder(report, options, self.needs)
        #: The columns that are written, in their order.
        self.columns = self._builder.columns
        self.names = tuple(column.name for column in self._builder.columns)
        self.written = frozenset(self.names)
        self._as_is = _as_is(report, self.needs) & self.written - {*read}
        #: Makes rows from a batch that was decoded with :attr:`decoding`.
        self.build: Callable[[Batch], list[Any]] = self._builder.build

    def decoding(self, context: Mapping[str, Any]) -> tuple[list[str], dict[str, Any]]:
        """Return the columns and options for decoders of calls that set these context columns."""
        names = [column.name for column in all_columns(self._report, with_extra=False)]
        constants = dict.fromkeys(self._constants) if self.needs.fills_columns else self._constants
        may_lack = {*constants, *(column.name for column in self._report.columns)}
        return framed(names, self.needs.frame), {
            "constants": {**context, **constants, **dict.fromkeys(self.needs.frame, 0)},
            "as_is": self._as_is,
            "may_lack": may_lack if self.needs.fills_columns else (),
            "learned": self._learned,
        }

    def open(self, sink: Sink, on_table: Callable[[Any], object] = lambda table: None) -> Writer:
        """Return a writer for one file.

        :param on_table: called with the rows as tables, if the writer makes tables.
        """
        layout = Layout(
            self._builder.columns,
            self._zone,
            self._constants if self.needs.fills_columns else {},
            self._date_readers(self._as_is),
            on_table,
        )
        return self._format.open(sink, layout)

    def _date_readers(self, names: Iterable[str]) -> dict[str, Dates]:
        """Return a reader for the instants that the decoder leaves as texts."""
        return {
            name: DateReader(
                self._zone, function=self._report.name, column=name, extremes=self._extremes.get(name)
            )
            for name in names
            if self._report.column(name).kind == INSTANT
        }


def _as_is(report: Report, needs: type[Writer]) -> frozenset[str]:
    """Return the columns whose texts the writer takes unchanged from Mailkit."""
    texts = {column.name for column in report.columns if column.is_text} if needs.takes_empty_texts else set()
    instants = (
        {column.name for column in report.columns if column.kind == INSTANT} if needs.reads_dates else set()
    )
    return frozenset(texts | instants)
