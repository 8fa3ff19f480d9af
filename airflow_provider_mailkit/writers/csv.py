"""CSV: a header line, commas, quotes where needed, LF, UTF-8; absent values are empty."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

from airflow_provider_mailkit.writers.base import Sink, Writer

_NEEDS_QUOTES = re.compile(r'[",\r\n]')


class CsvWriter(Writer):
    """Writes a line per row."""

    def __init__(self, sink: Sink, columns: Sequence[str], zone: tzinfo | None) -> None:
        super().__init__(sink, columns, zone)
        self.sink.write((",".join(self.columns) + "\n").encode())

    def write(self, columns: dict[str, list[Any]]) -> None:
        """Write rows."""
        texts = [_texts(values) for values in columns.values()]
        # A line of one empty field needs quotes too: without them it is no line.
        if len(texts) == 1 or any(_NEEDS_QUOTES.search("".join(values)) for values in texts):
            buffer = io.StringIO(newline="")
            csv.writer(buffer, lineterminator="\n").writerows(zip(*texts, strict=True))
            self.sink.write(buffer.getvalue().encode())
            return
        lines = "\n".join(map(",".join, zip(*texts, strict=True)))
        self.sink.write(f"{lines}\n".encode())


def _texts(values: list[Any]) -> list[str]:
    if None in values:
        return ["" if value is None else str(value) for value in values]
    return list(map(str, values))
