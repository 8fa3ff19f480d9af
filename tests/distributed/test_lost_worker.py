"""A worker and a triggerer die while 40 deliveries are exported: nothing is lost, nothing is there twice."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter

import pytest
import requests
from distributed.deployment import DELIVERIES, RECIPIENTS, VISIBILITY_TIMEOUT_S, Outcome
from distributed.lake import delivery_of
from support.airflow_processes import wait_until

pytestmark = pytest.mark.distributed
# What stays as it was when the file was written; reads and clicks go on growing.
LASTING = ("ID_SEND_MESSAGE", "ID_EMAIL", "EMAIL", "STATUS", "AB_VERSION", "DATE")


def test_the_run_succeeds(outcome: Outcome):
    assert outcome.state == "success"
    assert {ti["state"] for ti in [*outcome.waits.values(), *outcome.exports.values()]} == {"success"}
    assert len(outcome.waits) == len(outcome.exports) == DELIVERIES


def test_the_worker_died_in_the_middle_of_an_upload(outcome: Outcome):
    assert outcome.lost
    assert outcome.open_uploads
    assert outcome.spooling, "the spool was not on the worker's own disk"


def test_only_what_was_lost_is_tried_again_and_elsewhere(outcome: Outcome):
    again = {id_send for id_send, ti in outcome.exports.items() if ti["try_number"] > 1}
    assert again == outcome.lost
    assert {outcome.exports[id_send]["try_number"] for id_send in again} == {2}
    assert {outcome.exports[id_send]["hostname"] for id_send in again} == {"worker-2"}
    assert {ti["hostname"] for ti in outcome.exports.values()} == {"worker-1", "worker-2"}
    # The time-out, the next look for it, the delay of the retry, and the start of a task on a busy machine.
    assert all(30 - 15 < seconds < 120 for seconds in outcome.retried_after.values()), outcome.retried_after


def test_another_triggerer_goes_on_waiting(outcome: Outcome):
    assert outcome.bereft
    assert {outcome.waits[id_send]["try_number"] for id_send in outcome.bereft} == {1}


def test_every_file_is_whole(outcome: Outcome):
    keys = outcome.lake.visible_keys()
    assert sorted(map(delivery_of, keys)) == list(outcome.sandbox.id_sends)
    messages = set()
    for key in keys:
        summary, data = outcome.summaries[delivery_of(key)], outcome.lake.read(key)
        assert summary["uri"] == f"s3://lake/{key}"
        assert (summary["rows"], summary["duplicates"]) == (RECIPIENTS, 0)
        assert (summary["bytes"], summary["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
        rows = [json.loads(line) for line in data.splitlines()]
        assert {row["ID_SEND"] for row in rows} == {delivery_of(key)}
        assert Counter(row["STATUS"] for row in rows) == summary["status_counts"]
        messages.update(row["ID_SEND_MESSAGE"] for row in rows)
    assert len(messages) == DELIVERIES * RECIPIENTS


def test_the_files_say_what_mailkit_says(outcome: Outcome):
    # Those that were lost, and as many others.
    others = outcome.sandbox.id_sends[: len(outcome.lost)]
    keys = [key for key in outcome.lake.visible_keys() if delivery_of(key) in {*outcome.lost, *others}]
    assert len(keys) >= 2
    for key in keys:
        rows = map(json.loads, outcome.lake.read(key).splitlines())
        told = [tuple(row[name] for name in LASTING) for row in rows]
        assert told == mailkits_rows(outcome, delivery_of(key))


def mailkits_rows(outcome: Outcome, id_send: int) -> list[tuple]:
    sandbox = outcome.sandbox
    order = {"function": "mailkit.report.message.recipients", "parameters": {"ID_send": id_send}}
    account = {"id": sandbox.client_id, "md5": sandbox.client_md5}
    records = requests.post(f"{sandbox.base_url}/json.fcgi", json=order | account, timeout=60).json()
    return [
        (
            int(record["ID_SEND_MESSAGE"]),
            int(record["ID_EMAIL"]),
            record["EMAIL"],
            record["STATUS"],
            record["AB_VERSION"] or None,
            record["DATE"].replace(" ", "T"),
        )
        for record in records
    ]


def test_messages_that_the_queue_delivers_again_change_nothing(outcome: Outcome):
    # The dead worker never said that it is done, so the queue gives its messages to the other one.
    wait_until(
        lambda: outcome.queue.messages_without_end() == 0,
        VISIBILITY_TIMEOUT_S + 60,
        "the end of all messages",
    )
    again = received_by(outcome, "worker-1") & received_by(outcome, "worker-2")
    assert len(again) >= len(outcome.lost)
    assert sorted(map(delivery_of, outcome.lake.published())) == list(outcome.sandbox.id_sends)


def received_by(outcome: Outcome, worker: str) -> set[str]:
    """Return the IDs of the messages that a worker has taken from the queue."""
    return set(re.findall(r"Task \S+\[([0-9a-f-]{36})\] received", outcome.logs[worker].read_text()))


def test_nothing_temporary_remains_but_the_uploads_of_the_dead(outcome: Outcome):
    """An upload that nobody ends is invisible, and is paid for until it is aborted: docs/scale.md."""
    assert outcome.lake.open_uploads() == outcome.open_uploads
    for key, upload_id in outcome.open_uploads.items():
        outcome.lake.abort(key, upload_id)
    assert outcome.lake.open_uploads() == {}
    assert sorted(map(delivery_of, outcome.lake.visible_keys())) == list(outcome.sandbox.id_sends)
    left = [path for folder in outcome.spools.values() for path in folder.rglob("*") if path.is_file()]
    # Airflow 2 leaves copies of its own settings there, with the address airflow@example.com.
    assert [path for path in left if re.search(rb"(?<!airflow)@example\.", path.read_bytes())] == []
