"""
### Wait for several deliveries and export each of them to object storage

Every delivery has its own sensor and its own export, and is exported as soon as it is done. Deferrable
sensors wait together in one triggerer and occupy no worker. A retry repeats one delivery only, and no two
deliveries share a file.

**Set up:** a connection `mailkit_default` of type Mailkit, a running triggerer,
`pip install "airflow-provider-mailkit[parquet,s3]"`, and a connection to the storage.

**Run:** trigger it with the IDs of your deliveries and a folder. The ID of the storage connection is part of
its URL: `s3://aws_default@bucket/mailkit`, `gs://google_cloud_default@bucket/mailkit`,
`abfs://wasb_default@container/mailkit`. To use another Mailkit account, set `mailkit_conn_id`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum

from airflow_provider_mailkit.operators.mailkit import MailkitRecipientsOperator
from airflow_provider_mailkit.sensors.mailkit import MailkitRecipientsSensor

try:
    from airflow.sdk import DAG, Param, task, task_group
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task, task_group
    from airflow.models.param import Param

with DAG(
    dag_id="example_mailkit_mapped_export",
    doc_md=__doc__,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    schedule=None,
    catchup=False,
    tags=["mailkit"],
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    params={
        "id_sends": Param(
            [5001, 5002, 5003],
            type="array",
            items={"type": "integer", "minimum": 1},
            uniqueItems=True,
            title="IDs of the deliveries (ID_send)",
        ),
        "output_folder": Param(
            "s3://aws_default@my-bucket/mailkit", type="string", minLength=1, title="Output folder"
        ),
    },
):

    @task
    def list_deliveries(params: dict[str, Any]) -> list[int]:
        # Any list works, such as the result of a query for the deliveries of a day.
        return params["id_sends"]

    @task_group
    def one_delivery(id_send: int) -> None:
        wait = MailkitRecipientsSensor(
            task_id="wait",
            id_send=id_send,
            deferrable=True,
            poke_interval=60,
            timeout=timedelta(hours=12),
        )
        export = MailkitRecipientsOperator(
            task_id="export",
            id_send=id_send,
            # Use `ti.task`: on Airflow 3.0 `task` is not rendered yet.
            output_path="{{ params.output_folder }}/recipients_{{ ti.task.id_send }}.parquet",
            max_active_tis_per_dagrun=4,
        )
        wait >> export

    one_delivery.expand(id_send=list_deliveries())
