"""What tasks note for lineage; what OpenLineage makes of it is in tests/e2e/test_lineage_events.py."""

from __future__ import annotations

import json
import pickle

import pytest
from support.importing import importing, people, write_lines
from support.increments import export
from support.raw_log import FUNCTION as BOUNCES, RawLog
from support.reports import encode, recipient
from support.server import FaultServer, plain

from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.operators._lineage import Lineage, function_name
from airflow_provider_mailkit.operators.mailkit import (
    MailkitCallOperator,
    MailkitDeliveryPageOperator,
    MailkitExportOperator,
    MailkitRecipientsOperator,
)
from airflow_provider_mailkit.sandbox import Sandbox
from airflow_provider_mailkit.storage.lineage import DatasetName, dataset_name
from airflow_provider_mailkit.storage.source import SourceFile
from airflow_provider_mailkit.transport.sync_client import SyncClient

FUNCTION = "mailkit.report.message.recipients"


@pytest.fixture
def mailkit(mailkit_connection):
    answers = [plain(encode("json", [recipient(number) for number in range(3)]))]
    with FaultServer(answers) as server:
        mailkit_connection(server.base_url)
        yield server


@pytest.fixture
def sandbox(mailkit_connection):
    with Sandbox(recipients=37, seconds=0) as running:
        mailkit_connection(running.base_url, max_attempts=1)
        yield running


def host_of(server):
    return server.base_url.replace("http", "mailkit")


def noted(operator):
    return operator._lineage._inputs, operator._lineage._outputs


def test_an_export_has_read_the_function_and_written_the_file(mailkit, tmp_path):
    path = f"{tmp_path}/a.csv"
    operator = MailkitRecipientsOperator(
        task_id="export", id_send=5001, output_path=path, columns=["STATUS", "DATE", "EXPORTED_AT", "ID_SEND"]
    )
    summary = operator.execute({})
    (read,), (written,) = noted(operator)
    assert read.name == (host_of(mailkit), FUNCTION)
    assert read.fields[:3] == (("ID_SEND", "int64"), ("ID_SEND_MESSAGE", "int64"), ("ID_EMAIL", "int64"))
    assert len(read.fields) == 9
    assert written.name == ("file", path)
    assert written.fields == (
        ("STATUS", "string"),
        ("DATE", "timestamp"),
        ("EXPORTED_AT", "timestamp"),
        ("ID_SEND", "int64"),
    )
    assert (written.rows, written.size) == (3, summary["bytes"])
    # OpenLineage may not be there, and a task is pickled and copied.
    assert noted(pickle.loads(pickle.dumps(operator))) == noted(operator)  # noqa: S301


def test_rows_to_xcom_have_no_output(mailkit):
    operator = MailkitExportOperator(task_id="e", function=FUNCTION, parameters={"ID_send": 5001})
    operator.execute({})
    (read,), written = noted(operator)
    assert read.name.name == FUNCTION
    assert written == []


def test_an_export_that_fails_has_written_nothing_and_the_next_try_begins_anew(mailkit, tmp_path):
    operator = MailkitRecipientsOperator(
        task_id="export", id_send=5001, output_path=f"{tmp_path}/a.csv", overwrite=False
    )
    operator.execute({})
    with pytest.raises(MailkitError, match="exists already"):
        operator.execute({})
    read, written = noted(operator)
    assert (len(read), written) == (1, [])


@pytest.mark.parametrize(
    ("base_url", "namespace"),
    [
        ("https://api.mailkit.eu", "mailkit://api.mailkit.eu"),
        ("http://127.0.0.1:8025", "mailkit://127.0.0.1:8025"),
        ("https://[::1]:8025", "mailkit://[::1]:8025"),
    ],
)
def test_the_name_of_a_function(base_url, namespace):
    assert function_name(base_url, "mailkit.report") == DatasetName(namespace, "mailkit.report")


def test_what_no_convention_names_is_left_out():
    lineage = Lineage()
    lineage.reads(None)
    lineage.has_written(None, rows=1)
    assert (lineage._inputs, lineage._outputs) == ([], [])


def test_an_incremental_export_has_written_each_of_its_files(log: RawLog, tmp_path):
    operator = export(tmp_path, columns=["ID_SEND", "STATUS"])
    result = operator.execute({})
    (read,), written = noted(operator)
    assert read.name == (host_of(log), BOUNCES)
    assert ("ID_UNDELIVERED_LOG", "int64") in read.fields
    assert [(file.name, file.rows, file.size) for file in written] == [
        (("file", of["uri"].removeprefix("file://")), of["rows"], of["bytes"]) for of in result["files"]
    ]
    assert [file.rows for file in written] == [25, 25, 10]
    assert {file.fields for file in written} == {(("ID_SEND", "int64"), ("STATUS", "string"))}
    # The next run has files of its own, and the one after it has none.
    operator.execute({})
    assert [file.rows for file in noted(operator)[1]] == [25, 15]
    operator.execute({})
    assert (len(noted(operator)[0]), noted(operator)[1]) == (1, [])


