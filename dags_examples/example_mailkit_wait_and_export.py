"""
### Wait for a delivery, then export its recipients

The sensor waits until Mailkit has finished with every recipient of a delivery. Then the operator writes the
recipients report to a Parquet file. `mode="reschedule"` occupies no worker between two polls, and needs no
triggerer.

**Set up:** a connection `mailkit_default` of type Mailkit, and
`pip install "airflow-provider-mailkit[parquet]"`.

**Run:** trigger it with the ID of your delivery. `output_folder` may be object storage, such as
`s3://aws_default@bucket/mailkit`. The file is named after the delivery, so this also works for runs without a
logical date.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum

from airflow_provider_mailkit.operators.mailkit import MailkitRecipientsOperator
from airflow_provider_mailkit.sensors.mailkit import MailkitRecipientsSensor

try:
    from airflow.sdk import DAG, Asset, Param
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.datasets import Dataset as Asset
    from airflow.models.param import Param

# DAGs with schedule=[RECIPIENTS] start after every export. The event's extra is the summary of the export.
RECIPIENTS = Asset("mailkit_recipients")

with DAG(
    dag_id="example_mailkit_wait_and_export",
    doc_md=__doc__,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    schedule=None,
    catchup=False,
    tags=["mailkit"],
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    params={
        "id_send": Param(5001, type="integer", minimum=1, title="ID of the delivery (ID_send)"),
        "output_folder": Param("file:///tmp/mailkit", type="string", minLength=1, title="Output folder"),
    },
):
    wait = MailkitRecipientsSensor(
        task_id="wait",
        id_send="{{ params.id_send }}",
        mode="reschedule",
        poke_interval=60,
        timeout=timedelta(hours=12),
    )

    export = MailkitRecipientsOperator(
        task_id="export",
        id_send="{{ params.id_send }}",
        # Use `ti.task`: on Airflow 3.0 `task` is not rendered yet.
        output_path="{{ params.output_folder }}/recipients_{{ ti.task.id_send }}.parquet",
        outlets=[RECIPIENTS],
    )

    wait >> export
