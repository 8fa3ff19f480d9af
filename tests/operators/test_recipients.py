"""The operator: rows, files, summary, and nothing at all after a failure."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import pickle
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest
from airflow.providers.common.io.xcom import backend
from operators.exporting import REPORT, Ti, lines, run
from support.reports import PROTOCOLS, recipient
from support.server import plain

from airflow_provider_mailkit._compat import AirflowFailException
from airflow_provider_mailkit.exceptions import MailkitAccessError, MailkitError
from airflow_provider_mailkit.operators.mailkit import MailkitRecipientsOperator

both_protocols = pytest.mark.parametrize("protocol", PROTOCOLS)


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
