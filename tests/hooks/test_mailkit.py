"""The hook, against a server on loopback."""

from __future__ import annotations

import asyncio
import importlib
import logging
import pickle
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import pytest
from support.reports import (
    CLIENT_ID,
    CLIENT_MD5,
    RECIPIENT_COLUMNS,
    Protocol,
    api_error,
    encode,
    oracle,
    recipients,
)
from support.server import End, FaultServer, Step, chunked, close_delimited, plain

from airflow_provider_mailkit.exceptions import (
    MailkitAccessError,
    MailkitApiError,
    MailkitError,
    MailkitTransportError,
)
from airflow_provider_mailkit.hooks.mailkit import MailkitHook

Define = Callable[..., str]


async def _rows(hook: MailkitHook, id_send: int | str = 5001) -> list[dict[str, Any]]:
    return [row async for row in hook.aiter_recipients(id_send)]


def test_the_constructor_looks_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up: list[object] = []

    def look_up(*args: object, **kwargs: object) -> object:
        looked_up.append(args)
        raise AssertionError("a connection is looked up")

    for owner in {MailkitHook, *MailkitHook.__mro__}:
        for name in ("get_connection", "aget_connection", "get_connections", "get_hook"):
            if name in vars(owner):
                monkeypatch.setattr(owner, name, classmethod(look_up))
    hook = MailkitHook("no_such_connection")
    assert hook.mailkit_conn_id == "no_such_connection"
    assert repr(hook)
    assert not looked_up
    with pytest.raises(AssertionError, match="looked up"):
        _ = hook.account
    assert looked_up


def test_names_that_airflow_goes_by() -> None:
    assert MailkitHook().mailkit_conn_id == "mailkit_default"
    assert (MailkitHook.conn_name_attr, MailkitHook.default_conn_name) == (
        "mailkit_conn_id",
        "mailkit_default",
    )
    assert (MailkitHook.conn_type, MailkitHook.hook_name) == ("mailkit", "Mailkit")


