"""Lands three logs every hour, on workers of their own."""

from __future__ import annotations

from datetime import timedelta

import pendulum

from airflow_provider_mailkit.operators.mailkit import MailkitIncrementalExportOperator

try:
    from airflow.sdk import DAG
except ImportError:  # Airflow 2
    from airflow import DAG

RESPONSES, MESSAGES = "mailkit.report.raw.responses", "mailkit.report.raw.messages"

with DAG(
    dag_id="distributed_logs",
    schedule="@hourly",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    # More than is wise: one of two that go on at a time fails and is tried again.
    max_active_runs=2,
    default_args={"retries": 5, "retry_delay": timedelta(seconds=1), "queue": "logs"},
):
    for name, function, id_message in (
        ("news", RESPONSES, 3001),
        ("offers", RESPONSES, 3002),
        ("messages", MESSAGES, 3001),
    ):
        MailkitIncrementalExportOperator(
            task_id=name,
            mailkit_conn_id="mailkit_logs",
            function=function,
            parameters={"ID_message": id_message},
            output_path=f"s3://lake@logs/{name}",
            file_format="jsonl",
            page_size=1_000,
            rows_per_file=200,
            max_rows=1_000,
            overlap=450,
        )
