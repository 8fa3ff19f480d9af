"""The laboratory: reports on disk, a server, and a new process for every job."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench.job import Job
from bench.peers import TASKS as PEERS
from bench.report import FORMS, write_report
from bench.server import Source, make_zipped
from bench.worker import WARM_UP

_WORKER = (sys.executable, "-m", "bench.worker")


@dataclass(frozen=True)
class Cost:
    """The cost of a job: seconds, and bytes of memory, both added and in all.

    :param queued: how long it waited for a processor.
    """

    wall: float
    cpu: float
    queued: float
    peak: int
    process: int
    result: Any


def _line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline()


class Lab:
    """Use it as ``with``; leaving it removes all files.

    :param sizes: for each protocol the numbers of recipients that will be asked for.
    :param zipped: sizes that will be asked for with gzip, over JSON.
    :param kind: of the reports, see :data:`bench.report.KINDS`.
    """

    def __init__(
        self, sizes: Mapping[str, Iterable[int]], zipped: Iterable[int] = (), kind: str = "usual"
    ) -> None:
        self._kind = kind
        self._sizes = {name: sorted({WARM_UP, *some}) for name, some in sizes.items()}
        self._zipped = sorted({WARM_UP, *zipped}) if zipped else []

    def __enter__(self) -> Self:
        self._temporary = tempfile.TemporaryDirectory(prefix="mailkit-bench-")
        self.folder = Path(self._temporary.name)
        lengths = {
            name: write_report(FORMS[name], self.folder / f"report.{name}", sizes, self._kind)
            for name, sizes in self._sizes.items()
        }
        (self.folder / "lengths.json").write_text(json.dumps(lengths))
        for size in self._zipped:
            make_zipped(Source(FORMS["json"], self.folder / "report.json", lengths["json"]), size)
        self._server = subprocess.Popen(
            [sys.executable, "-m", "bench.server", str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._environment = os.environ | {"AIRFLOW_HOME": str(self.folder / "airflow")}
        self._worker = subprocess.Popen(
            _WORKER, env=self._environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._port, self._zipped_port = map(int, _line_of(self._server).split())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for process in (self._worker, self._server):
            process.communicate("")
        self._temporary.cleanup()

    def run(
        self, task: str, protocol: str, recipients: int, output: str = "", *, zipped: bool = False
    ) -> Cost:
        """Do a job in a process of its own.

        :param output: the name of the file that it writes, in :attr:`folder`.
        """
        port = self._zipped_port if zipped else self._port
        job = Job(task, protocol, port, recipients, str(self.folder / output) if output else "")
        text = json.dumps(asdict(job))
        if task in PEERS:
            # A fresh process: it would be slower in one that has loaded Airflow.
            done = subprocess.run(
                [*_WORKER, text], env=self._environment, stdout=subprocess.PIPE, text=True, check=True
            )
            return Cost(**json.loads(done.stdout.splitlines()[-1]))
        assert self._worker.stdin
        self._worker.stdin.write(text + "\n")
        self._worker.stdin.flush()
        cost = json.loads(_line_of(self._worker) or "null")
        if cost is None:
            raise RuntimeError(f"{job} failed.")
        return Cost(**cost)
