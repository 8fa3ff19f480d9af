"""Everything that can go wrong, in every mode; the test knows how each task has to end."""

import os
from datetime import UTC, datetime, timedelta

from airflow import DAG

from airflow_provider_mailkit.operators.mailkit import MailkitRecipientsOperator
from airflow_provider_mailkit.sensors.mailkit import MailkitRecipientsSensor

# A task that is due again before Airflow has been told of the end of its first half confuses the scheduler.
INTERVAL_S = 10
MODES = {"poke": {}, "reschedule": {"mode": "reschedule"}, "deferrable": {"deferrable": True}}
FAULTS = {
    "credentials": {"mailkit_conn_id": "mailkit_wrong", "id_send": 5001},
    "id": {"id_send": 4040404},
    "down": {"mailkit_conn_id": "mailkit_down", "id_send": 5001},
    "busy": {"mailkit_conn_id": "mailkit_faulty", "id_send": 9004},
}
DONE = {"mailkit_conn_id": "mailkit_faulty", "id_send": 9001}
NEVER_DONE = {"mailkit_conn_id": "mailkit_faulty", "id_send": 9001, "timeout": 15}
# The first answer lets these defer; then the trigger meets the fault.
LATE = {
    "late_id": {"mailkit_conn_id": "mailkit_faulty", "id_send": 9002},
    "late_id_soft_fail": {"mailkit_conn_id": "mailkit_faulty", "id_send": 9005, "soft_fail": True},
    # Six failures, after pauses that double: a minute.
    "late_busy": {"mailkit_conn_id": "mailkit_faulty", "id_send": 9003, "poke_interval": 2},
    # The triggerer does not have this connection: six failed looks, likewise.
    "crashed_trigger": {"mailkit_conn_id": "mailkit_workers_only", "id_send": 9006, "poke_interval": 2},
    "crashed_trigger_soft_fail": {
        "mailkit_conn_id": "mailkit_workers_only", "id_send": 9007, "soft_fail": True, "retries": 0,
        "poke_interval": 2,
    },
}  # fmt: skip

with DAG(
    "e2e_failures",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    schedule=None,
    default_args={"retries": 2, "retry_delay": timedelta(hours=1)},
):
    for mode, how in MODES.items():
        for fault, arguments in FAULTS.items():
            MailkitRecipientsSensor(task_id=f"{fault}_{mode}", **how, **arguments)
        MailkitRecipientsSensor(task_id=f"soft_fail_id_{mode}", soft_fail=True, **how, **FAULTS["id"])
        MailkitRecipientsSensor(
            task_id=f"soft_fail_time_{mode}", soft_fail=True, poke_interval=INTERVAL_S, **how, **NEVER_DONE
        )
    # In a folder of their own, where the one that succeeds is to leave the only file.
    for name, arguments in {**FAULTS, "done": DONE}.items():
        path = f"{os.environ['E2E_FOLDER']}/failures/{name}.csv"
        MailkitRecipientsOperator(task_id=f"export_{name}", output_path=path, **arguments)
    for task_id, arguments in LATE.items():
        arguments = {"poke_interval": INTERVAL_S, **arguments}
        MailkitRecipientsSensor(task_id=task_id, deferrable=True, **arguments)
