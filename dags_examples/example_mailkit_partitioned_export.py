"""
### Export the deliveries of a campaign, each as a partition of one asset

The exports of all deliveries are one asset, and each delivery is a partition of it. In this DAG the tasks
themselves name the partitions that they update (`PartitionedAtRuntime`): each export names its delivery. A
DAG that is scheduled by these partitions, such as `example_mailkit_partition_check`, runs once for each
exported delivery, with its ID as the partition key.

This needs Airflow 3.3. On older versions the file has no DAG.

**Set up:** a connection `mailkit_default` of type Mailkit, and
`pip install "airflow-provider-mailkit[parquet]"`.

**Run:** this DAG has no schedule. Unpause it, and trigger it with the ID of your campaign, by hand, over the
API or from another DAG.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum

from airflow_provider_mailkit.operators.mailkit import MailkitDeliveriesOperator, MailkitRecipientsOperator

try:
    from airflow.sdk import DAG, Asset, Param, PartitionedAtRuntime
except ImportError:  # before Airflow 3.3
    PartitionedAtRuntime = None

if PartitionedAtRuntime is not None:
    DELIVERIES = Asset("mailkit_delivery_exports")

    with DAG(
        dag_id="example_mailkit_partitioned_export",
        doc_md=__doc__,
        start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
        schedule=PartitionedAtRuntime(),
        catchup=False,
        tags=["mailkit"],
        default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
        params={
            "id_message": Param(3001, type="integer", minimum=1, title="ID of the campaign (ID_message)"),
            "days": Param(7, type="integer", minimum=0, title="How many days to look back"),
            "output_folder": Param("file:///tmp/mailkit", type="string", minLength=1, title="Output folder"),
        },
    ):
        deliveries = MailkitDeliveriesOperator(
            task_id="recent_deliveries",
            id_message="{{ params.id_message }}",
            look_back_days="{{ params.days }}",
        )

        MailkitRecipientsOperator.partial(
            task_id="export",
            output_path="{{ params.output_folder }}/delivery_{{ ti.task.id_send }}.parquet",
            outlets=[DELIVERIES],
            max_active_tis_per_dagrun=4,
        ).expand(id_send=deliveries.output)
