"""How many requests of deferred waits an account gets at a time, and whose turn it is."""

from __future__ import annotations

import asyncio
import gc
import random
import re
import time
from contextlib import suppress
from itertools import pairwise

import pytest
from support.modes import first_event
from support.server import plain
from support.slow_server import SlowServer
from support.waits import DONE, WAITING, SlowMailkit, all_events, waits

from airflow_provider_mailkit.transport import gate
from airflow_provider_mailkit.triggers.mailkit import MailkitRecipientsTrigger


@pytest.mark.parametrize(("extra", "limit"), [({}, 8), ({"max_concurrent_requests": "3"}, 3)])
def test_no_more_requests_at_a_time_than_the_connection_says(mailkit_connection, extra, limit):
    with SlowMailkit() as server:
        mailkit_connection(server.base_url, **extra)
        events = asyncio.run(all_events(*waits(40)))
    assert {event["status"] for event in events} == {"success"}
    assert len(server.requests) == 40
    assert server.peak == limit


def test_each_account_has_a_limit_of_its_own_and_its_connections_share_it(mailkit_connection):
    with SlowMailkit(seconds=0.2) as server:
        mailkit_connection(server.base_url, conn_id="one", max_concurrent_requests=2)
        mailkit_connection(server.base_url, "xmlrpc", conn_id="same", max_concurrent_requests=2)
        mailkit_connection(server.base_url, conn_id="other", login="1000002", max_concurrent_requests=2)

        async def run():
            # The answer is not XML-RPC, but it is a request all the same.
            await all_events(*waits(4, mailkit_conn_id="one"), *waits(4, mailkit_conn_id="same"))
            assert server.peak == 2
            await all_events(*waits(4, mailkit_conn_id="one"), *waits(4, mailkit_conn_id="other"))

        asyncio.run(run())
    assert server.peak == 4


def test_waiting_for_a_turn_ends_at_the_deadline_and_is_no_failure(mailkit_connection, caplog):
    with SlowMailkit(seconds=3) as server:
        mailkit_connection(server.base_url, max_concurrent_requests=1)

        async def run():
            first = asyncio.create_task(waits(1)[0])
            while not server.requests:  # noqa: ASYNC110 - the server runs in a thread
                await asyncio.sleep(0.01)
            started = time.time()
            late = waits(5, started=started, deadline=started + 0.5)
            events = await all_events(*late)
            return events, time.time() - started, await first

        events, seconds, first = asyncio.run(run())
    assert [event["status"] for event in events] == ["timeout"] * 5
    assert 0.5 <= seconds < 2
    assert first["status"] == "success"
    assert len(server.requests) == 1
    assert "Failure" not in caplog.text


def test_the_turn_is_given_back_however_a_poll_ends(mailkit_connection):
    """Cancelled in the queue, before, while and after reading; out of time; an error: all come back."""
    chance = random.Random(1)
    with SlowMailkit(WAITING, 0.005) as server:
        mailkit_connection(server.base_url, max_concurrent_requests=3)

        async def run():
            # Held all the time, or the end of the last wait would take the gate away and hide a lost turn.
            (keeper,) = waits(1, poke_interval=3600)
            kept = asyncio.create_task(keeper)
            for _ in range(30):
                tasks = [asyncio.create_task(wait) for wait in waits(8)]
                now = time.time()
                short = waits(4, started=now, deadline=now + chance.uniform(0.01, 0.1))
                tasks += [asyncio.create_task(wait) for wait in short]
                await asyncio.sleep(chance.uniform(0.02, 0.12))
                chance.shuffle(tasks)
                for task in tasks:
                    task.cancel()
                    if chance.random() < 0.5:
                        await asyncio.sleep(0)
                await asyncio.gather(*tasks, return_exceptions=True)
            server.body = b"<html>"
            assert {event["status"] for event in await all_events(*waits(5))} == {"failed"}
            while server.now:  # noqa: ASYNC110 - the server runs in a thread
                await asyncio.sleep(0.01)
            server.body, server.seconds, server.peak = DONE, 0.1, 0
            events = await all_events(*waits(12))
            kept.cancel()
            with suppress(asyncio.CancelledError):
                await kept
            return events

        events = asyncio.run(run())
    assert [event["status"] for event in events] == ["success"] * 12
    assert server.peak == 3


def test_nothing_is_left_of_a_loop_or_of_an_account_that_nobody_waits_for(mailkit_connection):
    with SlowMailkit(seconds=0) as server:
        mailkit_connection(server.base_url)

        async def run():
            await all_events(*waits(3))
            gc.collect()
            return [len(gates) for gates in gate._gates.values()]

        for _ in range(3):
            assert asyncio.run(run()) == [0]
            gc.collect()
            # asgiref, used for the look-up of the connection, keeps the last loop that it has seen.
            assert len(gate._gates) <= 1


def test_more_waits_than_an_interval_has_room_for_take_turns(mailkit_connection):
    """A round takes fifty times the interval; nobody polls twice before the others have polled."""
    polls = []

    def answer(number, request):
        id_send = int(re.findall(rb'"ID_send": ?"?(\d+)', request.body)[0])
        polls.append(id_send)
        return plain(WAITING if polls.count(id_send) < 4 else DONE)

    with SlowServer(answer) as server:
        mailkit_connection(server.base_url, max_concurrent_requests=2)
        triggers = [
            MailkitRecipientsTrigger(id_send=5001 + number, poke_interval=0.01, totals_first=False)
            for number in range(20)
        ]
        events = asyncio.run(all_events(*map(first_event, triggers)))
    assert {event["status"] for event in events} == {"success"}
    assert server.peak == 2
    places = {id_send: [n for n, polled in enumerate(polls) if polled == id_send] for id_send in set(polls)}
    assert {len(each) for each in places.values()} == {4}
    # A turn of each of the others, give or take those who are under way.
    between = [later - earlier for each in places.values() for earlier, later in pairwise(each)]
    assert min(between) >= 20 - 4
    assert max(between) <= 20 + 4
