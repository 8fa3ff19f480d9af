"""
### Land the reactions in the lake, each row once

Every hour the first DAG exports what is new in the log of reactions: reads, clicks, unsubscriptions. Each row
is in exactly one file, whatever fails or runs twice. The folder `_mailkit/` beside the files records what was
exported, so Airflow stores nothing.

The folder is an asset, which gets an event only if there were new rows. The event starts the second DAG and
names the new files.

**Set up:** a connection `mailkit_default` of type Mailkit, and
`pip install "airflow-provider-mailkit[parquet]"`.

**Run:** set `output_folder` to a folder or to object storage, such as `s3://aws_default@bucket/mailkit`, and
unpause both. The first runs load the whole log, at most five million rows each, until `caught_up` is true.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import chain
from typing import Any

import pendulum

from airflow_provider_mailkit.operators.mailkit import MailkitIncrementalExportOperator

try:
    from airflow.sdk import DAG, Asset, Param, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.datasets import Dataset as Asset
    from airflow.decorators import task
    from airflow.models.param import Param

RESPONSES = Asset("mailkit_responses")

with DAG(
    dag_id="example_mailkit_logs",
    doc_md=__doc__,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    schedule="@hourly",
    catchup=False,
    # Two runs at the same time do no harm, but one of them would fail and be tried again.
    max_active_runs=1,
    tags=["mailkit"],
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    params={
        "output_folder": Param("file:///tmp/mailkit", type="string", minLength=1, title="Output folder"),
    },
):
    MailkitIncrementalExportOperator(
        task_id="export_responses",
        function="mailkit.report.raw.responses",
        output_path="{{ params.output_folder }}/responses",
        addresses="drop",
        personal="drop",
        outlets=[RESPONSES],
    )

with DAG(
    dag_id="example_mailkit_new_logs",
    doc_md=__doc__,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    schedule=[RESPONSES],
    catchup=False,
    tags=["mailkit"],
):

    @task
    def new_files(triggering_asset_events: Any = None, triggering_dataset_events: Any = None) -> list[str]:
        # Airflow 2 calls assets datasets. Load the files here. Your loader may move them away.
        events = triggering_asset_events or triggering_dataset_events or {}
        return [
            file["uri"] for event in chain.from_iterable(events.values()) for file in event.extra["files"]
        ]

    new_files()
