"""Erasure and unsubscription, one address after the other: guards, outcomes, receipts, failures."""

from __future__ import annotations

import csv
import hashlib
import hmac
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.reports import encode
from support.server import Answer, End, FaultServer, Received, plain

from airflow_provider_mailkit._compat import AirflowFailException
from airflow_provider_mailkit.exceptions import MailkitError, MailkitTransportError
from airflow_provider_mailkit.operators.mailkit import MailkitUnsubscribeOperator, MailkitWipeOperator
from airflow_provider_mailkit.protocol.request import Protocol
from airflow_provider_mailkit.sandbox import Sandbox
from airflow_provider_mailkit.sandbox.people import person

WIPE, UNSUBSCRIBE = "mailkit.email.wipe", "mailkit.email.unsubscribe"
OPERATORS = pytest.mark.parametrize("kind", [MailkitWipeOperator, MailkitUnsubscribeOperator])


def run(kind: type[Any], **arguments: Any) -> dict[str, Any]:
    summary = kind(task_id="call", **arguments).execute({})
    assert json.loads(json.dumps(summary)) == summary
    assert "@" not in json.dumps(summary)
    return summary


def somebody(number: int) -> str:
    """Return the address of one of the sandbox's people."""
    return person(1, number).address


def asked(sandbox: Sandbox) -> list[tuple[str, str, bool]]:
    return [(action.function, action.subject, action.sends_mail) for action in sandbox.actions]


def hashed(address: str) -> str:
    return hmac.new(b"a secret key", address.lower().encode(), hashlib.sha256).hexdigest()


