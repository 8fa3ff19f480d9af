"""JSON Lines: one object a line, UTF-8."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow_provider_mailkit.writers.base import Writer


class JsonlWriter(Writer):
    """Writes a JSON object per row, with all columns in their order and null for absent values."""

    def _encode(self, rows: Sequence[Any]) -> bytes:
        return self._encode_lines(rows)
