"""How far a task is, where Airflow 3.3 shows it: in the store of the task."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from support.reports import encode, recipient
from support.server import FaultServer, plain

from airflow_provider_mailkit._progress import KEY, StoredProgress
from airflow_provider_mailkit.export import progress
from airflow_provider_mailkit.operators.mailkit import MailkitRecipientsOperator
from airflow_provider_mailkit.sensors.mailkit import MailkitRecipientsSensor


class Store:
    """Keeps what a task stores as text, as Airflow does."""

    def __init__(self, *, fails=False):
        self.texts = {}
        self.asked = 0
        self.fails = fails

    def set(self, key, value):
        self.asked += 1
        if self.fails:
            raise RuntimeError("no answer for somebody@example.com")
        self.texts[key] = json.dumps(value)


@pytest.fixture
def mailkit(mailkit_connection):
    body = encode("json", [recipient(n, STATUS="wait" if n < 2 else "sent") for n in range(7)])
    with FaultServer([plain(body)]) as server:
        mailkit_connection(server.base_url)
        yield body


def export(tmp_path, context):
    operator = MailkitRecipientsOperator(task_id="export", id_send=5001, output_path=f"{tmp_path}/a.csv")
    return operator.execute(context)


def test_an_export_stores_what_its_line_says(mailkit, tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "EVERY_S", 0.0)
    store = Store()
    export(tmp_path, {"task_state_store": store})
    stored = json.loads(store.texts[KEY])
    assert (stored["rows"], stored["received_bytes"]) == (7, len(mailkit))
    assert stored["seconds"] >= 0
    assert abs((datetime.now(UTC) - datetime.fromisoformat(stored["at"])).total_seconds()) < 60
    assert set(stored) == {"rows", "received_bytes", "seconds", "at"}


def test_a_quick_export_stores_nothing(mailkit, tmp_path):
    store = Store()
    export(tmp_path, {"task_state_store": store})
    assert store.asked == 0


def test_a_poll_stores_how_many_are_waiting(mailkit):
    store = Store()
    sensor = MailkitRecipientsSensor(task_id="wait", id_send=5001, totals_first=False)
    sensor.poke({"task_state_store": store})
    stored = json.loads(store.texts[KEY])
    assert (stored["waiting"], stored["recipients"]) == (2, 7)


def test_a_poll_that_counts_nobody_stores_nothing(mailkit):
    store = Store()
    sensor = MailkitRecipientsSensor(task_id="wait", id_send=5001, stop_at_first_waiting=True)
    sensor.poke({"task_state_store": store})
    assert store.asked == 0


def test_a_store_that_fails_is_left_alone_and_the_export_goes_on(mailkit, tmp_path, monkeypatch, task_log):
    monkeypatch.setattr(progress, "EVERY_S", 0.0)
    summary = export(tmp_path, {"task_state_store": Store(fails=True)})
    assert summary["rows"] == 7
    log = task_log()
    assert "The task's state store has failed (RuntimeError): no progress is stored." in log
    assert "somebody" not in log


def test_after_a_failure_the_store_is_not_asked_again():
    store = Store(fails=True)
    told = StoredProgress({"task_state_store": store})
    told({"rows": 1})
    told({"rows": 2})
    assert store.asked == 1


def test_without_a_store_nothing_happens():
    StoredProgress({})({"rows": 1})
