"""CSV: a header line, commas, quotes where needed, LF, UTF-8; absent values are empty."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any

from airflow_provider_mailkit.writers.base import Sink, Writer


class CsvWriter(Writer):
    """Writes a line per row."""

    def __init__(self, sink: Sink, columns: Sequence[str], zone: tzinfo | None) -> None:
        import msgspec

        super().__init__(sink, columns, zone)
        self._encoder = msgspec.json.Encoder()
        self.sink.write((",".join(self.columns) + "\n").encode())

    def write(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Write rows."""
        rows = list(zip(*columns.values(), strict=True))
        json_lines = self._encoder.encode_lines(rows)
        # A line of one empty field needs quotes: without them it is no line.
        if len(columns) > 1 and _is_plain(json_lines, len(columns), len(rows)):
            self.sink.write(_strip(json_lines))
            return
        buffer = io.StringIO(newline="")
        csv.writer(buffer, lineterminator="\n").writerows(rows)
        self.sink.write(buffer.getvalue().encode())


def _is_plain(json_lines: bytes, columns: int, rows: int) -> bool:
    """Tell whether JSON arrays, one a line, are CSV but for brackets, quotes and nulls.

    They are if no value has an escape (so no quote and no line end in it), a comma or a bracket.
    """
    return (
        b"\\" not in json_lines
        and json_lines.count(b",") == (columns - 1) * rows
        and json_lines.count(b"[") == rows
        and json_lines.count(b"]") == rows
    )


def _strip(json_lines: bytes) -> bytes:
    if b"null" in json_lines:
        # Behind a comma or the bracket it is a value: a text would begin with a quote.
        json_lines = json_lines.replace(b",null", b",").replace(b"[null", b"[")
    return json_lines.translate(None, b'"[]')
