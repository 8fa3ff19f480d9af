"""An export publishes a whole file or nothing, and reports it: outlets, lineage, the log."""

from __future__ import annotations

import json
import logging
import os
import pkgutil
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from operators.exporting import REPORT, Ti, lines, run
from support.reports import recipient
from support.server import close_delimited, gzipped, plain

from airflow_provider_mailkit._compat import AirflowFailException, Asset, ObjectStoragePath
from airflow_provider_mailkit.exceptions import (
    MailkitAccessError,
    MailkitResponseError,
    MailkitTransportError,
)
from airflow_provider_mailkit.operators.mailkit import MailkitRecipientsOperator


@pytest.mark.parametrize("kind", [Path, lambda path: ObjectStoragePath(f"file://{path}")])
def test_the_path_may_be_an_object(mailkit, kind, tmp_path):
    mailkit(REPORT)
    assert run(output_path=kind(tmp_path / "a.csv"))["uri"] == f"file://{tmp_path}/a.csv"
    assert (tmp_path / "a.csv").is_file()


FAULTS = {
    "refused": (plain(b'{"error_status": 1, "error": "Unauthorized"}'), MailkitAccessError, False),
    "cut": (close_delimited(json.dumps(REPORT).encode()[:-20]), MailkitTransportError, True),
    "cut gzip": ([gzipped(json.dumps(REPORT).encode())[0], b"\x1f\x8b"], MailkitTransportError, True),
    "unavailable": (plain(b"", 503), MailkitTransportError, True),
    "malformed in the middle": (
        plain(b'[{"ID_SEND_MESSAGE": 1}, {"ID_SEND_MESSAGE": x}]'),
        MailkitResponseError,
        False,
    ),
    "page": (plain(b"<html>"), MailkitResponseError, False),
    "redirect": (plain(b"", 307, location="http://127.0.0.1:9"), MailkitResponseError, False),
}


@pytest.mark.parametrize("old", [None, b"older file"])
@pytest.mark.parametrize("fault", FAULTS)
def test_after_a_failure_the_older_file_is_as_it_was(mailkit, tmp_path, fault, old):
    answer, kind, retryable = FAULTS[fault]
    mailkit(answer)
    path = tmp_path / "a.jsonl"
    if old:
        path.write_bytes(old)
    with pytest.raises(kind) as caught:
        run(output_path=str(path))
    assert isinstance(caught.value, AirflowFailException) is not retryable
    assert os.listdir(tmp_path) == (["a.jsonl"] if old else [])
    if old:
        assert path.read_bytes() == old


