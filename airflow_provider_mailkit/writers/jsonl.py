"""JSON Lines: one object a line, UTF-8."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any

from airflow_provider_mailkit.writers.base import Sink, Writer


class JsonlWriter(Writer):
    """Writes a JSON object per row, with all columns in their order and null for absent values."""

    def __init__(self, sink: Sink, columns: Sequence[str], zone: tzinfo | None) -> None:
        import msgspec

        super().__init__(sink, columns, zone)
        self._row = msgspec.defstruct("Row", [(name, Any) for name in self.columns], gc=False)
        self._encoder = msgspec.json.Encoder()

    def write(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Write rows."""
        self.sink.write(self._encoder.encode_lines(list(map(self._row, *columns.values()))))
