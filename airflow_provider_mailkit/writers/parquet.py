"""Parquet, compressed with zstd inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from airflow_provider_mailkit.writers.base import Sink, Writer

# Rows of one row group. It is held in memory until it is full, about 100 bytes a row.
_GROUP_ROWS = 2**16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_CACHED_DATES = 65536
# The same on every row of a report.
_CONSTANTS = ("ID_SEND", "EXPORTED_AT")
# Nearly every value is another one: a dictionary of them would only cost time.
_UNIQUE = ("ID_SEND_MESSAGE", "ID_EMAIL", "EMAIL", "EXTRA")
_INTEGERS = frozenset({"ID_SEND", "ID_SEND_MESSAGE", "ID_EMAIL", "READ_COUNT", "CLICK_COUNT"})


class ParquetWriter(Writer):
    """Writes 64-bit integers, timestamps in microseconds, and strings.

    ``DATE`` has the account's time zone if there is one, ``EXPORTED_AT`` has UTC.
    """

    def __init__(self, sink: Sink, columns: Sequence[str], zone: tzinfo | None) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        super().__init__(sink, columns, zone)
        types = {
            "DATE": pa.timestamp("us", tz=str(zone) if zone else None),
            "EXPORTED_AT": pa.timestamp("us", "UTC"),
        }
        types |= dict.fromkeys(_INTEGERS, pa.int64())
        self._schema = pa.schema([(name, types.get(name, pa.string())) for name in self.columns])
        self._gate = _Gate(sink)
        repeating = [name for name in self.columns if name not in _UNIQUE]
        self._file = pq.ParquetWriter(self._gate, self._schema, compression="zstd", use_dictionary=repeating)
        self._constants: dict[str, Any] = {}
        self._instants = _Instants()
        self._batches: list[Any] = []
        self._rows = 0

    def write(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Write rows."""
        import pyarrow as pa

        arrays = [self._array(field.name, columns[field.name], field.type) for field in self._schema]
        self._batches.append(pa.record_batch(arrays, schema=self._schema))
        self._rows += len(arrays[0])
        if self._rows >= _GROUP_ROWS:
            self._end_group()

    def finish(self) -> None:
        """Write the last row group and the footer."""
        self._end_group()
        self._file.close()

    def abandon(self) -> None:
        """Let go of the file: pyarrow would otherwise still write a footer when it is collected."""
        self._gate.closed = True
        self._batches.clear()
        self._file.close()

    def _array(self, name: str, values: Sequence[Any], kind: Any) -> Any:
        import pyarrow as pa

        if name in _CONSTANTS:
            if name not in self._constants:
                self._constants[name] = pa.scalar(values[0]).cast(kind)
            return pa.repeat(self._constants[name], len(values))
        if name == "DATE":
            return pa.array(list(map(self._instants.__getitem__, values)), pa.int64()).cast(kind)
        return pa.array(values, kind)

    def _end_group(self) -> None:
        import pyarrow as pa

        if self._batches:
            table = pa.Table.from_batches(self._batches, schema=self._schema)
            self._file.write_table(table, row_group_size=self._rows)
        self._batches.clear()
        self._rows = 0


class _Instants(dict[str | None, int | None]):
    """Microseconds since 1970 for dates in ISO 8601, kept because the dates of a delivery repeat."""

    def __missing__(self, text: str | None) -> int | None:
        if len(self) > _MAX_CACHED_DATES:
            self.clear()
        instant = None
        if text is not None:
            date = datetime.fromisoformat(text)
            # Without a zone, Parquet counts local time as if it were UTC.
            date = date if date.tzinfo else date.replace(tzinfo=UTC)
            instant = (date - _EPOCH) // timedelta(microseconds=1)
        self[text] = instant
        return instant


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
