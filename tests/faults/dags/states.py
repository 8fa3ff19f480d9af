"""A DAG whose tasks an order describes; as a program it runs them with ``dag.test()``."""

from __future__ import annotations

import inspect
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow import DAG

from airflow_provider_mailkit._compat import Asset
from airflow_provider_mailkit.operators.mailkit import MailkitRecipientsOperator
from airflow_provider_mailkit.sensors.mailkit import MailkitRecipientsSensor

ORDER = json.loads(Path(os.environ["MAILKIT_STATES"]).read_text())


def make_task(task_id: str, column: str, conn_id: str) -> Any:
    # One retry, at once: how often a task ran tells whether Airflow would try it again.
    common: dict[str, Any] = {
        "task_id": task_id,
        "id_send": "{{ params.id_send }}",
        "mailkit_conn_id": conn_id,
        "retries": 1,
        "retry_delay": timedelta(0),
    }
    path = f"{ORDER['folder']}/{task_id}.jsonl"
    if column == "file":
        return MailkitRecipientsOperator(**common, output_path=path, outlets=[Asset(f"file://{path}")])
    if column == "xcom":
        return MailkitRecipientsOperator(**common)
    mode = {"deferrable": True} if column == "deferrable" else {"mode": column}
    return MailkitRecipientsSensor(**common, **mode, poke_interval=0.01, timeout=60)


with DAG(
    "states", start_date=datetime(2026, 1, 1, tzinfo=UTC), schedule=None, params={"id_send": 5001}
) as dag:
    for order in ORDER["tasks"]:
        make_task(**order)

if __name__ == "__main__":
    # Airflow 3 has runs without a logical date, as when somebody starts one.
    no_date = {"logical_date": None} if "logical_date" in inspect.signature(dag.test).parameters else {}
    dag_run = dag.test(**no_date)
    ended = {
        ti.task_id: [str(getattr(ti.state, "value", ti.state)), ti.try_number]
        for ti in dag_run.get_task_instances()
    }
    Path(sys.argv[1]).write_text(json.dumps(ended))
