"""
### Erase the data of those who have asked for it, every night

The operator reads the addresses of a file and queues each of them in Mailkit for the erasure of all its data,
which Mailkit does once a day. What happened to each address goes into a file of receipts, with the address
hashed, to show that it was done and when. Every night adds to that file.

**Set up:** a connection `mailkit_default` of type Mailkit, with a hash secret: who has it can find the
receipt of an address.

**Run:** let `source` be where the requests of the day are, in a column `email`; then unpause it. A request
that was carried out before does no harm: it counts as already done.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum

from airflow_provider_mailkit.operators.mailkit import MailkitWipeOperator

try:
    from airflow.sdk import DAG, Param
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.models.param import Param

with DAG(
    dag_id="example_mailkit_erasure",
    doc_md=__doc__,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    schedule="0 1 * * *",
    catchup=False,
    # Two runs at a time would replace each other's receipts.
    max_active_runs=1,
    tags=["mailkit"],
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    params={
        "source": Param("file:///tmp/mailkit/erase.csv", type="string", minLength=1, title="Addresses"),
        "output_folder": Param("file:///tmp/mailkit", type="string", minLength=1, title="Output folder"),
    },
):
    MailkitWipeOperator(
        task_id="wipe",
        source="{{ params.source }}",
        # More requests than this in one night are rather a mistake in the query.
        max_addresses=500,
        receipts_path="{{ params.output_folder }}/erasures.jsonl",
    )
