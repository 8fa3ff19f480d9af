"""The demo's own Airflow: a home inside the checkout, one command at a time, a readable log."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

# Changes tasks without touching their DAG files, because nobody wants to watch a poll per minute, or wait
# five minutes for a retry.
POLICY = """\
def task_policy(task):
    task.retries = 0
    if hasattr(task, "poke_interval"):
        task.poke_interval = 2
"""

_LOG_LINE = re.compile(r"\S+ \[(?P<level>\w+) *\] (?P<text>.*?) +\[(?P<logger>[\w.]+)\]")
_TASK = re.compile(r"\[DAG TEST\] starting task_id=(\w+)")
# The demo shows these better itself: the summary, and the duration of the wait, which its clock changes.
_SUMMARY = re.compile(r"Exported \d+ rows? ")
_EXCEPTION = re.compile(r"(?:\w+\.)*(\w+(?:Error|Exception): .+)")
_ELAPSED = re.compile(r"; \d+ s elapsed\.$")


class DemoError(Exception):
    """The demo cannot go on; the text says why."""


class Airflow:
    """One Airflow, started afresh.

    :param home: its folder, whose content is removed.
    :param dags: the folder with the DAG files.
    :param connection: the connection `mailkit_default`.
    """

    def __init__(self, home: Path, dags: Path, connection: dict[str, object]) -> None:
        shutil.rmtree(home, ignore_errors=True)
        (home / "config").mkdir(parents=True)
        (home / "tmp").mkdir()
        (home / "config" / "airflow_local_settings.py").write_text(POLICY)
        self.log = home / "airflow.log"
        self._home = home
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        self._environment = kept | {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "AIRFLOW_CONN_MAILKIT_DEFAULT": json.dumps(connection),
            "TMPDIR": str(home / "tmp"),
            "PYTHONUNBUFFERED": "1",
        }

    def run(self, *arguments: str, timeout_s: float, each_line: Callable[[str], None] | None = None) -> None:
        """Run `airflow` with these arguments.

        :raises DemoError: it failed, or it was not done in time.
        """
        shown, reason = f"'airflow {' '.join(arguments[:2])}'", ""
        with self.log.open("a") as log, self._process(arguments) as process:
            late = threading.Event()

            def end_late() -> None:
                late.set()
                _end(process)

            timer = threading.Timer(timeout_s, end_late)
            timer.start()
            try:
                for line in process.stdout or ():
                    log.write(line)
                    if thrown := _EXCEPTION.match(line):
                        reason = f"\n{thrown[1]}"
                    if each_line:
                        each_line(line)
                process.wait()
            finally:
                timer.cancel()
            if late.is_set() or process.returncode:
                ended = f"ended with exit status {process.returncode}"
                how = f"was not done after {timeout_s:.0f} seconds" if late.is_set() else ended
                raise DemoError(f"{shown} {how}.{reason}{self._where()}")

    def result(self, task_id: str) -> dict[str, Any]:
        """Return what a task has returned, from Airflow's database.

        :raises DemoError: the task has returned nothing.
        """
        query = "select value from xcom where task_id = ? and key = 'return_value' order by timestamp desc"
        with closing(sqlite3.connect(self._home / "airflow.db")) as database:
            row = database.execute(query, (task_id,)).fetchone()
        if row is None:
            raise DemoError(f"The task '{task_id}' has not succeeded.{self._where()}")
        result: dict[str, Any] = json.loads(row[0])
        return result

    @contextmanager
    def _process(self, arguments: tuple[str, ...]) -> Iterator[subprocess.Popen[str]]:
        process = subprocess.Popen(  # noqa: S603 - our own arguments
            [sys.executable, "-m", "airflow", *arguments],
            env=self._environment,
            cwd=self._home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            yield process
        finally:
            _end(process)
            process.wait()

    def _where(self) -> str:
        return f"\nThe full log: {self.log}"


def _end(process: subprocess.Popen[str]) -> None:
    """End a process and its children. A process that has ended is ignored."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


class Watcher:
    """Shows the lines of a run that a newcomer wants to see.

    :param show: called with the name of the task and the text.
    """

    def __init__(self, show: Callable[[str, str], None]) -> None:
        self._show = show
        self._task = ""

    def __call__(self, line: str) -> None:
        """Look at one line of Airflow's log."""
        if started := _TASK.search(line):
            self._task = started[1]
            return
        found = _LOG_LINE.match(line)
        if not found or _SUMMARY.match(found["text"]):
            return
        if "airflow_provider_mailkit" in found["logger"] or found["level"] in ("error", "critical"):
            self._show(self._task, _ELAPSED.sub("", found["text"]))
