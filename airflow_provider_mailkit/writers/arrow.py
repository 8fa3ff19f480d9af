"""What Parquet needs of pyarrow beside its writer: where it allocates, its types, and its instants."""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit._worker import no_thread
from airflow_provider_mailkit.catalogue.columns import (
    DAY,
    DECIMAL,
    INSTANT,
    INTEGER,
    NESTED,
    TEXT,
    UTC_INSTANT,
    Column,
)
from airflow_provider_mailkit.writers.base import Dates

if TYPE_CHECKING:
    import pyarrow as pa

_HOUR = len("2026-03-01 08")
# A row group may have as many dates as rows; only this many are Python objects at a time.
_DATES_AT_A_TIME = 1024
_ESCAPE = re.compile(rb"\\(?:u....|[^u])")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def frugal_pool() -> pa.MemoryPool:
    """Return the pool that needs least memory, and so makes the kernel zero fewest pages."""
    import pyarrow as pa

    # Not every build of pyarrow has it.
    if "jemalloc" in pa.supported_memory_backends():
        return pa.jemalloc_memory_pool()
    return pa.default_memory_pool()


def schema_of(columns: Iterable[Column], zone: tzinfo | None) -> pa.Schema:
    """Return the types of these columns in a file."""
    import pyarrow as pa

    types = {
        INTEGER: pa.int64(),
        TEXT: pa.string(),
        NESTED: pa.string(),
        INSTANT: _timestamps_in(zone),
        UTC_INSTANT: pa.timestamp("us", "UTC"),
        DAY: pa.date32(),
        DECIMAL: pa.float64(),
    }
    return pa.schema([(column.name, types[column.kind]) for column in columns])


def type_read(column: Column) -> pa.DataType:
    """Return the type that a column is read with from CSV, before it gets the one of the file."""
    import pyarrow as pa

    return {INTEGER: pa.int64(), DECIMAL: pa.float64()}.get(column.kind, pa.string())


def _timestamps_in(zone: tzinfo | None) -> pa.TimestampType:
    import pyarrow as pa

    return pa.timestamp("us", tz=str(zone) if zone else None)


# pyarrow.array() and pyarrow.scalar(), and whatever is given to a function of pyarrow.compute beside arrays
# and scalars, import pandas where that is installed, which takes a second or two and 35 MB.


def read_csv(lines: pa.BufferReader, *options: Any, **more: Any) -> pa.Table:
    """Read lines of CSV, with the options of ``pyarrow.csv.read_csv``.

    :raises WorkerError: pyarrow, which has threads for whatever it reads, can start none.
    """
    import pyarrow as pa
    from pyarrow import csv

    try:
        return csv.read_csv(lines, *options, **more)
    except pa.ArrowException as error:
        if "thread" in str(error):
            raise no_thread() from error
        raise


