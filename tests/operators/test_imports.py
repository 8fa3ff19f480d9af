"""Recipients go into a list: what is sent, what is refused before, what is left behind after a failure."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.importing import CUSTOMERS, importing, imports, people, read_lines, run, write_lines
from support.reports import encode
from support.server import Answer, End, FaultServer, Received, plain

from airflow_provider_mailkit._boundary import FailedMailkitApiError
from airflow_provider_mailkit._compat import AirflowFailException
from airflow_provider_mailkit.exceptions import MailkitError, MailkitTransportError
from airflow_provider_mailkit.protocol.request import Protocol
from airflow_provider_mailkit.sandbox import Sandbox

LISTS = [{"ID_USER_LIST": "7", "NAME": "A", "STATUS": "enabled", "DESCRIPTION": ""}]


def test_rows_are_checked_renamed_and_sent_in_batches(changing: Sandbox, tmp_path: Path) -> None:
    rows = [
        {"mail": " Anna@Example.com ", "name": "Anna", "age": 31, "secret": "x"},
        {"mail": "jana@example.cz", "name": "Jana", "age": 2.0, "secret": "x"},
        {"mail": "nobody", "name": "No", "age": None, "secret": "x"},
        {"mail": "ANNA@example.com", "name": "Anna 2", "age": None, "secret": "x"},
        {"mail": "eva@příklad.example.cz", "name": " ", "age": 5, "secret": "x"},
        {"mail": None, "name": "Nil", "age": 5, "secret": "x"},
        {"mail": "petr@example.org", "name": ["nested"], "age": 5, "secret": "x"},
    ]
    summary = run(
        rows=rows,
        columns={"mail": "email", "name": "first_name", "age": "custom1"},
        constants={"custom2": "spring", "city": None},
        batch_rows=2,
        max_invalid=0.5,
        verify="count",
        rejected_path=tmp_path / "rejected.jsonl",
    )
    assert imports(changing) == [2, 1]
    changes = changing._changes.of(CUSTOMERS)
    assert changes.spelling == ["jana@example.cz", "ANNA@example.com", "eva@příklad.example.cz"]
    assert changes.values == {
        "jana@example.cz": {"FIRST_NAME": "Jana", "CUSTOM_1": "2", "CUSTOM_2": "spring"},
        "anna@example.com": {"FIRST_NAME": "Anna 2", "CUSTOM_2": "spring"},
        "eva@příklad.example.cz": {"CUSTOM_1": "5", "CUSTOM_2": "spring"},
    }
    expected = {
        "function": "mailkit.mailinglist.import", "id_user_list": CUSTOMERS, "files": 0, "rows": 7,
        "rejected": 3, "rejected_reasons": {"a nested value": 1, "no address": 1, "not an address": 1},
        "duplicates": 1, "recipients": 3, "acknowledged": 3, "refused": 0, "batches": 2, "count_all": 3,
        "count_new": 3, "count_updated": 0, "count_bad": 0, "counts_reliable": True, "list_before": 37,
        "list_after": 40, "receipts_uri": None, "previous": None,
    }  # fmt: skip
    assert {name: summary[name] for name in expected} == expected
    assert set(summary) == {*expected, "rejected_uri", "seconds"}
    rejected = read_lines(tmp_path / "rejected.jsonl")
    assert [(row["ROW"], row["REASON"], row["COLUMN"]) for row in rejected] == [
        (3, "not an address", "email"), (6, "no address", "email"), (7, "a nested value", "first_name")
    ]  # fmt: skip
    assert json.loads(rejected[2]["RECORD"]) == rows[6]


def test_the_last_of_equal_addresses_wins_across_batches_and_files(
    changing_json: Sandbox, tmp_path: Path
) -> None:
    first = [*people(5), {"email": "twice@example.com", "first_name": "first", "city": "Brno"}]
    write_lines(tmp_path / "part-0.jsonl", first)
    write_lines(
        tmp_path / "part-1.jsonl", [{"email": "TWICE@example.com", "first_name": "last"}, *people(2, 3)]
    )
    (tmp_path / "_SUCCESS").write_text("")
    summary = run(source=tmp_path, batch_rows=2)
    assert imports(changing_json) == [2, 2, 2]
    assert (summary["files"], summary["rows"], summary["duplicates"]) == (2, 9, 3)
    assert changing_json._changes.of(CUSTOMERS).values["twice@example.com"] == {"FIRST_NAME": "last"}


def answers(*, fails_at: int = -1, failure: Answer = (End.RESET,), **counts: Any) -> Any:
    """Return the script of a Mailkit that fails at one of the imports."""
    state = {"imports": 0}

    def answer(number: int, request: Received) -> Answer:
        if b"mailkit.mailinglist.list" in request.body:
            return plain(json.dumps(LISTS).encode())
        number = state["imports"]
        state["imports"] += 1
        if number == fails_at:
            return failure
        sent = len(json.loads(request.body)["parameters"]["recipients"])
        found = {
            "count_all": sent,
            "count_new": sent,
            "count_updated": 0,
            "count_bad": 0,
            "invalid_emails": [],
        }
        return plain(json.dumps(found | counts).encode())

    return answer


class Store(dict[str, Any]):
    """What a task keeps across tries, as Airflow 3.3 has it."""

    def set(self, key: str, value: Any) -> None:
        self[key] = json.loads(json.dumps(value))


@pytest.mark.parametrize("remembers", ["receipts", "store", "nothing"])
def test_a_run_after_a_failure_says_what_was_acknowledged_and_what_was_not(
    mailkit_connection: Callable[..., str], tmp_path: Path, task_log: Callable[[], str], remembers: str
) -> None:
    store = Store()
    context = {"task_state_store": store} if remembers == "store" else {}
    paths = {"receipts_path": f"{tmp_path}/r.csv"} if remembers == "receipts" else {}
    arguments = {"id_user_list": 7, "rows": people(11), "batch_rows": 3, **paths}
    with FaultServer(answers(fails_at=2)) as server:
        mailkit_connection(server.base_url, max_attempts=4)
        with pytest.raises(MailkitTransportError) as caught:
            run(context, **arguments)
        told = (
            "6 of 11 recipients were acknowledged, of 3 it is unclear whether they have arrived, "
            "2 were not sent."
        )
        assert told in str(caught.value)
        # A retry does no harm; within the try it is not sent again.
        assert caught.value.retryable
        assert not isinstance(caught.value, AirflowFailException)
        assert len(server.requests) == 1 + 3
        summary = run(context, **arguments)
    assert (summary["acknowledged"], summary["batches"]) == (11, 4)
    previous = summary["previous"]
    if remembers == "nothing":
        assert previous is None
        return
    assert {**previous, "run": ""} == {"run": "", "acknowledged": 6, "unclear": 3, "not_sent": 2}
    assert "6 recipients acknowledged, of 3 it is unclear" in task_log()
    if remembers == "receipts":
        assert "@" not in (tmp_path / "r.csv").read_text()
        with (tmp_path / "r.csv").open() as file:
            rows = list(csv.DictReader(file))
        assert [(row["FIRST"], row["LAST"], row["OUTCOME"]) for row in rows] == [
            ("1", "3", "acknowledged"), ("4", "6", "acknowledged"), ("7", "9", "unclear"),
            ("10", "11", "not sent"), ("1", "3", "acknowledged"), ("4", "6", "acknowledged"),
            ("7", "9", "acknowledged"), ("10", "11", "acknowledged"),
        ]  # fmt: skip
        assert {row["RUN"] for row in rows[:4]} == {previous["run"]} != {row["RUN"] for row in rows[4:]}


def test_only_what_was_certainly_not_sent_is_repeated(mailkit_connection: Callable[..., str]) -> None:
    with FaultServer(answers(fails_at=1, failure=plain(b"", 429))) as server:
        mailkit_connection(server.base_url, max_attempts=2)
        assert run(id_user_list=7, rows=people(5), batch_rows=3)["acknowledged"] == 5
        assert len(server.requests) == 1 + 3


def test_an_error_of_mailkit_ends_it_for_good(mailkit_connection: Callable[..., str]) -> None:
    refusal = plain(json.dumps({"error_status": 1, "error": "Invalid ID_user_list"}).encode())
    with FaultServer(answers(fails_at=1, failure=refusal)) as server:
        mailkit_connection(server.base_url, max_attempts=2)
        with pytest.raises(
            FailedMailkitApiError, match="3 of 5 recipients were acknowledged, 2 were not sent"
        ):
            run(id_user_list=7, rows=people(5), batch_rows=3)


def test_what_mailkit_refuses_counts_and_is_kept(
    mailkit_connection: Callable[..., str], tmp_path: Path
) -> None:
    refused = {"count_new": 1, "count_bad": 1, "invalid_emails": ["P1@example.com"]}
    with FaultServer(answers(**refused)) as server:
        mailkit_connection(server.base_url)
        path = tmp_path / "rejected.parquet"
        with pytest.raises(
            AirflowFailException, match=r"refused by Mailkit \(1\).*2 of 2 recipients were ackn"
        ):
            run(id_user_list=7, rows=people(2), rejected_path=path)
        summary = run(id_user_list=7, rows=people(2), rejected_path=path, max_invalid=0.5)
    assert (summary["refused"], summary["count_bad"], summary["counts_reliable"]) == (1, 1, True)
    import pyarrow.parquet as pq

    (row,) = pq.read_table(path).to_pylist()
    assert (row["ROW"], row["REASON"]) == (2, "refused by Mailkit")


def test_it_ends_as_soon_as_too_many_are_refused_for_certain(mailkit_connection: Callable[..., str]) -> None:
    with FaultServer(answers(count_new=0, count_bad=2)) as server:
        mailkit_connection(server.base_url)
        with pytest.raises(
            AirflowFailException, match="2 of 20 recipients were acknowledged, 18 were not sent"
        ):
            run(id_user_list=7, rows=people(20), batch_rows=2)
        assert len(server.requests) == 1 + 1


@pytest.mark.parametrize(
    "counts",
    [
        dict.fromkeys(("count_all", "count_new"), 0), {"count_new": 1}, {"count_all": None},
        {"count_updated": None},
        {"count_all": "many"}, {"count_bad": -1, "count_updated": 1},
    ],
)  # fmt: skip
def test_counts_that_do_not_add_up_are_not_reliable(
    mailkit_connection: Callable[..., str], counts: dict[str, Any]
) -> None:
    with FaultServer(answers(**counts)) as server:
        mailkit_connection(server.base_url)
        summary = run(id_user_list=7, rows=people(2))
    assert summary["counts_reliable"] is False
    assert summary["acknowledged"] == 2


NO_SUCCESS: dict[str, Any] = {
    "a plain text": "List is disabled",
    "an error without a number": {"error": "List is disabled"},
    "nothing": {},
    "a list": [{"count_all": 3, "count_bad": 3}],
    "other members": {"message": "List is disabled"},
    "true": True,
}


@pytest.mark.parametrize("protocol", ["json", "xmlrpc"])
@pytest.mark.parametrize("case", NO_SUCCESS)
def test_what_is_not_a_documented_success_acknowledges_nothing(
    mailkit_connection: Callable[..., str], protocol: Protocol, case: str
) -> None:
    def answer(number: int, request: Received) -> Answer:
        is_list = b"mailkit.mailinglist.list" in request.body
        return plain(encode(protocol, LISTS if is_list else NO_SUCCESS[case]))

    with FaultServer(answer) as server:
        mailkit_connection(server.base_url, protocol)
        with pytest.raises(MailkitError, match="0 of 5 recipients were acknowledged"):
            run(id_user_list=7, rows=people(5), batch_rows=3)
        assert len(server.requests) == 1 + 1


REFUSED: dict[str, Any] = {
    "a text": "p1@example.com, P2@example.com",
    "objects": [{"email": "p1@example.com", "reason": "bad"}, {"email": "p2@example.com"}],
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_addresses_are_found_however_they_are_listed(
    mailkit_connection: Callable[..., str], tmp_path: Path, case: str
) -> None:
    path = tmp_path / "rejected.jsonl"
    with FaultServer(answers(invalid_emails=REFUSED[case])) as server:
        mailkit_connection(server.base_url)
        summary = run(id_user_list=7, rows=people(4), max_invalid=0.5, rejected_path=path)
    assert summary["refused"] == 2
    assert [row["ROW"] for row in read_lines(path)] == [2, 3]


def test_counts_of_0_after_a_success_are_told(mailkit_connection: Callable[..., str]) -> None:
    with Sandbox(recipients=3, seconds=0, zero_counts=True) as sandbox:
        mailkit_connection(sandbox.base_url)
        summary = run(rows=people(2), verify="count")
    assert (summary["count_all"], summary["counts_reliable"]) == (0, False)
    assert (summary["list_before"], summary["list_after"]) == (3, 5)


def test_verify_finds_a_list_that_did_not_take_them(
    mailkit_connection: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airflow_provider_mailkit.imports.lists._PAUSES_S", (0.01, 0.01))
    counted = []

    def answer(number: int, request: Received) -> Answer:
        if b"getstatus" in request.body:
            counted.append(number)
            return plain(b"[]")
        return answers()(number, request)

    with FaultServer(answer) as server:
        mailkit_connection(server.base_url)
        with pytest.raises(
            AirflowFailException, match=r"has 0 recipients after the import.*although 2 were sent"
        ):
            run(id_user_list=7, rows=people(2), verify="count")
    assert len(counted) == 4


def test_a_killed_task_begins_no_further_batch(changing_json: Sandbox, tmp_path: Path) -> None:
    operator = importing(rows=people(5), batch_rows=2, receipts_path=f"{tmp_path}/r.jsonl")
    operator.on_kill()
    with pytest.raises(MailkitError, match="0 of 5 recipients were acknowledged, 5 were not sent") as caught:
        operator.execute({})
    # The worker may be going: another one may try again.
    assert caught.value.retryable
    assert changing_json.actions == []
    assert [row["OUTCOME"] for row in read_lines(tmp_path / "r.jsonl")] == ["not sent"]


def test_an_interruption_within_a_batch_leaves_it_unclear(
    changing_json: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: Any, **options: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("airflow_provider_mailkit.transport.sync_client.SyncClient.call_once", interrupted)
    monkeypatch.setattr("airflow_provider_mailkit.imports.sending.check_list", lambda *args: None)
    with pytest.raises(KeyboardInterrupt):
        run(rows=people(5), batch_rows=2, receipts_path=f"{tmp_path}/r.jsonl")
    assert [row["OUTCOME"] for row in read_lines(tmp_path / "r.jsonl")] == ["unclear", "not sent"]


def test_a_file_that_is_not_of_receipts_stops_it(changing_json: Sandbox, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "r.jsonl", [{"a": 1}])
    with pytest.raises(AirflowFailException, match="is not such a file"):
        run(rows=people(1), receipts_path=path)
    assert read_lines(path) == [{"a": 1}]
    assert changing_json.actions == []


@pytest.mark.parametrize(
    ("rejected", "receipts", "message"),
    [
        ("in/a.jsonl", None, "rejected_path is a file of source"),
        (None, "in/a.jsonl", "receipts_path is a file of source"),
        ("x.jsonl", "x.jsonl", "receipts_path is a file of rejected_path"),
    ],
)
def test_no_file_replaces_another_one_of_the_task(
    changing_json: Sandbox, tmp_path: Path, rejected: str | None, receipts: str | None, message: str
) -> None:
    (tmp_path / "in").mkdir()
    source = write_lines(tmp_path / "in" / "a.jsonl", [*people(1), {"email": "nobody"}])
    before = source.read_bytes()
    paths = {"rejected_path": rejected, "receipts_path": receipts}
    given: dict[str, Any] = {name: tmp_path / path for name, path in paths.items() if path}
    with pytest.raises(AirflowFailException, match=message):
        run(source=source.parent, max_invalid=1, **given)
    assert source.read_bytes() == before
    assert (changing_json.actions, [*tmp_path.glob("*.jsonl")]) == ([], [])


def test_a_missing_source_may_come_later(changing_json: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(MailkitError, match="the file does not exist") as caught:
        run(source=tmp_path / "a.csv")
    assert caught.value.retryable


def test_nobody_is_in_a_log_or_an_error(
    mailkit_connection: Callable[..., str], task_log: Callable[[], str]
) -> None:
    said = []
    for failure in (
        (End.RESET,),
        plain(b'{"error_status": 1, "error": "Bad p4@example.com"}'),
        plain(b"<p0@example.com>"),
    ):
        with FaultServer(answers(fails_at=1, failure=failure)) as server:
            mailkit_connection(server.base_url)
            with pytest.raises(MailkitError) as caught:
                run(id_user_list=7, rows=people(6), batch_rows=3)
            chain: BaseException | None = caught.value
            while chain is not None:
                said.append(f"{chain!r} {chain.__dict__}")
                chain = chain.__cause__ or chain.__context__
    assert not re.search(r"p\d+@|P\d", task_log() + "".join(said))
