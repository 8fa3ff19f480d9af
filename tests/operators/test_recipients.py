"""The operator: rows, files, summary, and nothing at all after a failure."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import pickle
import pkgutil
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest
from airflow.providers.common.io.xcom import backend
from support.reports import PROTOCOLS, encode, recipient
from support.server import FaultServer, close_delimited, gzipped, plain

from airflow_provider_mailkit._compat import AirflowFailException, Asset, ObjectStoragePath
from airflow_provider_mailkit.exceptions import (
    MailkitAccessError,
    MailkitError,
    MailkitResponseError,
    MailkitTransportError,
)
from airflow_provider_mailkit.operators.mailkit import MailkitRecipientsOperator

both_protocols = pytest.mark.parametrize("protocol", PROTOCOLS)
REPORT = [recipient(number) for number in range(7)]


@pytest.fixture
def mailkit(mailkit_connection):
    servers = []

    def start(*answers, protocol="json", max_attempts=1, **extra):
        script = [answer if answer and isinstance(answer, list) and isinstance(answer[0], bytes)
                  else plain(encode(protocol, answer)) for answer in answers]  # fmt: skip
        server = FaultServer(script).__enter__()
        servers.append(server)
        mailkit_connection(server.base_url, protocol, max_attempts=max_attempts, **extra)
        return server

    yield start
    for server in servers:
        server.__exit__(None, None, None)


class Ti:
    def __init__(self):
        self.pushed = {}

    def xcom_push(self, key, value):
        self.pushed[key] = value


def run(ti=None, **arguments):
    operator = MailkitRecipientsOperator(task_id="export", **{"id_send": 5001} | arguments)
    return operator.execute({"ti": ti or Ti()})


def lines(path):
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


@both_protocols
def test_rows_go_to_xcom_with_the_summary_beside_them(mailkit, protocol):
    mailkit(REPORT, protocol=protocol, timezone="Europe/Prague")
    ti = Ti()
    before = datetime.now(UTC)
    rows = run(ti)
    assert json.loads(json.dumps(rows)) == rows
    exported_at = rows[0]["EXPORTED_AT"]
    assert before - timedelta(seconds=1) < datetime.fromisoformat(exported_at) < datetime.now(UTC)
    assert rows[3] == {
        "ID_SEND": 5001,
        "ID_SEND_MESSAGE": 700_003,
        "ID_EMAIL": 5_000_000_003,
        "EMAIL": "person3@example.com",
        "STATUS": "wait",
        "AB_VERSION": None,
        "DATE": "2026-03-04T08:03:00+01:00",
        "READ_COUNT": 3,
        "CLICK_COUNT": 0,
        "EXPORTED_AT": exported_at,
    }
    assert list(rows[3]) == list(rows[0])
    summary = ti.pushed["summary"]
    text = json.dumps(rows).encode()
    del summary["seconds"]
    assert summary == {
        "id_send": 5001,
        "uri": None,
        "file_format": None,
        "compression": None,
        "rows": 7,
        "bytes": len(text),
        "sha256": hashlib.sha256(text).hexdigest(),
        "status_counts": {"failed": 1, "sent": 4, "wait": 1, "wait_ab": 1},
        "ab_counts": {"A": 2, "B": 2},
        "read_recipients": 5,
        "read_total": 0 + 1 + 2 + 3 + 4 + 0 + 1,
        "click_recipients": 4,
        "click_total": 0 + 1 + 2 + 0 + 1 + 2 + 0,
        "first_date": "2026-03-01T08:00:00+01:00",
        "last_date": "2026-03-07T08:06:00+01:00",
        "duplicates": 0,
        "exported_at": exported_at,
    }


def test_without_xcom_nothing_is_pushed(mailkit):
    mailkit(REPORT)
    ti = Ti()
    run(ti, do_xcom_push=False)
    assert ti.pushed == {}


def test_xcom_has_a_limit_that_names_the_way_out_and_pushes_nothing(mailkit):
    mailkit(REPORT)
    size = len(json.dumps(run()))
    assert len(run(max_xcom_bytes=size)) == 7
    ti = Ti()
    with pytest.raises(AirflowFailException, match="output_path"):
        run(ti, max_xcom_bytes=size - 1)
    assert ti.pushed == {}


def test_the_limit_stops_the_reading(mailkit):
    server = mailkit([recipient(number) for number in range(20_000)])
    with pytest.raises(MailkitError, match="49152"):
        run()
    assert len(server.requests) == 1


# Airflow's own backend asks the path for what its library is to change.
@pytest.mark.filterwarnings("ignore:in a future version of UPath:PendingDeprecationWarning")
@pytest.mark.parametrize("threshold", [0, 10**9], ids=["in storage", "in the database"])
def test_xcom_in_object_storage_gives_back_what_was_pushed(mailkit, tmp_path, monkeypatch, threshold):
    monkeypatch.setenv("AIRFLOW__COMMON_IO__XCOM_OBJECTSTORAGE_PATH", f"file://{tmp_path}/xcom")
    monkeypatch.setenv("AIRFLOW__COMMON_IO__XCOM_OBJECTSTORAGE_THRESHOLD", str(threshold))
    for setting in (backend._get_base_path, backend._get_threshold):
        setting.cache_clear()
        monkeypatch.setattr(backend, setting.__name__, setting.__wrapped__)
    mailkit(REPORT)
    ti = Ti()
    store = backend.XComObjectStorageBackend
    for value in (run(ti), ti.pushed["summary"], run(output_path=f"{tmp_path}/a.csv")):
        kept = store.serialize_value(value, key="key", task_id="export", dag_id="dag", run_id="run")
        assert store.deserialize_value(SimpleNamespace(value=kept)) == value
    assert (tmp_path / "xcom").exists() == (threshold == 0)


@both_protocols
@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet", "jsonl.gz", "csv.zst"])
def test_the_file_is_what_the_summary_says(mailkit, protocol, suffix, tmp_path):
    mailkit(REPORT, protocol=protocol)
    path = tmp_path / "new folder" / f"5001.{suffix}"
    ti = Ti()
    summary = run(ti, output_path=str(path), id_send="5001")
    data = path.read_bytes()
    assert (summary["bytes"], summary["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert (summary["uri"], summary["rows"], summary["id_send"]) == (
        path.as_uri().replace("%20", " "),
        7,
        5001,
    )
    assert ti.pushed == {}
    assert "@" not in json.dumps(summary)
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("kind", [Path, lambda path: ObjectStoragePath(f"file://{path}")])
def test_the_path_may_be_an_object(mailkit, kind, tmp_path):
    mailkit(REPORT)
    assert run(output_path=kind(tmp_path / "a.csv"))["uri"] == f"file://{tmp_path}/a.csv"
    assert (tmp_path / "a.csv").is_file()


def test_formats_and_protocols_hold_equal_rows(mailkit, tmp_path):
    found = []
    for protocol in PROTOCOLS:
        mailkit(REPORT, protocol=protocol)
        run(output_path=f"{tmp_path}/{protocol}.parquet", columns=["EMAIL", "READ_COUNT", "ID_SEND"])
        run(output_path=f"file://{tmp_path}/{protocol}.jsonl", columns=["EMAIL", "READ_COUNT", "ID_SEND"])
        found += [
            pq.read_table(tmp_path / f"{protocol}.parquet").to_pylist(),
            lines(tmp_path / f"{protocol}.jsonl"),
        ]
    assert found[0] == found[1] == found[2] == found[3]
    assert list(found[0][0]) == ["EMAIL", "READ_COUNT", "ID_SEND"]
    assert len(found[0]) == 7


@both_protocols
@pytest.mark.parametrize(
    "columns",
    [None, ["EMAIL", "DATE"], ["EMAIL", "STATUS"], ["DATE", "AB_VERSION", "ID_SEND"], ["EXPORTED_AT"]],
    ids=str,
)
def test_a_file_and_its_summary_do_not_depend_on_the_format(mailkit, columns, protocol, tmp_path):
    empty = dict.fromkeys(("EMAIL", "DATE", "AB_VERSION", "STATUS"), "")
    mailkit([*REPORT, recipient(8) | empty, recipient(9)], protocol=protocol, timezone="Europe/Prague")
    summaries = {
        suffix: run(output_path=f"{tmp_path}/a.{suffix}", columns=columns)
        for suffix in ("jsonl", "csv", "parquet")
    }
    assert summaries["jsonl"]["last_date"] == "2026-03-10T08:09:00+01:00"
    assert summaries["jsonl"]["status_counts"][""] == 1
    of_the_file = {"uri", "file_format", "compression", "bytes", "sha256", "exported_at", "seconds"}
    parquet, *others = (
        {name: value for name, value in summaries[suffix].items() if name not in of_the_file}
        for suffix in ("parquet", "csv", "jsonl")
    )
    assert others == [parquet, parquet]
    rows = lines(tmp_path / "a.jsonl")
    for row in rows:
        if "DATE" in row:
            row["DATE"] = row["DATE"] and datetime.fromisoformat(row["DATE"])
        if "EXPORTED_AT" in row:
            row["EXPORTED_AT"] = datetime.fromisoformat(summaries["parquet"]["exported_at"])
    assert pq.read_table(tmp_path / "a.parquet").to_pylist() == rows
    assert len(rows) == 9


def test_doubles_are_counted_and_kept(mailkit, tmp_path):
    mailkit([*REPORT, REPORT[0], REPORT[0]])
    summary = run(output_path=f"{tmp_path}/a.jsonl")
    assert (summary["rows"], summary["duplicates"]) == (9, 2)
    assert len(lines(tmp_path / "a.jsonl")) == 9


def test_an_empty_report_is_an_empty_file(mailkit, tmp_path):
    mailkit([])
    summary = run(output_path=f"{tmp_path}/a.csv")
    assert (summary["rows"], summary["first_date"]) == (0, None)
    assert (tmp_path / "a.csv").read_text().count("\n") == 1


def test_hashed_addresses_reach_no_file(mailkit, tmp_path):
    mailkit(REPORT, hash_secret="a secret key")
    run(output_path=f"{tmp_path}/a.jsonl", addresses="hash")
    expected = hmac.new(b"a secret key", b"person0@example.com", hashlib.sha256).hexdigest()
    assert lines(tmp_path / "a.jsonl")[0]["EMAIL"] == expected
    assert b"example.com" not in (tmp_path / "a.jsonl").read_bytes()


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


BAD_ARGUMENTS = {
    "no format": ({"output_path": "{tmp}/report"}, "file_format"),
    "path of another type": ({"output_path": 5001}, "output_path must be a text"),
    "empty path": ({"output_path": ""}, "output_path|file_format"),
    "other addresses": ({"addresses": "plain"}, "addresses must be"),
    "hash without key": ({"addresses": "hash"}, "hash_secret"),
    "unknown column": ({"columns": ["STATE"]}, "columns must name"),
    "id of nothing": ({"id_send": ""}, "id_send must be"),
    "id of None": ({"id_send": None}, "id_send must be"),
    "unknown storage connection": ({"output_path": "s3://nobody@bucket/a.csv"}, "nobody"),
    "existing file": ({"output_path": "{tmp}/old.csv", "overwrite": False}, "exists already"),
}


@pytest.mark.parametrize("case", BAD_ARGUMENTS)
def test_bad_arguments_fail_before_mailkit_is_called(mailkit, tmp_path, case):
    server = mailkit(REPORT)
    (tmp_path / "old.csv").write_text("old")
    arguments, words = BAD_ARGUMENTS[case]
    arguments = {
        name: value.replace("{tmp}", str(tmp_path)) if isinstance(value, str) else value
        for name, value in arguments.items()
    }
    with pytest.raises(AirflowFailException, match=words):
        run(**arguments)
    assert server.requests == []
    assert (tmp_path / "old.csv").read_text() == "old"


def test_overwrite_false_writes_where_nothing_is(mailkit, tmp_path):
    mailkit(REPORT)
    assert run(output_path=f"{tmp_path}/a.csv", overwrite=False)["rows"] == 7


@pytest.mark.filterwarnings("ignore:Setting email.* on a task is deprecated")
@pytest.mark.parametrize("alerts", ["ops@example.org", ["ops@example.org", "dev@example.org"]])
def test_addresses_for_alerts_stay_airflows(mailkit, alerts):
    mailkit(REPORT)
    defaults = {"email": alerts}
    operator = MailkitRecipientsOperator(task_id="export", id_send=5001, default_args=defaults)
    assert operator.email == alerts
    assert operator.execute({"ti": Ti()})[0]["EMAIL"] == "person0@example.com"
    both = MailkitRecipientsOperator(task_id="export", id_send=5001, addresses="drop", default_args=defaults)
    assert both.email == alerts
    assert "EMAIL" not in both.execute({"ti": Ti()})[0]
    assert MailkitRecipientsOperator(task_id="export", id_send=5001, addresses="drop").email is None


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


def test_templates_are_assigned_as_they_are_and_nothing_is_looked_up(monkeypatch):
    def refuse(*_):
        raise AssertionError("a connection was looked up")

    monkeypatch.setattr("airflow_provider_mailkit.hooks.mailkit.MailkitHook.get_connection", refuse)
    values = {name: f"{{{{ params.{name} }}}}" for name in MailkitRecipientsOperator.template_fields}
    operator = MailkitRecipientsOperator(task_id="export", **values)
    assert {name: getattr(operator, name) for name in values} == values


def test_a_failed_error_is_picklable_and_says_what_was_called(mailkit):
    mailkit(plain(b'{"error_status": 1, "error": "Unauthorized"}'))
    with pytest.raises(MailkitAccessError) as caught:
        run()
    copy = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
    assert (str(copy), copy.function, copy.retryable) == (
        str(caught.value), "mailkit.report.message.recipients", False,
    )  # fmt: skip