def read(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    with path.open(newline="") as file:
        return list(csv.DictReader(file)) if path.suffix == ".csv" else [json.loads(line) for line in file]


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_wipe_tells_of_each_address_and_adds_to_its_receipts(
    changing: Sandbox, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"receipts{suffix}"
    addresses = [somebody(3), f" {somebody(3).upper()} ", "nobody@example.org", somebody(5), None, ""]
    first = run(MailkitWipeOperator, addresses=[{"email": each} for each in addresses], receipts_path=path)
    expected = {
        "function": WIPE, "dry_run": False, "rows": 6, "addresses": 3, "duplicates": 3, "invalid": 0,
        "outcomes": {"done": 2, "unknown": 1}, "receipts_uri": f"file://{path}",
    }  # fmt: skip
    assert {**expected, "seconds": first["seconds"]} == first
    second = run(MailkitWipeOperator, addresses=[somebody(5), somebody(6)], receipts_path=path)
    assert second["outcomes"] == {"already done": 1, "done": 1}
    rows = read(path)
    assert [(row["ADDRESS_HASH"], row["OUTCOME"]) for row in rows] == [
        (hashed(somebody(3)), "done"), (hashed("nobody@example.org"), "unknown"),
        (hashed(somebody(5)), "done"), (hashed(somebody(5)), "already done"), (hashed(somebody(6)), "done"),
    ]  # fmt: skip
    assert sorted(row["AT"] for row in rows) == [row["AT"] for row in rows]
    assert changing.wiped == {somebody(number).lower() for number in (3, 5, 6)}


def test_unsubscribe_sends_no_mail_unless_it_is_asked_to(changing: Sandbox) -> None:
    summary = run(MailkitUnsubscribeOperator, addresses=[somebody(1), "x@example.com"])
    assert summary["outcomes"] == {"done": 1, "unknown": 1}
    run(MailkitUnsubscribeOperator, addresses=[somebody(2)], send_optout=True, timeout_days=14)
    assert asked(changing) == [(UNSUBSCRIBE, somebody(1), False), (UNSUBSCRIBE, somebody(2), True)]


def test_a_phone_number_can_be_unsubscribed_but_not_wiped(changing_json: Sandbox) -> None:
    assert run(MailkitUnsubscribeOperator, addresses=["+420900000001"])["outcomes"] == {"unknown": 1}
    with pytest.raises(AirflowFailException, match="1 of 1 texts are not addresses"):
        run(MailkitWipeOperator, addresses=["+420900000001"])


@OPERATORS
def test_a_file_is_a_source_too(changing_json: Sandbox, tmp_path: Path, kind: type[Any]) -> None:
    (tmp_path / "a.csv").write_text(
        f"\ufeffid;mail\n1;{somebody(1)}\n2;\n3;{somebody(2)}\n", encoding="utf-8"
    )
    summary = run(kind, source=tmp_path / "a.csv", column="mail", delimiter=";")
    assert (summary["rows"], summary["addresses"]) == (3, 2)
    assert [subject for _, subject, _ in asked(changing_json)] == [somebody(1), somebody(2)]


GUARDS: dict[str, tuple[dict[str, Any], str]] = {
    "too many": (
        {"addresses": ["a@example.com", "b@example.com"], "max_addresses": 1},
        "more than 1 addresses",
    ),
    "no such column": ({"addresses": [{"mail": "a@example.com"}]}, "addresses lacks 'email'"),
    "number": ({"addresses": [{"email": 5}]}, "Row 1 has a value of type int"),
    "no receipts": ({"addresses": ["a@example.com"], "receipts_path": "/proc/r.jsonl"}, "receipts_path"),
}


@OPERATORS
@pytest.mark.parametrize("case", GUARDS)
def test_guards_fail_before_the_first_call(changing_json: Sandbox, kind: type[Any], case: str) -> None:
    arguments, message = GUARDS[case]
    with pytest.raises(AirflowFailException, match=message):
        run(kind, **arguments)
    assert changing_json.actions == []


def test_as_many_as_may_be_pass(changing_json: Sandbox) -> None:
    addresses = [somebody(1), somebody(2), somebody(1)]
    assert run(MailkitWipeOperator, addresses=addresses, max_addresses=2)["outcomes"] == {"done": 2}


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "neither": ({}, "Give either addresses or source"),
    "both": ({"addresses": [], "source": "a.csv"}, "not both"),
    "one text": ({"addresses": "Anna"}, "list of addresses, not this str"),
    "guard": ({"addresses": [], "max_addresses": 0}, "max_addresses must be"),
    "dry run": ({"addresses": [], "dry_run": "no"}, "dry_run must be True or False"),
    "receipts": ({"addresses": [], "receipts_path": "a.txt"}, "receipts_path must end with"),
}


@OPERATORS
@pytest.mark.parametrize("case", BROKEN)
def test_a_wrong_argument_does_not_parse(kind: type[Any], case: str) -> None:
    arguments, message = BROKEN[case]
    with pytest.raises(MailkitError, match=message) as caught:
        kind(task_id="call", **arguments)
    assert "Anna" not in str(caught.value)


@pytest.mark.parametrize("days", [13, 91])
def test_days_until_an_unsubscription_ends(days: int) -> None:
    with pytest.raises(MailkitError, match="timeout_days must be"):
        MailkitUnsubscribeOperator(task_id="call", addresses=[], timeout_days=days)


@OPERATORS
def test_dry_run_calls_and_writes_nothing(changing_json: Sandbox, tmp_path: Path, kind: type[Any]) -> None:
    addresses = [somebody(1), "not an address"]
    summary = run(kind, addresses=addresses, dry_run=True, receipts_path=tmp_path / "r.jsonl")
    assert summary["dry_run"] is True
    assert (summary["addresses"], summary["invalid"], summary["outcomes"]) == (2, 1, {})
    assert changing_json.actions == []
    assert list(tmp_path.iterdir()) == []


@OPERATORS
def test_receipts_need_a_secret(
    mailkit_connection: Callable[..., str], kind: type[Any], tmp_path: Path
) -> None:
    with Sandbox(recipients=3, seconds=0) as sandbox:
        mailkit_connection(sandbox.base_url)
        with pytest.raises(AirflowFailException, match="hash_secret"):
            run(kind, addresses=[somebody(1)], receipts_path=tmp_path / "r.jsonl")
        assert sandbox.actions == []


@OPERATORS
def test_what_is_not_an_address_fails_it_after_the_others(
    changing_json: Sandbox, tmp_path: Path, kind: type[Any]
) -> None:
    addresses = [somebody(1), "Anna Nova", somebody(2)]
    with pytest.raises(AirflowFailException, match="1 of 3 texts are not addresses") as caught:
        run(kind, addresses=addresses, receipts_path=tmp_path / "r.jsonl")
    assert "Anna" not in str(caught.value)
    assert len(changing_json.actions) == 2
    assert [row["OUTCOME"] for row in read(tmp_path / "r.jsonl")] == ["done", "not an address", "done"]


def answers(fails_at: int, failure: Answer) -> Any:
    def answer(number: int, request: Received) -> Answer:
        return failure if number == fails_at else plain(b'{"error_status": 0, "error": "OK"}')

    return answer


ADDRESSES = [f"p{number}@example.com" for number in range(5)]
FAILURES: dict[str, tuple[Answer, type[Exception], str, str]] = {
    "lost answer": ((End.RESET,), MailkitTransportError, "unclear", "done 2, unclear 1, 2 not asked for"),
    "unknown error": (
        plain(b'{"error_status": 1, "error": "No way, p2@example.com"}'), AirflowFailException, "failed",
        "done 2, failed 1, 2 not asked for",
    ),
    "no access": (
        plain(b'{"error_status": 1, "error": "Unauthorized"}'), AirflowFailException, "failed",
        "done 2, failed 1",
    ),
}  # fmt: skip


@OPERATORS
@pytest.mark.parametrize("case", FAILURES)
def test_a_failure_ends_the_calls_and_says_how_far_they_came(
    mailkit_connection: Callable[..., str],
    task_log: Callable[[], str],
    tmp_path: Path,
    kind: type[Any],
    case: str,
) -> None:
    failure, error, outcome, message = FAILURES[case]
    with FaultServer(answers(2, failure)) as server:
        mailkit_connection(server.base_url, max_attempts=3, hash_secret="a secret key")
        with pytest.raises(error, match=message) as caught:
            run(kind, addresses=ADDRESSES, receipts_path=tmp_path / "r.jsonl")
        assert len(server.requests) == 3
    assert getattr(caught.value, "retryable") is (case == "lost answer")  # noqa: B009
    assert [row["OUTCOME"] for row in read(tmp_path / "r.jsonl")] == [
        "done", "done", outcome, "not asked", "not asked"
    ]  # fmt: skip
    assert not re.search(r"p\d+@", f"{task_log()}{caught.value!r}{caught.value.__context__!r}")


REFUSALS: dict[str, Any] = {
    "a plain text": "Not allowed",
    "an error without a number": {"error": "Not allowed"},
    "an empty object": {},
    "an empty list": [],
    "an object in a list": [{"error_status": 1, "error": "Not allowed"}],
    "other members": {"message": "Not allowed"},
    "an empty text": "",
}


@OPERATORS
@pytest.mark.parametrize("protocol", ["json", "xmlrpc"])
@pytest.mark.parametrize("case", REFUSALS)
def test_what_is_not_a_documented_success_is_never_done(
    mailkit_connection: Callable[..., str],
    tmp_path: Path,
    kind: type[Any],
    protocol: Protocol,
    case: str,
) -> None:
    body = encode(protocol, REFUSALS[case])
    with FaultServer(lambda number, request: plain(body)) as server:
        mailkit_connection(server.base_url, protocol, hash_secret="a secret key")
        with pytest.raises(MailkitError, match=r"Of 5 addresses: (failed|unclear) 1, 4 not asked for"):
            run(kind, addresses=ADDRESSES, receipts_path=tmp_path / "r.jsonl")
        assert len(server.requests) == 1
    assert read(tmp_path / "r.jsonl")[0]["OUTCOME"] in ("failed", "unclear")


@pytest.mark.parametrize("error", ["Email has already been inserted", "Invalid ID_email or email"])
@pytest.mark.parametrize("as_text", [False, True])
def test_known_errors_need_no_number(
    mailkit_connection: Callable[..., str], error: str, as_text: bool
) -> None:
    answer = json.dumps(error if as_text else {"error": error, "error_status": None}).encode()
    with FaultServer(lambda number, request: plain(answer)) as server:
        mailkit_connection(server.base_url)
        outcomes = run(MailkitWipeOperator, addresses=ADDRESSES)["outcomes"]
    assert outcomes == ({"already done": 5} if "already" in error else {"unknown": 5})


def test_what_was_certainly_not_sent_is_repeated(mailkit_connection: Callable[..., str]) -> None:
    with FaultServer(answers(2, plain(b"", 429))) as server:
        mailkit_connection(server.base_url, max_attempts=2)
        assert run(MailkitWipeOperator, addresses=ADDRESSES)["outcomes"] == {"done": 5}
        assert len(server.requests) == 6


@OPERATORS
def test_a_killed_task_makes_no_further_call(changing_json: Sandbox, tmp_path: Path, kind: type[Any]) -> None:
    operator = kind(task_id="call", addresses=[somebody(1)], receipts_path=f"{tmp_path}/r.jsonl")
    operator.on_kill()
    with pytest.raises(MailkitError, match="none, 1 not asked for") as caught:
        operator.execute({})
    # The worker may be going: another one may try again.
    assert caught.value.retryable
    assert changing_json.actions == []
    assert [row["OUTCOME"] for row in read(tmp_path / "r.jsonl")] == ["not asked"]
