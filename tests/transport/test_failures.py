"""Connections that cannot be made, break or fall silent: one error in both clients, without a secret."""

from __future__ import annotations

import gzip
import socket
import time

import pytest
from support.ports import free_port, full_listener
from support.reports import CLIENT_ID, CLIENT_MD5, Protocol, encode, everything_told, oracle, recipients
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
from transport.bodies import COUNT, JSON_BODY
from transport.clients import Client, ask, assert_transport_error, endpoint


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
    with full_listener() as base_url:
        start = time.monotonic()
        got = client.report(endpoint(base_url, connect_timeout_s=0.3))
        assert time.monotonic() - start < 4
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


def test_errors_hold_nothing_of_the_request(client: Client, protocol: Protocol) -> None:
    """Not even in the objects that hang on them."""
    for fault in (*BROKEN.values(), plain(b"", 500), plain(b"", 401), plain(b"", 302)):
        got, _ = ask(client, [fault], protocol)
        if got.error is None:
            continue
        told = everything_told(got.error)
        for secret in (CLIENT_MD5, CLIENT_ID, "5001"):
            assert secret not in told