def test_an_import_has_read_its_files_and_written_to_the_function(sandbox, tmp_path):
    write_lines(tmp_path / "a.jsonl", [*people(3), {"email": "nobody"}])
    write_lines(tmp_path / "b.jsonl", [{"email": "eva@example.cz", "city": "Brno"}])
    operator = importing(source=tmp_path, constants={"custom2": "spring"}, max_invalid=0.5)
    operator.execute({})
    read, (written,) = noted(operator)
    assert [file.name for file in read] == [("file", f"{tmp_path}/{name}.jsonl") for name in "ab"]
    assert written.name == (host_of(sandbox), "mailkit.mailinglist.import")
    names = ("email", "first_name", "city", "custom2")
    assert sorted(written.fields) == sorted((name, "string") for name in names)
    assert (written.rows, written.size) == (4, None)
    assert noted(pickle.loads(pickle.dumps(operator))) == noted(operator)  # noqa: S301


def test_only_what_an_import_sends_is_a_column_of_its_output(sandbox):
    operator = importing(rows=[{"mail": "eva@example.cz", "secret": "x"}], columns={"mail": "email"})
    operator.execute({})
    read, (written,) = noted(operator)
    assert (read, written.fields, written.rows) == ([], (("email", "string"),), 1)


@pytest.mark.parametrize("bad", [4, 1])
def test_an_import_has_not_written_what_mailkit_has_refused(mailkit_connection, bad):
    def answer(number, request):
        if b"mailkit.mailinglist.list" in request.body:
            return plain(json.dumps([{"ID_USER_LIST": "41001", "NAME": "A", "STATUS": "enabled"}]).encode())
        counts = {"count_all": 4, "count_new": 4 - bad, "count_updated": 0, "count_bad": bad}
        return plain(json.dumps(counts).encode())

    with FaultServer(answer) as server:
        mailkit_connection(server.base_url, max_attempts=1)
        operator = importing(rows=people(4), max_invalid=1)
        operator.execute({})
    assert [dataset.rows for dataset in noted(operator)[1]] == ([] if bad == 4 else [3])


def test_an_import_that_fails_has_read_its_files_and_says_of_no_output(sandbox, tmp_path):
    source = write_lines(tmp_path / "a.jsonl", [{"email": "nobody"}, *people(2)])
    operator = importing(source=source)
    for _ in range(2):
        with pytest.raises(MailkitError):
            operator.execute({})
    (read,), written = noted(operator)
    assert (read.name, written) == (("file", f"{tmp_path}/a.jsonl"), [])


def test_a_source_that_lineage_cannot_name_is_imported_all_the_same(sandbox, tmp_path, monkeypatch, task_log):
    def fail(file):
        raise AttributeError("no account_name, anna@example.com")

    monkeypatch.setattr("airflow_provider_mailkit.storage.lineage.dataset_name", fail)
    operator = importing(source=write_lines(tmp_path / "a.jsonl", people(2)))
    assert operator.execute({})["acknowledged"] == 2
    assert (noted(operator)[0], len(noted(operator)[1])) == ([], 1)
    assert "Lineage lacks the source; the task itself is not affected. AttributeError" in task_log()
    assert "anna@" not in task_log()


def test_a_page_has_read_its_reports_and_written_the_file(sandbox, tmp_path, monkeypatch):
    asked, batches = [], SyncClient.batches

    def listed(self, report, *others):
        asked.append(report.name)
        return batches(self, report, *others)

    monkeypatch.setattr(SyncClient, "batches", listed)
    path = tmp_path / "5001.html"
    operator = MailkitDeliveryPageOperator(task_id="page", id_send=5001, output_path=str(path))
    operator.execute({})
    read, (written,) = noted(operator)
    assert {dataset.name.namespace for dataset in read} == {host_of(sandbox)}
    assert [dataset.name.name for dataset in read] == list(dict.fromkeys(asked))
    assert read[0].fields[:2] == (("ID_SEND", "int64"), ("ID_SEND_MESSAGE", "int64"))
    assert (written.name, written.fields) == (("file", str(path)), ())
    assert (written.rows, written.size) == (None, path.stat().st_size)
    mail = MailkitDeliveryPageOperator(task_id="mail", id_send=5001)
    mail.execute({})
    assert noted(mail) == (read, [])


@pytest.mark.parametrize("acts", [False, True])
def test_a_call_has_read_the_function_and_written_its_answer(mailkit_connection, tmp_path, acts):
    path = tmp_path / "answer.json"
    name = "mailkit.mailinglist.create" if acts else "mailkit.mailinglist.list"
    answer = 7 if acts else [{"ID_USER_LIST": number, "NAME": "A"} for number in range(3)]
    with FaultServer([plain(encode("json", answer))] * 2, totals=None) as server:
        mailkit_connection(server.base_url, max_attempts=1)
        operator = MailkitCallOperator(
            task_id="call",
            function=name,
            parameters={"name": "x"} if acts else None,
            allow=["read", "write"],
            output_path=str(path),
        )
        operator.execute({})
        (read,), (written,) = noted(operator)
        assert read.name == (host_of(server), name)
        assert (written.name, written.size) == (("file", str(path)), path.stat().st_size)
        assert written.rows == (None if acts else 3)
        operator.output_path = None
        operator._place_as_written = {"output_path": None, "output_conn_id": None}
        operator.execute({})
        assert noted(operator) == ([read], [])


@pytest.mark.parametrize(
    ("uri", "expected"),
    [("s3a://lake/a/b.jsonl", ("s3://lake", "a/b.jsonl")), ("memory://lake/a/b.jsonl", None)],
)
def test_the_name_of_a_source_in_a_store(uri, expected):
    assert dataset_name(SourceFile(uri, 7, "lake/a/b.jsonl", object())) == expected
