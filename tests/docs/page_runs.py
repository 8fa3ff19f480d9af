"""What is run for the pages: their DAGs on a real Airflow, its commands, and a watcher."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from docs.blocks import BLOCKS, ROOT, Block
from support.python import run

IS_AIRFLOW_2 = version("apache-airflow").startswith("2.")
_VARYING = re.compile(
    r"(?<= )\d+(?:\.\d+)?(?= (?:s\b|kB|MB|rows, ))|\d{4}-\d\d-\d\d|(?<=file://)\S*(?=/tmp/)"
)


def normal(text: str) -> str:
    """Return a line without what differs from run to run: times, sizes, days, the test's folder."""
    return _VARYING.sub("~", text)


@dataclass(frozen=True)
class Runs:
    """What happened to the DAGs of the pages.

    :param states: by name of the run, which for most is the DAG's.
    :param results: for each run, task and map index what the task returned.
    :param printed: everything that a run printed.
    """

    states: dict[str, str]
    results: dict[str, dict[str, dict[str, Any]]]
    printed: dict[str, str]


def new_environment(home: Path) -> dict[str, str]:
    """Return the variables of somebody who has set nothing but the home of an Airflow."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    return kept | {"AIRFLOW_HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}


def airflow_environment(home: Path, dags: Path) -> dict[str, str]:
    """Return the variables of an Airflow that knows nothing but these DAGs."""
    return new_environment(home) | {
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        # Airflow 3.0 breaks the lines of its tracebacks to this width.
        "COLUMNS": "1000",
    }


def kept_in(folder: Path | str, block: Block) -> Block:
    """Return a block that has its files in a folder of the test instead of /tmp."""
    return replace(block, text=block.text.replace('"/tmp/', f'"{folder}/tmp/'))  # noqa: S108 - it is not used, then


def write_dags(folder: Path) -> list[str]:
    """Write each block with DAGs into a file; returns the DAGs' IDs."""
    dag_ids = []
    for number, block in enumerate(BLOCKS):
        if block.dag_ids and block.is_possible and not block.needs_scheduler:
            (folder / f"block_{number}.py").write_text(f"# {block}\n{kept_in(folder, block).text}")
            dag_ids += block.dag_ids
    return dag_ids


def run_dags(environment: dict[str, str], orders: dict[str, dict[str, Any]], answer: Path) -> Runs:
    """Run DAGs one after the other with ``dag.test()``.

    :param orders: for each name of a run the DAG's ID, the connection, and the configuration.
    """
    if version("apache-airflow").startswith("3.0."):
        # It only runs tasks whose outlets it knows.
        run(environment, "-m", "airflow", "dags", "reserialize", timeout=120)
    script = str(ROOT / "tests" / "dags" / "run_examples.py")
    printed = run(environment, script, str(answer), timeout=600, stdin=json.dumps(list(orders.values())))
    ended = dict(zip(orders, json.loads(answer.read_text()), strict=True))
    texts = re.split(r"^=== \w+\n", printed, flags=re.MULTILINE)[1:]
    return Runs(
        {name: each["state"] for name, each in ended.items()},
        {name: each["results"] for name, each in ended.items()},
        dict(zip(orders, texts, strict=True)),
    )
