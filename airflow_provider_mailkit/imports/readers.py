"""Reads rows from JSON Lines, CSV and Parquet, one at a time and in bounded memory."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, NamedTuple

from airflow_provider_mailkit.exceptions import MailkitArgumentError
from airflow_provider_mailkit.imports.content import open_content
from airflow_provider_mailkit.storage.source import SourceFile
from airflow_provider_mailkit.writers import choose_format

#: The longest line of JSON. Python's csv has a limit of its own for a cell, 128 KiB.
MAX_LINE_BYTES = 2**20
_BOM = b"\xef\xbb\xbf"
_PARQUET_ROWS = 2000
_DELIMITERS = ",;\t|"

#: Called with the column names of each file whose rows all have the same columns.
OnHeader = Callable[[Sequence[str]], object]


class SourceRow(NamedTuple):
    """A row of a source.

    :param number: its number in its file, from 1. A header does not count.
    :param values: by the names of the columns; None if it could not be read.
    :param fault: the reason if it could not be read; otherwise empty.
    """

    number: int
    values: Mapping[str, Any] | None
    fault: str = ""


@dataclass(frozen=True)
class RowFormat:
    """How the files of a source are read.

    :param file_format: ``jsonl``, ``csv`` or ``parquet``; None for the suffix of each file.
    :param compression: ``gzip`` or ``zstd``; None for the suffix.
    :param delimiter: what separates the cells of CSV.
    """

    file_format: str | None = None
    compression: str | None = None
    delimiter: str = ","

    def check(self, file: SourceFile) -> None:
        """Check that a file can be read here.

        :raises MailkitError: its format is not known, or the package that reads it is not installed.
        """
        choose_format(file.uri, self.file_format, self.compression, argument="source")

    def rows(
        self, file: SourceFile, on_header: OnHeader, columns: Sequence[str] | None
    ) -> Iterator[SourceRow]:
        """Yield the rows of a file.

        :param columns: the wanted columns, for formats that can skip others; None for all.
        :raises MailkitError: the file cannot be read to its end.
        :raises OSError: the same, for a temporary reason.
        """
        chosen = choose_format(file.uri, self.file_format, self.compression, argument="source")
        if chosen.file_format == "parquet":
            with file.open() as raw:
                yield from _parquet_rows(file, raw, on_header, columns)
            return
        with open_content(file, chosen.compression) as content:
            if chosen.file_format == "csv":
                yield from _csv_rows(file, content, self.delimiter, on_header)
            else:
                yield from _json_rows(file, content)


def _json_rows(file: SourceFile, content: IO[bytes]) -> Iterator[SourceRow]:
    import msgspec

    decode = msgspec.json.decode
    number = 0
    while line := content.readline(MAX_LINE_BYTES + 1):
        if len(line) > MAX_LINE_BYTES:
            raise MailkitArgumentError(
                f"{file.uri}: line {number + 1} is longer than {MAX_LINE_BYTES} bytes."
            )
        if not number:
            line = line.removeprefix(_BOM)
        if not line.strip():
            continue
        number += 1
        try:
            values = decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            values = None
        if isinstance(values, dict):
            yield SourceRow(number, values)
            continue
        if number == 1 and line.lstrip().startswith(b"["):
            raise MailkitArgumentError(
                f"{file.uri} begins with a JSON array: write one object per line (JSON Lines)."
            )
        yield SourceRow(number, None, "not a JSON object")


def _csv_rows(
    file: SourceFile, content: IO[bytes], delimiter: str, on_header: OnHeader
) -> Iterator[SourceRow]:
    text = io.TextIOWrapper(content, "utf-8-sig", newline="")
    # Strict, because an unclosed quote would make the rest of the file one cell.
    lines = csv.reader(text, delimiter=delimiter, strict=True)
    failure = ""
    number = 0
    try:
        header = next((cells for cells in lines if cells), [])
        if header:
            _check_header(file, header, delimiter)
            on_header(header)
        width = len(header)
        for cells in lines:
            # An empty line.
            if not cells:
                continue
            number += 1
            if len(cells) == width:
                yield SourceRow(number, dict(zip(header, cells, strict=True)))
            else:
                fault = "more cells than columns" if len(cells) > width else "fewer cells than columns"
                yield SourceRow(number, None, fault)
    except csv.Error as error:
        # The text is the only way to tell these errors apart. It has no content of the file.
        failure = (
            f"line {lines.line_num} has a cell of more than {csv.field_size_limit()} characters; "
            "a quote may lack its end"
            if str(error).startswith("field larger")
            else f"line {lines.line_num} is not valid CSV; a quote may lack its end, or not be doubled"
        )
    except UnicodeDecodeError:
        failure = f"after line {lines.line_num} it is not UTF-8: write it as UTF-8"
    finally:
        # The caller closes the file.
        text.detach()
    if failure:
        raise MailkitArgumentError(f"{file.uri}: {failure}.")


def _check_header(file: SourceFile, header: list[str], delimiter: str) -> None:
    header[:] = [name.strip() for name in header]
    _check_names(file, header)
    other = next((mark for mark in _DELIMITERS if mark != delimiter and mark in header[0]), None)
    if len(header) == 1 and other:
        raise MailkitArgumentError(
            f"{file.uri}: the header is one cell. Set delimiter={other!r} if that separates its cells."
        )


def _check_names(file: SourceFile, names: Sequence[str]) -> None:
    if len(set(names)) < len(names):
        raise MailkitArgumentError(f"{file.uri}: two columns have the same name.")


def _parquet_rows(
    file: SourceFile, raw: IO[bytes], on_header: OnHeader, columns: Sequence[str] | None
) -> Iterator[SourceRow]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    failure = ""
    number = 0
    try:
        # Without a buffer, a whole row group would be read at once.
        table = pq.ParquetFile(raw, buffer_size=MAX_LINE_BYTES, pre_buffer=False)
        names = table.schema_arrow.names
        on_header(names)
        wanted = [name for name in names if columns is None or name in columns]
        # A row is a dict, and would keep only one of two columns with the same name.
        _check_names(file, wanted)
        for batch in table.iter_batches(_PARQUET_ROWS, columns=wanted, use_threads=False):
            for values in batch.to_pylist():
                number += 1
                yield SourceRow(number, values)
    except pa.ArrowInvalid:
        failure = "it is not Parquet, or damaged"
    if failure:
        raise MailkitArgumentError(f"{file.uri}: {failure}.")
