"""How late an event loop is: the measure of what blocks it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

STEP_S = 0.01


@dataclass(frozen=True, slots=True)
class Lag:
    """How much later than asked for the loop came back, in seconds.

    :param own_s: the part that is of the loop's making: without the time that its thread was ready to run and
        waited for a processor, which is most of it on a busy machine. Never too short.
    """

    total_s: float
    own_s: float


async def lags() -> AsyncIterator[Lag]:
    """Measure a hundred times a second, for ever."""
    while True:
        before, queued_s = time.perf_counter(), _queued_s()
        await asyncio.sleep(STEP_S)
        total_s = max(0.0, time.perf_counter() - before - STEP_S)
        # What was waited before the step was over has delayed nothing.
        others_s = max(0.0, _queued_s() - queued_s - STEP_S)
        yield Lag(total_s, max(0.0, total_s - others_s))


def _queued_s() -> float:
    """Return how long this thread has waited for a processor so far: Linux counts it in nanoseconds."""
    return int(Path("/proc/thread-self/schedstat").read_bytes().split()[1]) / 1e9


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that this many percent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
