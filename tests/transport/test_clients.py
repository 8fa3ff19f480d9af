"""Both clients against a server that does to them what networks do; one table for both."""

from __future__ import annotations

import asyncio
import gc
import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from support.ports import free_port
from support.reports import (
    CLIENT_ID,
    CLIENT_MD5,
    Protocol,
    assert_discreet,
    encode,
    everything_told,
    oracle,
    recipients,
)
from support.server import (
    End,
    FaultServer,
    Pause,
    Step,
    chunked,
    chunks,
    close_delimited,
    gzipped,
    head,
    plain,
)
from support.tls import trust
from transport.clients import CHANGES, QUICK, READS, Client, ask, ask_call, assert_transport_error, endpoint

from airflow_provider_mailkit.catalogue.reports.deliveries import RECIPIENTS
from airflow_provider_mailkit.exceptions import (
    MailkitAccessError,
    MailkitApiError,
    MailkitError,
    MailkitResponseError,
    MailkitTransportError,
    MailkitUnclearError,
)
from airflow_provider_mailkit.protocol.retry import RetryPolicy
from airflow_provider_mailkit.transport.async_client import AsyncClient
from airflow_provider_mailkit.transport.sync_client import SyncClient

COUNT = 137
JSON_BODY = encode("json", recipients(COUNT))


def body_of(protocol: Protocol) -> bytes:
    return encode(protocol, recipients(COUNT))


# -- Whole answers -----------------------------------------------------------------------------------


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


# -- Broken connections ------------------------------------------------------------------------------


def test_refused(client: Client) -> None:
    got = client.report(endpoint(f"http://127.0.0.1:{free_port()}"))
    assert_transport_error(got, match="the connection failed")


def test_a_name_that_does_not_exist(client: Client) -> None:
    got = client.report(endpoint("https://mailkit.invalid"))
    assert_transport_error(got, match="host name was not found")


def test_no_tls_where_it_is_expected(client: Client) -> None:
    with FaultServer(lambda number, request: plain(b"[]")) as server:
        got = client.report(endpoint(f"https://127.0.0.1:{server.port}"))
        # It got the beginning of TLS, and no credentials.
        (request,) = server.requests
        assert request.head == b"TLS"
        assert CLIENT_MD5.encode() not in request.body
    assert_transport_error(got, match="TLS")


