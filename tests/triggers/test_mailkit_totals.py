"""Totals in the triggerer: turns, limits and failures of a poll are those of its report."""

from __future__ import annotations

import asyncio
import itertools
import time

import pytest
from support.courses import Course, CourseServer
from support.modes import first_event
from support.reports import PROTOCOLS, encode, recipient
from support.server import FaultServer, Pause, head, plain
from support.slow_server import SlowServer

from airflow_provider_mailkit.triggers.mailkit import MailkitRecipientsTrigger

WAITING = ["wait", "wait", "sent"]
DONE = ["sent", "failed", "sent"]


def trigger(**arguments):
    return MailkitRecipientsTrigger(**{"id_send": 5001, "poke_interval": 0.02} | arguments)


def event_of(**arguments):
    async def run():
        began = time.monotonic()
        event = await asyncio.wait_for(first_event(trigger(**arguments)), 30)
        return event, time.monotonic() - began

    return asyncio.run(run())


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_is_learnt_lasts_for_the_wait(mailkit_connection, protocol):
    course = Course([WAITING] * 20 + [DONE])
    with CourseServer(course=course, protocol=protocol) as server:
        mailkit_connection(server.base_url, protocol)
        event, _ = event_of()
    assert event["result"]["status_counts"] == {"failed": 1, "sent": 2}
    assert course.reports_asked == 3


def test_a_wait_that_the_sensor_has_begun_goes_on_with_totals(mailkit_connection):
    known = {"is_used": True, "is_proven": True, "sent": 3, "polls_without_report": 0}
    course = Course([WAITING] * 5 + [DONE])
    with CourseServer(course=course) as server:
        mailkit_connection(server.base_url)
        event, _ = event_of(totals_known=known | {"report_read_at": time.time()})
    assert event["status"] == "success"
    assert course.reports_asked == 1


def test_what_was_stored_before_there_were_totals_makes_a_trigger_that_asks_for_them(mailkit_connection):
    stored = trigger().serialize()[1]
    del stored["totals_first"], stored["totals_known"]
    course = Course([WAITING, WAITING, WAITING, DONE])
    with CourseServer(course=course) as server:
        mailkit_connection(server.base_url)
        event = asyncio.run(first_event(MailkitRecipientsTrigger(**stored)))
    assert event["status"] == "success"
    assert course.totals_asked > 0


def test_totals_that_fail_are_no_failed_poll(mailkit_connection, task_log):
    with FaultServer([plain(encode("json", [recipient(0, STATUS="sent")]))]) as server:
        server.totals = lambda _: plain(b"", 503, retry_after=3000)
        mailkit_connection(server.base_url)
        event, seconds = event_of()
    assert event["status"] == "success"
    assert seconds < 10
    assert len(server.totals_requests) == 1
    assert "in a row" not in task_log()


def trickle(*_):
    yield head(transfer_encoding="chunked")
    for piece in itertools.repeat(b"1\r\n \r\n"):
        yield piece
        yield Pause(0.05)


def test_totals_that_trickle_are_given_up_and_the_poll_goes_on(mailkit_connection, monkeypatch, task_log):
    monkeypatch.setattr("airflow_provider_mailkit.hooks._polls.TOTALS_LIMIT_S", 0.5)
    with FaultServer([plain(encode("json", [recipient(0, STATUS="sent")]))]) as server:
        server.totals = trickle
        mailkit_connection(server.base_url)
        event, seconds = event_of()
    assert event["status"] == "success"
    assert 0.5 <= seconds < 10
    assert "mailkit.report.message: the answer was not complete within the 0 s" in task_log()


def test_totals_leave_the_report_nearly_all_of_the_time(mailkit_connection):
    done = plain(encode("json", [recipient(0, STATUS="sent")]))
    with FaultServer([done]) as server:
        server.totals = trickle
        mailkit_connection(server.base_url)
        now = time.time()
        event, seconds = event_of(started=now, deadline=now + 20)
    assert event["status"] == "success"
    assert 1.8 < seconds < 10


def test_a_poll_has_one_turn_for_all_that_it_asks(mailkit_connection):
    """The totals come in the turn of their poll, so that no more requests are under way than it allows."""
    under_way, peaks = [], []

    def totals(_):
        under_way.append(None)
        peaks.append(len(under_way))
        yield head(content_length=2)
        yield Pause(0.05)
        under_way.pop()
        yield b"{}"

    done = plain(encode("json", [recipient(0, STATUS="sent")]))
    with SlowServer(lambda number, request: done) as server:
        server.totals = totals
        mailkit_connection(server.base_url, max_concurrent_requests=2)

        async def run():
            return await asyncio.gather(*(first_event(trigger()) for _ in range(12)))

        events = asyncio.run(run())
    assert {event["status"] for event in events} == {"success"}
    assert max(peaks) <= 2
    assert server.peak <= 2
    assert len(server.totals_requests) == 12


def test_a_poll_that_takes_longer_than_its_interval_is_followed_by_a_pause_and_never_overtaken(
    mailkit_connection,
):
    began, ended = [], []
    bodies = [encode("json", [recipient(0, STATUS=status)]) for status in ("wait", "wait", "wait", "sent")]

    def answer(number, _):
        began.append(time.monotonic())
        yield head(content_length=len(bodies[number]))
        yield Pause(0.6)
        ended.append(time.monotonic())
        yield bodies[number]

    with FaultServer(answer) as server:
        mailkit_connection(server.base_url)
        event, _ = event_of(poke_interval=0.3, totals_first=False)
    assert event["status"] == "success"
    pauses = [later - earlier for earlier, later in zip(ended, began[1:], strict=False)]
    assert len(pauses) == 3
    assert min(pauses) >= 0.3 * 0.9 - 0.01


def test_infinite_waits_ask_for_totals_too(mailkit_connection):
    course = Course([WAITING] * 4 + [DONE])
    with CourseServer(course=course) as server:
        mailkit_connection(server.base_url)
        event, _ = event_of(deadline=None)
    assert event["status"] == "success"
    assert course.totals_asked > 0
