"""
### Export the deliveries of all campaigns into a folder for each day

The DAG lists the campaigns, then their deliveries. For each delivery it has a sensor and an export. A file
goes to the folder of the day on which its delivery began, no matter when it is exported:
`date=2026-03-01/recipients_5001.parquet`. Query engines treat such a folder as a partition. The UI labels the
mapped tasks by their deliveries: 5001, 5002, …

**Set up:** a connection `mailkit_default` of type Mailkit, a running triggerer, and
`pip install "airflow-provider-mailkit[parquet]"`.

**Run:** set `days` to how many days of deliveries to export again, and `output_folder` to a folder or to
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
    # Without `output_path` the rows go to XCom: one for each campaign that had deliveries in the last 30
    # days.
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

    # The other details of the deliveries are in XCom under the key `deliveries`.
    one_delivery.expand_kwargs(places(deliveries.output["deliveries"]))
