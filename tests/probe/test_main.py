"""The probe shows the forms of an account's answers, and nothing about anybody."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support.reports import CLIENT_ID, CLIENT_MD5, PROTOCOLS, Protocol, encode
from support.server import FaultServer, Received, plain

from airflow_provider_mailkit.catalogue.functions import FUNCTIONS
from airflow_provider_mailkit.probe.__main__ import main
from airflow_provider_mailkit.probe.shapes import describe
from airflow_provider_mailkit.sandbox import Sandbox
from airflow_provider_mailkit.sandbox.deliveries import NAMES
from airflow_provider_mailkit.transport.sync_client import SyncClient

READING = {name for name, function in FUNCTIONS.items() if function.reads}
LIMITED = [name for name in READING if FUNCTIONS[name].parameter("limit")]
Define = Callable[..., str]


def texts_in(value: Any) -> Iterator[str]:
    """Return every number and text of an answer."""
    if isinstance(value, dict):
        for item in value.values():
            yield from texts_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)
    elif isinstance(value, str | int) and not isinstance(value, bool):
        yield str(value)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_account(
    protocol: Protocol, mailkit_connection: Define, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered: set[str] = set()
    call = SyncClient.call

    def noted(self: SyncClient, function: str, *args: Any, **options: Any) -> Any:
        answer = call(self, function, *args, **options)
        answered.update(texts_in(answer))
        return answer

    monkeypatch.setattr(SyncClient, "call", noted)
    path = tmp_path / "told.json"
    with Sandbox(recipients=60, seconds=0, deliveries=2, last_day=date.today()) as sandbox:
        base_url = sandbox.base_url
        mailkit_connection(base_url, protocol)
        assert main(["--output", str(path)]) == 0
        assert {FUNCTIONS_BY_METHOD.get(entry.function, entry.function) for entry in sandbox.log.entries} == (
            READING - {"mailkit.sendmail_mass.results"}
        )
        assert not [entry for entry in sandbox.log.entries if entry.refusal is not None]
        limits = [entry.parameters["limit"] for entry in sandbox.log.entries if "limit" in entry.parameters]
        assert [int(str(limit)) for limit in limits] == [2] * len(LIMITED)
    text = path.read_text()
    told = json.loads(text)
    assert told["protocol"] == protocol
    assert [each["function"] for each in told["functions"] if each["asked"] is False] == [
        "mailkit.sendmail_mass.results"
    ]
    assert {each["function"] for each in told["functions"]} == READING
    answers = {each["function"]: each.get("answer") for each in told["functions"]}
    members = answers["mailkit.report.message.recipients"]["members"]
    kinds = {"json": "text (digits)", "xmlrpc": "integer"}
    assert members["ID_EMAIL"] == kinds[protocol]
    assert members["EMAIL"] == "text (an address)"
    assert members["STATUS"] == "text (sent)"
    assert members["DATE"] == "text (dddd-dd-dd dd:dd:dd)"
    assert answers["mailkit.mailinglist.getstatus"]["form"] == "list (more)"

    searched = text.replace(told["provider"], "")
    assert "@" not in searched
    for secret in (CLIENT_ID, CLIENT_MD5, base_url):
        assert secret not in searched
    assert not re.search("[0-9]{3}", searched)
    # All that was answered and is neither a word of a choice nor a short number.
    shown = set(re.findall(r"[^\s\"(),]+", searched))
    for value in answered:
        if value in shown:
            assert re.fullmatch(r"[A-Za-z_]{1,24}|[0-9]{1,2}|[A-Z]{2,3}", value), value
    assert not shown & {*NAMES, *(name.title() for name in NAMES), "Praha", "Brno", "Customers", "VIP"}


FUNCTIONS_BY_METHOD = {function.method: name for name, function in FUNCTIONS.items() if function.method}
NASTY: dict[str, Any] = {
    "ID_MESSAGE": "987654", "ID_SEND": 987655, "ID_URL": "987656", "ID_USER_LIST": "987657",
    "ID_EMAIL": "987658", "EMAIL": "zqx.person@example.org", "FIRST_NAME": "Zqxanna", "TYPE": "Zqx 5",
    "STATUS": "zqx.person@example.org", "zqx.person@example.org": "x", "ID_987659": 1, "NOTE": "zqxword",
    "PHONE": "+420 777 987 660", "nested": {"zqx.person@example.org": {"STATUS": ["Zqxanna"]}},
    "deep": [[["zqxword"]]], "STATUS_2": "Zqxanna", "REV": 5.5, "T": True, "N": None,
    "MANY": {f"zqx{number}9876": number for number in range(500)},
}  # fmt: skip


def test_answers_full_of_people(mailkit_connection: Define, capsys: pytest.CaptureFixture[str]) -> None:
    for protocol in PROTOCOLS:
        with FaultServer([plain(encode(protocol, [NASTY] * 3))], totals=None) as server:
            mailkit_connection(server.base_url, protocol)
            assert main([]) == 0
        out, err = capsys.readouterr()
        told = out
        for text in (told, err):
            assert "zqx" not in text.lower().replace("zqx_", "")
            assert "@" not in text
            assert "9876" not in text
        assert "(names that are not shown)" in told
        assert json.loads(told)["protocol"] == protocol


def test_errors_without_their_ids(mailkit_connection: Define, capsys: pytest.CaptureFixture[str]) -> None:
    def script(number: int, request: Received) -> Any:
        if b"campaigns.history" in request.body:
            return plain(b'[{"ID_MESSAGE": "987654", "ID_SEND": "987655"}]')
        if b"mailkit.report" in request.body:
            return plain(b'{"error_status": 7, "error": "Invalid ID_send 987655 of zqx@example.org"}')
        return plain(b"<html>987656 zqx@example.org</html>" if b"profile" in request.body else b"{}")

    with FaultServer(script, totals=None) as server:
        mailkit_connection(server.base_url)
        assert main(["--protocol", "json"]) == 0
    out, err = capsys.readouterr()
    told = json.loads(out)
    by_name = {each["function"]: each for each in told["functions"]}
    assert by_name["mailkit.report.message"]["error"] == "MailkitApiError"
    assert "Invalid ID_send #" in by_name["mailkit.report.message"]["says"]
    assert by_name["mailkit.profile.emails.list"]["error"] == "MailkitResponseError"
    assert by_name["mailkit.mailinglist.getstatus"]["asked"] is False
    assert not re.search("zqx|98765|@|html", out + err)


def test_a_client_that_is_refused(mailkit_connection: Define, capsys: pytest.CaptureFixture[str]) -> None:
    with Sandbox(recipients=1, disallow_ip=True) as sandbox:
        mailkit_connection(sandbox.base_url)
        assert main([]) == 1
        assert len(sandbox.log.entries) == 1
    assert "Disallowed IP" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("answer", "form"),
    [
        ([], "list (none)"),
        ({}, "object"),
        ("", "text (empty)"),
        (" ", "text (blanks)"),
        ("12345678", "text (digits)"),
        ("12.50 %", "text (dd.dd %)"),
        ("+01:00", "text (+dd:dd)"),
        ("-5", "text (-d)"),
        ("1234567,5", "text (d..d,d)"),
        ("TRUE", "text (TRUE)"),
        ("https://example.com/1", "text (a link)"),
        ("Jan", "text (words)"),
        ("\uff12", "text (words)"),
        (5, "integer"),
        (None, "null"),
        (True, "boolean"),
        ([1], {"form": "list (one)", "elements": "integer"}),
        ([{"STATUS": "sent"}, {"STATUS": None}, {"STATUS": "never"}],
         {"form": "list (more)", "members": {"STATUS": "null, text (sent)"}}),
    ],
)  # fmt: skip
def test_forms(answer: Any, form: Any) -> None:
    assert describe(answer) == form
