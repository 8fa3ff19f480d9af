"""Parquet, compressed with zstd inside."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit.catalogue.columns import INSTANT
from airflow_provider_mailkit.writers.arrow import (
    Instants,
    IsoDates,
    frugal_pool,
    read_csv,
    scalars_of,
    schema_of,
    type_read,
    without_escapes,
)
from airflow_provider_mailkit.writers.base import Encoded, Layout, Lines, Writer
from airflow_provider_mailkit.writers.compression import Compression, Sink

if TYPE_CHECKING:
    import pyarrow as pa

# Whether the other thread may have the interpreter for a moment after a batch.
_YIELDS = (False, True)
# What pyarrow reads of a row group at a time, for each column: the more, the less time, and the more memory.
_BLOCK_BYTES = 2**15
_BUFFER_BYTES = 2**20
# What is compressed at a time: pyarrow's own megabyte takes more memory, and no less time.
_PAGE_BYTES = 2**16


class ParquetWriter(Writer):
    """Writes 64-bit integers and floats, timestamps in microseconds, days, and strings.

    Instants have the account's time zone if there is one, ``EXPORTED_AT`` has UTC. The rows go to pyarrow as
    lines of CSV: making those and reading them takes half the time of handing over values one by one, and
    the reading is done in another thread, without Python. There, too, instants are read, each only once in a
    row group. A row group is handed over at a time: after each step, be it for few rows or many, that thread
    has to wait for the interpreter.
    """

    by_place = True
    # The brackets of a line stick to these. To cut brackets off takes more time than to encode the line.
    frame = ("begin", "end")
    fills_columns = True
    takes_empty_texts = True
    reads_dates = True
    makes_tables = True
    # These are a row group, of about 50,000 rows. Writing one takes less time than the next one takes.
    max_bytes = 5_000_000
    buffers = 2

    def __init__(self, sink: Sink, layout: Layout, compression: Compression | None = None) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        # Parquet is compressed inside.
        super().__init__(sink, layout)
        self._schema = schema_of(layout.columns, layout.zone)
        self._block_bytes = _BLOCK_BYTES * len(layout.columns)
        # The columns of the lines that are encoded.
        self._line: tuple[str, ...] = ()
        self._yields = itertools.cycle(_YIELDS)
        self._gate = _Gate(sink)
        self._pool = frugal_pool()
        self._instants = {
            column.name: Instants(layout.dates.get(column.name, IsoDates()), layout.zone, self._pool)
            for column in layout.columns
            if column.kind == INSTANT
        }
        constants = {name: value for name, value in layout.constants.items() if name in self.names}
        self._constants = scalars_of(constants, self._schema) if constants else {}
        self._repeated: dict[str, pa.Array] = {}
        self._no_text = pa.nulls(1, pa.string())[0]
        self._types = {column.name: type_read(column) for column in layout.columns}
        # pyarrow writes in pieces of some kilobytes, and each would wait for the interpreter.
        self._buffer = pa.BufferedOutputStream(pa.PythonFile(self._gate, "w"), _BUFFER_BYTES, self._pool)
        self._file = pq.ParquetWriter(
            self._buffer,
            self._schema,
            compression="zstd",
            use_dictionary=[column.name for column in layout.columns if not column.unique],
            write_statistics=[column.name for column in layout.columns if column.ranged],
            data_page_size=_PAGE_BYTES,
            memory_pool=self._pool,
        )

    def encode(self, rows: Sequence[Any]) -> Encoded:
        """Encode rows as lines, which have at least the columns of those before them in the row group."""
        if not rows:
            return Encoded(b"", 0)
        names = rows[0].__struct_fields__
        if not {*names} <= {*self._line}:
            begin, end = self.frame
            self._line = names if names[:1] == (begin,) else (begin, *names, end)
        lines = self._encode(rows)
        if b"\\" in lines:
            return Encoded(without_escapes(lines), len(rows), self._line, is_plain=False)
        return Encoded(lines, len(rows), self._line)

    def add(self, encoded: Encoded) -> None:
        """Write encoded rows.

        :raises OSError: these rows or earlier ones could not be written.
        """
        if not encoded.rows:
            return
        if self._encoded.tell() and encoded.names != self._encoded.names:
            # Lines with other columns go into another row group.
            self._hand_over()
        self._encoded.names = encoded.names
        self._encoded.is_plain &= encoded.is_plain
        self._encoded.ends += (self._encoded.tell() + len(encoded.data),)
        # No line may be longer than a block.
        self._block_bytes = max(self._block_bytes, len(encoded.data))
        super().add(encoded)
        if not self._encoded.tell():
            # The rows of another row group may lack columns that some of this one had.
            self._line = ()
        if next(self._yields):
            # pyarrow needs the interpreter only for a moment between its steps, and would wait for each.
            time.sleep(0)

    def abandon(self) -> None:
        """Let go of the file: pyarrow would otherwise still write a footer when it is collected."""
        self._gate.closed = True
        super().abandon()
        self._file.close()

    def _encode(self, rows: Sequence[Any]) -> bytes:
        if rows[0].__struct_fields__ == self._line:
            return self._encode_arrays(rows)
        return self._encode_lines([*zip(*self._columns_of(rows), strict=True)])

    def _columns_of(self, rows: Sequence[Any]) -> Iterator[Iterable[Any]]:
        """Yield the columns of the lines; those that these rows lack are empty."""
        names = rows[0].__struct_fields__
        for name in self._line:
            yield map(attrgetter(name), rows) if name in names else itertools.repeat(None, len(rows))

    def _take(self, encoded: memoryview, lines: Lines) -> None:
        """Write a row group."""
        if not encoded:
            return
        import pyarrow as pa

        pieces = [self._read_csv(piece, lines) for piece in self._pieces(encoded, lines)]
        table = self._finished(pa.concat_tables(pieces))
        self.layout.on_table(table)
        self._file.write_table(table, row_group_size=table.num_rows)
        # What encodes Parquet has no other pool, and that keeps the more the longer the report is.
        pa.default_memory_pool().release_unused()

    def _pieces(self, encoded: memoryview, lines: Lines) -> Iterator[memoryview]:
        """Yield what pyarrow may read at a time.

        pyarrow divides that into blocks. Where a block ends, it misreads line ends in texts: it drops the LF
        of CR LF (https://github.com/apache/arrow/issues/51368), and old versions fail.
        """
        begin = 0
        for end in lines.ends:
            if end == len(encoded) or (end - begin >= self._block_bytes and not lines.is_plain):
                yield encoded[begin:end]
                begin = end

    def _read_csv(self, encoded: memoryview, lines: Lines) -> pa.Table:
        """Read what is CSV by now: texts are quoted, and absent values are the word null."""
        import pyarrow as pa
        from pyarrow import csv

        names = lines.names
        read = [name for name in self.names if name in names and name not in self._constants]
        block_bytes = self._block_bytes if lines.is_plain else len(encoded)
        return read_csv(
            pa.BufferReader(pa.py_buffer(encoded)),
            # In this thread, which has nothing else to do.
            csv.ReadOptions(column_names=names, block_size=block_bytes, use_threads=False),
            csv.ParseOptions(newlines_in_values=True),
            csv.ConvertOptions(
                # The encoder has written nothing but UTF-8.
                check_utf8=False,
                # Without any other column, the first one shows how many rows there are.
                include_columns=read or names[:1],
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

        read = {*raw.column_names} - {*self._constants}
        columns = []
        for field in self._schema:
            if field.name not in read:
                column = self._repeat(field, raw.num_rows)
            elif field.name in self._instants:
                column = self._read_dates(self._instants[field.name], raw[field.name])
            else:
                column = self._without_empty_texts(raw[field.name])
                if column.type != field.type:
                    column = pc.cast(column, field.type, memory_pool=self._pool)
            columns.append(column)
        return pa.table(columns, schema=self._schema)

    def _repeat(self, field: pa.Field, rows: int) -> pa.Array:
        """Return a column with one value: a constant, or null where rows lack the column."""
        import pyarrow as pa

        if len(self._repeated.get(field.name, ())) < rows:
            value = self._constants.get(field.name, pa.nulls(1, field.type)[0])
            self._repeated[field.name] = pa.repeat(value, rows, self._pool)
        return self._repeated[field.name][:rows]

    def _without_empty_texts(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        import pyarrow as pa
        import pyarrow.compute as pc

        if column.type != pa.string():
            return column
        lengths = pc.binary_length(column, memory_pool=self._pool)
        if pc.min_max(lengths, memory_pool=self._pool)["min"].as_py() != 0:
            return column
        has_text = pc.cast(lengths, pa.bool_(), memory_pool=self._pool)
        return pc.if_else(has_text, column, self._no_text, memory_pool=self._pool)

    def _read_dates(self, instants: Instants, dates: pa.ChunkedArray) -> pa.Array:
        import pyarrow.compute as pc

        encoded = pc.dictionary_encode(dates.combine_chunks(self._pool), memory_pool=self._pool)
        return pc.take(instants.of(encoded.dictionary), encoded.indices, memory_pool=self._pool)

    def _end(self) -> None:
        """Write the footer."""
        self._file.close()
        self._buffer.flush()


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
