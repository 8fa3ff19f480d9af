"""Count doubles among millions of IDs, exactly and in little memory.

The IDs are sorted in runs and set aside in a temporary file. In the end the runs are cut at the same values,
so that each range of values fits into memory as a set. If the runs do not overlap, as with IDs that came
in order, nothing has to be read back.
"""

from __future__ import annotations

import os
import tempfile
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

_ID_BYTES = 8
_RUN_IDS = 2**16
# Of a set of this many int, with the int themselves, about 20 MB are needed.
_RANGE_IDS = 2**18
_SAMPLES_PER_RUN = 64


@dataclass(frozen=True, slots=True)
class _Run:
    """Sorted IDs in the file, numbered from ``start``."""

    start: int
    length: int
    first: int
    last: int


class DuplicateCounter:
    """Counts how many of the IDs that were added had been added before. Use it as a context manager."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by __exit__
        self._pending: list[int] = []
        self._runs: list[_Run] = []
        self._written = 0
        self._samples: list[int] = []
        self._within_runs = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, ids: Iterable[int | None]) -> None:
        """Add IDs, each a signed 64-bit number; None is no ID and never a double."""
        self._pending.extend(id_ for id_ in ids if id_ is not None)
        if len(self._pending) >= _RUN_IDS:
            self._end_run()

    def count(self) -> int:
        """Return how many IDs were there already when they were added."""
        self._end_run()
        runs = sorted(self._runs, key=lambda run: run.first)
        if all(left.last < right.first for left, right in pairwise(runs)):
            return self._within_runs
        bounds = self._bounds()
        total = sum(run.length for run in runs)
        distinct = sum(self._distinct(runs, low, high) for low, high in pairwise(bounds))
        return self._within_runs + total - distinct

    def _end_run(self) -> None:
        if not self._pending:
            return
        found = len(self._pending)
        ids = sorted(set(self._pending))
        self._pending.clear()
        self._within_runs += found - len(ids)
        self._file.write(array("q", ids).tobytes())
        self._runs.append(_Run(self._written, len(ids), ids[0], ids[-1]))
        self._samples += ids[:: max(1, len(ids) // _SAMPLES_PER_RUN)]
        self._written += len(ids)

    def _bounds(self) -> list[int]:
        """Return values that cut all IDs into ranges small enough for memory."""
        samples = sorted(self._samples)
        ranges = max(1, self._written // _RANGE_IDS + 1)
        inner = sorted({samples[len(samples) * i // ranges] for i in range(1, ranges)})
        return [-(2**63), *inner, 2**63]

    def _distinct(self, runs: list[_Run], low: int, high: int) -> int:
        """Return how many different IDs are at least ``low`` and less than ``high``."""
        seen: set[int] = set()
        for run in runs:
            if run.first < high and run.last >= low:
                ids = _RunReader(self._file.fileno(), run)
                begin, end = bisect_left(ids, low), bisect_left(ids, high)
                seen.update(ids.read(begin, end))
        return len(seen)


class _RunReader:
    """The IDs of a run, read from the file one by one or in a piece."""

    def __init__(self, fd: int, run: _Run) -> None:
        self._fd = fd
        self._run = run

    def __len__(self) -> int:
        return self._run.length

    def __getitem__(self, index: int) -> int:
        return self.read(index, index + 1)[0]

    def read(self, begin: int, end: int) -> array[int]:
        ids = array("q")
        size, offset = (end - begin) * _ID_BYTES, (self._run.start + begin) * _ID_BYTES
        ids.frombytes(os.pread(self._fd, size, offset))
        return ids
