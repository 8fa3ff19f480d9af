"""Budgets without a peer: flat memory, the cost of an import and of a poll, the triggerer's loop."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Iterator

from bench.lab import Lab
from bench.verdict import MB, Verdict, at_least, at_most

HEAVY = ("requests", "aiohttp", "msgspec", "pyarrow", "fsspec")
_IMPORTS = 5
_GROWTH = 1.10
# By which factor a wait is cheaper with totals: it reads six reports instead of 72.
_WAIT_BYTES = 11.5
_WAIT_CPU = 8
# The kernel adds a process's pages up per CPU and rounds by up to 128 KB for each of them, and an
# allocator takes memory in pieces of 256 KB to 1 MB: below that, two equal runs differ by more than 10 %.
_TOLERANCE_MB = 1.0
_IMPORT_CODE = f"""
import sys, time
import airflow.sdk
from airflow.sdk import DAG, BaseHook, BaseOperator, BaseSensorOperator, PokeReturnValue, conf
import airflow.dag_processing.processor
before = set(sys.modules)
began = time.perf_counter()
from airflow_provider_mailkit.operators.mailkit import MailkitRecipientsOperator
import airflow_provider_mailkit.sensors.mailkit
print(time.perf_counter() - began, *(name for name in {HEAVY!r} if name in set(sys.modules) - before))
"""


def check_flat(lab: Lab, sizes: dict[str, tuple[int, int]]) -> Iterator[Verdict]:
    """Compare the peaks of a small report and of a large one, for each kind of work and protocol.

    :param sizes: for each protocol the two numbers of recipients.
    """
    for protocol, (small, large) in sizes.items():
        for task, suffix in (
            ("count", ""),
            ("trigger", ""),
            ("export", "jsonl"),
            ("export", "csv"),
            ("export", "parquet"),
        ):
            output = f"flat.{suffix}" if suffix else ""
            low, high = (lab.run(task, protocol, size, output).peak / MB for size in (small, large))
            allowed = low * _GROWTH + _TOLERANCE_MB
            name = f"flat memory, {suffix or task}, {protocol}"
            detail = f" at {large:,} against {low:.1f} MB at {small:,}"
            yield at_most(name, high, round(allowed, 1), "MB", detail)


def check_imports() -> Iterator[Verdict]:
    """Import what a DAG imports, into a process that has loaded Airflow as the DAG processor has."""
    seconds = []
    heavy: set[str] = set()
    for _ in range(_IMPORTS):
        done = subprocess.run(
            [sys.executable, "-c", _IMPORT_CODE], stdout=subprocess.PIPE, text=True, check=True
        )
        first, *found = done.stdout.splitlines()[-1].split()
        seconds.append(float(first))
        heavy.update(found)
    yield at_most("import of operator and sensor", 1000 * statistics.median(seconds), 20, "ms")
    yield Verdict("heavy modules imported", " ".join(sorted(heavy)) or "none", "none", 0.0 if heavy else 1.0)


def check_poke(lab: Lab, protocol: str) -> Verdict:
    """Poll a report of ten recipients, and subtract the cost of a bare call with requests."""
    usual = lab.run("poke cost", protocol, 10).result
    own = 1000 * (usual["poke"] - usual["post"])
    detail = f" beside {1000 * usual['post']:.1f} ms for the bare call"
    return at_most(f"poke of a small report, {protocol}", own, 5, "ms", detail)


def check_wait(lab: Lab, recipients: int) -> Iterator[Verdict]:
    """Wait for six hours with a poll every 300 seconds, with totals and without."""
    used, unused = (lab.run(task, "json", recipients) for task in ("wait", "wait without totals"))
    detail = f" ({used.result / MB:,.0f} MB against {unused.result / MB:,.0f} MB)"
    yield at_least("wait of 6 h: bytes", unused.result / used.result, _WAIT_BYTES, detail)
    detail = f" ({used.cpu:.1f} s against {unused.cpu:.1f} s)"
    yield at_least("wait of 6 h: processor time", unused.cpu / used.cpu, _WAIT_CPU, detail)


def check_triggerer(lab: Lab, protocol: str, recipients: int) -> Verdict:
    """Let 20 triggers read at once."""
    lag = lab.run("triggerer", protocol, recipients).result
    detail = f" p99 of {lag['probes']} probes, worst {1000 * lag['worst']:.0f} ms, 20 x {recipients:,}"
    return at_most(f"triggerer's lag, {protocol}", 1000 * lag["p99"], 100, "ms", detail)
