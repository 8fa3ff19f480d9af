"""
### Use the rows of a small report in a task

Without `output_path` the rows of the report go to XCom, where another task reads them: here, to compare the
versions of an A/B test. The UI shows everything that is in XCom, and Airflow's database stores it. So pass
only the columns that you need, and no address (`addresses="drop"`). If the rows take more than 48 KiB
(600 recipients with these columns), the task fails and stores nothing. Then set `output_path`.

**Set up:** a connection `mailkit_default` of type Mailkit.

**Run:** trigger it with the ID of a delivery that is done.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum

from airflow_provider_mailkit.operators.mailkit import MailkitRecipientsOperator

try:
    from airflow.sdk import DAG, Param, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task
    from airflow.models.param import Param

with DAG(
    dag_id="example_mailkit_small_report",
    doc_md=__doc__,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    schedule=None,
    catchup=False,
    tags=["mailkit"],
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    params={
        "id_send": Param(5001, type="integer", minimum=1, title="ID of the delivery (ID_send)"),
    },
):
    report = MailkitRecipientsOperator(
        task_id="report",
        id_send="{{ params.id_send }}",
        columns=["STATUS", "AB_VERSION", "READ_COUNT", "CLICK_COUNT"],
        addresses="drop",
    )

    @task
    def compare_versions(rows: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
        versions: dict[str, dict[str, int]] = {}
        for row in rows:
            if row["STATUS"] != "sent":
                continue
            version = versions.setdefault(
                row["AB_VERSION"] or "no version", {"delivered": 0, "readers": 0, "clickers": 0}
            )
            version["delivered"] += 1
            # A count is None if Mailkit leaves it out.
            version["readers"] += bool(row["READ_COUNT"])
            version["clickers"] += bool(row["CLICK_COUNT"])
        return dict(sorted(versions.items()))

    compare_versions(report.output)
