"""CSV: a header line, commas, quotes where needed, LF, UTF-8; absent values are empty."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import Any

from airflow_provider_mailkit.writers.base import Layout, Writer
from airflow_provider_mailkit.writers.compression import Compression, Sink

_NO_MARKS = bytes(set(range(256)) - set(b"[],\\\n"))


class CsvWriter(Writer):
    """Writes a line per row."""

    by_place = True
    takes_empty_texts = True
    # Less than JSON Lines hands over: a row has half the bytes.
    max_bytes = 130_000

    def __init__(self, sink: Sink, layout: Layout, compression: Compression | None = None) -> None:
        super().__init__(sink, layout, compression)
        self.sink.write((",".join(self.names) + "\n").encode())

    def _encode(self, rows: Sequence[Any]) -> bytes:
        lines = self._encode_arrays(rows)
        # A line of one empty field needs quotes: without them it is not a line.
        if len(self.names) > 1 and _is_plain(lines, len(self.names), len(rows)):
            return _strip(lines)
        written = _Lines()
        # What is in the line terminator is quoted on every Python; before 3.11.9 and 3.12.3 nothing else is.
        csv.writer(written, lineterminator="\r\n").writerows(map(self._values, rows))
        return "".join(written).encode()


class _Lines(list[str]):
    """Takes the lines of a CSV writer and ends them with LF alone."""

    def write(self, line: str) -> None:
        self.append(line[:-2] + "\n")


def _is_plain(lines: bytes, columns: int, rows: int) -> bool:
    """Tell whether JSON arrays, one a line, are CSV but for brackets, quotes and nulls.

    They are if no text has an escape (so no quote and no line end in it), a comma or a bracket.
    """
    marks = lines.translate(None, _NO_MARKS)
    line = b"[" + b"," * (columns - 1) + b"]\n"
    return marks == line * rows


def _strip(lines: bytes) -> bytes:
    if b"null" in lines:
        # After a comma or the bracket it is a value: a text would begin with a quote.
        lines = lines.replace(b",null", b",").replace(b"[null", b"[")
    return lines.translate(None, b'"[]')
