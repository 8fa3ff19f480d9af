"""What every file format has in common."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, ClassVar, Protocol

from airflow_provider_mailkit.catalogue.columns import Column
from airflow_provider_mailkit.writers.background import Background
from airflow_provider_mailkit.writers.compression import CompressingSink, Compression, Sink


class Dates(Protocol):
    """Reads dates as they came."""

    def __getitem__(self, date: str | None, /) -> str | None:
        """Return a date in ISO 8601, and None or an empty text for an absent one."""

    def hour(self, begin: str, /) -> tuple[str, str] | None:
        """Return what all dates of an hour have in common in ISO 8601: their beginning and their offset.

        :param begin: the beginning of a date, up to the hour.
        :return: None if dates that begin so are to be read one by one.
        """


@dataclass(frozen=True, slots=True)
class Layout:
    """What a writer has to know of the rows.

    :param columns: the columns of every row, in their order.
    :param zone: the zone of the instants; None if they have no offset.
    :param constants: columns with one value for all rows, for a writer that fills columns: what rows have
        there is not read.
    :param dates: reads the instants as they came, by the column's name, in the thread of a writer that lets
        them be read. A column that is not there has ISO 8601 already.
    :param on_table: is called with the rows as pyarrow tables, in the thread of a writer that makes such.
    """

    columns: Sequence[Column]
    zone: tzinfo | None = None
    constants: Mapping[str, Any] = field(default_factory=dict)
    dates: Mapping[str, Dates] = field(default_factory=dict)
    on_table: Callable[[Any], object] = lambda table: None


class Lines(io.BytesIO):
    """Encoded rows on their way to the other thread.

    For a format whose rows need not all have the same columns, ``names`` says which ones these have. For one
    that must not divide them anywhere, ``ends`` says where it may.
    """

    names: tuple[str, ...] = ()
    ends: tuple[int, ...] = ()
    is_plain: bool = True


@dataclass(frozen=True, slots=True)
class Encoded:
    """Encoded rows that are not written yet.

    :param rows: how many they are.
    :param names: as of :class:`Lines`.
    :param is_plain: whether they may be divided anywhere.
    """

    data: bytes
    rows: int
    names: tuple[str, ...] = ()
    is_plain: bool = True

    def __len__(self) -> int:
        return self.rows


class Writer(ABC):
    """Writes rows to a file, some at a time.

    :param sink: takes the bytes, in another thread; stays open.
    :param layout: what the rows are.
    :param compression: what is done to the bytes on their way to the sink.
    """

    #: Whether rows may lack columns: those that are the same in all rows, and those without any value.
    fills_columns: ClassVar[bool] = False
    #: Whether it takes the values of a row by their place, whatever their names were in the answer.
    by_place: ClassVar[bool] = False
    #: Columns of anything that rows may have before and after those that are written, to save time.
    frame: ClassVar[tuple[str, ...]] = ()
    #: Whether an empty text and an absent one are the same in the file.
    takes_empty_texts: ClassVar[bool] = False
    #: Whether it lets instants be read, each once for many rows.
    reads_dates: ClassVar[bool] = False
    #: Whether the rows exist as pyarrow tables.
    makes_tables: ClassVar[bool] = False

    #: Bytes of encoded rows from which on they are handed over to the other thread. Each time both threads
    #: stand still for a moment.
    max_bytes: ClassVar[int] = 400_000
    #: How many of these hand-overs are in memory: one that comes, one that is written, others that wait. They
    #: are used again and again, so that the memory is the same however many rows there are.
    buffers: ClassVar[int] = 3

    def __init__(
        self,
        sink: Sink,
        layout: Layout,
        compression: Compression | None = None,
    ) -> None:
        import msgspec

        self._encode_lines = msgspec.json.Encoder().encode_lines
        self._values = msgspec.structs.astuple
        self._compressor = CompressingSink(sink, compression) if compression else None
        self.sink: Sink = self._compressor or sink
        self.layout = layout
        self.names = tuple(column.name for column in layout.columns)
        self._encoded, *spare = (Lines() for _ in range(self.buffers))
        self._background = Background(self._empty, spare)

    def write(self, rows: Sequence[Any]) -> None:
        """Write rows: msgspec structs, whose attributes are the columns.

        :raises OSError: these rows or earlier ones could not be written.
        """
        self.add(self.encode(rows))

    def encode(self, rows: Sequence[Any]) -> Encoded:
        """Encode rows. Nothing is written: they may as well be dropped, or added later.

        Rows are to be added in the order in which they were encoded.
        """
        return Encoded(self._encode(rows), len(rows))

    def add(self, encoded: Encoded) -> None:
        """Write encoded rows.

        :raises OSError: these rows or earlier ones could not be written.
        """
        self._encoded.write(encoded.data)
        if self._encoded.tell() >= self.max_bytes:
            self._hand_over()

    def _hand_over(self) -> None:
        self._encoded = self._background.exchange(self._encoded)

    def finish(self) -> None:
        """Write what is still held back; the file is whole then."""
        self._hand_over()
        self._background.finish()
        self._end()
        if self._compressor is not None:
            self._compressor.finish()

    def abandon(self) -> None:
        """Let go of everything; nothing is written after this has returned."""
        self._background.abandon()

    @abstractmethod
    def _encode(self, rows: Sequence[Any]) -> bytes:
        """Return what :meth:`_take` takes."""

    def _encode_arrays(self, rows: Sequence[Any]) -> bytes:
        """Return a line of JSON per row: its values."""
        # A list: msgspec 0.22 never lets go of an iterator that it was given.
        return self._encode_lines([*map(self._values, rows)])

    def _empty(self, lines: Lines) -> None:
        """Write what was encoded; runs in another thread."""
        whole = lines.getbuffer()
        filled = whole[: lines.tell()]
        self._take(filled, lines)
        # Not if that has failed: the error may refer to something that still uses them, and counts more.
        filled.release()
        whole.release()
        # Not truncated: that would give the memory back.
        lines.seek(0)
        lines.ends, lines.is_plain = (), True

    def _take(self, encoded: memoryview, lines: Lines) -> None:
        """Write what was encoded and keep nothing of it; runs in another thread."""
        self.sink.write(encoded)

    def _end(self) -> None:  # noqa: B027 - most formats hold nothing back
        """Write what is held back."""
