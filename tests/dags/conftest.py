"""Airflow in processes of its own: it reads its settings once, and the examples need other ones."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.python import run

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
RunScript = Callable[..., Any]
UNUSED = "airflow-unused.db"


@pytest.fixture(scope="session")
def run_python() -> Callable[..., str]:
    return run


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables of an Airflow that sees the examples and no connection."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    return kept | {
        "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags_examples"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


@pytest.fixture(scope="session")
def database(environment: dict[str, str]) -> Path:
    """Airflow's database, with the examples in it: Airflow 3.0 only runs tasks whose outlets it knows."""
    run(environment, "-m", "airflow", "db", "migrate", timeout=120)
    run(environment, "-m", "airflow", "dags", "reserialize", timeout=120)
    made = Path(environment["AIRFLOW_HOME"]) / "airflow.db"
    shutil.copy(made, made.with_name(UNUSED))
    return made


@pytest.fixture(scope="session")
def unused_database(database: Path) -> Path:
    """The same, without the runs that other tests have had in it meanwhile. It is for copies."""
    return database.with_name(UNUSED)


@pytest.fixture(scope="session")
def run_script(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> RunScript:
    """Run a script beside this file; returns what it wrote as JSON, and what it printed."""

    def run_it(name: str, order: Any = None, timeout: float = 120) -> tuple[Any, str]:
        answer = tmp_path_factory.mktemp("answer") / "answer.json"
        printed = run(environment, str(HERE / name), str(answer), timeout=timeout, stdin=json.dumps(order))
        return json.loads(answer.read_text()), printed

    return run_it
