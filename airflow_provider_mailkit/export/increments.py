"""The run of an incremental export: what is new in a log goes into files, each row into exactly one."""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from airflow_provider_mailkit.catalogue.columns import Column
from airflow_provider_mailkit.catalogue.report import EXPORTED_AT, Report
from airflow_provider_mailkit.export import claims
from airflow_provider_mailkit.export.claims import CLAIMS, Claim
from airflow_provider_mailkit.export.filling import Filling
from airflow_provider_mailkit.export.ledger import MOST_FILES, Ledger
from airflow_provider_mailkit.export.progress import Progress
from airflow_provider_mailkit.export.rows import RowOptions
from airflow_provider_mailkit.protocol import fields
from airflow_provider_mailkit.protocol.decoder import Decoder
from airflow_provider_mailkit.protocol.increments import NewRows, Window, only
from airflow_provider_mailkit.protocol.plan import Call
from airflow_provider_mailkit.protocol.records import Batch
from airflow_provider_mailkit.storage.folder import Folder
from airflow_provider_mailkit.storage.publication import Publication
from airflow_provider_mailkit.transport.sync_client import SyncClient
from airflow_provider_mailkit.writers import OutputFormat

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is read and written at a time.

    :param page_size: rows of a page.
    :param rows_per_file: the most rows of a file.
    :param max_rows: the most new rows of a run.
    :param overlap: how many rows a late one may come after.
    """

    page_size: int = 25_000
    rows_per_file: int = 1_000_000
    max_rows: int = 5_000_000
    overlap: int = 1_000


class _Stream:
    """New rows, of which as many are taken as a file has room for."""

    def __init__(self, batches: Iterator[Batch]) -> None:
        self._batches = batches
        self._next: Batch | None = None

    def peek(self) -> Batch | None:
        """Return what comes next; None: there is no more."""
        if self._next is None:
            self._next = next(self._batches, None)
        return self._next

    def take(self, most: int) -> Batch | None:
        """Return at most this many rows; None: there are no more."""
        batch = self.peek()
        self._next = None
        if batch is None or len(batch) <= most:
            return batch
        self._next = batch.pick(range(most, len(batch)))
        return batch.pick(range(most))


class IncrementalExport:
    """One run.

    :param parameters: what narrows the log, by Mailkit's names.
    :param start: the ID that the first run begins with; None: with the first row there is.
    :param run: stands for the DAG run, of which earlier tries may have exported something.
    :param allow_unsafe: whether to use a store that can create a file twice.
    """

    def __init__(
        self,
        client: SyncClient,
        report: Report,
        parameters: Mapping[str, Any],
        options: RowOptions,
        output_format: OutputFormat,
        folder: Folder,
        limits: Limits,
        *,
        start: int | None = None,
        run: str = "",
        allow_unsafe: bool = False,
    ) -> None:
        endpoint = client.endpoint
        self._client = SyncClient(replace(endpoint, retry=endpoint.retry.for_exports()))
        self._report = report
        self._key = report.key[0]
        self._parameters = dict(parameters)
        self._limits = limits
        self._start = start
        self._run = run
        self._suffix = output_format.suffix
        constants = {EXPORTED_AT: datetime.now(UTC).isoformat(timespec="milliseconds")}
        self._filling = Filling(report, options, output_format, endpoint.zone, constants)
        self._progress = Progress(report.name)
        self._pages = 0
        identity = {
            "function": report.name,
            "parameters": {name: str(value) for name, value in sorted(self._parameters.items())},
            "host": endpoint.base_url,
            "columns": list(self._filling.names),
            "addresses": options.addresses,
            "timezone": str(endpoint.zone) if endpoint.zone else None,
            "file_format": output_format.file_format,
            "compression": output_format.compression,
        }
        self._ledger = Ledger(
            folder,
            identity,
            # With another key the same address would have another hash.
            {"client": endpoint.credentials.client_id}
            | ({"hash_secret": options.hash_secret} if options.addresses == "hash" else {}),
            allow_unsafe=allow_unsafe,
            restore=self._restore,
        )

    def run(self) -> dict[str, Any]:
        """Export what is new, and finish what earlier runs have left.

        :return: the result, ready for JSON.
        :raises MailkitError: the folder belongs to another export, another run came first, or the log could
            not be read. What was marked as done stays.
        :raises WorkerError: the worker's disk is full or broken, or it has no thread left.
        :raises OSError: the store refuses.
        """
        began = time.monotonic()
        last, was_left = self._ledger.open()
        parts = self._ledger.earlier(last, self._run) if last else []
        if last and was_left and last not in parts:
            parts.append(last)
        last, is_caught_up = self._export(last, parts)
        return {
            "function": self._report.name,
            "rows": sum(claim.rows for claim in parts),
            "files": [asdict(claim.part(self._ledger.folder.uri)) for claim in parts],
            "next_id": self._window(last).next_id,
            "caught_up": is_caught_up,
            "pages": self._pages,
            "seconds": round(time.monotonic() - began, 3),
        }

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that are written."""
        return self._filling.columns

    def abort(self) -> None:
        """From now on, claim and publish nothing. For a signal handler or another thread."""
        self._ledger.abort()

    def _window(self, last: Claim | None) -> Window:
        return last.window if last else Window(self._start)

    def _export(self, last: Claim | None, parts: list[Claim]) -> tuple[Claim | None, bool]:
        """Export what is new and add it to the parts; return the last claim, and whether nothing is left."""
        left = self._limits.max_rows
        new = self._new_rows(self._window(last))
        with closing(self._read(new)) as batches:
            stream = _Stream(batches)
            if stream.peek() is not None:
                self._ledger.check_next(last)
            while left and len(parts) < MOST_FILES and stream.peek() is not None:
                last = self._stage(stream, last, min(left, self._limits.rows_per_file))
                self._ledger.claim(last)
                self._ledger.publish(last)
                parts.append(last)
                left -= last.rows
            # Whether there is a page after this one is not asked.
            return last, new.is_done and stream.peek() is None

    def _new_rows(self, window: Window, end: int | None = None) -> NewRows:
        limits = self._limits
        return NewRows(self._report, self._parameters, window, limits.page_size, limits.overlap, end)

    def _read(self, new: NewRows) -> Generator[Batch]:
        """Yield new rows, and log a line every ten seconds."""
        columns, options = self._filling.decoding({})

        def decoder(call: Call) -> Decoder:
            self._ledger.check_alive()
            return self._progress.watch(self._client.decoder(call.report, columns, **options))

        with closing(self._client.read(new, decoder)) as batches:
            try:
                for batch in batches:
                    yield batch
                    self._progress.add(len(batch))
            finally:
                self._pages += new.count

    def _stage(self, stream: _Stream, last: Claim | None, most: int) -> Claim:
        """Store the rows of the next file where nobody looks for them, and return the claim to them."""
        number = last.number + 1 if last else 1
        staged = claims.staged_name(number)
        with self._ledger.writing(f"{CLAIMS}/{staged}") as publication:
            rows, first_id, last_id, window = self._fill(publication, stream, self._window(last), most)
            publication.commit()
            return Claim(
                number=number,
                identity=self._ledger.identity,
                name=claims.part_name(number, first_id, last_id, self._suffix),
                staged=staged,
                rows=rows,
                size=publication.bytes_written,
                sha256=publication.sha256,
                first_id=first_id,
                last_id=last_id,
                window=window,
                start=last.start if last else self._start,
                run=self._run,
                runs=last.runs_so_far() if last else {},
                is_unsafe=self._ledger.allow_unsafe,
            )

    def _fill(
        self, publication: Publication, stream: _Stream, window: Window, most: int
    ) -> tuple[int, int, int, Window]:
        """Write rows; return how many, the smallest and the greatest ID, and what is known after them."""
        rows, first_ids, last_ids = 0, [], []
        writer = self._filling.open(publication.file)
        try:
            while rows < most and (batch := stream.take(most - rows)) is not None:
                ids = fields.values(batch.records, self._key)
                writer.write(self._filling.build(batch))
                window = window.add(ids, self._limits.overlap)
                rows += len(ids)
                first_ids.append(ids[0])
                last_ids.append(ids[-1])
            writer.finish()
        except BaseException:
            writer.abandon()
            raise
        return rows, min(first_ids), max(last_ids), window

    def _restore(self, claim: Claim) -> int:
        """Export the rows of a claim once more, from what Mailkit has now; return how many they are."""
        before = self._ledger.read(claim.number - 1).window if claim.number > 1 else Window(claim.start)
        rows = 0
        with (
            closing(self._read(self._new_rows(before, claim.last_id))) as batches,
            self._ledger.writing(claim.name, overwrite=False) as publication,
        ):
            writer = self._filling.open(publication.file)
            try:
                for batch in batches:
                    ids = claims.restored_ids(fields.values(batch.records, self._key), claim)
                    kept = only(batch, self._key, ids)
                    if kept.records:
                        writer.write(self._filling.build(kept))
                        rows += len(kept)
                writer.finish()
            except BaseException:
                writer.abandon()
                raise
            if rows:
                publication.commit()
        return rows
