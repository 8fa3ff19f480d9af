"""The story of the run: 40 deliveries, two workers, two triggerers; one of each is lost on the way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distributed.lake import Lake, delivery_of, lake
from distributed.queue import Queue, redis_queue
from support.airflow_processes import COMPONENTS, AirflowProcesses, wait_until
from support.postgres import Postgres

from airflow_provider_mailkit.sandbox import Sandbox

DAG_ID = "distributed_export"
EXPORT = "one_delivery.export"
WAIT = "one_delivery.wait"
DELIVERIES = 40
# As JSON Lines more than the 16 MiB of one part, so that every upload is one in parts.
RECIPIENTS = 75_000
DELIVERY_S = 20
VISIBILITY_TIMEOUT_S = 120
_RUN_S = 1500

#: How soon what is lost is noticed; docs/scale.md tells what each of them does. Two names: Airflow 3 and 2.
SETTINGS = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__SCHEDULER_ZOMBIE_TASK_THRESHOLD": "30",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "AIRFLOW__SCHEDULER__ZOMBIE_DETECTION_INTERVAL": "2",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "60",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "5",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "15",
    "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT": str(VISIBILITY_TIMEOUT_S),
    "AIRFLOW__CELERY__WORKER_CONCURRENCY": "2",
    # Returns the variable LOGNAME, which every machine has another of; in truth all are this one.
    "AIRFLOW__CORE__HOSTNAME_CALLABLE": "getpass.getuser",
}


@dataclass
class Outcome:
    """What the run has left, and what was seen on the way."""

    lake: Lake
    sandbox: Sandbox
    queue: Queue
    state: str = ""
    #: The deliveries that the dead worker was exporting, and of these the ones with an open upload.
    lost: set[int] = field(default_factory=set)
    open_uploads: dict[str, str] = field(default_factory=dict)
    #: Deferred tasks of the dead triggerer.
    bereft: list[int] = field(default_factory=list)
    #: The task instances of the operator by delivery, and what they returned.
    exports: dict[int, dict[str, Any]] = field(default_factory=dict)
    waits: dict[int, dict[str, Any]] = field(default_factory=dict)
    summaries: dict[int, dict[str, Any]] = field(default_factory=dict)
    #: Seconds from the worker's death to the next try of each lost delivery.
    retried_after: dict[int, float] = field(default_factory=dict)
    #: What the processes have logged.
    logs: dict[str, Path] = field(default_factory=dict)
    #: Where the machines keep their temporary files.
    spools: dict[str, Path] = field(default_factory=dict)
    #: The spool files that were open on the worker when it died.
    spooling: list[Path] = field(default_factory=list)


class Cluster:
    """The Airflow, and the one run of the deliveries.

    :param airflow: started, without workers.
    :param logs: the account whose logs grow.
    """

    def __init__(self, airflow: AirflowProcesses, folder: Path, outcome: Outcome, logs: Sandbox) -> None:
        self.airflow = airflow
        self.outcome = outcome
        self.logs = logs
        self._folder = folder
        self._run_id = ""

    def start_machine(self, component: str, name: str, *arguments: str) -> None:
        """Start a process that has its disk for itself."""
        home = self._folder / name
        temporary = home / "tmp"
        temporary.mkdir(parents=True)
        self.outcome.spools[name] = temporary
        own = {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
            "TMPDIR": str(temporary),
            "LOGNAME": name,
        }
        # The server for logs would listen on all interfaces.
        process = self.airflow.start(component, "--skip-serve-logs", *arguments, name=name, environment=own)
        self.outcome.logs[name] = process.log

    def start_worker(self, name: str, *arguments: str) -> None:
        self.start_machine("celery worker", name, "--celery-hostname", name, *arguments)

    def logs_of(self, task_id: str) -> str:
        """Return what all tries of a task have logged, from the disks of the machines."""
        where = f"*/logs/dag_id=*/run_id=*/task_id={task_id}/attempt=*.log"
        return "\n".join(path.read_text() for path in self._folder.glob(where))

    def begin(self) -> None:
        self.airflow.api.unpause(DAG_ID, timeout_s=300)
        conf = {
            "id_sends": list(self.outcome.sandbox.id_sends),
            "folder": f"s3://lake@{self.outcome.lake.folder}",
        }
        self._run_id = self.airflow.api.trigger(DAG_ID, conf)

    def instances(self, task_id: str) -> dict[int, dict[str, Any]]:
        """Return the task instances of a mapped task by delivery."""
        found = self.airflow.api.task_instances(DAG_ID, self._run_id)
        first = self.outcome.sandbox.id_sends[0]
        return {
            first + ti["map_index"]: ti for ti in found if ti["task_id"] == task_id and ti["map_index"] >= 0
        }

    def deferred_on(self, triggerer: str) -> list[int]:
        """Return the deliveries that a triggerer is waiting for."""
        return [
            id_send
            for id_send, ti in self.instances(WAIT).items()
            if ti["state"] == "deferred" and ((ti["triggerer_job"] or {}).get("hostname") == triggerer)
        ]

    def running_on(self, worker: str) -> set[int]:
        """Return the deliveries that a worker is exporting."""
        return {
            id_send
            for id_send, ti in self.instances(EXPORT).items()
            if ti["state"] == "running" and ti["hostname"] == worker
        }

    def lose_triggerer(self) -> None:
        """Let one die while tasks are deferred there."""
        wait_until(lambda: self.deferred_on("triggerer-1"), 600, "tasks deferred on the first triggerer")
        self.airflow.processes["triggerer-1"].kill()
        self.outcome.bereft = self.deferred_on("triggerer-1")

    def lose_worker(self) -> None:
        """Let one die while it uploads a file, with files published before and others to come."""
        lake = self.outcome.lake
        wait_until(lambda: len(lake.visible_keys()) >= 8, 600, "the first files")
        gate = lake.hold(lambda asked: asked.is_part, requests=1_000)
        worker = self.airflow.processes["worker-1"]
        wait_until(self._uploads_on_first_worker, 600, "an upload of the first worker")
        self.outcome.spooling = _open_files(worker.members(), self.outcome.spools["worker-1"])
        worker.kill()
        self.outcome.lost = self.running_on("worker-1")
        self.outcome.open_uploads = {
            key: upload
            for key, upload in lake.open_uploads().items()
            if delivery_of(key) in self.outcome.lost
        }
        died = time.monotonic()
        gate.open()
        self._watch_retries(died)

    def _uploads_on_first_worker(self) -> bool:
        uploading = {delivery_of(key) for key in self.outcome.lake.open_uploads()}
        return bool(uploading & self.running_on("worker-1"))

    def _watch_retries(self, died: float) -> None:
        def tried_again() -> bool:
            exports = self.instances(EXPORT)
            for id_send in self.outcome.lost - self.outcome.retried_after.keys():
                if exports[id_send]["try_number"] > 1 and exports[id_send]["state"] in ("running", "success"):
                    self.outcome.retried_after[id_send] = time.monotonic() - died
            return self.outcome.retried_after.keys() == self.outcome.lost

        wait_until(tried_again, 300, "the next tries of what was lost")

    def finish(self) -> None:
        outcome, api = self.outcome, self.airflow.api
        outcome.state = api.wait_for_run(DAG_ID, self._run_id, timeout_s=_RUN_S)
        outcome.exports, outcome.waits = self.instances(EXPORT), self.instances(WAIT)
        for id_send, ti in outcome.exports.items():
            outcome.summaries[id_send] = api.xcom(DAG_ID, self._run_id, EXPORT, map_index=ti["map_index"])


def _open_files(pids: list[int], folder: Path) -> list[Path]:
    links = [
        link.readlink() for pid in pids for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()
    ]
    return [link for link in links if link.is_relative_to(folder)]


@contextmanager
def start_cluster(folder: Path) -> Iterator[Cluster]:
    """Run an Airflow without workers, its store, and two accounts of Mailkit.

    :param folder: an empty folder for all files but those of the database.
    """
    sandbox = Sandbox(recipients=RECIPIENTS, seconds=DELIVERY_S, deliveries=DELIVERIES)
    logs = Sandbox(recipients=1_000, seconds=0, deliveries=4, log_growth=400)
    with Postgres() as postgres, redis_queue(folder / "queue") as queue, lake() as store, sandbox, logs:
        airflow = AirflowProcesses(
            folder / "airflow",
            dags_folder=Path(__file__).parent / "dags",
            connections={
                "mailkit_default": sandbox.connection,
                "mailkit_logs": logs.connection,
                "lake": store.connection,
            },
            database_url=postgres.create_database("airflow"),
            executor="CeleryExecutor",
            components=[name for name in COMPONENTS if name != "triggerer"],
            environment=SETTINGS | {"AIRFLOW__CELERY__BROKER_URL": queue.url},
        )
        with airflow:
            yield Cluster(airflow, folder, Outcome(store, sandbox, queue), logs)


def run_with_deaths(cluster: Cluster) -> Outcome:
    """Run it all."""
    cluster.airflow.api.call("POST", "/pools", json={"name": "mailkit", "slots": 4})
    for number in (1, 2):
        cluster.start_machine("triggerer", f"triggerer-{number}")
        cluster.start_worker(f"worker-{number}")
    cluster.begin()
    cluster.lose_triggerer()
    cluster.lose_worker()
    cluster.finish()
    return cluster.outcome
