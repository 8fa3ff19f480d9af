"""
### Import an audience from the lake, send a campaign to it, then export the recipients

The first operator reads the rows of a file or a folder, checks all of them, and sends them to Mailkit in
batches. New addresses are added to the list, and existing ones are updated. Rows that cannot be sent go to a
file of their own. The list is counted before and after, since the counts that Mailkit answers are not always
right.

Then the campaign is sent once. When Mailkit has finished, the recipients report is exported. The operator
that sends is **experimental**: it was never tried on the live service.

**Set up:** a connection `mailkit_default` of type Mailkit with the account's `timezone`, a mailing list, and
a campaign to it that is ready in Mailkit.

**Run:** trigger it with the IDs of the list and the campaign, and with the place of your audience, which may
be object storage, such as `s3://aws_default@bucket/audience/`. Its columns `mail`, `name` and `tier` are
mapped to those of Mailkit below. A retry sends everything again, which only updates what has arrived.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum

from airflow_provider_mailkit.operators.mailkit import (
    MailkitImportOperator,
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
    dag_id="example_mailkit_audience",
    doc_md=__doc__,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    schedule=None,
    catchup=False,
    tags=["mailkit"],
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    params={
        "id_user_list": Param(41001, type="integer", minimum=1, title="ID of the mailing list"),
        "id_message": Param(3001, type="integer", minimum=1, title="ID of the campaign (ID_message)"),
        "source": Param("file:///tmp/mailkit/audience.csv", type="string", minLength=1, title="Audience"),
        "output_folder": Param("file:///tmp/mailkit", type="string", minLength=1, title="Output folder"),
    },
):
    fill = MailkitImportOperator(
        task_id="import",
        id_user_list="{{ params.id_user_list }}",
        source="{{ params.source }}",
        columns={"mail": "email", "name": "first_name", "tier": "custom1"},
        # An audience of an unusual size is probably a mistake in the lake.
        min_rows=100,
        max_rows=2_000_000,
        rejected_path="{{ params.output_folder }}/rejected_{{ ti.task.id_user_list }}.jsonl",
        # What happened to each batch: if a try fails, the next one says how far it had come.
        receipts_path="{{ params.output_folder }}/imports_{{ ti.task.id_user_list }}.jsonl",
        verify="count",
    )

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
        output_path="{{ params.output_folder }}/audience_{{ ti.task.id_send }}.csv",
    )

    fill >> send
    wait >> export
