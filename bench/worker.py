"""Does jobs and prints what each cost.

``python -m bench.worker JOB`` does one in this process. Without it, jobs are read line by line, and each is
done in a copy of this process. So Airflow is already loaded, which takes seconds and is not measured.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench import ours, peers
from bench.job import Job

TASKS: dict[str, Callable[[Job], Any]] = {**ours.TASKS, **peers.TASKS}
WARM_UP = 10


def measure(job: Job) -> dict[str, Any]:
    """Do a job, after a tiny one of the same kind that does all lazy imports.

    :return: ``wall`` and ``cpu`` in seconds, and ``queued``: how long the main thread waited for a processor;
        ``peak`` in bytes over what was in memory before, ``process`` in bytes with that, ``result``.
    """
    task = TASKS[job.task]
    warm_up = str(Path(job.output).with_name(f"warm-up-{Path(job.output).name}")) if job.output else ""
    task(replace(job, recipients=WARM_UP, output=warm_up))
    return measured(lambda: task(job))


def measured(work: Callable[[], Any]) -> dict[str, Any]:
    """Do something in this process; return what :func:`measure` does."""
    gc.collect()
    # Makes the kernel forget the peak so far.
    Path("/proc/self/clear_refs").write_text("5")
    before = _memory("VmRSS")
    queued, cpu, wall = _queued(), time.process_time(), time.perf_counter()
    result = work()
    wall, cpu, queued = time.perf_counter() - wall, time.process_time() - cpu, _queued() - queued
    process = _memory("VmHWM")
    times = {"wall": wall, "cpu": cpu, "queued": queued}
    return {**times, "peak": process - before, "process": process, "result": result}


def _queued() -> float:
    # Linux counts it in nanoseconds.
    return int(Path("/proc/self/schedstat").read_text().split()[1]) / 1e9


def _memory(name: str) -> int:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(name)) * 1024


def _serve() -> None:
    import airflow.providers.common.compat.sdk  # noqa: F401 - with it comes what every task of Airflow loads

    for line in sys.stdin:
        if not (child := os.fork()):
            _do(line)
        if os.waitpid(child, 0)[1]:
            _answer(None)


def _answer(cost: dict[str, Any] | None) -> None:
    print(json.dumps(cost), file=_ANSWERS, flush=True)


def _do(text: str) -> None:
    job = Job(**json.loads(text))
    os.environ.update(job.connections())
    _answer(measure(job))
    # Freeing a million objects at exit would only lengthen the benchmark.
    os._exit(0)


if __name__ == "__main__":
    # Standard output is where Airflow logs, too.
    _ANSWERS = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    _do(sys.argv[1]) if sys.argv[1:] else _serve()
