"""JSON Lines: one object a line, UTF-8."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

from airflow_provider_mailkit.writers.base import Writer
from airflow_provider_mailkit.writers.compression import Compression, Sink


class JsonlWriter(Writer):
    """Writes a JSON object per row, with all columns in their order and null for absent values."""

    def __init__(
        self,
        sink: Sink,
        columns: Sequence[str],
        zone: tzinfo | None,
        compression: Compression | None = None,
    ) -> None:
        import msgspec

        super().__init__(sink, columns, zone, compression)
        self._encode_lines = msgspec.json.Encoder().encode_lines

    def _encode(self, rows: Sequence[Any]) -> bytes:
        return self._encode_lines(rows)