def scalars_of(values: Mapping[str, Any], schema: pa.Schema) -> dict[str, pa.Scalar]:
    """Return values of columns, by their names, with the types of a schema."""
    import msgspec
    import pyarrow as pa
    from pyarrow import csv

    table = read_csv(
        pa.BufferReader(without_escapes(msgspec.json.encode(list(values.values()))[1:-1])),
        csv.ReadOptions(column_names=list(values), use_threads=False),
        csv.ParseOptions(newlines_in_values=True),
        csv.ConvertOptions(
            column_types=schema,
            null_values=["null"],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    return {name: table[name][0] for name in values}


def without_escapes(lines: bytes) -> bytes:
    """Turn what JSON escapes in texts into what CSV has for it: the characters, and two quotes for one."""
    # Whatever is a backslash between the escaped ones begins an escape.
    parts = [part.replace(b'\\"', b'""') for part in lines.split(b"\\\\")]
    return b"\\".join(_ESCAPE.sub(_unescaped, part) for part in parts)


def _unescaped(escape: re.Match[bytes]) -> bytes:
    character: str = json.loads(b'"%b"' % escape[0])
    return character.encode()


class IsoDates:
    """Dates that are ISO 8601 already."""

    def __getitem__(self, date: str | None) -> str | None:
        return date

    def hour(self, begin: str) -> None:
        """Have every date read by itself: it has its own offset."""


class Instants:
    """Timestamps of dates as they came.

    There are few hours; what those are in microseconds Python finds out. The rest is done without it.

    :param dates: reads hours and unusual dates, and the earliest and the latest, so that it knows them.
    :param zone: the zone of the dates; None if they have no offset.
    """

    def __init__(self, dates: Dates, zone: tzinfo | None, pool: pa.MemoryPool) -> None:
        self._dates = dates
        self._kind = _timestamps_in(zone)
        self._epoch = _EPOCH if zone else _EPOCH.replace(tzinfo=None)
        self._pool = pool

    def of(self, dates: pa.StringArray) -> pa.TimestampArray:
        """Return the timestamps of dates that are all different; null for those that are absent."""
        import pyarrow.compute as pc

        ticks = pc.add(self._hours(dates), self._times(dates), memory_pool=self._pool)
        self._note_ends(dates, ticks)
        if ticks.null_count:
            unknown = pc.is_null(ticks, memory_pool=self._pool)
            rest = self._read_singly(pc.filter(dates, unknown, memory_pool=self._pool))
            ticks = pc.replace_with_mask(ticks, unknown, rest, memory_pool=self._pool)
        return ticks.view(self._kind)

    def _hours(self, dates: pa.StringArray) -> pa.Int64Array:
        """Return when the dates' hours begin; null for those that are to be read one by one."""
        import pyarrow.compute as pc

        begins = pc.utf8_slice_codeunits(dates, 0, _HOUR, memory_pool=self._pool)
        encoded = pc.dictionary_encode(begins, memory_pool=self._pool)
        ticks = _integers_of(map(self._ticks_of_hour, encoded.dictionary.to_pylist()))
        return pc.take(ticks, encoded.indices, memory_pool=self._pool)

    def _times(self, dates: pa.StringArray) -> pa.Int64Array:
        """Return how far the dates are into their hours; null where that is not a minute and a second."""
        import pyarrow.compute as pc

        texts, ticks = _times_in_an_hour()
        times = pc.utf8_slice_codeunits(dates, _HOUR, memory_pool=self._pool)
        return pc.take(ticks, pc.index_in(times, texts, memory_pool=self._pool), memory_pool=self._pool)

    def _ticks_of_hour(self, begin: str) -> int | None:
        hour = self._dates.hour(begin)
        return self._ticks(f"{hour[0]}:00:00{hour[1]}") if hour else None

    def _ticks(self, iso: str | None) -> int | None:
        return (datetime.fromisoformat(iso) - self._epoch) // _MICROSECOND if iso else None

    def _note_ends(self, dates: pa.StringArray, ticks: pa.Int64Array) -> None:
        import pyarrow.compute as pc

        if ticks.null_count < len(ticks):
            for end in pc.min_max(ticks, memory_pool=self._pool).values():
                self._dates[dates[ticks.index(end).as_py()].as_py()]

    def _read_singly(self, dates: pa.StringArray) -> pa.Int64Array:
        slices = (dates[i : i + _DATES_AT_A_TIME].to_pylist() for i in range(0, len(dates), _DATES_AT_A_TIME))
        return _integers_of(self._ticks(self._dates[date]) for dates in slices for date in dates)


@cache
def _times_in_an_hour() -> tuple[pa.StringArray, pa.Int64Array]:
    """Return the times in an hour, as dates have them after it, and in microseconds."""
    import pyarrow as pa

    texts = [f":{second // 60:02}:{second % 60:02}" for second in range(3600)]
    ends = array("i", range(0, 6 * 3600 + 1, 6))
    buffers = [None, pa.py_buffer(ends), pa.py_buffer("".join(texts).encode())]
    ticks = range(0, 3600 * 1_000_000, 1_000_000)
    return pa.Array.from_buffers(pa.string(), len(texts), buffers), _integers_of(ticks)


def _integers_of(values: Iterable[int | None]) -> pa.Int64Array:
    """Return an array of integers."""
    import pyarrow as pa

    values = list(values)
    known = None
    if None in values:
        bits = bytearray(len(values) // 8 + 1)
        for i, value in enumerate(values):
            bits[i // 8] |= (value is not None) << i % 8
        known = pa.py_buffer(bits)
    integers = array("q", [value or 0 for value in values])
    return pa.Array.from_buffers(pa.int64(), len(integers), [known, pa.py_buffer(integers)])
