"""Airflow's database with deferred waits in it, the triggerer that carries them, the server they poll."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from support.airflow_processes import AirflowProcess, AirflowProcesses

HERE = Path(__file__).parent
DAG = """\
from airflow import DAG
from airflow_provider_mailkit.sensors.mailkit import MailkitRecipientsSensor

with DAG("load", schedule=None):
    MailkitRecipientsSensor(task_id="wait", id_send=1, mailkit_conn_id="load", deferrable=True)
"""
#: Seconds after which a triggerer that gives no sign of life is taken for dead.
DEAD_AFTER_S = 6


@dataclass
class Wait:
    """A deferred wait, and its delivery.

    :param polls_waiting: how many polls find somebody still waiting, where totals are not known.
    :param looks: how many looks at totals or report find somebody still waiting, where they are.
    """

    id_send: int
    recipients: int
    polls_waiting: int = 0
    poke_interval: float = 10.0
    looks: int = 0


@dataclass
class Deployment:
    """Use it as ``with``: what it started ends with it.

    :param home: an empty folder.
    """

    home: Path
    waits: list[Wait]
    _server: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        self.probe = self.home / "probe.jsonl"
        dags = self.home / "dags"
        dags.mkdir(parents=True)
        (dags / "load.py").write_text(DAG)
        settings = {
            "capacity": 5000,
            "max_trigger_to_select_per_loop": 5000,
            "job_heartbeat_sec": 1,
            "triggerer_health_check_threshold": DEAD_AFTER_S,
        }
        self.airflow = AirflowProcesses(
            self.home,
            dags_folder=dags,
            components=(),
            environment={
                f"AIRFLOW__TRIGGERER__{name.upper()}": str(value) for name, value in settings.items()
            }
            | {"PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent)])},
        )
        try:
            self._make()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.airflow.stop()
        if self._server is not None and self._server.stdin is not None:
            # It serves until its standard input ends.
            self._server.stdin.close()
            self._server.wait(10)

    def _make(self) -> None:
        self.airflow.run("db", "migrate", timeout_s=300)
        self.airflow.run("dags", "reserialize", timeout_s=300)
        self.server = self._serve()
        self._rows("make", stdin=json.dumps(self._order()))

    def _rows(self, *arguments: str, stdin: str = "") -> None:
        run = subprocess.run(
            [sys.executable, HERE / "airflow_rows.py", *arguments],
            env=self.airflow.environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr[-4000:]

    def _serve(self) -> str:
        plan = self.home / "plan.json"
        plan.write_text(
            json.dumps(
                {wait.id_send: (wait.recipients, wait.polls_waiting, 0, wait.looks) for wait in self.waits}
            )
        )
        self._server = subprocess.Popen(
            [sys.executable, HERE / "mailkit_server.py", plan],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._server.stdout is not None
        with self._server.stdout as printed:
            return f"http://127.0.0.1:{int(printed.readline())}"

    def _order(self) -> dict[str, Any]:
        now = time.time()
        waits = [
            {
                "id_send": wait.id_send,
                "mailkit_conn_id": "load",
                "poke_interval": wait.poke_interval,
                "started": now,
                "deadline": now + 3600,
            }
            for wait in self.waits
        ]
        connection = {
            "conn_id": "load",
            "conn_type": "mailkit",
            "login": "1000001",
            "password": "0123456789abcdef0123456789abcdef",
            "host": self.server,
            "extra": json.dumps({"timezone": "Europe/Prague"}),
        }
        return {"connection": connection, "probe": str(self.probe), "waits": waits}

    def start_triggerer(self, name: str) -> AirflowProcess:
        """Start ``airflow triggerer``."""
        return self.airflow.start("triggerer", "--skip-serve-logs", name=name)

    def deferred(self) -> int:
        """Return how many waits have not been given an event yet."""
        with closing(
            sqlite3.connect(f"file:{self.home}/airflow.db?mode=ro", uri=True, timeout=30)
        ) as database:
            query = "SELECT count(*) FROM task_instance WHERE state = 'deferred' AND map_index < 1000000"
            return int(database.execute(query).fetchone()[0])

    def book(self) -> dict[str, Any]:
        """Return what the server was asked for so far."""
        with urllib.request.urlopen(self.server, timeout=60) as answer:  # noqa: S310 - loopback
            return json.load(answer)

    def outcome(self) -> dict[str, Any]:
        """Return what has happened to the waits."""
        path = self.home / "outcome.json"
        self._rows("read", str(path))
        return json.loads(path.read_text())

    def events_fired(self) -> list[int]:
        """Return for each wait how often the logs say that its trigger has fired.

        What a busy triggerer logs late, after it has closed the log of the trigger, is in its own log.
        """
        own = Counter(
            int(index)
            for log in (self.home / "process-logs").glob("*.log")
            for index in re.findall(rb"Trigger fired event.*?map_index=(\d+)", log.read_bytes())
        )
        logs = self.home / "logs" / "dag_id=load" / "run_id=load" / "task_id=wait"
        return [
            own[index]
            + sum(log.read_bytes().count(b"Trigger fired event") for log in logs.glob(f"map_index={index}/*"))
            for index in range(len(self.waits))
        ]

    def samples(self) -> list[dict[str, Any]]:
        """Return what the probe has measured."""
        return [json.loads(line) for line in self.probe.read_text().splitlines() if line.endswith("}")]
