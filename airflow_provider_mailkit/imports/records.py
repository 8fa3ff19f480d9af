"""Small files about a task's work: rejected rows, and receipts."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from airflow_provider_mailkit.catalogue.columns import INTEGER, Column
from airflow_provider_mailkit.exceptions import MailkitArgumentError
from airflow_provider_mailkit.imports.readers import RowFormat
from airflow_provider_mailkit.storage.publication import Publication
from airflow_provider_mailkit.storage.source import list_files
from airflow_provider_mailkit.storage.target import Target
from airflow_provider_mailkit.writers import OutputFormat
from airflow_provider_mailkit.writers.base import Layout

_HELD_RECORDS = 500

log = logging.getLogger(__name__)


class RecordFile:
    """A file of records that is published whole, by :meth:`publish`. Use it as a context manager.

    :param target: where to publish. An older file is replaced.
    :param columns: of each record.
    """

    def __init__(self, target: Target, output_format: OutputFormat, columns: Sequence[Column]) -> None:
        import msgspec

        self.uri = target.uri
        self._target = target
        self._format = output_format
        self._columns = tuple(columns)
        self._names = [column.name for column in columns]
        self._numbers = {column.name for column in columns if column.kind == INTEGER}
        self._record = msgspec.defstruct("Record", [(name, Any) for name in self._names])
        self._held: list[Any] = []
        self._publication = Publication(target)

    def __enter__(self) -> Self:
        self._publication.__enter__()
        self._writer = self._format.open(self._publication.file, Layout(self._columns))
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._writer.abandon()
        self._publication.__exit__(error_type, error, traceback)

    def earlier(self) -> list[dict[str, Any]]:
        """Return the records of the existing file; none without a file.

        :raises MailkitError: the existing file is not such a file.
        """
        if not self._target.exists():
            return []
        (file,) = list_files(self._target)
        row_format = RowFormat(self._format.file_format, self._format.compression)
        if self._format.file_format == "parquet":
            row_format = RowFormat("parquet")
        records = [row.values or {} for row in row_format.rows(file, lambda names: None, None)]
        if any(list(record) != self._names for record in records):
            raise MailkitArgumentError(
                f"{self.uri} exists, but is not such a file of an earlier run: choose another "
                "path. Nothing was sent."
            )
        return [{name: self._read(name, value) for name, value in record.items()} for record in records]

    def _read(self, name: str, value: Any) -> Any:
        if value in ("", None):
            return None
        return int(value) if name in self._numbers else value

    def add(self, *values: Any) -> None:
        """Add a record: its values in the order of the columns.

        :raises WorkerError: the disk is full or broken.
        """
        self._held.append(self._record(*values))
        if len(self._held) == _HELD_RECORDS:
            self._write()

    def publish(self) -> None:
        """Publish the file.

        :raises WorkerError: the disk is full or broken.
        :raises OSError: the store has refused it. Other errors of its library pass unchanged.
        """
        self._write()
        self._writer.finish()
        self._publication.commit()

    def abort(self) -> None:
        """Publish nothing from now on. May be called at any moment and repeatedly."""
        self._publication.abort()

    def _write(self) -> None:
        if self._held:
            self._writer.write(self._held)
            self._held = []
