"""The laboratory: the reports on disk, the server beside, and a fresh process for every job."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench.job import CLIENT_ID, CLIENT_MD5, Job
from bench.report import FORMS, write_report
from bench.server import Source, make_zipped
from bench.worker import WARM_UP


@dataclass(frozen=True)
class Cost:
    """What a job cost: seconds, and bytes of memory over what was there before and in all."""

    wall: float
    cpu: float
    peak: int
    process: int
    result: Any


class Lab:
    """Use it as ``with``; leaving it removes all files.

    :param sizes: for each protocol the numbers of recipients that will be asked for.
    :param zipped: sizes that will be asked for with gzip, over JSON.
    :param shuffled: whether the reports' row keys are in no order.
    """

    def __init__(
        self, sizes: dict[str, Iterable[int]], zipped: Iterable[int] = (), *, shuffled: bool = False
    ) -> None:
        self._shuffled = shuffled
        self._sizes = {name: sorted({WARM_UP, *some}) for name, some in sizes.items()}
        self._zipped = sorted({WARM_UP, *zipped}) if zipped else []

    def __enter__(self) -> Self:
        self._temporary = tempfile.TemporaryDirectory(prefix="mailkit-bench-")
        self.folder = Path(self._temporary.name)
        lengths = {
            name: write_report(FORMS[name], self.folder / f"report.{name}", sizes, shuffled=self._shuffled)
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
        self._port, self._zipped_port = map(int, self._server.stdout.readline().split())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.communicate("")
        self._temporary.cleanup()

    def run(
        self, task: str, protocol: str, recipients: int, output: str = "", *, zipped: bool = False
    ) -> Cost:
        """Do a job in a fresh process.

        :param output: the name of the file that it writes, in :attr:`folder`.
        """
        port = self._zipped_port if zipped else self._port
        job = Job(task, protocol, port, recipients, str(self.folder / output) if output else "")
        done = subprocess.run(
            [sys.executable, "-m", "bench.worker", json.dumps(asdict(job))],
            env=self._environment(job),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{job} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
        return Cost(**json.loads(done.stdout.splitlines()[-1]))

    def _environment(self, job: Job) -> dict[str, str]:
        connection = {
            "conn_type": "mailkit",
            "login": str(CLIENT_ID),
            "password": CLIENT_MD5,
            "host": job.base_url,
            "extra": {"protocol": job.protocol},
        }
        return os.environ | {
            "AIRFLOW_HOME": str(self.folder / "airflow"),
            "AIRFLOW_CONN_MAILKIT_DEFAULT": json.dumps(connection),
            "AIRFLOW_CONN_HTTP_DEFAULT": json.dumps({"conn_type": "http", "host": job.base_url}),
        }
