"""The sensor in each mode, over XML-RPC too; the examples have the others."""

from datetime import UTC, datetime

from airflow import DAG

from airflow_provider_mailkit.sensors.mailkit import MailkitRecipientsSensor

WAITS = {
    "poke_json": {"id_send": 5004, "poke_interval": 2},
    "poke_xmlrpc": {"id_send": 5005, "poke_interval": 2, "mailkit_conn_id": "mailkit_xmlrpc"},
    "reschedule_xmlrpc": {
        "id_send": 5006, "mode": "reschedule", "poke_interval": 10, "mailkit_conn_id": "mailkit_xmlrpc",
    },
    "deferrable_xmlrpc": {
        "id_send": 5007, "deferrable": True, "poke_interval": 2, "mailkit_conn_id": "mailkit_xmlrpc",
    },
}  # fmt: skip

with DAG("e2e_modes", start_date=datetime(2026, 1, 1, tzinfo=UTC), schedule=None):
    for task_id, arguments in WAITS.items():
        MailkitRecipientsSensor(task_id=task_id, timeout=300, **arguments)