def test_the_connection_is_looked_up_once(
    mailkit_connection: Define, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailkit_connection("https://api.example.com")
    hook = MailkitHook()
    first = hook.account
    mailkit_connection("https://other.example.com")
    assert hook.account is first
    assert MailkitHook().account.endpoint.base_url == "https://other.example.com"


def test_two_async_look_ups_at_once(mailkit_connection: Define) -> None:
    mailkit_connection("https://api.example.com", hash_secret="my-hash-key", timezone="Europe/Prague")

    async def run() -> list[Any]:
        return await asyncio.gather(*(MailkitHook().aaccount() for _ in range(2)))

    first, second = asyncio.run(run())
    assert first == second == MailkitHook().account
    assert first.hash_secret == "my-hash-key"


@pytest.mark.parametrize("look_up", ["account", "aaccount"])
def test_secrets_are_masked_raw_and_quoted(
    look_up: str, mailkit_connection: Define, monkeypatch: pytest.MonkeyPatch
) -> None:
    masked: list[str] = []
    monkeypatch.setattr("airflow_provider_mailkit._compat.mask_secret", masked.append)
    mailkit_connection("https://api.example.com", password="MD5/with sp@ce", hash_secret="häsh/key")
    hook = MailkitHook()
    _ = asyncio.run(hook.aaccount()) if look_up == "aaccount" else hook.account
    for secret in ("MD5/with sp@ce", "häsh/key"):
        assert secret in masked
        assert quote(secret, safe="") in masked
    assert CLIENT_ID not in masked


def _masked(text: str) -> str:
    """Return a text as the task logs of this Airflow show it; the masker moved several times."""
    for module in ("airflow.sdk._shared.secrets_masker", "airflow.sdk.execution_time.secrets_masker"):
        with suppress(ImportError):
            return str(importlib.import_module(module)._secrets_masker().redact(text))
    masker = importlib.import_module("airflow.utils.log.secrets_masker")
    return str(masker._secrets_masker().redact(text))


def test_logs_do_not_show_the_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow masks the password of a connection by itself, but not as it stands in a URI."""
    secret = "MD5-c0de/with+sp@ce"
    uri = f"mailkit://{CLIENT_ID}:{quote(secret, safe='')}@/?hash_secret=my-hash-key"
    monkeypatch.setenv("AIRFLOW_CONN_MAILKIT_DEFAULT", uri)
    assert MailkitHook().account.endpoint.credentials.client_md5 == secret
    line = f"raw {secret}, quoted {quote(secret, safe='')}, key my-hash-key"
    assert _masked(line) == "raw ***, quoted ***, key ***"
    assert _masked(uri) == f"mailkit://{CLIENT_ID}:***@/?hash_secret=***"


def test_recipients(protocol: Protocol, mailkit_connection: Define) -> None:
    body = encode(protocol, recipients(23))
    with FaultServer([chunked(body)]) as server:
        mailkit_connection(server.base_url, protocol)
        expected = oracle(protocol, body)
        assert list(MailkitHook().iter_recipients("5001")) == expected
        assert asyncio.run(_rows(MailkitHook())) == expected
        assert len(server.requests) == 2
        assert all(b"5001" in request.body for request in server.requests)


def test_recipients_arrive_while_the_report_does(protocol: Protocol, mailkit_connection: Define) -> None:
    """The first row is out although the end never comes."""
    body = encode(protocol, recipients(5003))
    answer: list[Step] = [b"HTTP/1.1 200 OK\r\n\r\n", body[:-300], End.SILENCE]
    with FaultServer([answer]) as server:
        mailkit_connection(server.base_url, protocol)
        rows = MailkitHook().iter_recipients(5001)
        assert next(rows)["ID_SEND_MESSAGE"] == 700_000
        rows.close()  # type: ignore[attr-defined]

        async def first() -> dict[str, Any]:
            arriving = MailkitHook().aiter_recipients(5001)
            async for row in arriving:
                await arriving.aclose()  # type: ignore[attr-defined]
                return row
            raise AssertionError("no row")

        assert asyncio.run(first())["ID_SEND_MESSAGE"] == 700_000


def test_rows_hold_only_what_is_documented(mailkit_connection: Define, protocol: Protocol) -> None:
    report = recipients(3003)
    for row in report[:-3]:
        row["SUBJECT"] = "new"
    with FaultServer([plain(encode(protocol, report))]) as server:
        mailkit_connection(server.base_url, protocol)
        rows = list(MailkitHook().iter_recipients(5001))
    assert {tuple(row) for row in rows} == {RECIPIENT_COLUMNS}


def test_an_abandoned_iteration_closes_the_connection(mailkit_connection: Define) -> None:
    body = encode("json", recipients(2003))

    def endless(number: int, request: object) -> Any:
        yield b"HTTP/1.1 200 OK\r\n\r\n" + body[:-1]
        while True:
            yield b"," + body[1:-1]

    async def stop_early() -> None:
        arriving = MailkitHook().aiter_recipients(5001)
        await anext(aiter(arriving))
        await arriving.aclose()  # type: ignore[attr-defined]
        assert await asyncio.to_thread(server.client_left.wait, 5)

    with FaultServer(endless) as server:
        mailkit_connection(server.base_url)
        rows = MailkitHook().iter_recipients(5001)
        next(rows)
        rows.close()  # type: ignore[attr-defined]
        assert server.client_left.wait(5)
        server.client_left.clear()
        asyncio.run(stop_early())


def test_an_empty_report(protocol: Protocol, mailkit_connection: Define) -> None:
    with FaultServer([plain(encode(protocol, []))]) as server:
        mailkit_connection(server.base_url, protocol)
        assert list(MailkitHook().iter_recipients(5001)) == []
        assert asyncio.run(_rows(MailkitHook())) == []
        assert MailkitHook().count_recipients(5001) == Counter()
        assert asyncio.run(MailkitHook().acount_recipients(5001)) == Counter()


def test_calls(protocol: Protocol, mailkit_connection: Define) -> None:
    answer = {"NAME": "Ž", "SENT": "5", "parts": [{"A": 1}, {"A": 2}, {"A": 3}]}
    with FaultServer([plain(encode(protocol, answer))], totals=None) as server:
        mailkit_connection(server.base_url, protocol)
        assert MailkitHook().call("mailkit.report.message", {"ID_send": 5001}) == answer
        assert asyncio.run(MailkitHook().acall("mailkit.report.message", {"ID_send": 5001})) == answer
        assert MailkitHook().call("mailkit.report", checked=False) == answer
        assert b"5001" not in server.requests[2].body


@pytest.mark.parametrize("id_send", ["", "None", 0, None, "5001; 5002"])
def test_a_wrong_id_makes_no_request(id_send: Any, mailkit_connection: Define) -> None:
    with FaultServer([plain(b"[]")]) as server:
        mailkit_connection(server.base_url)
        for ask in (
            lambda: list(MailkitHook().iter_recipients(id_send)),
            lambda: MailkitHook().count_recipients(id_send),
            lambda: asyncio.run(_rows(MailkitHook(), id_send)),
            lambda: asyncio.run(MailkitHook().acount_recipients(id_send)),
        ):
            with pytest.raises(MailkitError, match="id_send"):
                ask()
        assert not server.requests


def test_a_report_is_tried_again_until_its_first_rows(protocol: Protocol, mailkit_connection: Define) -> None:
    body = encode(protocol, recipients(23))
    # A small report is one batch: cut, nothing of it has come out.
    script = [plain(b"", 503), [End.RESET], close_delimited(body[:40]), plain(body)]
    for read in (lambda: list(MailkitHook().iter_recipients(1)), lambda: asyncio.run(_rows(MailkitHook()))):
        with FaultServer(script) as server:
            mailkit_connection(server.base_url, protocol)
            assert read() == oracle(protocol, body)
            assert len(server.requests) == 4


def test_a_fault_behind_the_first_rows_is_raised(protocol: Protocol, mailkit_connection: Define) -> None:
    """A second try would give the rows twice."""
    body = encode(protocol, recipients(5003))
    with FaultServer([close_delimited(body[:-300]), plain(body)]) as server:
        mailkit_connection(server.base_url, protocol)
        rows: list[dict[str, Any]] = []
        with pytest.raises(MailkitTransportError, match="cut"):
            rows.extend(MailkitHook().iter_recipients(5001))
        assert len(server.requests) == 1

    async def read() -> None:
        arriving = MailkitHook().aiter_recipients(5001)
        try:
            async for row in arriving:
                arrived.append(row)  # noqa: PERF401 - those before the fault are wanted
        except MailkitTransportError as error:
            failures.append(error)

    arrived: list[dict[str, Any]] = []
    failures: list[MailkitTransportError] = []
    with FaultServer([close_delimited(body[:-300]), plain(body)]) as server:
        mailkit_connection(server.base_url, protocol)
        asyncio.run(read())
        assert len(server.requests) == 1
    (failure,) = failures
    assert "cut" in str(failure)
    for seen in (rows, arrived):
        assert 4500 < len(seen) < 5003
        assert seen == oracle(protocol, body)[: len(seen)]


@pytest.mark.parametrize(
    ("text", "kind"), [("Unauthorized", MailkitAccessError), ("Invalid ID_send", MailkitApiError)]
)
def test_error_answers(
    text: str, kind: type[MailkitError], protocol: Protocol, mailkit_connection: Define
) -> None:
    with FaultServer([plain(api_error(protocol, text))]) as server:
        mailkit_connection(server.base_url, protocol)
        asks: list[Callable[[], Any]] = [
            lambda: list(MailkitHook().iter_recipients(1)),
            lambda: MailkitHook().count_recipients(1),
            lambda: MailkitHook().call("mailkit.report.campaign", {"ID_message": 1}),
            lambda: asyncio.run(_rows(MailkitHook())),
            lambda: asyncio.run(MailkitHook().acount_recipients(1)),
            lambda: asyncio.run(MailkitHook().acall("mailkit.report.campaign", {"ID_message": 1})),
        ]
        for ask in asks:
            with pytest.raises(kind, match=text) as caught:
                ask()
            copy = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
            assert (type(copy), str(copy), vars(copy)) == (kind, str(caught.value), vars(caught.value))
            assert copy.function.startswith("mailkit.report")
        assert len(server.requests) == len(asks)


def test_max_attempts_of_the_connection(mailkit_connection: Define) -> None:
    with FaultServer([plain(b"", 503)]) as server:
        mailkit_connection(server.base_url, max_attempts="3")
        with pytest.raises(MailkitTransportError, match="503"):
            MailkitHook().count_recipients(1)
        assert len(server.requests) == 3


def test_dates_have_the_offset_of_the_connections_zone(
    protocol: Protocol, mailkit_connection: Define
) -> None:
    with FaultServer([plain(encode(protocol, recipients(1)))]) as server:
        mailkit_connection(server.base_url, protocol, timezone="Europe/Prague")
        (row,) = MailkitHook().iter_recipients(5001)
        assert row["DATE"] == "2026-03-01T08:00:00+01:00"


def test_nothing_of_a_report_is_logged(
    protocol: Protocol, mailkit_connection: Define, caplog: pytest.LogCaptureFixture
) -> None:
    body = encode(protocol, recipients(23))
    with FaultServer([plain(b"", 500), plain(body)]) as server, caplog.at_level(logging.DEBUG):
        mailkit_connection(server.base_url, protocol)
        list(MailkitHook().iter_recipients(5001))
        asyncio.run(_rows(MailkitHook()))
    for hidden in ("person", "@example", CLIENT_MD5):
        assert hidden not in caplog.text
