"""The run of an export: a byte comes from the client's socket and ends in a published file or in a row."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.export.duplicates import DuplicateCounter
from airflow_provider_mailkit.export.rows import COLUMNS, EXPORTED_AT, ID_SEND, RowBuilder, RowOptions
from airflow_provider_mailkit.export.summary import SUMMARISED, ReportSummary, describe_size
from airflow_provider_mailkit.protocol.decoder import RecipientsDecoder
from airflow_provider_mailkit.protocol.records import DATE, TEXT_COLUMNS, Batch
from airflow_provider_mailkit.storage.publication import Publication
from airflow_provider_mailkit.transport.sync_client import SyncClient
from airflow_provider_mailkit.writers import OutputFormat

_PROGRESS_EVERY_S = 10.0
# PostgreSQL's JSON does not have them.
_NOT_IN_JSONB = re.compile("[\0\ud800-\udfff]")

log = logging.getLogger(__name__)


class Export:
    """One export of one delivery.

    Every try starts from the beginning: a summary, and rows or a file, come from one whole answer only.
    """

    def __init__(self, client: SyncClient, id_send: int, options: RowOptions) -> None:
        # An export tolerates more than other calls.
        endpoint = client.endpoint
        self._client = SyncClient(replace(endpoint, retry=endpoint.retry.for_exports()))
        self._id_send = id_send
        self._options = options
        self._started = time.monotonic()
        self._exported_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._constants = {ID_SEND: id_send, EXPORTED_AT: self._exported_at}

    def to_file(self, publication: Publication, uri: str, output_format: OutputFormat) -> dict[str, Any]:
        """Write the report to a file and publish it.

        :param uri: where it is published, for the summary.
        :return: the summary, ready for JSON.
        :raises MailkitError: the report could not be read whole; nothing was published.
        :raises WorkerError: the worker's disk is full or broken, or it has no thread left.
        :raises OSError: the store has not taken the file.
        """
        numbers = self._client.retrying(lambda: self._fill(publication, output_format))
        log.info(
            "Delivery %d: %d rows read, publishing %s.",
            self._id_send, numbers["rows"], describe_size(publication.bytes_written),
        )  # fmt: skip
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
        rows, numbers = self._client.retrying(lambda: self._collect(max_bytes))
        text = json.dumps(rows).encode()
        where = {"uri": None, "file_format": None, "compression": None}
        return rows, self._summary(where, numbers, len(text), hashlib.sha256(text).hexdigest())

    def _fill(self, publication: Publication, output_format: OutputFormat) -> dict[str, Any]:
        publication.restart()
        builder = RowBuilder(self._options)
        decoder = self._client.decoder(
            COLUMNS,
            constants=dict.fromkeys(self._constants) if output_format.adds_constants else self._constants,
            as_is=_as_is(output_format).intersection(builder.columns),
        )
        with DuplicateCounter() as duplicates:
            summary = ReportSummary(duplicates)
            # A Parquet file's rows exist as tables, which are counted without a Python object per recipient.
            has_tables = output_format.file_format == "parquet" and set(builder.columns) >= SUMMARISED
            writer = output_format.open(
                publication.file,
                builder.columns,
                self._client.endpoint.zone,
                dates=decoder.dates,
                on_table=summary.add_table if has_tables else None,
                constants=self._constants,
            )
            try:
                for batch in self._batches(decoder):
                    if not has_tables:
                        summary.add(batch)
                    writer.write(builder.build(batch))
                writer.finish()
            except BaseException:
                writer.abandon()
                raise
            return summary.result(decoder.dates)

    def _collect(self, max_bytes: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        from msgspec.structs import asdict

        builder = RowBuilder(self._options)
        rows: list[dict[str, Any]] = []
        size = len("[]")
        decoder = self._client.decoder(COLUMNS, constants=self._constants)
        with DuplicateCounter() as duplicates:
            summary = ReportSummary(duplicates)
            for batch in self._batches(decoder):
                summary.add(batch)
                for row in map(asdict, builder.build(batch)):
                    self._check_for_xcom(row)
                    size += len(json.dumps(row)) + (len(", ") if rows else 0)
                    if size > max_bytes:
                        raise self._too_large(max_bytes)
                    rows.append(row)
            return rows, summary.result(decoder.dates)

    def _check_for_xcom(self, row: dict[str, Any]) -> None:
        """Refuse what the database would refuse after the export."""
        for column, value in row.items():
            if isinstance(value, str) and _NOT_IN_JSONB.search(value):
                raise MailkitError(
                    f"Delivery {self._id_send}: {column} has a character that XCom's database does not store "
                    "(U+0000, or half of a surrogate pair). Set output_path to write the rows to a file or "
                    f"to object storage, or leave {column} out of columns."
                )

    def _too_large(self, max_bytes: int) -> MailkitError:
        return MailkitError(
            f"Delivery {self._id_send}: the rows are larger than the {max_bytes} bytes that may go to XCom "
            "(max_xcom_bytes). Set output_path to write them to a file or to object storage."
        )

    def _batches(self, decoder: RecipientsDecoder) -> Iterator[Batch]:
        """Yield the recipients of one try, and log a line every ten seconds."""
        began = last = time.monotonic()
        with closing(self._client.batches(self._id_send, decoder)) as batches:
            for batch in batches:
                yield batch
                now = time.monotonic()
                if now - last >= _PROGRESS_EVERY_S:
                    last = now
                    megabytes = decoder.received_bytes / 1e6
                    log.info(
                        "Delivery %d: %d rows, %.1f MB received, %.1f MB/s.",
                        self._id_send, decoder.records, megabytes, megabytes / (now - began),
                    )  # fmt: skip

    def _summary(
        self, where: dict[str, Any], numbers: dict[str, Any], size: int, sha256: str
    ) -> dict[str, Any]:
        return {
            "id_send": self._id_send,
            **where,
            "rows": numbers["rows"],
            "bytes": size,
            "sha256": sha256,
            **numbers,
            "exported_at": self._exported_at,
            "seconds": round(time.monotonic() - self._started, 3),
        }


def _as_is(output_format: OutputFormat) -> frozenset[str]:
    """Return the columns of which the writer takes what Mailkit has written."""
    texts = TEXT_COLUMNS if output_format.takes_empty_texts else ()
    return frozenset({*texts, DATE} if output_format.reads_dates else texts)
