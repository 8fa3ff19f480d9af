"""
### Export the deliveries of the last days again, every day

Reads and clicks keep growing for days after a delivery. This DAG lists the deliveries that a campaign had in
the last days, and exports each one again. Each file is a full snapshot of one delivery. It replaces the one
of the day before in one step. `EXPORTED_AT` on every row says how fresh it is.

**Set up:** a connection `mailkit_default` of type Mailkit, and
`pip install "airflow-provider-mailkit[parquet]"`.

**Run:** set `id_message` to your campaign, `days` to how many days of deliveries to export again, and
`output_folder` to a folder or to object storage, such as `s3://aws_default@bucket/mailkit`; then unpause it.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum

from airflow_provider_mailkit.operators.mailkit import MailkitDeliveriesOperator, MailkitRecipientsOperator

try:
    from airflow.sdk import DAG, Param
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.models.param import Param

with DAG(
    dag_id="example_mailkit_reexport",
    doc_md=__doc__,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    schedule="@daily",
    catchup=False,
    max_active_runs=1,
    tags=["mailkit"],
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    params={
        "id_message": Param(3001, type="integer", minimum=1, title="ID of the campaign (ID_message)"),
        "days": Param(7, type="integer", minimum=0, title="How many days to look back"),
        "output_folder": Param("file:///tmp/mailkit", type="string", minLength=1, title="Output folder"),
    },
):
    # The days are counted from today and not from the run's logical date, since Mailkit has only the present
    # state. The runs of successive days overlap, so a failed run leaves no gap.
    deliveries = MailkitDeliveriesOperator(
        task_id="recent_deliveries",
        id_message="{{ params.id_message }}",
        look_back_days="{{ params.days }}",
    )

    MailkitRecipientsOperator.partial(
        task_id="export",
        # Use `ti.task`: on Airflow 3.0 `task` is not rendered yet.
        output_path="{{ params.output_folder }}/recipients_{{ ti.task.id_send }}.parquet",
        max_active_tis_per_dagrun=4,
    ).expand(id_send=deliveries.output)
