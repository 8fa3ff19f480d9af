"""Waits for deliveries and exports each of them to object storage, with pauses for the impatient."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow_provider_mailkit.operators.mailkit import MailkitRecipientsOperator
from airflow_provider_mailkit.sensors.mailkit import MailkitRecipientsSensor

try:
    from airflow.sdk import DAG, Param, task, task_group
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task, task_group
    from airflow.models.param import Param

with DAG(
    dag_id="distributed_export",
    schedule=None,
    default_args={"retries": 2, "retry_delay": timedelta(seconds=1)},
    params={"id_sends": Param([], type="array"), "folder": Param("", type="string")},
):

    @task
    def list_deliveries(params: dict[str, Any]) -> list[int]:
        return params["id_sends"]

    @task_group
    def one_delivery(id_send: int) -> None:
        wait = MailkitRecipientsSensor(
            task_id="wait", id_send=id_send, deferrable=True, poke_interval=2, timeout=timedelta(minutes=10)
        )
        export = MailkitRecipientsOperator(
            task_id="export",
            id_send=id_send,
            output_path="{{ params.folder }}/{{ ti.task.id_send }}.jsonl",
            pool="mailkit",
        )
        wait >> export

    one_delivery.expand(id_send=list_deliveries())
