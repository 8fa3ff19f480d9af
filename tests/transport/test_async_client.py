"""The client of the triggers: it lets go when it is told to, and never holds up the event loop."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest
from support.reports import Protocol, encode, recipients
from support.server import FaultServer, Step, plain
from transport.bodies import endless
from transport.clients import endpoint

from airflow_provider_mailkit.catalogue.reports.deliveries import RECIPIENTS
from airflow_provider_mailkit.transport.async_client import AsyncClient


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
