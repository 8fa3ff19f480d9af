"""
### Show marketing how a delivery went, as a page and as an e-mail

Waits for a delivery, then makes a page: what arrived, was read and was clicked, which version of an A/B test
did better, and whether the difference means anything. A browser shows the file without a server or a network.
If you set `mail_to`, the page also goes out as an e-mail.

**Set up:** a connection `mailkit_default` of type Mailkit, a running triggerer, and for the e-mail
`apache-airflow-providers-smtp` with its connection `smtp_default`.

**Run:** trigger it with the ID of your delivery. `output_folder` may be object storage, such as
`s3://aws_default@bucket/mailkit`. Run it again a week later: the page is replaced by one with newer figures.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum
from airflow.providers.smtp.operators.smtp import EmailOperator

from airflow_provider_mailkit.operators.mailkit import MailkitDeliveryPageOperator
from airflow_provider_mailkit.sensors.mailkit import MailkitRecipientsSensor

try:
    from airflow.sdk import DAG, Param, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task
    from airflow.models.param import Param

with DAG(
    dag_id="example_mailkit_delivery_page",
    doc_md=__doc__,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    schedule=None,
    catchup=False,
    tags=["mailkit"],
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    params={
        "id_send": Param(5001, type="integer", minimum=1, title="ID of the delivery (ID_send)"),
        "output_folder": Param("file:///tmp/mailkit", type="string", minLength=1, title="Output folder"),
        "mail_to": Param("", type="string", title="Who gets it as an e-mail (nobody: empty)"),
    },
):
    wait = MailkitRecipientsSensor(
        task_id="wait",
        id_send="{{ params.id_send }}",
        deferrable=True,
        poke_interval=300,
        timeout=timedelta(hours=12),
    )

    page = MailkitDeliveryPageOperator(
        task_id="page",
        id_send="{{ params.id_send }}",
        # Use `ti.task`: on Airflow 3.0 `task` is not rendered yet.
        output_path="{{ params.output_folder }}/delivery_{{ ti.task.id_send }}.html",
    )

    @task.short_circuit
    def is_mail_wanted(params: dict[str, Any]) -> bool:
        return bool(params["mail_to"])

    # Without `output_path` the page is made for an e-mail, and goes to XCom. It holds no address.
    body = MailkitDeliveryPageOperator(task_id="body", id_send="{{ params.id_send }}")

    mail = EmailOperator(
        task_id="mail",
        to="{{ params.mail_to }}",
        subject="Delivery {{ params.id_send }}: read by {{ ti.xcom_pull('body', key='summary').readers }}",
        html_content="{{ ti.xcom_pull('body') }}",
    )

    wait >> page
    wait >> is_mail_wanted() >> body >> mail
