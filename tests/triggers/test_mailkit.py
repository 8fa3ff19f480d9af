"""A deferred wait ends at its deadline whatever it is doing, and survives a connection that is not found."""

from __future__ import annotations

import asyncio
import itertools
import time
from contextlib import suppress
from types import SimpleNamespace

import pytest
from support import modes
from support.modes import first_event
from support.reports import PROTOCOLS, encode, recipient
from support.server import FaultServer, Pause, plain, trickle

from airflow_provider_mailkit import _compat
from airflow_provider_mailkit.transport.endpoint import Endpoint
from airflow_provider_mailkit.triggers.mailkit import MAX_FAILURES, MailkitRecipientsTrigger


def trigger(**arguments):
    return MailkitRecipientsTrigger(**{"id_send": 5001, "poke_interval": 0.02} | arguments)


def event_of(**arguments):
    async def run():
        began = time.monotonic()
        return await asyncio.wait_for(first_event(trigger(**arguments)), 30), time.monotonic() - began

    return asyncio.run(run())


def slow_head(*_):
    yield b"HTTP/1.1 200 OK\r\n"
    for _ in range(10**4):
        yield b"X"
        yield Pause(0.05)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", ["body", "head"])
def test_a_poll_ends_at_the_deadline_of_the_wait(mailkit_connection, protocol, kind):
    with FaultServer(trickle(protocol) if kind == "body" else slow_head) as server:
        mailkit_connection(server.base_url, protocol)
        now = time.time()
        event, seconds = event_of(started=now, deadline=now + 0.7)
    assert event["status"] == "timeout"
    assert "Delivery 5001 was not done after " in event["message"]
    assert 0.6 <= seconds < 4
    assert len(server.requests) == 1


def test_a_poll_that_is_cut_gives_its_turn_back(mailkit_connection):
    answers = [
        list(itertools.islice(trickle("json")(), 400)),
        plain(encode("json", [recipient(0, STATUS="sent")])),
    ]
    with FaultServer(answers) as server:
        mailkit_connection(server.base_url, max_concurrent_requests=1)

        async def run():
            now = time.time()
            slow = asyncio.create_task(first_event(trigger(started=now, deadline=now + 0.7)))
            while not server.requests:  # noqa: ASYNC110 - the server runs in a thread
                await asyncio.sleep(0.01)
            other = await asyncio.wait_for(first_event(trigger()), 10)
            return await slow, other

        slow, other = asyncio.run(run())
    assert slow["status"] == "timeout"
    assert other["status"] == "success"


def test_a_poll_that_begins_at_the_deadline_has_a_little_time(mailkit_connection):
    done = plain(encode("json", [recipient(0, STATUS="sent")]))
    with FaultServer(lambda *_: [done[0], Pause(0.5), done[1]]) as server:
        mailkit_connection(server.base_url)
        now = time.time()
        event, _ = event_of(poke_interval=60, started=now, deadline=now + 0.1)
    assert event["status"] == "success"


def test_a_poll_has_a_limit_of_its_own_and_counts_as_failed(mailkit_connection, task_log, monkeypatch):
    monkeypatch.setattr(Endpoint, "poll_limit_s", 1.0)
    done = plain(encode("json", [recipient(0, STATUS="sent")]))
    with FaultServer([list(itertools.islice(trickle("json")(), 400)), done]) as server:
        mailkit_connection(server.base_url)
        event, seconds = event_of()
    assert event["status"] == "success"
    assert 1 <= seconds < 10
    log = task_log()
    assert "was not complete within the 1 s that it may take" in log
    assert "failure 1 in a row with connection 'mailkit_default'" in log


class VaultError(Exception):
    """What a secrets backend says."""


def test_failed_look_ups_are_failed_polls(mailkit_connection, failing_look_ups, task_log):
    failures, made = failing_look_ups
    failures += [VaultError("s.0123")] * MAX_FAILURES
    with FaultServer([plain(encode("json", [recipient(0, STATUS="sent")]))]) as server:
        mailkit_connection(server.base_url)
        event, _ = event_of()
    assert event["status"] == "success"
    assert len(made) == MAX_FAILURES + 1
    log = task_log()
    assert "Delivery 5001: Connection 'mailkit_default' could not be looked up (VaultError)" in log
    assert "s.0123" not in log


def test_the_sixth_look_up_that_fails_ends_the_wait_and_the_event_names_the_connection(failing_look_ups):
    failures, made = failing_look_ups
    failures += [VaultError("s.0123")] * 20
    event, _ = event_of(mailkit_conn_id="gone")
    assert len(made) == MAX_FAILURES + 1
    assert (event["status"], event["error"], event["retryable"]) == ("failed", "MailkitConnectionError", True)
    assert "Connection 'gone' could not be looked up (VaultError)" in event["message"]
    assert "s.0123" not in str(event)


def test_a_connection_that_is_not_defined_is_looked_up_again(mailkit_connection, monkeypatch):
    with FaultServer([plain(encode("json", [recipient(0, STATUS="sent")]))]) as server:

        async def run():
            waiting = asyncio.create_task(first_event(trigger(poke_interval=0.3, mailkit_conn_id="later")))
            await asyncio.sleep(0.4)
            mailkit_connection(server.base_url, conn_id="later")
            return await asyncio.wait_for(waiting, 20)

        assert asyncio.run(run())["status"] == "success"


