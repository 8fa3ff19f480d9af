"""Exports that lineage is told about, with a declared outlet too."""

import os
from datetime import UTC, datetime

from airflow import DAG
from airflow.providers.openlineage.utils.selective_enable import enable_lineage

from airflow_provider_mailkit._compat import Asset
from airflow_provider_mailkit.operators.mailkit import MailkitRecipientsOperator

with DAG("e2e_lineage", start_date=datetime(2026, 1, 1, tzinfo=UTC), schedule=None) as dag:
    MailkitRecipientsOperator(
        task_id="to_file", id_send=5008, output_path=f"{os.environ['E2E_FOLDER']}/lineage.csv"
    )
    MailkitRecipientsOperator(
        task_id="to_s3",
        id_send=5008,
        output_path="s3://aws_default@my-bucket/lineage/{{ ti.task.id_send }}.jsonl",
        outlets=[Asset("s3://my-bucket/lineage/5008.jsonl")],
    )
    MailkitRecipientsOperator(task_id="to_xcom", id_send=5008, columns=["STATUS"])
enable_lineage(dag)
