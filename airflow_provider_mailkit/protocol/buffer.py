"""The bytes of an answer that have come and are not decoded yet."""

from __future__ import annotations

from collections.abc import Iterator


class Buffer:
    """Holds bytes: they are added at the end and taken from the front, which costs what is taken."""

    def __init__(self) -> None:
        self._held = bytearray()

    def __len__(self) -> int:
        return len(self._held)

    @property
    def text(self) -> bytes | bytearray:
        """All of it, to be looked at; whoever keeps a part of it makes a copy."""
        return self._held

    def add(self, data: bytes) -> None:
        """Put bytes at the end."""
        self._held += data

    def front(self, size: int) -> bytearray:
        """Return a copy of the first bytes."""
        return self._held[:size]

    def cut(self, begin: int, end: int) -> None:
        """Remove bytes near the front: what stands before them moves, rather than all that follows."""
        self._held[end - begin : end] = self._held[:begin]
        del self._held[: end - begin]

    def replace_front(self, size: int, by: bytes | bytearray = b"") -> None:
        """Put other bytes in the place of the first ones."""
        self._held[:size] = by

    def ends(self, mark: bytes, size: int, count: int) -> Iterator[int]:
        """Yield where a mark ends among the first bytes: the last place first, and not more than some."""
        at = min(size, len(self._held))
        for _ in range(count):
            at = self._held.rfind(mark, 0, at)
            if at < 0:
                return
            yield at + len(mark)

    def clear(self) -> None:
        """Remove everything."""
        self._held.clear()
