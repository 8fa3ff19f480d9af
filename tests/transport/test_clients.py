"""Both clients against a server that does to them what networks do; one table for both."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from support.reports import CLIENT_ID, CLIENT_MD5, Protocol, api_error, encode, oracle, recipients
from support.server import End, Step, chunked, close_delimited, gzipped, head, plain
from transport.bodies import JSON_BODY
from transport.clients import CHANGES, QUICK, READS, Client, ask, ask_call, assert_transport_error

from airflow_provider_mailkit.exceptions import MailkitError, MailkitTransportError, MailkitUnclearError
from airflow_provider_mailkit.protocol.retry import RetryPolicy


@pytest.mark.parametrize(
    "frame",
    [
        plain,
        chunked,
        close_delimited,
        gzipped,
        lambda body: chunked(gzip.compress(body), 100, content_encoding="gzip"),
        lambda body: close_delimited(gzip.compress(body), content_encoding="x-gzip"),
        lambda body: plain(gzip.compress(body[:300]) + gzip.compress(body[300:]), content_encoding="gzip"),
        lambda body: [head(content_length=len(body)), *(body[i : i + 1] for i in range(len(body)))],
        lambda body: chunked(body, 1),
    ],
    ids=[
        "length",
        "chunked",
        "close",
        "gzip",
        "gzip chunked",
        "gzip close",
        "gzip twice",
        "bytes",
        "chunked bytes",
    ],
)
def test_a_whole_answer_however_it_is_framed(
    client: Client, protocol: Protocol, frame: Callable[[bytes], list[Step]]
) -> None:
    body = encode(protocol, recipients(23))
    got, server = ask(client, [frame(body)], protocol)
    assert got.error is None
    assert got.rows == oracle(protocol, body)
    assert len(server.requests) == 1


def test_a_large_answer(client: Client, protocol: Protocol) -> None:
    body = encode(protocol, recipients(9001))
    got, _ = ask(client, [gzipped(body)], protocol)
    assert got.error is None
    assert got.rows == oracle(protocol, body)


def test_what_is_sent(client: Client, protocol: Protocol) -> None:
    """One POST with the body and nothing that was not asked for: no cookie, no authorization, no referrer."""
    _, server = ask(client, [plain(encode(protocol, []), set_cookie="a=b")], protocol)
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", {"json": "/json.fcgi", "xmlrpc": "/rpc.fcgi"}[protocol])
    headers = request.headers
    assert headers["content-type"].startswith({"json": "application/json", "xmlrpc": "text/xml"}[protocol])
    assert headers["accept-encoding"] == "gzip"
    assert headers["user-agent"].startswith("airflow-provider-mailkit/")
    assert headers["content-length"] == str(len(request.body))
    assert not {"cookie", "authorization", "referer", "proxy-authorization"} & headers.keys()
    assert CLIENT_MD5.encode() not in request.head
    assert b"5001" in request.body
    assert CLIENT_MD5.encode() in request.body


def test_a_call(client: Client, protocol: Protocol) -> None:
    answer = [{"ID_USER_LIST": "1", "NAME": "Ž}"}, {"ID_USER_LIST": "2", "NAME": ""}]
    got, server = ask_call(client, [gzipped(encode(protocol, answer))], READS, protocol)
    assert (got.answer, got.error) == (answer, None)
    assert b"mailkit.mailinglist.list" in server.requests[0].body


def test_a_read_is_tried_again(client: Client, protocol: Protocol, monkeypatch: pytest.MonkeyPatch) -> None:
    slept = client.note_sleeps(monkeypatch)
    script = [
        plain(b"", 500),
        [End.RESET],
        close_delimited(b"[")[:1],
        plain(encode(protocol, [{"NAME": "x"}])),
    ]
    got, server = ask_call(client, script, READS, protocol, retry=RetryPolicy())
    assert (got.answer, got.error) == ([{"NAME": "x"}], None)
    assert len(server.requests) == 4
    assert len(slept) == 3
    assert [0.5 * 2**n <= delay <= 2**n for n, delay in enumerate(slept)] == [True] * 3


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (plain(b"", 500), MailkitUnclearError),
        (plain(b"", 429, retry_after=1), MailkitTransportError),
        ([End.RESET], MailkitUnclearError),
        (close_delimited(b"{"), MailkitUnclearError),
    ],
)
def test_a_change_is_never_tried_again(
    client: Client, fault: list[Step], kind: type[MailkitError], monkeypatch: pytest.MonkeyPatch
) -> None:
    slept = client.note_sleeps(monkeypatch)
    for function in (CHANGES, "mailkit.sendmail", "mailkit.nobody.knows.this"):
        got, server = ask_call(client, [fault], function, "json", retry=QUICK)
        assert got.kind is kind
        assert len(server.requests) == 1
    assert not slept


def test_a_permanent_error_is_not_tried_again(client: Client, protocol: Protocol) -> None:
    for answer in (plain(api_error(protocol, "Unauthorized")), plain(b"<html>"), plain(b"", 404)):
        got, server = ask_call(client, [answer], READS, protocol, retry=QUICK)
        assert got.error is not None
        assert not got.error.retryable
        assert len(server.requests) == 1


@pytest.mark.parametrize("attempts", [1, 2, 5])
def test_tries_are_counted(client: Client, attempts: int) -> None:
    got, server = ask_call(client, [plain(b"", 503)], READS, retry=replace(QUICK, max_attempts=attempts))
    assert_transport_error(got, match="503")
    assert len(server.requests) == attempts


def test_the_budget_ends_the_tries(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    slept = client.note_sleeps(monkeypatch)
    policy = RetryPolicy(max_attempts=1000, budget_s=180)
    got, server = ask_call(client, [plain(b"", 503)], READS, retry=policy)
    assert_transport_error(got, match="503")
    assert 100 < sum(slept) <= 180
    assert max(slept) <= 30
    assert len(server.requests) == len(slept) + 1


def test_retry_after_is_followed(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    slept = client.note_sleeps(monkeypatch)
    in_40_s = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    script = [plain(b"", 429, retry_after=17), plain(b"", 503, retry_after=in_40_s), plain(b"[]")]
    got, server = ask_call(client, script, READS, retry=RetryPolicy())
    assert got.error is None
    assert slept[0] == 17
    assert 30 < slept[1] <= 40
    assert len(server.requests) == 3


@pytest.mark.parametrize("asked", ["61", "86400", "1e300", "inf", "Fri, 01 Jan 2100 00:00:00 GMT"])
def test_an_absurd_retry_after_ends_the_tries(
    client: Client, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept = client.note_sleeps(monkeypatch)
    got, server = ask_call(client, [plain(b"", 429, retry_after=asked)], READS, retry=RetryPolicy())
    error = assert_transport_error(got, match="which asks to wait")
    assert error.retry_after_s is not None
    assert error.retry_after_s > 60
    assert (len(server.requests), slept) == (1, [])


@pytest.mark.parametrize(
    "asked", ["soon", "-5", "0", "", "nan", "Mon, 99 Foo 2026", "Wed, 21 Oct 2015 07:28:00 GMT"]
)
def test_an_unreadable_or_past_retry_after_changes_nothing(
    client: Client, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept = client.note_sleeps(monkeypatch)
    got, server = ask_call(
        client, [plain(b"", 429, retry_after=asked), plain(b"[]")], READS, retry=RetryPolicy()
    )
    assert (got.answer, got.error) == ([], None)
    assert len(server.requests) == 2
    assert 0.5 <= slept[0] <= 1


def test_a_try_again_is_logged_without_secrets(
    client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.note_sleeps(monkeypatch)
    with caplog.at_level("DEBUG"):
        ask_call(client, [plain(b"", 500), plain(b"[]")], READS, retry=RetryPolicy())
        ask(client, [plain(JSON_BODY)])
    assert any("Try 1 of 5" in message for message in caplog.messages)
    for secret in (CLIENT_MD5, CLIENT_ID, "person", "@example"):
        assert secret not in caplog.text
