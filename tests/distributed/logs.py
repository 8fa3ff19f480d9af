"""The story of the logs: workers that die with three exports each, two runs at once, a clear."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import requests
from distributed.deployment import Cluster
from distributed.lake import LOGS as BUCKET, Asked, Gate, Lake
from support.airflow_processes import wait_until

DAG_ID = "distributed_logs"
_RUN_S = 600


class Log(NamedTuple):
    """What a task lands."""

    function: str
    id_message: int
    key: str


LOGS = {
    "news": Log("mailkit.report.raw.responses", 3001, "ID_LOG"),
    "offers": Log("mailkit.report.raw.responses", 3002, "ID_LOG"),
    "messages": Log("mailkit.report.raw.messages", 3001, "ID_SEND_MESSAGE"),
}
#: The request that is held when the worker dies: its method, how its key ends, and whether it is a copy.
MOMENTS = {
    "rows are stored": ("PUT", ".staged", False),
    "the claim is made": ("PUT", ".json", False),
    "the claim was made": ("PUT", ".jsonl", True),
    "the file was copied": ("DELETE", ".staged", False),
    "the file is marked as done": ("PUT", ".done", False),
}
#: What each log is at when a worker dies.
DEATHS = (
    {"news": "rows are stored", "offers": "the claim was made", "messages": "the file was copied"},
    {"news": "the file is marked as done", "offers": "the claim is made", "messages": "rows are stored"},
)
#: Part of a key: the first worker dies in the second file of each log.
FILES = ("000002-", "")


@dataclass
class Death:
    """A worker that died.

    :param moments: what each log was at.
    :param after: the task instances of the run in the end, by log.
    """

    worker: str
    moments: Mapping[str, str]
    after: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass
class Landed:
    """What the runs have left, and what was seen on the way."""

    lake: Lake
    deaths: list[Death] = field(default_factory=list)
    #: What all tries have logged when two runs had made the same claims, by log.
    lost_races: dict[str, str] = field(default_factory=dict)
    #: What a cleared run returned, before and after.
    cleared: list[dict[str, dict[str, Any]]] = field(default_factory=list)
    runs: int = 0
    #: All IDs of Mailkit's log, and those of each file that is done.
    held: dict[str, list[int]] = field(default_factory=dict)
    files: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    #: Files that are not done, and what is stored for no file.
    waste: list[str] = field(default_factory=list)


class Story:
    """What happens, one thing after the other."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._api = cluster.airflow.api
        self._lake = cluster.outcome.lake
        self.landed = Landed(self._lake)

    def start_worker(self, name: str) -> None:
        self._cluster.start_worker(name, "--queues", "logs", "--concurrency", "3")

    def run(self) -> str:
        """Trigger a run; return its ID."""
        self.landed.runs += 1
        return self._api.trigger(DAG_ID)

    def finish(self, run_id: str) -> dict[str, dict[str, Any]]:
        """Wait for the end of a run; return its task instances by log."""
        assert self._api.wait_for_run(DAG_ID, run_id, _RUN_S) == "success"
        return {ti["task_id"]: ti for ti in self._api.task_instances(DAG_ID, run_id)}

    def results(self, run_id: str) -> dict[str, dict[str, Any]]:
        """Return what the tasks of a run have returned; one that runs once more has nothing for a while."""

        def returned() -> dict[str, dict[str, Any]] | None:
            with suppress(requests.HTTPError):
                return {log: self._api.xcom(DAG_ID, run_id, log) for log in LOGS}
            return None

        found: dict[str, dict[str, Any]] = wait_until(returned, 120, f"what {run_id} has returned")
        return found

    def first_run(self) -> str:
        """Unpause the DAG; return the run that its schedule begins, or one of our own."""
        self._api.unpause(DAG_ID, timeout_s=300)
        try:
            begun = wait_until(lambda: self._api.runs(DAG_ID), 30, "a run by schedule")
        except TimeoutError:
            return self.run()
        self.landed.runs += 1
        run_id: str = begun[0]["dag_run_id"]
        return run_id

    def lose_worker(self, number: int, begin: Callable[[], str], *, late: bool) -> str:
        """Let a worker die while each log is at another moment; return the ID of the run.

        :param late: whether the store gets what was on its way after another worker has done the work.
        """
        death = Death(f"logs-{number + 1}", DEATHS[number])
        gates = [self._hold(log, moment, FILES[number]) for log, moment in death.moments.items()]
        run_id = begin()
        wait_until(lambda: all(gate.is_full for gate in gates), 300, "the moments of all three logs")
        self._cluster.airflow.processes[death.worker].kill()
        self.start_worker(f"logs-{number + 2}")
        if not late:
            self._open(gates)
        death.after = self.finish(run_id)
        if late:
            self._open(gates)
        self.landed.deaths.append(death)
        return run_id

    def _hold(self, log: str, moment: str, file: str = "", requests: int = 1) -> Gate:
        method, end, is_copy = MOMENTS[moment]

        def matches(asked: Asked) -> bool:
            is_of_log = asked.key.startswith(f"/{BUCKET}/{log}/") and file in asked.key
            return (
                is_of_log and asked.key.endswith(end) and (asked.method, asked.is_copy) == (method, is_copy)
            )

        return self._lake.hold(matches, requests)

    def _open(self, gates: list[Gate]) -> None:
        for gate in gates:
            gate.open()
        wait_until(lambda: all(gate.is_empty for gate in gates), 60, "the store's answers")

    def race(self) -> None:
        """Let two runs go on at the same time, and make the same claims at the same moment."""
        gates = [self._hold(log, "the claim is made", requests=2) for log in LOGS]
        run_ids = [self.run(), self.run()]
        wait_until(lambda: all(gate.is_full for gate in gates), 300, "the claims of both runs")
        self._open(gates)
        for run_id in run_ids:
            self.finish(run_id)
        # Which of the runs that go on at a time has lost; one that the schedule began may be among them.
        self.landed.lost_races = {log: self._cluster.logs_of(log) for log in LOGS}

    def clear(self, run_id: str) -> None:
        """Clear all tasks of a run that has succeeded."""
        before = self.results(run_id)
        order = {"dry_run": False, "dag_run_id": run_id, "only_failed": False, "reset_dag_runs": True}
        self._api.call("POST", f"/dags/{DAG_ID}/clearTaskInstances", json=order)
        wait_until(lambda: self._api.run_state(DAG_ID, run_id) != "success", 60, "the cleared run")
        self.finish(run_id)
        self.landed.cleared = [before, self.results(run_id)]

    def catch_up(self) -> None:
        """Run until there is nothing new."""

        def is_over() -> bool:
            run_id = self.run()
            self.finish(run_id)
            return not any(result["rows"] for result in self.results(run_id).values())

        wait_until(is_over, _RUN_S, "runs without news")

    def look(self) -> None:
        """Read all of the lake and all of Mailkit's log."""
        keys = self._lake.visible_keys(BUCKET)
        for log in LOGS:
            self.landed.files[log] = {}
            self.landed.held[log] = self._ids_at_mailkit(log)
        for key in keys:
            log, _, name = key.partition("/")
            if name.startswith("part-"):
                if f"{log}/_mailkit/{name.split('-')[1]}.done" in keys:
                    lines = self._lake.read(key, BUCKET).splitlines()
                    self.landed.files[log][name] = [json.loads(line)[LOGS[log].key] for line in lines]
                else:
                    self.landed.waste.append(key)
            elif not name.endswith((".json", ".done")):
                self.landed.waste.append(key)

    def _ids_at_mailkit(self, log: str) -> list[int]:
        sandbox, (function, id_message, key) = self._cluster.logs, LOGS[log]
        account = {"id": sandbox.client_id, "md5": sandbox.client_md5}
        order = {"function": function, "parameters": {"ID_message": id_message, "limit": 25_000}}
        rows = requests.post(f"{sandbox.base_url}/json.fcgi", json=order | account, timeout=60).json()
        return [int(value) for row in rows for name, value in row.items() if name.upper() == key]


def land_logs(cluster: Cluster) -> Landed:
    """Let it all happen."""
    story = Story(cluster)
    story.start_worker("logs-1")
    story.lose_worker(0, story.first_run, late=False)
    run_id = story.lose_worker(1, story.run, late=True)
    story.start_worker("logs-4")
    story.race()
    story.clear(run_id)
    story.catch_up()
    story.look()
    return story.landed
