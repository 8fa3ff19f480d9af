"""Tasks about one person, plain and mapped; as a program it runs them with ``dag.test()``."""

from __future__ import annotations

import base64
import inspect
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from airflow_provider_mailkit._compat import IS_AIRFLOW_2
from airflow_provider_mailkit.operators.mailkit import (
    MailkitCallOperator,
    MailkitDeliveriesOperator,
    MailkitDeliveryPageOperator,
    MailkitExportOperator,
    MailkitImportOperator,
    MailkitIncrementalExportOperator,
    MailkitRecipientsOperator,
    MailkitScheduleCampaignOperator,
    MailkitUnsubscribeOperator,
    MailkitWipeOperator,
)

if IS_AIRFLOW_2:
    from airflow import DAG, Dataset as Asset
    from airflow.decorators import task
else:
    from airflow.sdk import DAG, Asset, task

FOLDER = os.environ["MAILKIT_FOLDER"]
HISTORY = "mailkit.email.getstatus.history"
# Rendered from the environment, so that neither the code of the DAG nor its parameters have the address.
ONE = "{{ the_person() }}"
OF_ONE = {"email": ONE}


def the_person(form: str = "plain") -> str:
    coded = base64.b64encode(os.environ["THE_PERSON"].encode()).decode().rstrip("=")
    return {"plain": os.environ["THE_PERSON"], "coded": coded, "phone": os.environ["THE_PHONE"]}[form]


@task(show_return_value_in_logs=False)
def people() -> list[Any]:
    return [{"email": os.environ["THE_PERSON"]}]


@task(show_return_value_in_logs=False)
def lists_of_people() -> list[Any]:
    return [[{"email": os.environ["THE_PERSON"]}]]


with DAG(
    "personal_tasks",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    schedule=None,
    default_args={"retries": 0},
    user_defined_macros={"the_person": the_person},
) as dag:
    hidden = {"addresses": "drop", "personal": "drop"}
    some, several = people(), lists_of_people()
    export = {"function": HISTORY, **hidden}
    to_file = {"output_path": f"{FOLDER}/{{{{ ti.task_id }}}}.jsonl", "outlets": [Asset("s3://lake/history")]}
    MailkitExportOperator(task_id="export", parameters=OF_ONE, **export, **to_file)
    MailkitExportOperator(task_id="export_to_xcom", parameters=OF_ONE, **export)
    MailkitExportOperator.partial(task_id="mapped_export", **export).expand(parameters=[OF_ONE])
    MailkitExportOperator.partial(task_id="handed_export", **export).expand(parameters=some)
    MailkitExportOperator(task_id="misplaced", parameters={"ID_send": ONE}, function="mailkit.report.message")
    MailkitIncrementalExportOperator(
        task_id="increments",
        function="mailkit.report.raw.bounces",
        parameters={"ID_send": ONE},
        output_path=f"{FOLDER}/bounces",
        **hidden,
    )
    status: dict[str, Any] = {
        "function": "mailkit.email.unsubscribe.getstatus",
        "output_path": f"{FOLDER}/{{{{ ti.map_index }}}}.json",
    }
    MailkitCallOperator(task_id="call", parameters=OF_ONE, **status)
    MailkitCallOperator.partial(task_id="handed_call", **status).expand(parameters=some)
    for name, operator, others in (
        ("wipe", MailkitWipeOperator, {}),
        ("unsubscribe", MailkitUnsubscribeOperator, {}),
        ("import", MailkitImportOperator, {"id_user_list": 41001, "constants": {"reply_to": ONE}}),
    ):
        argument = "rows" if name == "import" else "addresses"
        operator(task_id=name, **{argument: [OF_ONE]}, **others)
        operator.partial(task_id=f"mapped_{name}", **others).expand(**{argument: [[OF_ONE]]})
        operator.partial(task_id=f"handed_{name}", **others).expand(**{argument: several})
    MailkitDeliveryPageOperator(
        task_id="page", id_send=5001, title=f"For {ONE}", output_path=f"{FOLDER}/p.html"
    )
    MailkitScheduleCampaignOperator(task_id="schedule", id_message=3001, parameters={"subject": f"For {ONE}"})
    # What follows must fail: two paths that hide what they differ in, and addresses where none belongs.
    by_person = f"{FOLDER}/by_person/{{{{ ti.task.parameters.ID_email }}}}"
    two_people = [{"ID_email": 1}, {"ID_email": 2}]
    MailkitExportOperator.partial(
        task_id="export_by_person", function=HISTORY, output_path=f"{by_person}.jsonl"
    ).expand(parameters=two_people)
    MailkitCallOperator.partial(
        task_id="call_by_person", function="mailkit.email.getstatus", output_path=f"{by_person}.json"
    ).expand(parameters=two_people)
    plain, coded, phone = (f"{{{{ the_person('{form}') }}}}" for form in ("plain", "coded", "phone"))
    MailkitRecipientsOperator.partial(task_id="wrong_delivery").expand(id_send=[coded])
    MailkitDeliveriesOperator(task_id="wrong_campaign", id_message=phone, date_from=plain)
    MailkitScheduleCampaignOperator(task_id="wrong_time", id_message=3001, send_date=plain)
    MailkitImportOperator(task_id="wrong_list", id_user_list=coded, rows=[OF_ONE])
    MailkitExportOperator(
        task_id="wrong_id", function="mailkit.report.message", parameters={"ID_send": phone}
    )

if __name__ == "__main__":
    no_date = {"logical_date": None} if "logical_date" in inspect.signature(dag.test).parameters else {}
    dag_run = dag.test(**no_date)
    ended = {
        f"{ti.task_id} {ti.map_index}": str(getattr(ti.state, "value", ti.state))
        for ti in dag_run.get_task_instances()
    }
    Path(sys.argv[1]).write_text(json.dumps(ended))
