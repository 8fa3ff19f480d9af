"""
### Erase the data of those who have asked for it, every night

The operator reads addresses from a file and queues each of them in Mailkit. Once a day, Mailkit erases all
data of the queued addresses. A file of receipts says what happened to each address, which it holds only as a
hash, and when. Each night adds to that file.

**Set up:** a connection `mailkit_default` of type Mailkit, with a hash secret. Whoever has the secret can
find the receipt of an address.

**Run:** set `source` to the file with the requests of the day, in a column `email`; then unpause it. A
request that was made before does no harm. It counts as already done.
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
    # Two runs at the same time would overwrite each other's receipts.
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
        # More requests than this in one night are probably a mistake in the query.
        max_addresses=500,
        receipts_path="{{ params.output_folder }}/erasures.jsonl",
    )
