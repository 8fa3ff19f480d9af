"""Every DAG is started at once; the tests look at what happened to the runs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from e2e.database import search_text
from packaging.version import Version
from support.airflow_processes import VERSION, AirflowProcesses, wait_until

if TYPE_CHECKING:
    from support.airflow_api import AirflowApi

WAIT_S = 240
DEFERRED = {
    "example_mailkit_mapped_export": {("one_delivery.wait", 0), ("one_delivery.wait", 1)},
    "e2e_modes": {("deferrable_xmlrpc", -1)},
}
STILL_GOING_ON = {None, "scheduled", "queued", "running", "deferred", "up_for_reschedule", "restarting"}
# From Airflow 3.3 on: the second is started by each delivery that the first one has exported.
PARTITIONED, OF_A_PARTITION = "example_mailkit_partitioned_export", "example_mailkit_partition_check"
HAS_PARTITIONS = Version("3.3") <= Version(VERSION)
# From Airflow 3.1 on a DAG can have a deadline, of which this file is told.
WITH_DEADLINE, DEADLINE_FILE = "mailkit_wait_with_deadline", "deadline.txt"
HAS_DEADLINES = Version("3.1") <= Version(VERSION)
SENDING = "example_mailkit_send_campaign"
OF_THE_ACCOUNT = (
    "example_mailkit_account_reporting",
    "example_mailkit_suppressions",
    "example_mailkit_daily_folders",
)
#: They are about a delivery that has finished.
OF_A_DELIVERY = ("example_mailkit_small_report", "example_mailkit_delivery_page")

DAGS = (
    "example_mailkit_wait_and_export",
    "example_mailkit_mapped_export",
    "example_mailkit_asset",
    *OF_A_DELIVERY,
    "e2e_modes",
    "e2e_failures",
    "e2e_lineage",
)


@dataclass
class Runs:
    """What is to be looked at when everything has come to its end."""

    airflow: AirflowProcesses
    folder: Path
    s3_url: str
    events_file: Path
    #: What StatsD was told by all processes.
    metrics: list[str]
    ids: dict[str, str] = field(default_factory=dict)
    ends: dict[str, str] = field(default_factory=dict)
    #: Tasks and map indexes that were seen in the state, by DAG.
    seen_deferred: dict[str, set[tuple[str, int]]] = field(default_factory=dict)
    #: What the database held while tasks were deferred, and in the end.
    database_then: str = ""
    database_now: str = ""

    @property
    def api(self) -> AirflowApi:
        return self.airflow.api

    def xcom(self, dag_id: str, task_id: str, key: str = "return_value", map_index: int = -1) -> Any:
        return self.api.xcom(dag_id, self.ids[dag_id], task_id, key, map_index)

    def log(self, dag_id: str, task_id: str, map_index: int = -1) -> str:
        return self.api.log(dag_id, self.ids[dag_id], task_id, 1, map_index)

    def lineage(self) -> list[dict[str, Any]]:
        """Return the events that OpenLineage has written."""
        return [json.loads(line) for line in self.events_file.read_text().splitlines()]


def run_everything(runs: Runs) -> None:
    api = runs.api
    for dag_id in (*DAGS, *([WITH_DEADLINE] if HAS_DEADLINES else [])):
        api.unpause(dag_id)
    # The run that its schedule starts.
    api.unpause("example_mailkit_reexport")
    conf = {"example_mailkit_mapped_export": {"id_sends": [5002, 5003]}}
    by_themselves = ("example_mailkit_asset", *OF_A_DELIVERY)
    for dag_id in DAGS:
        if dag_id not in by_themselves:
            runs.ids[dag_id] = api.trigger(dag_id, conf.get(dag_id))
    if HAS_DEADLINES:
        runs.ids[WITH_DEADLINE] = api.trigger(WITH_DEADLINE)
    _see_deferred(runs)
    _finish(runs, "example_mailkit_wait_and_export")
    for dag_id in OF_A_DELIVERY:
        runs.ids[dag_id] = api.trigger(dag_id)
    for dag_id in ("example_mailkit_reexport", "example_mailkit_asset"):
        runs.ids[dag_id] = _first_run(api, dag_id)
    for dag_id in runs.ids:
        if dag_id != "e2e_failures":
            _finish(runs, dag_id)
    # Not before: to ask about a delivery begins it, and the waits want to see it begin.
    _report_the_account(runs)
    _change_the_account(runs)
    if HAS_PARTITIONS:
        _export_partitions(runs)
    # Not before: the deliveries that the others are about must be those that were there.
    runs.ids[SENDING] = _sent(api)
    _finish(runs, SENDING)
    _export_logs(runs)
    _wait_for_failures(runs)
    runs.database_now = search_text(runs.airflow.database_url, runs.airflow.fernet_key)


def _report_the_account(runs: Runs) -> None:
    for dag_id in OF_THE_ACCOUNT:
        runs.api.unpause(dag_id)
    for dag_id in OF_THE_ACCOUNT:
        runs.ids[dag_id] = _first_run(runs.api, dag_id)
        _finish(runs, dag_id)


def _change_the_account(runs: Runs) -> None:
    """Run what imports and erases, which begins with files."""
    rows = [f"back{number}@example.com,Jana,gold" for number in range(150)]
    (runs.folder / "audience.csv").write_text("\n".join(["mail,name,tier", *rows, "nobody,N,", ""]))
    (runs.folder / "erase.csv").write_text("email\nback3@example.com\nback0@example.org\n")
    for dag_id in ("example_mailkit_audience", "example_mailkit_erasure"):
        runs.api.unpause(dag_id)
        is_scheduled = dag_id.endswith("erasure")
        runs.ids[dag_id] = _first_run(runs.api, dag_id) if is_scheduled else runs.api.trigger(dag_id)
        _finish(runs, dag_id)


def _sent(api: AirflowApi) -> str:
    api.unpause(SENDING)
    return api.trigger(SENDING, None)


def _see_deferred(runs: Runs) -> None:
    def look() -> bool:
        for dag_id in DEFERRED:
            states = runs.api.states(dag_id, runs.ids[dag_id])
            found = {task for task, state in states.items() if state == "deferred"}
            runs.seen_deferred.setdefault(dag_id, set()).update(found)
            if found and not runs.database_then:
                runs.database_then = search_text(runs.airflow.database_url, runs.airflow.fernet_key)
        return all(runs.seen_deferred[dag_id] >= wanted for dag_id, wanted in DEFERRED.items())

    wait_until(look, WAIT_S, lambda: f"deferred tasks; seen were {runs.seen_deferred}")


def _finish(runs: Runs, dag_id: str) -> None:
    runs.ends[dag_id] = runs.api.wait_for_run(dag_id, runs.ids[dag_id], WAIT_S)


def _first_run(api: AirflowApi, dag_id: str) -> str:
    run_id: str = wait_until(lambda: api.runs(dag_id), WAIT_S, f"a run of {dag_id}")[0]["dag_run_id"]
    return run_id


def _export_partitions(runs: Runs) -> None:
    for dag_id in (OF_A_PARTITION, PARTITIONED):
        runs.api.unpause(dag_id)
    runs.ids[PARTITIONED] = runs.api.trigger(PARTITIONED)
    _finish(runs, PARTITIONED)

    def checked() -> bool:
        ended = [run["state"] for run in runs.api.runs(OF_A_PARTITION)]
        exported = len(runs.xcom(PARTITIONED, "recent_deliveries"))
        return len(ended) == exported and set(ended) <= {"success", "failed"}

    wait_until(checked, WAIT_S, f"a run of {OF_A_PARTITION} for each delivery")


def _export_logs(runs: Runs) -> None:
    """Export a log until nothing is new in it, and so nothing to start another DAG by."""
    api = runs.api
    for dag_id in ("example_mailkit_new_logs", "example_mailkit_logs"):
        api.unpause(dag_id)
    for dag_id in ("example_mailkit_logs", "example_mailkit_new_logs"):
        runs.ids[dag_id] = _first_run(api, dag_id)
        _finish(runs, dag_id)

    def nothing_was_new() -> bool:
        run_id = api.trigger("example_mailkit_logs")
        assert api.wait_for_run("example_mailkit_logs", run_id, WAIT_S) == "success"
        return not api.xcom("example_mailkit_logs", run_id, "export_responses")["rows"]

    wait_until(nothing_was_new, WAIT_S, "an export of a log without news")


def _wait_for_failures(runs: Runs) -> None:
    """Wait until every task has ended or waits to be tried again, which is in an hour."""

    def going_on() -> list[Any]:
        states = runs.api.states("e2e_failures", runs.ids["e2e_failures"])
        return [task for task, state in states.items() if state in STILL_GOING_ON]

    wait_until(lambda: not going_on(), WAIT_S, lambda: f"the end of {going_on()}")
