"""Calls whose answer is kept in memory, and what a server may not make of them."""

from __future__ import annotations

import asyncio
import gzip
import threading
import tracemalloc
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from support.reports import Protocol, encode
from support.server import FaultServer, Received, Step, chunked, close_delimited, gzipped, head, plain
from transport.clients import QUICK, READS, Client, ask_call, endpoint

from airflow_provider_mailkit.exceptions import MailkitResponseError
from airflow_provider_mailkit.protocol.content import MAX_ANSWER_BYTES, WholeAnswer
from airflow_provider_mailkit.transport.async_client import AsyncClient
from airflow_provider_mailkit.transport.endpoint import Endpoint
from airflow_provider_mailkit.transport.sync_client import SyncClient


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """A list of one text of 1 GB, in 1 MB."""
    compressor = zlib.compressobj(9, wbits=31)
    parts = [compressor.compress(b'["')]
    parts += [compressor.compress(b"x" * 2**20) for _ in range(1024)]
    return b"".join([*parts, compressor.compress(b'"]'), compressor.flush()])


def test_a_bomb_ends_at_the_limit(client: Client, bomb: bytes, protocol: Protocol) -> None:
    tracemalloc.start()
    try:
        got, server = ask_call(
            client, [plain(bomb, content_encoding="gzip")], READS, protocol, retry=QUICK, read_timeout_s=30.0
        )
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert got.kind is MailkitResponseError, got.error
    assert not got.error.retryable
    for shown in ("64 MiB", "iter_recipients()"):
        assert shown in str(got.error)
    assert peak < MAX_ANSWER_BYTES * 1.2
    assert len(server.requests) == 1


def test_an_answer_without_end_ends_at_the_limit(client: Client) -> None:
    def endless(number: int, request: Received) -> Iterator[Step]:
        yield head()
        yield b'["'
        while True:
            yield b"x" * 2**18

    got, server = ask_call(client, endless, READS)
    assert got.kind is MailkitResponseError
    assert "64 MiB" in str(got.error)
    assert server.client_left.wait(5)


@pytest.mark.parametrize("frame", [plain, chunked, close_delimited, gzipped])
def test_a_large_answer_within_the_limit(client: Client, protocol: Protocol, frame: object) -> None:
    answer = [{"ID_USER_LIST": str(number), "NAME": "x" * 900} for number in range(1501)]
    got, _ = ask_call(client, [frame(encode(protocol, answer))], READS, protocol)
    assert (got.error, got.answer) == (None, answer)


@pytest.mark.parametrize("client_kind", ["sync", "async"])
def test_the_limit_can_be_raised(client_kind: str) -> None:
    body = encode("json", ["x" * 700])

    def call(url: str, max_bytes: int) -> object:
        if client_kind == "sync":
            return SyncClient(endpoint(url)).call(READS, max_bytes=max_bytes)

        async def run() -> object:
            async with AsyncClient(endpoint(url)) as client:
                return await client.call(READS, max_bytes=max_bytes)

        return asyncio.run(run())

    with FaultServer([plain(body)]) as server:
        assert call(server.base_url, len(body)) == ["x" * 700]
        with pytest.raises(MailkitResponseError, match="larger than"):
            call(server.base_url, len(body) - 1)


def test_others_on_the_event_loop_run_between_the_parts_of_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though all of them come in one compressed piece."""
    turns = 0
    seen: list[int] = []
    add = WholeAnswer.add

    def note(answer: WholeAnswer, part: bytes) -> None:
        seen.append(turns)
        add(answer, part)

    async def run(url: str) -> None:
        async def others() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(others())
        async with AsyncClient(endpoint(url)) as client:
            await client.call(READS)
        task.cancel()

    monkeypatch.setattr(WholeAnswer, "add", note)
    body = encode("json", ["x" * 1_000] * 3_000)
    with FaultServer([[b"".join(plain(gzip.compress(body), content_encoding="gzip"))]]) as server:
        asyncio.run(run(server.base_url))
    assert len(seen) > 10
    assert len(set(seen)) == len(seen)


def test_a_large_answer_is_decoded_beside_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small one is not: a thread costs more than it."""
    threads: list[threading.Thread] = []
    decode = Endpoint.decode

    def note(endpoint: Endpoint, function: str, body: bytes, **options: Any) -> Any:
        threads.append(threading.current_thread())
        return decode(endpoint, function, body, **options)

    async def run(url: str) -> tuple[int, int]:
        async with AsyncClient(endpoint(url)) as client:
            return len(await client.call(READS)), len(await client.call(READS))

    monkeypatch.setattr(Endpoint, "decode", note)
    large, small = (gzipped(encode("json", ["x" * 1_000] * count)) for count in (3_000, 7))
    with FaultServer([large, small]) as server:
        assert asyncio.run(run(server.base_url)) == (3_000, 7)
    assert threads[0] is not threading.main_thread()
    assert threads[1] is threading.main_thread()


def test_no_cookie_is_kept(client: Client) -> None:
    """Not for the next try of a call either."""
    script = [plain(b"", 503, set_cookie="a=b; Path=/"), plain(b"[]", set_cookie="c=d"), plain(b"[]")]
    got, server = ask_call(client, script, READS, retry=QUICK)
    assert got.error is None
    assert len(server.requests) == 2
    assert all("cookie" not in request.headers for request in server.requests)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_the_same_host_is_not_followed_either(client: Client, status: int) -> None:
    got, server = ask_call(
        client, [plain(b"", status, location="/json.fcgi"), plain(b"[]")], READS, retry=QUICK
    )
    assert got.kind is MailkitResponseError
    assert len(server.requests) == 1
