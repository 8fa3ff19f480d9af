"""Long waits and large reports on one event loop: nothing is left behind, and the loop stays free."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from load import mailkit_server, soak
from support.lag import Lag, lags, percentile
from support.modes import first_event
from support.process import resident_bytes

from airflow_provider_mailkit.triggers.mailkit import MailkitRecipientsTrigger

pytestmark = pytest.mark.load

MB = 2**20


@contextmanager
def serving(folder: Path, plan: dict[int, tuple[int, ...]]) -> Iterator[str]:
    """Yield the address of a server that follows the plan, in a process of its own."""
    path = folder / "plan.json"
    path.write_text(json.dumps(plan))
    command = [sys.executable, mailkit_server.__file__, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        # It serves until its standard input ends.
        server.stdin.close()


async def watched(waits: list[Any], measure: Callable[[Lag], None]) -> list[Any]:
    """Return the events of these waits; meanwhile the loop's lag is measured."""

    async def watch() -> None:
        async for lag in lags():
            measure(lag)

    watching = asyncio.create_task(watch())
    try:
        return await asyncio.gather(*waits)
    finally:
        watching.cancel()


def test_an_hour_of_polls_leaves_nothing_behind(
    tmp_path: Path, mailkit_connection: Any, figures: Any
) -> None:
    """Ten waits of 360 polls each, as in an hour of a poll every ten seconds; every seventh answer is cut."""
    polls, waits = 360, 10
    written = tmp_path / "soak.json"
    with serving(tmp_path, dict.fromkeys(range(1, waits + 1), (1000, polls, 7))) as url:
        mailkit_connection(url)
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
        command = [sys.executable, soak.__file__, written, str(waits)]
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    outcome = json.loads(written.read_text())
    used = outcome["used"]
    assert outcome["totals"] == [1000] * waits
    assert len(used) >= 10
    # The lowest of each: what is in use between two polls.
    early, late = (
        [min(values) for values in zip(*part, strict=True)]
        for part in (used[len(used) // 5 : 2 * len(used) // 5], used[-len(used) // 5 :])
    )
    objects, memory, files, tasks = (after - before for before, after in zip(early, late, strict=True))
    figures(
        f"{polls * waits} polls of {waits} waits, a seventh cut: memory {memory / MB:+.1f} MB, objects "
        f"{objects / 1024:+.0f} KB, open files {files:+d}, tasks {tasks:+d}"
    )
    assert objects < 256 * 1024
    assert memory < 8 * MB
    assert files <= 0
    assert tasks <= 0


def test_twenty_reports_of_a_million_at_once_keep_the_loop_free(
    tmp_path: Path, mailkit_connection: Any, figures: Any
) -> None:
    plan = dict.fromkeys(range(1, 21), (1_000_000, 0))
    measured: list[Lag] = []
    with serving(tmp_path, plan) as url:
        mailkit_connection(url, max_concurrent_requests=20)
        gc.collect()
        before = resident_bytes()
        peak = before

        def measure(lag: Lag) -> None:
            nonlocal peak
            measured.append(lag)
            peak = max(peak, resident_bytes())

        async def run() -> list[Any]:
            waits = [first_event(MailkitRecipientsTrigger(id_send=n, poke_interval=0.1)) for n in plan]
            return await watched(waits, measure)

        events = asyncio.run(run())
    assert [event["result"]["total"] for event in events] == [1_000_000] * 20
    own = [lag.own_s for lag in measured]
    figures(
        f"20 reports of a million recipients at once: loop lag p99 {1000 * percentile(own, 99):.0f} ms, "
        f"largest {1000 * max(own):.0f} ms; memory + {(peak - before) / MB:.1f} MB"
    )
    assert percentile(own, 99) < 0.1
    assert peak - before < 64 * MB
