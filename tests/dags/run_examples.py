"""Run examples one after the other with ``dag.test()``; order and result are JSON."""

from __future__ import annotations

import inspect
import json
import os
import sys
from pathlib import Path
from typing import Any

from airflow import __version__ as airflow_version
from examples import load_examples


def run(dag: Any, conf: dict[str, Any]) -> dict[str, Any]:
    for task in dag.tasks:
        # Their real values would let a failing or waiting test last for hours.
        task.retries = 0
        if hasattr(task, "poke_interval"):
            task.poke_interval = 0.5
            if airflow_version.startswith("3.0."):
                # There, dag.test() hands a rescheduled sensor its start as a text, which no sensor takes.
                task.mode = "poke"
    # Runs that an asset or a person starts have no logical date on Airflow 3.
    no_date = {"logical_date": None} if "logical_date" in inspect.signature(dag.test).parameters else {}
    dag_run = dag.test(run_conf=conf, **no_date)
    results: dict[str, dict[int, Any]] = {}
    for ti in dag_run.get_task_instances():
        value = ti.xcom_pull(task_ids=ti.task_id, map_indexes=ti.map_index)
        results.setdefault(ti.task_id, {})[ti.map_index] = value
    return {"state": str(getattr(dag_run.state, "value", dag_run.state)), "results": results}


def main() -> None:
    bag = load_examples()
    assert not bag.import_errors, bag.import_errors
    dags = bag.dags
    ended = []
    for order in json.load(sys.stdin):
        print(f"=== {order['dag_id']}", flush=True)
        os.environ["AIRFLOW_CONN_MAILKIT_DEFAULT"] = json.dumps(order["connection"])
        if "mail_connection" in order:
            os.environ["AIRFLOW_CONN_SMTP_DEFAULT"] = order["mail_connection"]
        ended.append(run(dags[order["dag_id"]], order["conf"]))
        sys.stdout.flush()
    Path(sys.argv[1]).write_text(json.dumps(ended))


main()
