"""Counts duplicates among millions of IDs, exactly and in little memory.

The IDs are set aside in a temporary file. If each ID is larger than the one before, there are no duplicates,
and nothing is read back. Otherwise they are divided by their remainder into parts that fit into memory as a
set.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING, Self

from airflow_provider_mailkit._worker import close_unwanted, explained, open_temporary
from airflow_provider_mailkit.protocol.fields import ascend

if TYPE_CHECKING:
    import pyarrow as pa

_ID_BYTES = 8
# IDs that are read back at a time.
_BLOCK_IDS = 2**16
_BUFFER_BYTES = 2**16
# A set of this many int, and the int themselves, need about 8 MB.
_PART_IDS = 2**16


class DuplicateCounter:
    """Counts the added IDs that had been added before. Use it as a context manager."""

    def __init__(self) -> None:
        self._file, self._place = open_temporary(_BUFFER_BYTES)
        self._written = 0
        self._last = -(2**63) - 1
        self._ascending = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        close_unwanted(self._file)

    def add(self, ids: Sequence[int]) -> None:
        """Add IDs.

        :raises TypeError: one of them is None; none was added.
        :raises WorkerError: they cannot be set aside in the folder for temporary files.
        """
        packed = array("q", ids)
        # Compares the IDs as they came: packed ones would become objects again, each twice.
        self._set_aside(packed, self._ascending and ascend(ids))

    def add_column(self, ids: pa.Int64Array) -> None:
        """Do what :meth:`add` does with a pyarrow array without nulls, which holds up no other thread."""
        import pyarrow.compute as pc

        packed = array("q")
        begin = ids.offset * _ID_BYTES
        packed.frombytes(memoryview(ids.buffers()[1])[begin : begin + len(ids) * _ID_BYTES])
        ascending = self._ascending and pc.all(pc.less(ids[:-1], ids[1:]), min_count=0).as_py()
        self._set_aside(packed, ascending)

    def _set_aside(self, ids: array[int], ascending: bool) -> None:
        if not ids:
            return
        self._ascending = ascending and self._last < ids[0]
        self._last = ids[-1]
        with explained(self._place, self._written * _ID_BYTES):
            self._file.write(ids)
        self._written += len(ids)

    def count(self) -> int:
        """Return how many IDs were duplicates.

        :raises WorkerError: they cannot be dealt out in the folder for temporary files.
        """
        if self._ascending:
            return 0
        with explained(self._place, self._written * _ID_BYTES):
            self._file.flush()
        parts = self._written // _PART_IDS + 1
        if parts == 1:
            return self._written - len(set(next(self._blocks(), ())))
        dealt, place = open_temporary(_BUFFER_BYTES)
        try:
            with explained(place, self._written * _ID_BYTES):
                bounds = self._deal(dealt, parts)
            return self._written - sum(_distinct(dealt.fileno(), bounds, part) for part in range(parts))
        finally:
            close_unwanted(dealt)

    def _blocks(self) -> Iterator[array[int]]:
        for offset in range(0, self._written * _ID_BYTES, _BLOCK_IDS * _ID_BYTES):
            yield _read(self._file.fileno(), offset, _BLOCK_IDS * _ID_BYTES)

    def _deal(self, file: IO[bytes], parts: int) -> list[list[int]]:
        """Write the IDs part by part, block by block; return for each block the offsets of its parts."""
        bounds = []
        offset = 0
        for block in self._blocks():
            piles = [array("q") for _ in range(parts)]
            # Looked up once, since this is done for every recipient.
            add_to = [pile.append for pile in piles]
            for id_ in block:
                add_to[id_ % parts](id_)
            ends = [offset]
            for pile in piles:
                ends.append(ends[-1] + len(pile) * _ID_BYTES)
            file.write(b"".join([pile.tobytes() for pile in piles]))
            offset = ends[-1]
            bounds.append(ends)
        file.flush()
        return bounds


def _distinct(fd: int, bounds: list[list[int]], part: int) -> int:
    """Return how many different IDs a part holds."""
    seen: set[int] = set()
    for begin, end in (ends[part : part + 2] for ends in bounds):
        seen.update(_read(fd, begin, end - begin))
    return len(seen)


def _read(fd: int, offset: int, size: int) -> array[int]:
    ids = array("q")
    ids.frombytes(os.pread(fd, size, offset))
    return ids
