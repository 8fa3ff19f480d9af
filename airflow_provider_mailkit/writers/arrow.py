"""What Parquet needs of pyarrow beside its writer: where it allocates, its types, and its instants."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit.writers.base import DateFunction

if TYPE_CHECKING:
    import pyarrow as pa

DATE = "DATE"
INTEGERS = ("ID_SEND", "ID_SEND_MESSAGE", "ID_EMAIL", "READ_COUNT", "CLICK_COUNT")
_MAX_TICKS = 4096
# A row group may have as many dates as rows; so many are Python objects at a time.
_DATES_AT_A_TIME = 1024
# Before all that Python has.
_NO_TICKS = -(2**63)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def frugal_pool() -> pa.MemoryPool:
    """Return the pool that needs least memory, and so makes the kernel zero fewest pages."""
    import pyarrow as pa

    # Not every build of pyarrow has it.
    if "jemalloc" in pa.supported_memory_backends():
        return pa.jemalloc_memory_pool()
    return pa.default_memory_pool()


def schema_of(columns: Sequence[str], zone: tzinfo | None) -> pa.Schema:
    """Return the types of these columns of a report."""
    import pyarrow as pa

    types = {
        DATE: pa.timestamp("us", tz=str(zone) if zone else None),
        "EXPORTED_AT": pa.timestamp("us", "UTC"),
    }
    types |= dict.fromkeys(INTEGERS, pa.int64())
    return pa.schema([(name, types.get(name, pa.string())) for name in columns])


# pyarrow.array() and pyarrow.scalar(), and whatever is given to a function of pyarrow.compute beside arrays
# and scalars, import pandas where that is installed, which takes a second or two and 35 MB.


def scalars_of(values: Mapping[str, Any], schema: pa.Schema) -> dict[str, pa.Scalar]:
    """Return values of columns, by their names, with the types of a schema."""
    import msgspec
    import pyarrow as pa
    from pyarrow import csv

    table = csv.read_csv(
        pa.BufferReader(msgspec.json.encode(list(values.values())).strip(b"[]")),
        csv.ReadOptions(column_names=list(values), use_threads=False),
        convert_options=csv.ConvertOptions(column_types=schema),
    )
    return {name: table[name][0] for name in values}


class Ticks(dict[str | None, int]):
    """Microseconds since 1970, in UTC if the dates have a zone, of dates as they came."""

    def __init__(self, read_date: DateFunction, schema: pa.Schema) -> None:
        super().__init__()
        self._read_date = read_date
        has_zone = DATE in schema.names and schema.field(DATE).type.tz
        self._epoch = _EPOCH if has_zone else _EPOCH.replace(tzinfo=None)

    def of(self, dates: pa.StringArray) -> array[int]:
        """Return those of dates that are all different."""
        ticks = array("q")
        # To keep them pays only where the next dates are the same again.
        read = self._read if len(dates) > _MAX_TICKS else partial(map, self.__getitem__)
        for start in range(0, len(dates), _DATES_AT_A_TIME):
            ticks.extend(read(dates[start : start + _DATES_AT_A_TIME].to_pylist()))
        return ticks

    def __missing__(self, date: str | None) -> int:
        if len(self) >= _MAX_TICKS:
            self.clear()
        self[date] = ticks = self._read([date])[0]
        return ticks

    def _read(self, dates: Iterable[str | None]) -> list[int]:
        return [
            (datetime.fromisoformat(date) - self._epoch) // _MICROSECOND if date else _NO_TICKS
            for date in map(self._read_date, dates)
        ]


def timestamps_of(ticks: array[int], kind: pa.DataType) -> pa.Array:
    """Return what :class:`Ticks` gave as timestamps of a type, absent ones as null."""
    import pyarrow as pa

    known = None
    if _NO_TICKS in ticks:
        known = bytearray(len(ticks) // 8 + 1)
        for i, tick in enumerate(ticks):
            known[i // 8] |= (tick != _NO_TICKS) << i % 8
        known = pa.py_buffer(known)
    return pa.Array.from_buffers(kind, len(ticks), [known, pa.py_buffer(ticks)])
