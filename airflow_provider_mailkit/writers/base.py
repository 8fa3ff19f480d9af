"""What every file format has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import Any, ClassVar

from airflow_provider_mailkit.writers.background import Background
from airflow_provider_mailkit.writers.compression import CompressingSink, Compression, Sink

#: Returns ISO 8601 for a date as it came, and None or an empty text for an absent one.
DateFunction = Callable[[str | None], str | None]


class Writer(ABC):
    """Writes recipients to a file, some rows at a time.

    :param sink: takes the bytes, in another thread; stays open.
    :param columns: the columns of every row, in their order.
    :param zone: the zone of the dates; None if they have no offset.
    :param compression: what is done to the bytes on their way to the sink.
    """

    #: Encoded batches, of about 100 kB each, that are handed over at a time.
    batches: ClassVar[int] = 3
    #: How many of these hand-overs may wait for the other thread; memory holds three more.
    waiting: ClassVar[int] = 1

    def __init__(
        self,
        sink: Sink,
        columns: Sequence[str],
        zone: tzinfo | None,
        compression: Compression | None = None,
    ) -> None:
        import msgspec

        self._encode_lines = msgspec.json.Encoder().encode_lines
        self._values = msgspec.structs.astuple
        self._compressor = CompressingSink(sink, compression) if compression else None
        self.sink: Sink = self._compressor or sink
        self.columns = tuple(columns)
        self.zone = zone
        self._encoded: list[Any] = []
        self._background = Background(self._take, self.waiting)

    def write(self, rows: Sequence[Any]) -> None:
        """Write rows: msgspec structs, whose attributes are the columns.

        :raises OSError: these rows or earlier ones could not be written.
        """
        self._encoded.append(self._encode(rows))
        # Each time that the other thread is handed something, both stand still for a moment.
        if len(self._encoded) >= self.batches:
            self._hand_over()

    def _hand_over(self) -> None:
        encoded, self._encoded = self._encoded, []
        self._background.put(encoded)

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
    def _encode(self, rows: Sequence[Any]) -> Any:
        """Return what :meth:`_take` takes."""

    def _take(self, encoded: list[Any]) -> None:
        """Write what was encoded; runs in another thread."""
        joined = b"".join(encoded)
        encoded.clear()
        self.sink.write(joined)

    def _end(self) -> None:  # noqa: B027 - most formats hold nothing back
        """Write what is held back."""
