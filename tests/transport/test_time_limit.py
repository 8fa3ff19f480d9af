"""One try takes no longer than it may, however slowly the bytes of its answer come."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import json
import time
from contextlib import closing
from dataclasses import replace

import pytest
from support.reports import CLIENT_ID, CLIENT_MD5, PROTOCOLS, encode, recipients
from support.server import FaultServer, Pause, chunks, head, plain
from support.tls import make_certificate, server_context, trust

from airflow_provider_mailkit.catalogue.functions import CAMPAIGN
from airflow_provider_mailkit.catalogue.reports.deliveries import RECIPIENTS
from airflow_provider_mailkit.exceptions import MailkitError, MailkitTransportError
from airflow_provider_mailkit.hooks._counting import count_once
from airflow_provider_mailkit.protocol.request import Credentials
from airflow_provider_mailkit.protocol.retry import RetryPolicy
from airflow_provider_mailkit.transport import async_client, sync_client, time_limit
from airflow_provider_mailkit.transport.async_client import AsyncClient
from airflow_provider_mailkit.transport.endpoint import Endpoint
from airflow_provider_mailkit.transport.sync_client import SyncClient

LIMIT_S = 0.6
LONG_S = 2.5
OPEN = {
    False: b"[",
    True: b'<?xml version="1.0"?><methodResponse><params><param><value><array><data>',
}


def dripping(data, seconds=0.02):
    """Yield bytes one by one, for ever if there is no end of them."""
    for byte in data:
        yield bytes([byte])
        yield Pause(seconds)


def begun(request):
    """The beginning of an answer, of which the list goes on and on."""
    return OPEN[request.path.endswith("rpc.fcgi")] + b" " * 10**6


def slow_head(*_):
    yield b"HTTP/1.1 200 OK\r\n"
    yield from dripping(b"X-Padding: " + b"x" * 60_000)


def endless_continue(*_):
    yield from dripping(itertools.cycle(b"HTTP/1.1 100 Continue\r\n\r\n"), 0.001)


def slow_length(_, request):
    yield head(content_length=10**6)
    yield from dripping(begun(request))


def slow_until_closed(_, request):
    yield head()
    yield from dripping(begun(request))


def slow_chunk(_, request):
    yield head(transfer_encoding="chunked")
    yield b"f4240\r\n"
    yield from dripping(begun(request))


def slow_chunks(_, request):
    yield head(transfer_encoding="chunked")
    for piece in chunks(begun(request), 1):
        yield piece
        yield Pause(0.02)


def empty_gzip_members(*_):
    yield head(content_encoding="gzip")
    yield from dripping(itertools.cycle(gzip.compress(b"")), 0.001)


def silence(_, request):
    yield head(content_length=10**6)
    yield begun(request)[:100]
    yield Pause(30)


def flood(_, request):
    yield head(transfer_encoding="chunked")
    yield from chunks(begun(request)[:100])
    yield from itertools.repeat(next(chunks(b" " * 2**16, 2**16)))


SLOW = [
    slow_head, endless_continue, slow_length, slow_until_closed, slow_chunk, slow_chunks, empty_gzip_members,
    silence, flood,
]  # fmt: skip


def endpoint(server, protocol="json", **arguments):
    return Endpoint(
        Credentials(CLIENT_ID, CLIENT_MD5),
        server.base_url,
        protocol,
        retry=RetryPolicy(max_attempts=1),
        **arguments,
    )


def count(client_kind, endpoint, limit_s):
    """Count the recipients of a delivery with one of the clients: one try."""
    if client_kind == "async":

        async def run():
            async with AsyncClient(endpoint) as client:
                return (await count_once(client, 5001, limit_s=limit_s)).total()

        return asyncio.run(run())
    client = SyncClient(endpoint)
    with closing(
        client.batches(RECIPIENTS, {"ID_send": 5001}, client.decoder(RECIPIENTS, ("STATUS",)), limit_s)
    ) as batches:
        return sum(len(batch.records) for batch in batches)


def call(client_kind, endpoint, function=CAMPAIGN):
    if client_kind == "async":

        async def run():
            async with AsyncClient(endpoint) as client:
                return await client.call_once(function, {})

        return asyncio.run(run())
    return SyncClient(endpoint).call(function, {})


both_clients = pytest.mark.parametrize("kind", ["sync", "async"])


@both_clients
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("script", SLOW, ids=lambda script: script.__name__)
def test_a_poll_takes_no_longer_than_it_may(kind, protocol, script):
    with FaultServer(script) as server:
        began = time.monotonic()
        with pytest.raises(MailkitError) as caught:
            count(kind, endpoint(server, protocol), LIMIT_S)
        seconds = time.monotonic() - began
    assert seconds < LONG_S
    if isinstance(caught.value, MailkitTransportError) and "may take" in str(caught.value):
        assert seconds >= LIMIT_S
        assert "mailkit.report.message.recipients: the answer was not complete within the" in str(
            caught.value
        )
        assert CLIENT_MD5 not in "".join(map(repr, (caught.value, caught.value.__cause__)))
    else:
        # What is not an answer at all may be seen before.
        assert (script, protocol) in {
            (flood, "xmlrpc"),
            (endless_continue, "json"),
            (endless_continue, "xmlrpc"),
        }
    assert caught.value.__context__ is None or caught.value.__suppress_context__


@both_clients
@pytest.mark.parametrize("script", SLOW[:8], ids=lambda script: script.__name__)
def test_a_whole_answer_takes_no_longer_than_it_may(kind, script, monkeypatch):
    monkeypatch.setattr(Endpoint, "call_limit_s", LIMIT_S)
    with FaultServer(script) as server:
        began = time.monotonic()
        with pytest.raises(MailkitTransportError, match=r"mailkit\.report\.campaign: "):
            call(kind, endpoint(server))
        assert time.monotonic() - began < 3


def test_the_limits_are_what_the_docs_say():
    made = Endpoint(Credentials(CLIENT_ID, CLIENT_MD5))
    assert (made.call_limit_s, made.poll_limit_s) == (600, 3600)
    shorter = replace(made, read_timeout_s=10)
    assert (shorter.call_limit_s, shorter.poll_limit_s) == (50, 300)


@both_clients
@pytest.mark.parametrize("status", [400, 403, 404])
def test_the_page_of_an_error_is_not_read_for_long_and_the_status_counts(kind, status, monkeypatch):
    for module in (async_client, sync_client):
        monkeypatch.setattr(module, "ERROR_PAGE_S", 0.6)

    def slow_page(*_):
        yield head(status, content_length=10**5)
        yield from dripping(b"<html>Sorry, " + b"not found " * 10**4, 0.005)

    with FaultServer(slow_page) as server:
        began = time.monotonic()
        with pytest.raises(
            MailkitError,
            match=rf"HTTP status {status}\. Check .* connection\. The answer begins with: <html>Sorry, not",
        ):
            call(kind, endpoint(server))
        assert time.monotonic() - began < LONG_S


@both_clients
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_error_in_a_page_that_is_slow_at_its_end_is_found(kind, protocol, monkeypatch):
    for module in (async_client, sync_client):
        monkeypatch.setattr(module, "ERROR_PAGE_S", 0.6)
    error = {"error_status": 1, "error": "Unauthorized"} if protocol == "json" else "Unauthorized"

    def slow_end(*_):
        yield head(401)
        yield encode(protocol, error)
        yield from dripping(b" " * 10**5, 0.01)

    with FaultServer(slow_end) as server, pytest.raises(MailkitError, match="error: Unauthorized"):
        call(kind, endpoint(server, protocol))


@both_clients
def test_an_answer_in_time_is_what_it_was(kind):
    body = json.dumps(recipients(3000)).encode()
    with FaultServer([plain(body)]) as server:
        assert count(kind, endpoint(server), 30.0) == 3000
        assert count(kind, endpoint(server), float("inf")) == 3000


def test_the_limit_holds_over_tls(tmp_path, monkeypatch):
    certificate = make_certificate(tmp_path / "certificate.pem")
    trust(certificate, monkeypatch)
    with FaultServer(slow_head, tls=server_context(certificate)) as server:
        began = time.monotonic()
        with pytest.raises(MailkitTransportError, match="may take"):
            count("sync", endpoint(server), LIMIT_S)
        assert time.monotonic() - began < LONG_S


def test_a_pause_before_the_next_try_ends_with_the_limit():
    made = SyncClient(
        Endpoint(Credentials(CLIENT_ID, CLIENT_MD5), retry=RetryPolicy(max_attempts=9, first_delay_s=30))
    )
    tries = []

    def attempt():
        tries.append(time.monotonic())
        raise MailkitTransportError("away")

    began = time.monotonic()
    with pytest.raises(MailkitTransportError, match="away"):
        made.retrying(attempt, 0.3)
    assert 0.3 <= time.monotonic() - began < 2
    assert len(tries) == 1


def test_what_is_read_after_the_limit_is_cut_short():
    limit = time_limit.TimeLimit("mailkit.report.campaign", 100)
    assert 99 < limit.left_s() <= 100
    limit.shorten(1000)
    assert limit.left_s() <= 100
    limit.shorten(0)
    with pytest.raises(MailkitTransportError, match=r"mailkit\.report\.campaign: "):
        limit.left_s()


def test_what_is_cancelled_for_another_reason_stays_cancelled():
    async def run():
        async with asyncio.timeout(0.05), time_limit.within("f", 5):
            await asyncio.sleep(5)

    with pytest.raises(TimeoutError):
        asyncio.run(run())


def test_a_time_out_of_somebody_else_inside_is_passed_on():
    async def run():
        async with time_limit.within("f", 5):
            raise TimeoutError("not ours")

    with pytest.raises(TimeoutError, match="not ours"):
        asyncio.run(run())
