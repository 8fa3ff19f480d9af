"""Parquet, compressed with zstd inside."""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit.writers.arrow import (
    DATE,
    INTEGERS,
    Instants,
    IsoDates,
    frugal_pool,
    read_csv,
    scalars_of,
    schema_of,
)
from airflow_provider_mailkit.writers.base import Dates, Writer
from airflow_provider_mailkit.writers.compression import Sink

if TYPE_CHECKING:
    import pyarrow as pa

# Whether the other thread may have the interpreter for a moment behind a batch.
_YIELDS = (False, True)
# What pyarrow reads of a row group at a time: the less, the less memory beside the columns.
_BLOCK_BYTES = 2**18
_ESCAPE = re.compile(rb"\\(?:u....|[^u])")
_BUFFER_BYTES = 2**20
# Nearly every value is another one: a dictionary of them would only cost time.
_UNIQUE = ("ID_SEND_MESSAGE", "ID_EMAIL", "EMAIL", "EXTRA")
# Nobody looks for a range of them, or every row group has nearly all there are: it could not be left out for
# its smallest and its largest, so these need not be found.
_UNORDERED = ("EMAIL", "STATUS", "AB_VERSION", "EXTRA")
# What is compressed at a time: pyarrow's own megabyte takes more memory, and no less time.
_PAGE_BYTES = 2**16