def test_a_connection_that_cannot_be_used_ends_the_wait_at_once(mailkit_connection, failing_look_ups):
    mailkit_connection("http://127.0.0.1:1", login="")
    event, _ = event_of()
    assert (event["status"], event["retryable"]) == ("failed", False)
    assert "Connection 'mailkit_default' cannot be used: login (client ID) missing" in event["message"]
    assert len(failing_look_ups[1]) == 1


def test_look_ups_that_fail_until_the_deadline_are_out_of_time(failing_look_ups):
    failing_look_ups[0].extend([VaultError()] * 50)
    now = time.time()
    event, seconds = event_of(poke_interval=0.4, started=now, deadline=now + 1)
    assert event["status"] == "timeout"
    assert 0.9 <= seconds < 3


def test_a_look_up_that_hangs_ends_soon_after_the_deadline(monkeypatch):
    async def never(*_):
        await asyncio.Event().wait()

    monkeypatch.setattr(_compat, "get_async_connection", never)
    monkeypatch.setattr("airflow_provider_mailkit.triggers.mailkit.LAST_POLL_S", 0.2)
    now = time.time()
    event, seconds = event_of(started=now, deadline=now + 0.5)
    assert event["status"] == "timeout"
    assert seconds < 3


def test_sixty_waits_whose_look_up_fails_do_not_queue(mailkit_connection, monkeypatch):
    tries = []
    look_up = _compat.get_async_connection

    async def slow(conn_id, hook):
        tries.append(conn_id)
        is_first = len(tries) == 1
        await asyncio.sleep(0.2)
        if is_first:
            raise VaultError
        return await look_up(conn_id, hook)

    monkeypatch.setattr(_compat, "get_async_connection", slow)
    with FaultServer([plain(encode("json", [recipient(0, STATUS="sent")]))]) as server:
        mailkit_connection(server.base_url, max_concurrent_requests=60)

        async def run():
            began = time.monotonic()
            waits = (first_event(trigger(poke_interval=0.3)) for _ in range(60))
            events = await asyncio.wait_for(asyncio.gather(*waits), 30)
            return events, time.monotonic() - began

        events, seconds = asyncio.run(run())
    assert {event["status"] for event in events} == {"success"}
    assert len(tries) <= 4
    # One after the other, they would take twelve.
    assert seconds < 10


def test_a_wait_that_is_cancelled_while_it_looks_up_leaves_nothing(monkeypatch):
    async def never(*_):
        await asyncio.Event().wait()

    monkeypatch.setattr(_compat, "get_async_connection", never)

    async def run():
        waiting = asyncio.create_task(first_event(trigger()))
        await asyncio.sleep(0.3)
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
        assert waiting.cancelled()

    asyncio.run(run())


def report(*statuses):
    return [recipient(number, STATUS=status) for number, status in enumerate(statuses)]


def test_arguments_stored_by_version_0_1_still_make_a_trigger():
    stored = {
        "id_send": 5001, "mailkit_conn_id": "mailkit_default", "poke_interval": 60.0,
        "waiting_statuses": ["wait", "wait_ab"], "final_statuses": ["sent", "failed"], "allow_empty": False,
        "stop_at_first_waiting": False, "exponential_backoff": False, "max_wait": None,
        "started": 1793448000.0, "deadline": 1794052800.0,
    }  # fmt: skip
    newer = {"totals_first": True, "totals_known": {}}
    assert MailkitRecipientsTrigger(**stored).serialize()[1] == stored | newer


def test_two_copies_of_a_trigger_say_the_same(mailkit):
    mailkit(report("sent", "failed"))
    trigger = MailkitRecipientsTrigger(id_send=5001, poke_interval=0.01)

    async def both():
        return await asyncio.gather(modes.first_event(trigger), modes.first_event(modes.stored(trigger)))

    first, second = asyncio.run(both())
    assert first == second == {"status": "success", "result": {
        "id_send": 5001, "total": 2, "status_counts": {"failed": 1, "sent": 1}}}  # fmt: skip


def test_a_trigger_that_is_cancelled_closes_its_connection(mailkit):
    server = mailkit(report("wait"))

    async def cancelled():
        waiting = asyncio.create_task(
            modes.first_event(MailkitRecipientsTrigger(id_send=5001, poke_interval=0.01))
        )
        while len(server.requests) < 3:  # noqa: ASYNC110 - the server runs in a thread
            await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(cancelled())


def test_failures_pause_longer_and_longer_but_never_past_the_deadline(monkeypatch, mailkit):
    pauses = []
    now = [1000.0]

    async def sleep(seconds):
        pauses.append(seconds)
        now[0] += seconds

    mailkit(plain(b"", 503))
    clock = SimpleNamespace(**vars(asyncio) | {"sleep": sleep})
    monkeypatch.setattr("airflow_provider_mailkit.triggers.mailkit.asyncio", clock)
    monkeypatch.setattr(
        "airflow_provider_mailkit.triggers.mailkit.time", type("T", (), {"time": lambda: now[0]})
    )
    trigger = MailkitRecipientsTrigger(id_send=5001, poke_interval=60, started=1000.0, deadline=1600.0)
    event = asyncio.run(modes.first_event(trigger))
    assert event["status"] == "timeout"
    first, *others, last = pauses
    assert 6 <= first <= 60
    assert others == pytest.approx([60, 120, 240], rel=0.1)
    assert last == pytest.approx(600 - sum(pauses[:-1]))
