"""
### Export the deliveries of all campaigns into a folder for each day

Campaigns, then their deliveries, then for each delivery a sensor and an export. A file lies in the folder of
the day on which its delivery began, whenever it is exported: `date=2026-03-01/recipients_5001.parquet`, which
readers of lakes take for a partition. The UI calls the mapped tasks by their deliveries: 5001, 5002, …

**Set up:** a connection `mailkit_default` of type Mailkit, a running triggerer, and
`pip install "airflow-provider-mailkit[parquet]"`.

**Run:** set `days` to how long deliveries are worth another look, and `output_folder` to a folder or to
object storage, such as `s3://aws_default@bucket/mailkit`; then unpause it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum

from airflow_provider_mailkit.operators.mailkit import (
    MailkitDeliveriesOperator,
    MailkitExportOperator,
    MailkitRecipientsOperator,
)
from airflow_provider_mailkit.sensors.mailkit import MailkitRecipientsSensor

try:
    from airflow.sdk import DAG, Param, task, task_group
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task, task_group
    from airflow.models.param import Param

with DAG(
    dag_id="example_mailkit_daily_folders",
    doc_md=__doc__,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    schedule="@daily",
    catchup=False,
    max_active_runs=1,
    tags=["mailkit"],
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    params={
        "days": Param(7, type="integer", minimum=0, title="How many days to look back"),
        "output_folder": Param("file:///tmp/mailkit", type="string", minLength=1, title="Output folder"),
    },
):
    # Without an output path, the rows go to XCom: one for each campaign that has deliveries in 30 days.
    campaigns = MailkitExportOperator(
        task_id="campaigns", function="mailkit.report", look_back_days=30, columns=["ID_MESSAGE"]
    )

    @task
    def ids(rows: list[dict[str, Any]]) -> list[int]:
        return [row["ID_MESSAGE"] for row in rows]

    deliveries = MailkitDeliveriesOperator(
        task_id="deliveries", id_message=ids(campaigns.output), look_back_days="{{ params.days }}"
    )

    @task
    def places(details: list[dict[str, Any]], params: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            {
                "id_send": delivery["id_send"],
                "output_path": f"{params['output_folder']}/date={(delivery['date'] or 'unknown')[:10]}"
                f"/recipients_{delivery['id_send']}.parquet",
            }
            for delivery in details
        ]

    @task_group
    def one_delivery(id_send: int, output_path: str) -> None:
        wait = MailkitRecipientsSensor(
            task_id="wait", id_send=id_send, deferrable=True, poke_interval=300, timeout=timedelta(hours=12)
        )
        export = MailkitRecipientsOperator(
            task_id="export", id_send=id_send, output_path=output_path, max_active_tis_per_dagrun=4
        )
        wait >> export

    # What is known of each delivery besides its ID lies under a key of its own.
    one_delivery.expand_kwargs(places(deliveries.output["deliveries"]))
