"""
### Send a campaign once, wait for it, then export its recipients

`MailkitScheduleCampaignOperator` is **experimental**: it was never tried on the live service. It checks
whether this run has already sent the campaign, sends it once, and passes the ID of the delivery to the
sensor. A retry or a cleared task sends nothing again.

**Set up:** a connection `mailkit_default` of type Mailkit with the account's `timezone`, and a campaign that
is ready in Mailkit. Try it with a campaign to yourself first.

**Run:** trigger it with the ID of the campaign (ID_message).
"""

from __future__ import annotations

from datetime import timedelta

import pendulum

from airflow_provider_mailkit.operators.mailkit import (
    MailkitRecipientsOperator,
    MailkitScheduleCampaignOperator,
)
from airflow_provider_mailkit.sensors.mailkit import MailkitRecipientsSensor

try:
    from airflow.sdk import DAG, Param
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.models.param import Param

with DAG(
    dag_id="example_mailkit_send_campaign",
    doc_md=__doc__,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    schedule=None,
    catchup=False,
    tags=["mailkit"],
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    params={
        "id_message": Param(3002, type="integer", minimum=1, title="ID of the campaign (ID_message)"),
        "output_folder": Param("file:///tmp/mailkit", type="string", minLength=1, title="Output folder"),
    },
):
    send = MailkitScheduleCampaignOperator(task_id="send", id_message="{{ params.id_message }}")

    wait = MailkitRecipientsSensor(
        task_id="wait",
        id_send=send.output,
        mode="reschedule",
        poke_interval=60,
        timeout=timedelta(hours=12),
    )

    export = MailkitRecipientsOperator(
        task_id="export",
        id_send=send.output,
        output_path="{{ params.output_folder }}/sent_{{ ti.task.id_send }}.csv",
    )

    wait >> export
