"""Deferred waits spare an account: their polls are spread over time, and hold no socket between them."""

from __future__ import annotations

import asyncio
import statistics
import threading
import time
from collections import Counter
from contextlib import suppress

import pytest
from support.pauses import first_pauses
from support.server import End, FaultServer
from support.waits import WAITING, SlowMailkit, all_events, waits


def test_at_the_deadline_there_is_a_last_poll_if_nobody_else_is_polling(mailkit_connection):
    with SlowMailkit(seconds=0) as server:
        mailkit_connection(server.base_url)
        now = time.time()
        (event,) = asyncio.run(all_events(*waits(1, poke_interval=60, started=now, deadline=now + 0.2)))
    assert event["status"] == "success"


def test_no_socket_is_held_between_polls(mailkit_connection):
    """The server would keep the connection; thousands of waits must not."""
    closed = threading.Event()

    def answer(number, request):
        try:
            yield b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(WAITING)
            yield WAITING
            yield End.SILENCE
        finally:
            closed.set()

    with FaultServer(answer) as server:
        mailkit_connection(server.base_url)

        async def run():
            waiting = asyncio.create_task(waits(1, poke_interval=0.5)[0])
            assert await asyncio.to_thread(closed.wait, 10)
            assert len(server.requests) == 1
            waiting.cancel()
            with suppress(asyncio.CancelledError):
                await waiting

        asyncio.run(run())
    # The oldest aiohttp only closes it, and does not say so before.
    assert server.requests[0].headers.get("connection", "close") == "close"


def test_waits_that_begin_together_do_not_poll_together(monkeypatch, mailkit_connection):
    with SlowMailkit() as server:
        mailkit_connection(server.base_url)
        module = "airflow_provider_mailkit.triggers.mailkit"
        pauses = first_pauses(monkeypatch, module, waits(1000, poke_interval=60))
    assert len(pauses) == 1000
    assert min(pauses) >= 6
    assert max(pauses) <= 60
    assert statistics.fmean(pauses) == pytest.approx(33, abs=2)
    # 54 seconds of which each gets its share.
    assert max(Counter(map(int, pauses)).values()) < 45
