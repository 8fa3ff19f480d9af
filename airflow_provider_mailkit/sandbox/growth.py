"""Raw logs that grow while they are read: with every call there are more rows, some of them late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")

#: Of this many rows one comes late.
_LATE_ONE_OF = 10
#: How many rows it comes after, at most.
_MOST_LATE = 400


@dataclass(frozen=True)
class View:
    """What a call sees of a log.

    :param rows: how many rows have happened; None: all.
    :param kept: how many of them the log still has; None: all.
    :param late: how many rows a late one comes after.
    """

    rows: int | None = None
    kept: int | None = None
    late: int = 0

    def begin(self, start: int) -> int:
        """Return the ID from which on the rows are needed: they are counted from the first one."""
        return start if self.rows is None else 0

    def shown(self, rows: Iterable[T], id_of: Callable[[T], int], start: int) -> Iterator[T]:
        """Yield those of a log's rows that are there, from an ID on."""
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

    :param growth: how many rows each call brings to the log that it asks for; 0: all rows are there.
    :param kept: how many rows a log keeps, so that old ones are lost; 0: all.
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
