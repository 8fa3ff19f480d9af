"""The run of an export: a byte comes from the client's socket and ends in a published file or in a row."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from airflow_provider_mailkit.catalogue.columns import Column
from airflow_provider_mailkit.catalogue.report import EXPORTED_AT, Report
from airflow_provider_mailkit.exceptions import MailkitArgumentError, MailkitError
from airflow_provider_mailkit.export.duplicates import DuplicateCounter
from airflow_provider_mailkit.export.filling import Filling
from airflow_provider_mailkit.export.keys import Keys
from airflow_provider_mailkit.export.measures import Measures
from airflow_provider_mailkit.export.privacy import hide_context
from airflow_provider_mailkit.export.progress import Progress
from airflow_provider_mailkit.export.rows import RowBuilder, RowOptions, all_columns
from airflow_provider_mailkit.export.summary import describe_asked, describe_size
from airflow_provider_mailkit.protocol.decoder import Decoder
from airflow_provider_mailkit.protocol.plan import Call, Plan
from airflow_provider_mailkit.protocol.records import Batch
from airflow_provider_mailkit.storage.publication import Publication
from airflow_provider_mailkit.transport.sync_client import SyncClient, unprepared
from airflow_provider_mailkit.writers import OutputFormat
from airflow_provider_mailkit.writers.base import Encoded

T = TypeVar("T")
Rows = TypeVar("Rows", Batch, Encoded)
#: Tells the columns and the options of a decoder, given the context columns of a call.
Decoding = Callable[[Mapping[str, Any]], tuple[list[str], dict[str, Any]]]

# PostgreSQL's JSON does not have them.
_NOT_IN_JSONB = re.compile("[\0\ud800-\udfff]")

log = logging.getLogger(__name__)


class Export:
    """One export of one report.

    What is asked in one call, every try reads from the beginning: a summary, and rows or a file, come from
    one whole answer only. Of several calls each is repeated by itself.

    :param parameters: of the report's function; an ID may be a list, or ``all`` (see :class:`Plan`).
    :param on_progress: is told how far it is, as often as the log (see :class:`Progress`).
    """

    def __init__(
        self,
        client: SyncClient,
        report: Report,
        parameters: Mapping[str, Any],
        options: RowOptions,
        on_progress: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        # An export tolerates more than other calls.
        endpoint = client.endpoint
        self._client = SyncClient(replace(endpoint, retry=endpoint.retry.for_exports()))
        self._report = report
        self._plan = Plan(report, parameters)
        self._options = options
        self._on_progress = on_progress
        self._started = time.monotonic()
        self._exported_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._constants = self._hidden(self._plan.constant_context()) | {EXPORTED_AT: self._exported_at}
        self._asked = self._plan.asked()
        #: What is exported, in words.
        self.title = describe_asked(report.name, self._asked)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that are written."""
        return self._options.output_columns(self._report)

    def to_file(self, publication: Publication, uri: str, output_format: OutputFormat) -> dict[str, Any]:
        """Write the report to a file and publish it.

        :param uri: where it is published, for the summary.
        :return: the summary, ready for JSON.
        :raises MailkitError: the report could not be read whole; nothing was published.
        :raises WorkerError: the worker's disk is full or broken, or it has no thread left.
        :raises OSError: the store has not taken the file.
        """
        numbers = self._repeated(lambda: self._fill(publication, output_format))
        size = describe_size(publication.bytes_written)
        log.info("%s: %d rows read, publishing %s.", self.title, numbers["rows"], size)
        publication.commit()
        where = {
            "uri": uri,
            "file_format": output_format.file_format,
            "compression": output_format.compression,
        }
        return self._summary(where, numbers, publication.bytes_written, publication.sha256)

    def to_rows(self, max_bytes: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Return the rows themselves, and the summary.

        :param max_bytes: the largest size of all rows as JSON, as Airflow stores them.
        :raises MailkitError: the rows are larger or not fit for XCom, or the report could not be read whole.
        """
        rows, numbers = self._repeated(lambda: self._collect(max_bytes))
        text = json.dumps(rows).encode()
        where = {"uri": None, "file_format": None, "compression": None}
        return rows, self._summary(where, numbers, len(text), hashlib.sha256(text).hexdigest())

    def _repeated(self, attempt: Callable[[], T]) -> T:
        # Several calls are repeated each by itself, where they are made.
        return self._client.retrying(attempt) if self._plan.is_one_answer else attempt()

    def _fill(self, publication: Publication, output_format: OutputFormat) -> dict[str, Any]:
        publication.restart()
        with DuplicateCounter() as duplicates:
            measures = Measures(self._report)
            keys = Keys(self._report, self._constants, duplicates)
            filling = Filling(
                self._report,
                self._options,
                output_format,
                self._client.endpoint.zone,
                self._constants,
                # Keys are compared, so that one value must have one spelling.
                read=keys.columns,
                extremes=measures.extremes,
            )
            # Rows that exist as tables are counted without a Python object for each.
            has_tables = (
                filling.needs.makes_tables
                and not any(column.inside for column in self._report.columns)
                and keys.is_one_number
                and filling.written >= measures.columns | {*keys.columns}
            )

            def add_table(table: Any) -> None:
                measures.add_table(table)
                keys.add_table(table)

            def encode(batch: Batch) -> Encoded:
                return writer.encode(filling.build(batch))

            writer = filling.open(publication.file, add_table if has_tables else lambda table: None)
            try:
                if has_tables:
                    # Where rows are held back, they are smaller so.
                    for encoded in self._read(measures, filling.decoding, encode):
                        writer.add(encoded)
                else:
                    for batch in self._read(measures, filling.decoding, unprepared):
                        measures.add(batch)
                        keys.add(batch)
                        writer.write(filling.build(batch))
                writer.finish()
            except BaseException:
                writer.abandon()
                raise
            return self._numbers(measures, duplicates)

    def _collect(self, max_bytes: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        from msgspec.structs import asdict

        builder = RowBuilder(self._report, self._options)
        rows: list[dict[str, Any]] = []
        size = len("[]")
        with DuplicateCounter() as duplicates:
            measures = Measures(self._report)
            keys = Keys(self._report, self._constants, duplicates)
            for batch in self._read(measures, self._decoding, unprepared):
                measures.add(batch)
                keys.add(batch)
                for row in map(asdict, builder.build(batch)):
                    self._check_for_xcom(row)
                    size += len(json.dumps(row)) + (len(", ") if rows else 0)
                    if size > max_bytes:
                        raise self._too_large(max_bytes)
                    rows.append(row)
            return rows, self._numbers(measures, duplicates)

    def _hidden(self, context: Mapping[str, Any]) -> dict[str, Any]:
        return hide_context(self._report, context, self._options.addresses, self._options.hash_secret)

    def _decoding(self, context: Mapping[str, Any]) -> tuple[list[str], dict[str, Any]]:
        columns = [column.name for column in all_columns(self._report, with_extra=False)]
        return columns, {"constants": {**context, **self._constants}}

    @staticmethod
    def _numbers(measures: Measures, duplicates: DuplicateCounter) -> dict[str, Any]:
        return {"rows": measures.rows, **measures.result(), "duplicates": duplicates.count()}

    def _check_for_xcom(self, row: dict[str, Any]) -> None:
        """Refuse what the database would refuse after the export."""
        for column, value in row.items():
            if isinstance(value, str) and _NOT_IN_JSONB.search(value):
                raise MailkitArgumentError(
                    f"{self.title}: {column} has a character that XCom's database does not store "
                    "(U+0000, or half of a surrogate pair). Set output_path to write the rows to a file or "
                    f"to object storage, or leave {column} out of columns."
                )

    def _too_large(self, max_bytes: int) -> MailkitError:
        return MailkitArgumentError(
            f"{self.title}: the rows are larger than the {max_bytes} bytes that may go to XCom "
            "(max_xcom_bytes). Set output_path to write them to a file or to object storage."
        )

    def _read(
        self, measures: Measures, decoding: Decoding, prepare: Callable[[Batch], Rows]
    ) -> Iterator[Rows]:
        """Yield the rows of one try as they are prepared, and log a line every ten seconds."""
        progress = Progress(self.title, self._on_progress)

        def decoder(call: Call) -> Decoder:
            if call.is_listing:
                return progress.watch(self._client.decoder(call.report))
            columns, options = decoding(self._hidden(call.context))
            made = self._client.decoder(call.report, columns, **options, extremes=measures.begin_try())
            return progress.watch(made)

        with closing(self._client.read_prepared(self._plan, decoder, prepare)) as prepared:
            for rows in prepared:
                measures.keep_try()
                yield rows
                progress.add(len(rows))

    def _summary(
        self, where: dict[str, Any], numbers: dict[str, Any], size: int, sha256: str
    ) -> dict[str, Any]:
        counted = {"pages": self._plan.pages, "skipped": self._plan.skipped}
        return {
            "function": self._report.name,
            **self._asked,
            **where,
            "rows": numbers["rows"],
            "bytes": size,
            "sha256": sha256,
            **numbers,
            **{name: value for name, value in counted.items() if value is not None},
            "exported_at": self._exported_at,
            "seconds": round(time.monotonic() - self._started, 3),
        }
