"""
### Look at each delivery once it is exported, in a run of its own

`example_mailkit_partitioned_export` makes a partition of each delivery that it exports, and each partition
starts a run of this DAG. Its partition key is the ID of the delivery, and the event that started it carries
the summary of the export: here, the share of recipients whose e-mail bounced must not be too high. One
delivery that fails the check fails its own run, and no other.

Airflow 3.3 and later: before, this file has no DAG.

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
            # A delivery that was exported twice before this run began has two events.
            for event in chain.from_iterable((triggering_asset_events or {}).values()):
                share = event.extra["status_counts"].get("failed", 0) / max(event.extra["rows"], 1)
                bounced = round(100 * share, 1)
            if bounced > params["max_bounced_percent"]:
                raise AirflowFailException(f"Too many e-mails came back: {bounced} %")
            return {"id_send": dag_run.partition_key, "bounced_percent": bounced}

        check_bounces()
