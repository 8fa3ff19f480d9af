"""What every file format has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any, Protocol


class Sink(Protocol):
    """Where bytes go: a file that is only written."""

    def write(self, data: bytes, /) -> int:
        """Take all bytes."""
        ...


class Writer(ABC):
    """Writes recipients to a file, batch by batch.

    :param sink: takes the bytes; stays open.
    :param columns: the columns of every batch, in their order.
    :param zone: the zone of the dates; None if they have no offset.
    """

    def __init__(self, sink: Sink, columns: Sequence[str], zone: tzinfo | None) -> None:
        self.sink = sink
        self.columns = tuple(columns)
        self.zone = zone

    @abstractmethod
    def write(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Write rows, given as the values of each column."""

    def finish(self) -> None:  # noqa: B027 - most formats hold nothing back
        """Write what is still held back; the file is whole then."""

    def abandon(self) -> None:  # noqa: B027
        """Let go of everything without writing another byte."""
