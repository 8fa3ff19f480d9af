"""Parquet, compressed with zstd inside."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit.writers.base import DateFunction, Writer
from airflow_provider_mailkit.writers.compression import Sink

if TYPE_CHECKING:
    import pyarrow as pa

# Rows of one row group. It is held in memory until it is full, about 100 bytes a row.
_GROUP_ROWS = 2**16
_BUFFER_BYTES = 2**20
_DATE = "DATE"
_INTEGERS = ("ID_SEND", "ID_SEND_MESSAGE", "ID_EMAIL", "READ_COUNT", "CLICK_COUNT")
# Nearly every value is another one: a dictionary of them would only cost time.
_UNIQUE = ("ID_SEND_MESSAGE", "ID_EMAIL", "EMAIL", "EXTRA")
# Nobody looks for a range of them, or every row group has nearly all there are: it could not be left out for
# its smallest and its largest, so these need not be found.
_UNORDERED = ("EMAIL", "STATUS", "AB_VERSION", "EXTRA")
# Values that are encoded at a time: pyarrow's own 1024 take more time.
_ENCODED_VALUES = 2**13
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class ParquetWriter(Writer):
    """Writes 64-bit integers, timestamps in microseconds, and strings.

    ``DATE`` has the account's time zone if there is one, ``EXPORTED_AT`` has UTC. The rows go to pyarrow as
    lines of CSV: making those and reading them takes half the time of handing over values one by one, and
    the reading is done in another thread, without Python. There, too, dates are read, each only once in a row
    group, and empty texts become null.

    :param read_date: is called in that thread for ``DATE``, unless the rows have ISO 8601 already.
    :param on_table: is called in that thread with the rows as tables.
    :param constants: columns with one value for all rows, and that value. What rows have there is not read.
    """

    batches = 24
    # So many come while a row group is written.
    waiting = 2

    def __init__(
        self,
        sink: Sink,
        columns: Sequence[str],
        zone: tzinfo | None,
        read_date: DateFunction | None = None,
        on_table: Callable[[pa.Table], object] | None = None,
        constants: Mapping[str, Any] | None = None,
    ) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        super().__init__(sink, columns, zone)
        self._schema = _schema(self.columns, zone)
        self._read_date = read_date or (lambda date: date)
        self._on_table = on_table or (lambda table: None)
        self._gate = _Gate(sink)
        constants = {name: value for name, value in (constants or {}).items() if name in self.columns}
        self._constants = _scalars(constants, self._schema) if constants else {}
        self._absent = pa.nulls(1, pa.string())[0]
        # If there is none, any one of them tells how many rows there are.
        self._read = [name for name in self.columns if name not in self._constants] or self.columns[:1]
        self._types = {name: pa.int64() if name in _INTEGERS else pa.string() for name in self._read}
        # pyarrow writes in pieces of some kilobytes, and each would wait for the interpreter.
        self._buffer = pa.BufferedOutputStream(pa.PythonFile(self._gate, "w"), _BUFFER_BYTES)
        self._file = pq.ParquetWriter(
            self._buffer,
            self._schema,
            compression="zstd",
            use_dictionary=[name for name in self.columns if name not in _UNIQUE],
            write_statistics=[name for name in self.columns if name not in _UNORDERED],
            write_batch_size=_ENCODED_VALUES,
        )
        self._tables: list[pa.Table] = []
        self._rows = 0

    def write(self, rows: Sequence[Any]) -> None:
        """Write rows: msgspec structs, whose attributes are the columns.

        :raises OSError: these rows or earlier ones could not be written.
        """
        super().write(rows)
        # pyarrow needs the interpreter only for a moment between its steps, and would wait for each of them.
        time.sleep(0)

    def abandon(self) -> None:
        """Let go of the file: pyarrow would otherwise still write a footer when it is collected."""
        self._gate.closed = True
        super().abandon()
        self._tables.clear()
        self._file.close()

    def _encode(self, rows: Sequence[Any]) -> bytes:
        return self._encode_lines(map(self._values, rows))

    def _take(self, encoded: list[bytes]) -> None:
        import pyarrow as pa

        lines = b"".join(encoded)
        encoded.clear()
        if not lines:
            return
        table = None
        # An escape in JSON is not one in CSV.
        if b"\\" not in lines and len(self.columns) > 1:
            with suppress(pa.ArrowInvalid):
                table = self._read_csv(lines)
        self._add(table or self._convert(lines))

    def _read_csv(self, lines: bytes) -> pa.Table:
        """Read JSON arrays, one a line, as CSV: texts are quoted, and absent values are the word null."""
        import pyarrow as pa
        from pyarrow import csv

        # Brackets that stand in columns which are not read do no harm, and to look for them takes long.
        if not {self.columns[0], self.columns[-1]}.isdisjoint(self._read):
            lines = lines[1:-2].replace(b"]\n[", b"\n")
        return csv.read_csv(
            pa.BufferReader(lines),
            # In one block; and in this thread, which has nothing else to do.
            csv.ReadOptions(column_names=self.columns, block_size=len(lines) + 1, use_threads=False),
            csv.ParseOptions(double_quote=False),
            csv.ConvertOptions(
                # The encoder has written nothing but UTF-8.
                check_utf8=False,
                include_columns=self._read,
                column_types=self._types,
                null_values=["null"],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )

    def _convert(self, lines: bytes) -> pa.Table:
        """Read the same value by value: whatever they are, but slowly."""
        import msgspec
        import pyarrow as pa

        rows = [msgspec.json.decode(line) for line in lines.splitlines()]
        columns = dict(zip(self.columns, zip(*rows, strict=True), strict=True))
        return pa.table({name: pa.array(columns[name], kind) for name, kind in self._types.items()})

    def _add(self, table: pa.Table) -> None:
        self._tables.append(table)
        self._rows += table.num_rows
        if self._rows >= _GROUP_ROWS:
            self._end_group()

    def _end_group(self) -> None:
        import pyarrow as pa

        if self._tables:
            self._write_group(self._finished(pa.concat_tables(self._tables)))
        # pyarrow keeps what it has freed for its next need, and more of it the longer the report is.
        pa.default_memory_pool().release_unused()

    def _finished(self, raw: pa.Table) -> pa.Table:
        """Return a table with all columns, as they are written."""
        import pyarrow as pa
        import pyarrow.compute as pc

        columns = []
        for field in self._schema:
            if field.name in self._constants:
                column = pa.repeat(self._constants[field.name], raw.num_rows)
            elif field.name == _DATE:
                column = self._read_dates(raw[_DATE], field.type)
            else:
                column = raw[field.name]
                if column.type == pa.string():
                    column = pc.if_else(pc.binary_length(column).cast(pa.bool_()), column, self._absent)
                column = column.cast(field.type)
            columns.append(column)
        return pa.table(columns, schema=self._schema)

    def _read_dates(self, texts: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
        import pyarrow as pa
        import pyarrow.compute as pc

        encoded = pc.dictionary_encode(texts).unify_dictionaries()
        read = _timestamps([*map(self._read_date, encoded.chunk(0).dictionary.to_pylist())], kind)
        return pa.chunked_array([read.take(chunk.indices) for chunk in encoded.chunks], kind)

    def _write_group(self, table: pa.Table) -> None:
        self._on_table(table)
        self._file.write_table(table, row_group_size=self._rows)
        self._tables.clear()
        self._rows = 0

    def _end(self) -> None:
        """Write the last row group and the footer."""
        self._end_group()
        self._file.close()
        self._buffer.flush()


def _schema(columns: Sequence[str], zone: tzinfo | None) -> pa.Schema:
    import pyarrow as pa

    types = {
        _DATE: pa.timestamp("us", tz=str(zone) if zone else None),
        "EXPORTED_AT": pa.timestamp("us", "UTC"),
    }
    types |= dict.fromkeys(_INTEGERS, pa.int64())
    return pa.schema([(name, types.get(name, pa.string())) for name in columns])


# pyarrow.array() and pyarrow.scalar(), and whatever is given to a function of pyarrow.compute beside arrays
# and scalars, import pandas where that is installed, which takes a second or two and 35 MB. Only rows that
# have to be converted value by value are worth that.


def _scalars(values: Mapping[str, Any], schema: pa.Schema) -> dict[str, pa.Scalar]:
    import msgspec
    import pyarrow as pa
    from pyarrow import csv

    table = csv.read_csv(
        pa.BufferReader(msgspec.json.encode(list(values.values())).strip(b"[]")),
        csv.ReadOptions(column_names=list(values), use_threads=False),
        convert_options=csv.ConvertOptions(column_types=schema),
    )
    return {name: table[name][0] for name in values}


def _timestamps(dates: Sequence[str | None], kind: pa.DataType) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    epoch = _EPOCH if kind.tz else _EPOCH.replace(tzinfo=None)
    ticks = [(datetime.fromisoformat(date) - epoch) // _MICROSECOND if date else 0 for date in dates]
    known = bytes(map(bool, dates))

    def of(kind: pa.DataType, values: array[int] | bytes) -> pa.Array:
        return pa.Array.from_buffers(kind, len(dates), [None, pa.py_buffer(values)])

    return pc.if_else(
        of(pa.int8(), known).cast(pa.bool_()), of(kind, array("q", ticks)), pa.nulls(1, kind)[0]
    )


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
