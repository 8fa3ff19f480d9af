"""
### Land the reporting of a whole account, every day

All campaigns and their deliveries of the last 30 days, each in one file, and of every delivery its totals,
its links and its bounces. The tasks of single deliveries are mapped: one that fails is tried again by itself,
and every one has a file of its own. Each file replaces the one of the day before, so that the numbers are
never older than a day. No address is written; `ID_EMAIL` and `ID_SEND_MESSAGE` join with other reports.

**Set up:** a connection `mailkit_default` of type Mailkit, and
`pip install "airflow-provider-mailkit[parquet]"`.

**Run:** set `output_folder` to a folder or to object storage, such as `s3://aws_default@bucket/mailkit`; then
unpause it. One call is made for each campaign, and three for each delivery.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum

from airflow_provider_mailkit.operators.mailkit import MailkitExportOperator

try:
    from airflow.sdk import DAG, ObjectStoragePath, Param, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task
    from airflow.io.path import ObjectStoragePath
    from airflow.models.param import Param

DAYS = 30
OF_A_DELIVERY = {
    "totals": "mailkit.report.message",
    "links": "mailkit.report.message.links",
    "bounces": "mailkit.report.message.bounces",
}

with DAG(
    dag_id="example_mailkit_account_reporting",
    doc_md=__doc__,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    schedule="@daily",
    catchup=False,
    max_active_runs=1,
    tags=["mailkit"],
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    params={
        "output_folder": Param("file:///tmp/mailkit", type="string", minLength=1, title="Output folder"),
    },
):
    campaigns = MailkitExportOperator(
        task_id="campaigns",
        function="mailkit.report",
        look_back_days=DAYS,
        output_path="{{ params.output_folder }}/campaigns.parquet",
    )

    deliveries = MailkitExportOperator(
        task_id="deliveries",
        function="mailkit.report.campaign",
        # All campaigns that have deliveries in these days.
        parameters={"ID_message": "all"},
        look_back_days=DAYS,
        addresses="drop",
        output_path="{{ params.output_folder }}/deliveries.parquet",
    )

    @task
    def each_delivery(params: dict[str, Any]) -> list[dict[str, int]]:
        import pyarrow.parquet as pq

        with ObjectStoragePath(f"{params['output_folder']}/deliveries.parquet").open("rb") as file:
            table = pq.read_table(file, columns=["ID_SEND"])
        return [{"ID_send": id_send} for id_send in table["ID_SEND"].to_pylist()]

    parameters = each_delivery()
    campaigns >> deliveries >> parameters

    for name, function in OF_A_DELIVERY.items():
        MailkitExportOperator.partial(
            task_id=name,
            function=function,
            addresses="drop",
            # Use `ti.task`: on Airflow 3.0 `task` is not rendered yet.
            output_path=f"{{{{ params.output_folder }}}}/{name}/{{{{ ti.task.parameters.ID_send }}}}.parquet",
            max_active_tis_per_dagrun=4,
        ).expand(parameters=parameters)
