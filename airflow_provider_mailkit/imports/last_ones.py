"""Finds repeated keys among millions, exactly and in little memory.

The keys are stored in a temporary file. In the end they are divided by their first bytes into parts that fit
into memory. Only one bit per key stays in memory.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import IO, Self

from airflow_provider_mailkit._worker import close_unwanted, explained, open_temporary

#: The length of a key in bytes. Digests of this length do not collide.
KEY_BYTES = 16
_PLACED = struct.Struct(f"<{KEY_BYTES}sQ")
_BUFFER_BYTES = 2**16
# Keys that are read back at a time.
_BLOCK_KEYS = 2**14
# A dict of these needs about 6 MB.
_PART_KEYS = 2**15


class LastOnes:
    """Finds which keys come again later, by their numbers from 0. Use it as a context manager."""

    def __init__(self) -> None:
        self._file, self._place = open_temporary(_BUFFER_BYTES)
        self._added = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        close_unwanted(self._file)

    def add(self, key: bytes) -> None:
        """Add the next key, of :data:`KEY_BYTES` bytes.

        :raises WorkerError: the folder for temporary files cannot store it.
        """
        with explained(self._place, self._added * KEY_BYTES):
            self._file.write(key)
        self._added += 1

    def repeated_later(self) -> Marks:
        """Return marks of the keys that come again later. The last of equal keys has no mark.

        :raises WorkerError: the folder for temporary files cannot store the parts.
        """
        with explained(self._place, self._added * KEY_BYTES):
            self._file.flush()
        marks = Marks(self._added)
        parts = self._added // _PART_KEYS + 1
        dealt, place = open_temporary(_BUFFER_BYTES)
        try:
            with explained(place, self._added * _PLACED.size):
                bounds = self._deal(dealt, parts)
            for part in range(parts):
                _mark(marks, dealt.fileno(), [ends[part : part + 2] for ends in bounds])
        finally:
            close_unwanted(dealt)
        return marks

    def _deal(self, file: IO[bytes], parts: int) -> list[list[int]]:
        """Write the keys with their numbers, part by part in each block; return the offsets of the parts."""
        bounds = []
        offset = number = 0
        for block in self._blocks():
            piles = [bytearray() for _ in range(parts)]
            for begin in range(0, len(block), KEY_BYTES):
                key = block[begin : begin + KEY_BYTES]
                piles[int.from_bytes(key[:4]) % parts] += _PLACED.pack(key, number)
                number += 1
            ends = [offset]
            for pile in piles:
                ends.append(ends[-1] + len(pile))
                file.write(pile)
            offset = ends[-1]
            bounds.append(ends)
        file.flush()
        return bounds

    def _blocks(self) -> Iterator[bytes]:
        size = _BLOCK_KEYS * KEY_BYTES
        for offset in range(0, self._added * KEY_BYTES, size):
            yield os.pread(self._file.fileno(), size, offset)


class Marks:
    """Marks for numbers, one bit each."""

    def __init__(self, numbers: int) -> None:
        self._bits = bytearray(numbers // 8 + 1)
        #: How many numbers have a mark.
        self.count = 0

    def __contains__(self, number: int) -> bool:
        return bool(self._bits[number >> 3] & (1 << (number & 7)))

    def add(self, number: int) -> None:
        """Mark a number that has no mark yet."""
        self._bits[number >> 3] |= 1 << (number & 7)
        self.count += 1


def _mark(marks: Marks, fd: int, pieces: list[list[int]]) -> None:
    """Mark the keys of a part that come again later in it."""
    latest: dict[bytes, int] = {}
    for begin, end in pieces:
        for key, number in _PLACED.iter_unpack(os.pread(fd, end - begin, begin)):
            if (earlier := latest.get(key)) is not None:
                marks.add(earlier)
            latest[key] = number
