"""Raw logs that grow while they are read. Every call adds rows, and some appear late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")

#: One of this many rows appears late.
_LATE_ONE_OF = 10
#: How many other rows appear before it, at most.
_MOST_LATE = 400


@dataclass(frozen=True)
class View:
    """The part of a log that a call sees.

    :param rows: how many rows exist so far; None for all.
    :param kept: how many of them the log still has; None for all.
    :param late: how many other rows appear before a late one.
    """

    rows: int | None = None
    kept: int | None = None
    late: int = 0

    def begin(self, start: int) -> int:
        """Return the first ID that is needed, since rows are counted from the first one."""
        return start if self.rows is None else 0

    def shown(self, rows: Iterable[T], id_of: Callable[[T], int], start: int) -> Iterator[T]:
        """Yield the existing rows of a log from an ID on."""
        for position, row in enumerate(rows):
            if self.rows is not None:
                if position >= self.rows:
                    return
                if position % _LATE_ONE_OF == _LATE_ONE_OF // 2 and position + self.late >= self.rows:
                    continue
                if self.kept is not None and position < self.rows - self.kept:
                    continue
            if id_of(row) >= start:
                yield row


@dataclass
class Logs:
    """How the raw logs grow.

    :param growth: how many rows each call adds to its log. 0: all rows are there.
    :param kept: how many rows a log keeps; older ones are lost. 0: all.
    """

    growth: int = 0
    kept: int = 0
    _calls: Counter[str] = field(default_factory=Counter, init=False)

    def look(self, log: str) -> View:
        """Return what the next call sees of a log."""
        if not self.growth:
            return View()
        self._calls[log] += 1
        return View(self._calls[log] * self.growth, self.kept or None, min(self.growth, _MOST_LATE))