def test_silence_before_tls(client: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        start = time.monotonic()
        got = client.report(
            endpoint(
                f"https://127.0.0.1:{listener.getsockname()[1]}", connect_timeout_s=0.3, read_timeout_s=0.3
            )
        )
        assert time.monotonic() - start < 4
    assert_transport_error(got, match="time-out")


def test_no_connection_within_the_connect_time_out(client: Client) -> None:
    """A listener whose queue is full answers no further connection."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(3)]
        try:
            for one in waiting:
                one.setblocking(False)
                one.connect_ex(address)
            start = time.monotonic()
            got = client.report(endpoint(f"http://127.0.0.1:{address[1]}", connect_timeout_s=0.3))
            assert time.monotonic() - start < 4
        finally:
            for one in waiting:
                one.close()
    assert_transport_error(got, match="connect time-out")


@pytest.mark.parametrize(
    "sent",
    [[], [b"HTTP/1.1 200 OK\r\nContent-"], [head(content_length=len(JSON_BODY))], [head(), JSON_BODY[:5000]]],
    ids=["nothing", "half a head", "a head", "half a body"],
)
def test_silence_ends_with_the_read_time_out(client: Client, sent: list[Step]) -> None:
    start = time.monotonic()
    got, _ = ask(client, [[*sent, End.SILENCE]], read_timeout_s=0.3)
    assert 0.2 < time.monotonic() - start < 4
    assert_transport_error(got, match="read time-out")


def test_a_slow_steady_answer_is_not_cut(client: Client) -> None:
    """It takes three times the read time-out, and is never silent for half of it."""
    size = len(JSON_BODY) // 11 + 1
    steps: list[Step] = [head(content_length=len(JSON_BODY))]
    for start in range(0, len(JSON_BODY), size):
        steps += [Pause(0.14), JSON_BODY[start : start + size]]
    begin = time.monotonic()
    got, _ = ask(client, [steps], connect_timeout_s=0.5, read_timeout_s=0.5)
    assert time.monotonic() - begin > 1.5
    assert got.error is None
    assert len(got.rows) == COUNT


BROKEN: dict[str, list[Step]] = {
    "reset at once": [End.RESET],
    "reset in the head": [b"HTTP/1.1 200 OK\r\nContent-", End.RESET],
    "reset after the head": [head(content_length=len(JSON_BODY)), End.RESET],
    "reset in the body": [head(content_length=len(JSON_BODY)), JSON_BODY[:9000], Pause(0.05), End.RESET],
    "reset in a body without length": [head(), JSON_BODY[:9000], Pause(0.05), End.RESET],
    "closed at once": [],
    "closed in the head": [b"HTTP/1.1 200 OK\r\nContent-"],
    "closed after the head": [head(content_length=len(JSON_BODY))],
    "a short body": [head(content_length=len(JSON_BODY)), JSON_BODY[:-1]],
    "a body shorter by half": [head(content_length=len(JSON_BODY)), JSON_BODY[:9000]],
    "no last chunk": chunked(JSON_BODY)[:-1],
    "half a chunk": [*chunked(JSON_BODY)[:3], b"3e8\r\n" + JSON_BODY[2000:2100]],
    "half a chunk's size": [*chunked(JSON_BODY)[:3], b"3"],
    "chunks that are none": [
        head(transfer_encoding="chunked"),
        *chunks(JSON_BODY[:3000]),
        b"zz\r\nabc\r\n0\r\n\r\n",
    ],
    "no end, closed in order": close_delimited(JSON_BODY[:-1]),
    "half, closed in order": close_delimited(JSON_BODY[:9000]),
    "nothing, closed in order": close_delimited(b""),
    "nothing, and that is its length": plain(b""),
    "half, and that is its length": plain(JSON_BODY[:9000]),
    "half of gzip": close_delimited(gzip.compress(JSON_BODY)[:900], content_encoding="gzip"),
    "half of gzip, and that is its length": plain(gzip.compress(JSON_BODY)[:900], content_encoding="gzip"),
    "gzip without its end": plain(gzip.compress(JSON_BODY)[:-1], content_encoding="gzip"),
    "damaged gzip": plain(gzip.compress(JSON_BODY)[:900] + b"x" * 300, content_encoding="gzip"),
    "gzip that is none": plain(JSON_BODY, content_encoding="gzip"),
    "half in gzip": gzipped(JSON_BODY[:9000]),
    "no HTTP": [b"220 mail.example.com ESMTP\r\n"],
    "a length that is none": [b"HTTP/1.1 200 OK\r\nContent-Length: -x\r\n\r\n"],
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_answer_is_a_transport_error(client: Client, name: str) -> None:
    got, server = ask(client, [BROKEN[name]])
    assert_transport_error(got)
    assert got.rows == oracle("json", JSON_BODY)[: len(got.rows)]
    assert len(server.requests) == 1


@pytest.mark.parametrize("rest", [End.SILENCE, None], ids=["open", "closed"])
def test_a_malformed_chunk_never_makes_a_client_wait_for_ever(client: Client, rest: End | None) -> None:
    """aiohttp forgets its time-out and whoever waits for data when a later chunk is malformed."""
    front = [head(transfer_encoding="chunked"), *chunks(JSON_BODY[:3000]), Pause(0.1), b"zz\r\nabc\r\n"]
    start = time.monotonic()
    got, _ = ask(client, [[*front, rest] if rest else front], read_timeout_s=0.5)
    assert time.monotonic() - start < 4
    assert_transport_error(got)


def test_close_delimited_and_cut_at_many_bytes(client: Client, protocol: Protocol) -> None:
    body = encode(protocol, recipients(3))
    cuts = range(0, len(body), 97)
    with FaultServer(lambda number, request: close_delimited(body[: cuts[number]])) as server:
        for _ in cuts:
            assert_transport_error(client.report(endpoint(server.base_url, protocol)), match="cut")


# -- Statuses ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 300, 304])
@pytest.mark.parametrize("fault", ["whole", "cut", "bad address", "no address"])
def test_redirects_are_not_followed(client: Client, status: int, fault: str) -> None:
    with FaultServer([plain(b"[]")]) as other:
        headers = {"location": f"{other.base_url}/json.fcgi"}
        if fault == "bad address":
            headers = {"location": "http://[::1/\xff"}
        elif fault == "no address":
            headers = {}
        answer = plain(b"" if status == 304 else b"moved", status, **headers)
        if fault == "cut" and status != 304:
            answer = [head(status, content_length=100, **headers), b"moved"]
        got, server = ask(client, [answer], retry=QUICK)
        assert isinstance(got.error, MailkitResponseError), got.error
        assert not got.error.retryable
        assert str(status) in str(got.error)
        assert_discreet(got.error)
        called, called_server = ask_call(client, [answer], READS, retry=QUICK)
        assert isinstance(called.error, MailkitResponseError)
        assert len(server.requests) == len(called_server.requests) == 1
        assert not other.requests


def api_error(protocol: Protocol, text: str) -> bytes:
    return encode(protocol, {"error_status": 1, "error": text} if protocol == "json" else text)


STATUSES: list[tuple[int, str | bytes, type[MailkitError], str]] = [
    (400, "Invalid ID_send", MailkitApiError, "Invalid ID_send"),
    (400, b"", MailkitResponseError, "400"),
    (400, b"<html>Bad Request</html>", MailkitResponseError, "Bad Request"),
    (401, "Unauthorized", MailkitAccessError, "Unauthorized"),
    (401, b"", MailkitAccessError, "401"),
    (403, "Disallowed IP 192.0.2.7", MailkitAccessError, "192.0.2.7"),
    (403, b"<html>Forbidden</html>", MailkitAccessError, "Forbidden"),
    (404, b"<html>Not Found</html>", MailkitResponseError, "Not Found"),
    (404, "Unauthorized", MailkitAccessError, "Unauthorized"),
    (405, b"no", MailkitResponseError, "405"),
    (410, b"[]", MailkitResponseError, "410"),
    (418, JSON_BODY, MailkitResponseError, "418"),
    (413, b"x" * 300_000, MailkitResponseError, "413"),
    (201, b"[]", MailkitResponseError, "201"),
    (204, b"", MailkitResponseError, "204"),
    (206, JSON_BODY, MailkitResponseError, "206"),
    (999, b"", MailkitTransportError, "999"),
    (408, b"", MailkitTransportError, "408"),
    (429, b"", MailkitTransportError, "429"),
    (500, b"<html>oops</html>", MailkitTransportError, "500"),
    (500, "Unauthorized", MailkitTransportError, "500"),
    (502, JSON_BODY, MailkitTransportError, "502"),
    (503, b"", MailkitTransportError, "503"),
    (504, b"", MailkitTransportError, "504"),
]


@pytest.mark.parametrize(("status", "body", "kind", "shown"), STATUSES)
def test_statuses(
    client: Client, protocol: Protocol, status: int, body: str | bytes, kind: type[MailkitError], shown: str
) -> None:
    content = body if isinstance(body, bytes) else api_error(protocol, body)
    for answer in (
        plain(content, status),
        gzipped(content, status),
        chunked(content, 7, status),
        close_delimited(content, status),
        [head(status, content_length=len(content)), content[:9], Pause(0.02), content[9:]],
    )[: 1 if status == 204 else 5]:
        got, server = ask(client, [answer], protocol)
        assert got.kind is kind, got.error
        assert got.error is not None
        assert shown in str(got.error)
        assert got.rows == []
        assert got.error.retryable is (kind is MailkitTransportError)
        assert_discreet(got.error, "person")
        assert len(server.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 429, 503])
@pytest.mark.parametrize("end", [End.RESET, End.SILENCE, None], ids=["reset", "silence", "cut"])
def test_a_status_counts_even_when_its_body_breaks_off(client: Client, status: int, end: End | None) -> None:
    steps: list[Step] = [head(status, content_length=500, retry_after=7), b"<html>Sorry", Pause(0.02)]
    got, _ = ask(client, [[*steps, end] if end else steps], read_timeout_s=0.3)
    expected = {400: MailkitResponseError, 401: MailkitAccessError, 403: MailkitAccessError}
    assert got.kind is expected.get(status, MailkitTransportError), got.error
    assert str(status) in str(got.error)
    if isinstance(got.error, MailkitTransportError):
        assert got.error.retry_after_s == 7


@pytest.mark.parametrize("coding", ["br", "deflate", "zstd"])
def test_a_coding_that_was_not_asked_for(client: Client, coding: str) -> None:
    got, _ = ask(client, [plain(JSON_BODY, content_encoding=coding)])
    assert got.kind is MailkitResponseError


# -- Trying again ------------------------------------------------------------------------------------


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


# -- Surroundings ------------------------------------------------------------------------------------


def test_proxies_and_netrc_of_the_environment_are_not_used_for_plain_http(
    client: Client, tempting: FaultServer
) -> None:
    got, server = ask(client, [plain(JSON_BODY)])
    assert (got.error, len(got.rows)) == (None, COUNT)
    assert not tempting.requests
    assert "authorization" not in server.requests[0].headers


def test_https_goes_through_the_proxy_and_tells_it_nothing(client: Client, tempting: FaultServer) -> None:
    """The proxy sees a CONNECT, without body, and refuses it here."""
    tempting.script = [plain(b"no", 403)]
    got = client.report(endpoint("https://127.0.0.1:9"))
    assert got.error is not None
    assert isinstance(got.error, MailkitTransportError)
    (request,) = tempting.requests
    assert (request.method, request.path, request.body) == ("CONNECT", "127.0.0.1:9", b"")
    assert not {"authorization", "proxy-authorization"} & request.headers.keys()
    assert_discreet(got.error)


def test_tls_with_a_certificate_that_is_trusted(
    client: Client,
    tls: ssl.SSLContext,
    certificate: Path,
    tempting: FaultServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No login out of a .netrc file is added here either."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    trust(certificate, monkeypatch)
    with FaultServer([[*plain(JSON_BODY), Pause(0.1)]], tls) as server:
        got = client.report(endpoint(server.base_url))
        (request,) = server.requests
        # A connection that is left open is a ResourceWarning now, not in some later test.
        gc.collect()
    assert (got.error, len(got.rows)) == (None, COUNT)
    assert "authorization" not in request.headers
    assert not tempting.requests


def test_tls_with_a_certificate_that_is_not_trusted(client: Client, tls: ssl.SSLContext) -> None:
    with FaultServer([plain(JSON_BODY)], tls) as server:
        got = client.report(endpoint(server.base_url))
        assert not server.requests
    assert_transport_error(got, match="TLS")


def test_a_host_outside_the_proxy(
    client: Client, tempting: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    got = client.report(endpoint(f"https://127.0.0.1:{free_port()}"))
    assert_transport_error(got)
    assert not tempting.requests


def test_an_early_stop_closes_the_connection_sync() -> None:
    with FaultServer(endless) as server:
        client = SyncClient(endpoint(server.base_url))
        with closing(
            client.batches(RECIPIENTS, {"ID_send": 5001}, client.decoder(RECIPIENTS, ("STATUS",)))
        ) as batches:
            assert len(next(batches)) > 0
        assert server.client_left.wait(5)


def test_an_early_stop_closes_the_connection_async() -> None:
    async def run(server: FaultServer) -> None:
        async with AsyncClient(endpoint(server.base_url)) as client:
            async with aclosing(
                client.batches(RECIPIENTS, {"ID_send": 5001}, client.decoder(RECIPIENTS, ("STATUS",)))
            ) as batches:
                assert len(await anext(batches)) > 0
            # The session is still open: it is the batches that let go.
            assert await asyncio.to_thread(server.client_left.wait, 5)

    with FaultServer(endless) as server:
        asyncio.run(run(server))


def endless(number: int, request: object) -> Iterator[Step]:
    yield head()
    yield JSON_BODY[:-1]
    while True:
        yield b"," + JSON_BODY[1:-1]


def test_a_cancelled_task_closes_the_connection() -> None:
    async def run(server: FaultServer) -> None:
        async def read() -> None:
            async with AsyncClient(endpoint(server.base_url)) as client:
                async for _ in client.batches(
                    RECIPIENTS, {"ID_send": 5001}, client.decoder(RECIPIENTS, ("STATUS",))
                ):
                    started.set()

        started = asyncio.Event()
        task = asyncio.create_task(read())
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(server.client_left.wait, 5)

    with FaultServer(endless) as server:
        asyncio.run(run(server))


def test_clients_can_be_shared_by_threads() -> None:
    body = encode("json", recipients(501))
    results: list[int] = []
    with FaultServer(lambda number, request: chunked(body)) as server:
        client = SyncClient(endpoint(server.base_url))

        def read() -> None:
            results.append(
                sum(map(len, client.batches(RECIPIENTS, {"ID_send": 1}, client.decoder(RECIPIENTS))))
            )

        threads = [threading.Thread(target=read) for _ in range(7)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert results == [501] * 7


async def _lags(work: Callable[[], Any]) -> tuple[list[float], Any]:
    """Run something and note how late a task was that wanted to wake up every 5 ms."""
    lags: list[float] = []

    async def probe() -> None:
        while True:
            start = time.perf_counter()
            await asyncio.sleep(0.005)
            lags.append(time.perf_counter() - start - 0.005)

    watch = asyncio.create_task(probe())
    try:
        result = await work()
    finally:
        watch.cancel()
    return lags, result


@pytest.mark.parametrize("coded", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize(("protocol", "count"), [("json", 300_000), ("xmlrpc", 100_000)])
def test_the_event_loop_is_not_blocked_by_a_large_report(protocol: Protocol, count: int, coded: bool) -> None:
    body = large_report(protocol, count)

    async def work() -> int:
        total = 0
        async with AsyncClient(endpoint(server.base_url, protocol)) as client:
            async for batch in client.batches(
                RECIPIENTS, {"ID_send": 5001}, client.decoder(RECIPIENTS, ("STATUS",))
            ):
                total += len(batch)
        return total

    with FaultServer([gzipped_fast(body) if coded else plain(body)]) as server:
        lags, total = asyncio.run(_lags(work))
    assert total == count
    assert len(lags) > 5
    # The threads of the server take the interpreter for 5 ms at a time; one bad moment is the machine's.
    assert sorted(lags)[-2] < 0.1


def large_report(protocol: Protocol, count: int) -> bytes:
    body = encode(protocol, recipients(1000))
    if protocol == "json":
        return b"[" + b",".join([body[1:-1]] * (count // 1000)) + b"]"
    start, end = body.index(b"<data>") + 6, body.index(b"</data>")
    return body[:start] + body[start:end] * (count // 1000) + body[end:]


def gzipped_fast(body: bytes) -> list[Step]:
    return plain(gzip.compress(body, 1), content_encoding="gzip")


def test_errors_hold_nothing_of_the_request(client: Client, protocol: Protocol) -> None:
    """Not even in the objects that hang on them."""
    for fault in (*BROKEN.values(), plain(b"", 500), plain(b"", 401), plain(b"", 302)):
        got, _ = ask(client, [fault], protocol)
        if got.error is None:
            continue
        told = everything_told(got.error)
        for secret in (CLIENT_MD5, CLIENT_ID, "5001"):
            assert secret not in told
