"""A trigger that measures the process it runs in: the event loop's lag, the memory, the open files."""

from __future__ import annotations

import asyncio
import gc
import json
import math
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent
from support.lag import lags
from support.process import open_files, resident_bytes


class LoopProbe(BaseTrigger):
    """Adds a line of JSON a second to a file, until the triggerer ends."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return "loop_probe.LoopProbe", {"path": self.path}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        measured: list[tuple[float, float]] = []
        # The first line comes at once: it is what the others are compared with.
        told = -math.inf
        async for lag in lags():
            measured.append((lag.total_s, lag.own_s))
            if time.monotonic() - told >= 1:
                told = time.monotonic()
                with Path(self.path).open("a") as file:  # noqa: ASYNC230 - a line takes microseconds
                    file.write(json.dumps(_line(measured)) + "\n")
                measured = []
        yield TriggerEvent(None)


def _line(measured: list[tuple[float, float]]) -> dict[str, Any]:
    return {
        "time": time.time(),
        "lags": measured,
        "pid": os.getpid(),
        "rss": resident_bytes(),
        "files": open_files(),
        "cpu_s": time.process_time(),
        "tasks": len(asyncio.all_tasks()),
        "full_collections": gc.get_stats()[2]["collections"],
    }
