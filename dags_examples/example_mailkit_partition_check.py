"""
### Check each exported delivery in a run of its own

`example_mailkit_partitioned_export` exports each delivery as a partition, and each partition starts a run of
this DAG. The partition key is the ID of the delivery. The event that starts the run carries the summary of
the export. Here, the run fails if too many e-mails have bounced. A delivery that fails the check fails only
its own run.

This needs Airflow 3.3. On older versions the file has no DAG.

**Set up:** what `example_mailkit_partitioned_export` needs.

**Run:** unpause both, then trigger `example_mailkit_partitioned_export`.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import chain
from typing import Any

import pendulum

try:
    from airflow.sdk import DAG, Asset, Param, PartitionedAssetTimetable, PartitionedAtRuntime, task
    from airflow.sdk.exceptions import AirflowFailException
except ImportError:  # before Airflow 3.3
    PartitionedAtRuntime = None

if PartitionedAtRuntime is not None:
    DELIVERIES = Asset("mailkit_delivery_exports")

    with DAG(
        dag_id="example_mailkit_partition_check",
        doc_md=__doc__,
        start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
        schedule=PartitionedAssetTimetable(assets=DELIVERIES),
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
            params: dict[str, Any], dag_run: Any = None, triggering_asset_events: Any = None
        ) -> dict[str, Any]:
            bounced = 0.0
            # A delivery has two events if it was exported twice before this run began.
            for event in chain.from_iterable((triggering_asset_events or {}).values()):
                share = event.extra["status_counts"].get("failed", 0) / max(event.extra["rows"], 1)
                bounced = round(100 * share, 1)
            if bounced > params["max_bounced_percent"]:
                raise AirflowFailException(f"Too many e-mails came back: {bounced} %")
            return {"id_send": dag_run.partition_key, "bounced_percent": bounced}

        check_bounces()
