"""The file of rejected rows: the row, the reason, and the content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_mailkit.catalogue.columns import INTEGER, Column
from airflow_provider_mailkit.imports.records import RecordFile
from airflow_provider_mailkit.imports.rows import Rejection
from airflow_provider_mailkit.storage.target import Target
from airflow_provider_mailkit.writers import OutputFormat

#: ``FILE``, ``ROW`` (from 1 on), ``REASON``, ``COLUMN`` (Mailkit's name) and ``RECORD``: the row as JSON.
COLUMNS = (
    Column("FILE"),
    Column("ROW", INTEGER),
    Column("REASON"),
    Column("COLUMN"),
    Column("RECORD", unique=True),
)


class RejectedFile(RecordFile):
    """Collects rejected rows. Use it as a context manager."""

    def __init__(self, target: Target, output_format: OutputFormat) -> None:
        import msgspec

        super().__init__(target, output_format, COLUMNS)
        self._to_json = msgspec.json.Encoder(enc_hook=str).encode

    def reject(self, place: str, row: int, rejection: Rejection, values: Mapping[str, Any] | None) -> None:
        """Add a row. A row that could not be read has no values."""
        record = None if values is None else self._as_json(values)
        self.add(place, row, rejection.reason, rejection.column or None, record)

    def _as_json(self, values: Mapping[str, Any]) -> str:
        try:
            return self._to_json(values).decode()
        except (UnicodeEncodeError, TypeError, ValueError):
            # Half of a surrogate pair, or bytes that are not text.
            return self._to_json({name: ascii(value) for name, value in values.items()}).decode()