def test_a_second_try_begins_anew(mailkit, tmp_path, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    many = [recipient(number) for number in range(5000)]
    body = json.dumps(many).encode()
    server = mailkit(close_delimited(body[:-700]), plain(body), max_attempts=3)
    summary = run(output_path=f"{tmp_path}/a.jsonl")
    assert (summary["rows"], summary["duplicates"], len(server.requests)) == (5000, 0, 2)
    assert [row["ID_SEND_MESSAGE"] for row in lines(tmp_path / "a.jsonl")] == [
        700_000 + i for i in range(5000)
    ]


def test_overwrite_false_writes_where_nothing_is(mailkit, tmp_path):
    mailkit(REPORT)
    assert run(output_path=f"{tmp_path}/a.csv", overwrite=False)["rows"] == 7


class Events:
    """The events of a task's outlets; an asset cannot be a key of a dict in every version."""

    def __init__(self):
        self.asked = []
        self.event = SimpleNamespace(extra={})

    def __getitem__(self, asset):
        self.asked.append(asset)
        return self.event


def test_outlets_get_the_summary(mailkit, tmp_path):
    mailkit(REPORT)
    asset = Asset(f"file://{tmp_path}/a.csv")
    events = Events()
    operator = MailkitRecipientsOperator(
        task_id="export", id_send=5001, output_path=f"{tmp_path}/a.csv", outlets=[asset]
    )
    summary = operator.execute({"ti": Ti(), "outlet_events": events})
    assert events.asked == [asset]
    assert events.event.extra == summary


def test_lineage_sees_the_final_file_once(mailkit, tmp_path, monkeypatch):
    seen = []
    collector = SimpleNamespace(add_output_asset=lambda context, uri: seen.append(uri))
    monkeypatch.setattr("airflow_provider_mailkit._compat.get_hook_lineage_collector", lambda: collector)
    mailkit(REPORT)
    run(output_path=f"{tmp_path}/a.csv")
    assert seen == [f"file://{tmp_path}/a.csv"]


def test_the_log_says_in_a_sentence_what_was_exported(mailkit, tmp_path, task_log):
    mailkit([*REPORT, REPORT[0]])
    summary = run(output_path=f"{tmp_path}/a.csv")
    run()
    log = task_log()
    size = f"{summary['bytes'] / 1000:.1f} kB"
    assert f"{len(REPORT) + 1} rows read, publishing {size}." in log
    counts = ", ".join(f"{status} {count}" for status, count in summary["status_counts"].items())
    exported = f"Exported {len(REPORT) + 1} rows ({counts}; 1 duplicate)"
    of_what = r" in [0-9.]+ s: mailkit\.report\.message\.recipients of delivery 5001\."
    for place in (f"file://{tmp_path}/a.csv, {size}", "XCom, 2.0 kB"):
        assert re.search(re.escape(f"{exported} to {place}") + of_what, log), place


def test_a_kill_leaves_nothing_behind(mailkit, tmp_path, monkeypatch):
    mailkit(REPORT)
    operator = MailkitRecipientsOperator(task_id="export", id_send=5001, output_path=f"{tmp_path}/a.csv")

    def killed_while_publishing(*_):
        operator.on_kill()
        raise KeyboardInterrupt

    monkeypatch.setattr(
        "airflow_provider_mailkit.storage.publication.Publication.commit", killed_while_publishing
    )
    with pytest.raises(KeyboardInterrupt):
        operator.execute({"ti": Ti()})
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "moment",
    [
        "operators.mailkit.MailkitRecipientsOperator._export",
        "storage.target.resolve_target",
        "storage.publication.Publication.__enter__",
    ],
)
def test_a_kill_before_the_writing_publishes_nothing(mailkit, tmp_path, monkeypatch, moment):
    """Airflow 3 calls on_kill(), raises nothing and lets the task run on for five seconds."""
    server = mailkit(REPORT)
    (tmp_path / "a.csv").write_text("old")
    operator = MailkitRecipientsOperator(task_id="export", id_send=5001, output_path=f"{tmp_path}/a.csv")
    name = f"airflow_provider_mailkit.{moment}"
    original = pkgutil.resolve_name(name)

    def killed(*arguments, **options):
        result = original(*arguments, **options)
        operator.on_kill()
        return result

    monkeypatch.setattr(name, killed)
    with pytest.raises(ValueError, match="was aborted"):
        operator.execute({"ti": Ti()})
    assert (os.listdir(tmp_path), (tmp_path / "a.csv").read_text()) == (["a.csv"], "old")
    assert server.requests == []


def test_a_progress_line_comes_every_ten_seconds(mailkit, caplog, monkeypatch):
    now = iter(range(0, 10_000, 6))
    monkeypatch.setattr(
        "airflow_provider_mailkit.export.progress.time", SimpleNamespace(monotonic=lambda: float(next(now)))
    )
    mailkit([recipient(number) for number in range(9000)])
    logging.getLogger("airflow_provider_mailkit").addHandler(caplog.handler)
    with caplog.at_level(logging.INFO, "airflow_provider_mailkit"):
        run(max_xcom_bytes=10**8)
    logging.getLogger("airflow_provider_mailkit").removeHandler(caplog.handler)
    progress = [line for line in dict.fromkeys(caplog.messages) if "MB/s" in line]
    assert progress
    title = "mailkit.report.message.recipients of delivery 5001: "
    assert all(line.startswith(title) and " rows, " in line for line in progress)
    assert "@" not in caplog.text
