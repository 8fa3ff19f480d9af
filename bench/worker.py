"""Does one job in this process and prints what it cost: ``python -m bench.worker JOB``."""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench import ours, peers
from bench.job import Job

TASKS = ours.TASKS | peers.TASKS
WARM_UP = 10


def measure(job: Job) -> dict[str, Any]:
    """Do a job, after a tiny one of the same kind that does all lazy imports.

    :return: ``wall`` and ``cpu`` in seconds, ``peak`` in bytes over what was in memory before, ``process`` in
        bytes with that, ``result``.
    """
    task = TASKS[job.task]
    warm_up = str(Path(job.output).with_name(f"warm-up-{Path(job.output).name}")) if job.output else ""
    task(replace(job, recipients=WARM_UP, output=warm_up))
    gc.collect()
    # Makes the kernel forget the peak so far.
    Path("/proc/self/clear_refs").write_text("5")
    before = _memory("VmRSS")
    cpu, wall = time.process_time(), time.perf_counter()
    result = task(job)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    process = _memory("VmHWM")
    return {"wall": wall, "cpu": cpu, "peak": process - before, "process": process, "result": result}


def _memory(name: str) -> int:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(name)) * 1024


if __name__ == "__main__":
    print(json.dumps(measure(Job(**json.loads(sys.argv[1])))), flush=True)
    # Taking a million objects apart one by one at exit would only lengthen the benchmark.
    os._exit(0)
