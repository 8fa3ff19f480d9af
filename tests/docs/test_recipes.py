"""The recipes that a DAG of a page cannot show by itself."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from docs.blocks import block
from support.python import run

from docs import page_runs

PAGE = "docs/how-to/recipes.md"
DAGS = {
    "plain": 'MailkitRecipientsOperator(task_id="t", id_send=1, addresses="keep")',
    "silent": 'MailkitExportOperator(task_id="t", function="mailkit.mailinglist.list")',
    "mapped": 'MailkitRecipientsOperator.partial(task_id="t", output_path=PATH).expand(id_send=[1])',
    "expanded": (
        'MailkitRecipientsOperator.partial(task_id="t", id_send=1, output_path=PATH)'
        '.expand(addresses=["hash"])'
    ),
    "hashed": 'MailkitRecipientsOperator(task_id="t", id_send=1, addresses="hash")',
    "dropped": (
        'MailkitRecipientsOperator.partial(task_id="t", output_path=PATH, addresses="drop")'
        ".expand(id_send=[1])"
    ),
    "waiting": 'MailkitRecipientsSensor(task_id="t", id_send=1)',
    "other": 'EmptyOperator(task_id="t")',
}
FILE = """
from airflow import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow_provider_mailkit.operators.mailkit import MailkitExportOperator, MailkitRecipientsOperator
from airflow_provider_mailkit.sensors.mailkit import MailkitRecipientsSensor

PATH = "/tmp/mailkit/{{ ti.map_index }}.csv"

with DAG("NAME", schedule=None):
    TASK
"""
SCRIPT = """
import json, sys
from pathlib import Path
from examples import load_examples

bag = load_examples()
found = {
    "errors": {Path(path).stem: text.splitlines()[-1] for path, text in bag.import_errors.items()},
    "queues": {dag_id: dag.get_task("t").queue for dag_id, dag in bag.dags.items()},
}
Path(sys.argv[1]).write_text(json.dumps(found))
"""


@pytest.fixture(scope="module")
def parsed(airflow_db, tmp_path_factory) -> dict[str, Any]:
    """What Airflow makes of DAG files under the policy of the page."""
    home, dags = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("dags")
    (home / "config").mkdir()
    (home / "config" / "airflow_local_settings.py").write_text(block(PAGE, "def task_policy").text)
    for name, task in DAGS.items():
        (dags / f"{name}.py").write_text(FILE.replace("NAME", name).replace("TASK", task))
    environment = page_runs.airflow_environment(home, dags)
    helpers = Path(__file__).parents[1] / "dags"
    environment["PYTHONPATH"] += f"{os.pathsep}{helpers}"
    environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"sqlite:///{airflow_db}"
    answer = home / "answer.json"
    run(environment, "-c", SCRIPT, str(answer), timeout=120)
    found: dict[str, Any] = json.loads(answer.read_text())
    return found


def test_exports_that_might_keep_addresses_are_not_loaded(parsed):
    refused = {"plain", "silent", "mapped", "expanded"}
    assert {name for name in DAGS if name not in parsed["queues"]} == refused
    for name in refused:
        assert "t would export plain addresses: set addresses to 'hash' or 'drop'." in parsed["errors"][name]


def test_the_others_run_on_the_workers_that_may_call_mailkit(parsed):
    queues = {name: queue for name, queue in parsed["queues"].items() if name != "other"}
    assert queues == dict.fromkeys(["hashed", "dropped", "waiting"], "mailkit")
    assert parsed["queues"]["other"] == "default"


def test_one_task_counts_all_deliveries(request):
    if not block(PAGE, "async def count_recipients").is_possible:
        pytest.skip("tasks are asynchronous from Airflow 3.2 on")
    runs = request.getfixturevalue("runs")
    counts = runs.results["mailkit_count_many"]["count_recipients"]["-1"]
    assert list(counts) == ["5001", "5002", "5003"]
    assert {sum(each.values()) for each in counts.values()} == {1003}


def test_each_partition_is_a_delivery(request):
    if not block("docs/how-to/watch-the-numbers.md", "PartitionedAtRuntime").is_possible:
        pytest.skip("tasks choose partitions from Airflow 3.3 on")
    assert request.getfixturevalue("runs").states["mailkit_export_partitions"] == "success"
