"""
### Start after every export, and check its summary

`example_mailkit_wait_and_export` has an asset as its outlet. This DAG has the same asset as its schedule, so
it starts after every export. The event carries the summary of the export, so no file has to be read. Here,
the run fails if too many e-mails have bounced.

**Set up:** what `example_mailkit_wait_and_export` needs.

**Run:** unpause both, then trigger `example_mailkit_wait_and_export`. If several exports finish while this
DAG is running, its next run checks all of them.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import chain
from typing import Any

import pendulum

try:
    from airflow.sdk import DAG, Asset, Param, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.datasets import Dataset as Asset
    from airflow.decorators import task
    from airflow.models.param import Param

try:
    from airflow.sdk.exceptions import AirflowFailException
except ImportError:  # before Airflow 3.2
    from airflow.exceptions import AirflowFailException

# Assets with the same name are the same asset.
RECIPIENTS = Asset("mailkit_recipients")

with DAG(
    dag_id="example_mailkit_asset",
    doc_md=__doc__,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    schedule=[RECIPIENTS],
    catchup=False,
    tags=["mailkit"],
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    params={
        "max_bounced_percent": Param(
            5.0, type="number", minimum=0, maximum=100, title="How many may bounce (in percent)"
        ),
    },
):

    @task
    def check_bounces(
        params: dict[str, Any], triggering_asset_events: Any = None, triggering_dataset_events: Any = None
    ) -> dict[str, float]:
        # Airflow 2 calls assets datasets.
        events = triggering_asset_events or triggering_dataset_events or {}
        bounced: dict[str, float] = {}
        for event in chain.from_iterable(events.values()):
            summary = event.extra
            share = summary["status_counts"].get("failed", 0) / max(summary["rows"], 1)
            bounced[summary["uri"]] = round(100 * share, 1)
        if any(percent > params["max_bounced_percent"] for percent in bounced.values()):
            raise AirflowFailException(f"Too many e-mails came back, in percent: {bounced}")
        return bounced

    check_bounces()
