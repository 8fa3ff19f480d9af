"""One running Airflow for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from e2e import lab
from e2e.runs import DEADLINE_FILE, HAS_DEADLINES, Runs, run_everything
from support.airflow_processes import AirflowProcesses
from support.postgres import Postgres
from support.statsd import StatsD


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    root = tmp_path_factory.mktemp("e2e")
    folder, events = root / "files", root / "events.jsonl"
    folder.mkdir()
    with ExitStack() as stack:
        database = stack.enter_context(Postgres()).create_database("airflow")
        faulty = stack.enter_context(lab.faulty_mailkit()).base_url
        s3_url = stack.enter_context(lab.s3())
        statsd = stack.enter_context(StatsD())
        dags_folder = lab.copy_dags(root / "dags", folder)
        if HAS_DEADLINES:
            lab.add_deadline(dags_folder, root / "home" / "plugins", folder / DEADLINE_FILE)
        airflow = AirflowProcesses(
            root / "home",
            dags_folder=dags_folder,
            connections=lab.connections(stack.enter_context(lab.sandbox()), faulty, s3_url),
            environment=lab.settings(folder, events) | statsd.settings,
            database_url=database,
            # The scheduler's process runs the tasks.
            environment_of={"scheduler": lab.workers_only(faulty)},
            local_settings=(Path(__file__).parent / "local_settings.py").read_text(),
        )
        stack.enter_context(airflow)
        runs = Runs(airflow, folder, s3_url, events, statsd.lines)
        run_everything(runs)
        yield runs
