"""
### Export every delivery of a campaign as soon as it is done, without a schedule

A watcher in the triggerer polls the campaign every five minutes. As soon as no recipient of a delivery is
waiting any more, the asset gets an event. The event starts this DAG, which exports the delivery named in the
event. Several events may have come since the last run, so the export is mapped over them.

Airflow 3 only: on Airflow 2 this file has no DAG.

**Set up:** a connection `mailkit_default` of type Mailkit, a running triggerer,
`pip install "airflow-provider-mailkit[parquet]"`, and the ID of your campaign in `ID_MESSAGE` below.

**Run:** unpause it. From then on the deliveries of the last seven days are exported, each once. Before
Airflow 3.3 a restart of the triggerer exports them once more, and the new files replace the old ones.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum
from airflow import __version__ as airflow_version

from airflow_provider_mailkit.operators.mailkit import MailkitRecipientsOperator
from airflow_provider_mailkit.triggers.mailkit import MailkitCampaignTrigger

try:
    from airflow.sdk import DAG, Asset, Param, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.datasets import Dataset as Asset
    from airflow.decorators import task
    from airflow.models.param import Param

ID_MESSAGE = 3001

# Only the assets of Airflow 3 have watchers.
if not airflow_version.startswith("2."):
    from airflow.sdk import AssetWatcher

    FINISHED_DELIVERIES = Asset(
        "mailkit_finished_deliveries",
        watchers=[AssetWatcher(name="campaign", trigger=MailkitCampaignTrigger(id_message=ID_MESSAGE))],
    )

    with DAG(
        dag_id="example_mailkit_campaign_event",
        doc_md=__doc__,
        start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
        schedule=[FINISHED_DELIVERIES],
        catchup=False,
        tags=["mailkit"],
        default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
        params={
            "output_folder": Param("file:///tmp/mailkit", type="string", minLength=1, title="Output folder"),
        },
    ):

        @task
        def finished_deliveries(triggering_asset_events: Any) -> list[int]:
            payloads = [
                event.extra["payload"] for events in triggering_asset_events.values() for event in events
            ]
            # An event may come twice, and one export of a delivery is enough.
            return sorted({payload["id_send"] for payload in payloads})

        MailkitRecipientsOperator.partial(
            task_id="export",
            # Use `ti.task`: on Airflow 3.0 `task` is not rendered yet.
            output_path="{{ params.output_folder }}/recipients_{{ ti.task.id_send }}.parquet",
            max_active_tis_per_dagrun=4,
        ).expand(id_send=finished_deliveries())