class ParquetWriter(Writer):
    """Writes 64-bit integers, timestamps in microseconds, and strings.

    ``DATE`` has the account's time zone if there is one, ``EXPORTED_AT`` has UTC. The rows go to pyarrow as
    lines of CSV: making those and reading them takes half the time of handing over values one by one, and
    the reading is done in another thread, without Python. There, too, dates are read, each only once in a row
    group. A row group is handed over at a time: behind each step, be it for few rows or many, that thread has
    to wait for the interpreter.

    :param dates: reads ``DATE`` in that thread, unless the rows have ISO 8601 already.
    :param on_table: is called in that thread with the rows as tables.
    :param constants: columns with one value for all rows, and that value. What rows have there is not read.
    """

    # These are a row group, of about 50,000 rows. Writing one takes less time than the next one takes.
    max_bytes = 5_000_000
    buffers = 2

    def __init__(
        self,
        sink: Sink,
        columns: Sequence[str],
        zone: tzinfo | None,
        dates: Dates | None = None,
        on_table: Callable[[pa.Table], object] | None = None,
        constants: Mapping[str, Any] | None = None,
    ) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        super().__init__(sink, columns, zone)
        self._schema = schema_of(self.columns, zone)
        self._on_table = on_table or (lambda table: None)
        self._block_bytes = _BLOCK_BYTES
        self._yields = itertools.cycle(_YIELDS)
        self._gate = _Gate(sink)
        self._pool = frugal_pool()
        self._instants = Instants(IsoDates() if dates is None else dates, zone, self._pool)
        constants = {name: value for name, value in (constants or {}).items() if name in self.columns}
        self._constants = scalars_of(constants, self._schema) if constants else {}
        self._repeated: dict[str, pa.Array] = {}
        # If there is none, any one of them tells how many rows there are.
        self._read = [name for name in self.columns if name not in self._constants] or self.columns[:1]
        self._types = {name: pa.int64() if name in INTEGERS else pa.string() for name in self._read}
        # pyarrow writes in pieces of some kilobytes, and each would wait for the interpreter.
        self._buffer = pa.BufferedOutputStream(pa.PythonFile(self._gate, "w"), _BUFFER_BYTES, self._pool)
        self._file = pq.ParquetWriter(
            self._buffer,
            self._schema,
            compression="zstd",
            use_dictionary=[name for name in self.columns if name not in _UNIQUE],
            write_statistics=[name for name in self.columns if name not in _UNORDERED],
            data_page_size=_PAGE_BYTES,
            memory_pool=self._pool,
        )

    def write(self, rows: Sequence[Any]) -> None:
        """Write rows: msgspec structs, whose attributes are the columns.

        :raises OSError: these rows or earlier ones could not be written.
        """
        super().write(rows)
        if next(self._yields):
            # pyarrow needs the interpreter only for a moment between its steps, and would wait for each.
            time.sleep(0)

    def abandon(self) -> None:
        """Let go of the file: pyarrow would otherwise still write a footer when it is collected."""
        self._gate.closed = True
        super().abandon()
        self._file.close()

    def _encode(self, rows: Sequence[Any]) -> bytes:
        lines = self._encode_arrays(rows)
        # Brackets in columns that are not read do no harm.
        if not {self.columns[0], self.columns[-1]}.isdisjoint(self._read):
            lines = lines[1:-2].replace(b"]\n[", b"\n") + b"\n"
        if b"\\" in lines:
            lines = _without_escapes(lines)
        # No line may be longer than a block.
        self._block_bytes = max(self._block_bytes, len(lines))
        return lines

    def _take(self, encoded: memoryview) -> None:
        """Write a row group."""
        if not encoded:
            return
        import pyarrow as pa

        table = self._finished(self._read_csv(encoded))
        self._on_table(table)
        self._file.write_table(table, row_group_size=table.num_rows)
        # What encodes Parquet has no other pool, and that keeps the more the longer the report is.
        pa.default_memory_pool().release_unused()

    def _read_csv(self, encoded: memoryview) -> pa.Table:
        """Read what is CSV by now: texts are quoted, and absent values are the word null."""
        import pyarrow as pa
        from pyarrow import csv

        return read_csv(
            pa.BufferReader(pa.py_buffer(encoded)),
            # In this thread, which has nothing else to do.
            csv.ReadOptions(column_names=self.columns, block_size=self._block_bytes, use_threads=False),
            csv.ParseOptions(newlines_in_values=True),
            csv.ConvertOptions(
                # The encoder has written nothing but UTF-8.
                check_utf8=False,
                include_columns=self._read,
                column_types=self._types,
                null_values=["null"],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
            memory_pool=self._pool,
        )

    def _finished(self, raw: pa.Table) -> pa.Table:
        """Return a table with all columns, as they are written."""
        import pyarrow as pa
        import pyarrow.compute as pc

        columns = []
        for field in self._schema:
            if field.name in self._constants:
                column = self._constant(field.name, raw.num_rows)
            elif field.name == DATE:
                column = self._read_dates(raw[DATE])
            else:
                column = raw[field.name]
                if column.type != field.type:
                    column = pc.cast(column, field.type, memory_pool=self._pool)
            columns.append(column)
        return pa.table(columns, schema=self._schema)

    def _constant(self, name: str, rows: int) -> pa.Array:
        import pyarrow as pa

        if len(self._repeated.get(name, ())) < rows:
            self._repeated[name] = pa.repeat(self._constants[name], rows, self._pool)
        return self._repeated[name][:rows]

    def _read_dates(self, dates: pa.ChunkedArray) -> pa.Array:
        import pyarrow.compute as pc

        encoded = pc.dictionary_encode(dates.combine_chunks(self._pool), memory_pool=self._pool)
        return pc.take(self._instants.of(encoded.dictionary), encoded.indices, memory_pool=self._pool)

    def _end(self) -> None:
        """Write the footer."""
        self._file.close()
        self._buffer.flush()


def _without_escapes(lines: bytes) -> bytes:
    """Turn what JSON escapes in texts into what CSV has for it: the characters, and two quotes for one."""
    # Whatever is a backslash between the escaped ones begins an escape.
    parts = [part.replace(b'\\"', b'""') for part in lines.split(b"\\\\")]
    return b"\\".join(_ESCAPE.sub(_unescaped, part) for part in parts)


def _unescaped(escape: re.Match[bytes]) -> bytes:
    character: str = json.loads(b'"%b"' % escape[0])
    return character.encode()


class _Gate:
    """A file for pyarrow that passes writes on until it is closed."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._position = 0
        self.closed = False

    def write(self, data: bytes) -> int:
        if not self.closed:
            self._sink.write(bytes(data))
        self._position += len(data)
        return len(data)

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        """Nothing is held back here."""

    def close(self) -> None:
        """The sink stays open."""

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False
