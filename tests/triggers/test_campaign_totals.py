"""A watcher asks for totals first, and fires what it fires without them."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from datetime import UTC, datetime

import pytest
from airflow.triggers import base
from hypothesis import HealthCheck, given, settings, strategies as st
from support.courses import Course, courses
from support.reports import PROTOCOLS, encode, recipient
from support.server import FaultServer, plain

from airflow_provider_mailkit.triggers.mailkit import MailkitCampaignTrigger

if not hasattr(base, "BaseEventTrigger"):
    pytest.skip("assets have watchers from Airflow 3 on", allow_module_level=True)

both_protocols = pytest.mark.parametrize("protocol", PROTOCOLS)

WAITING = ["wait", "wait_ab", "wait", "sent", "failed"]
DONE = ["sent", "failed", "sent", "sent", "failed"]


class Deliveries(FaultServer):
    """A campaign whose deliveries follow courses, from 5001 on."""

    def __init__(self, protocol, *courses):
        super().__init__(self._answer_script)
        self.totals = self._totals
        self.protocol = protocol
        self.courses = dict(enumerate(courses, 5001))
        self.listed = 0

    def _course(self, request):
        return self.courses[int(re.findall(rb"\b(50[0-9]{2})\b", request.body)[-1])]

    def _answer_script(self, number, request):
        if b"mailkit.report.campaign" in request.body:
            self.listed += 1
            today = f"{datetime.now(UTC):%Y-%m-%d} 00:00:01"
            answer = [{"ID_SEND": str(id_send), "DATE": today} for id_send in self.courses]
        else:
            statuses = self._course(request).report()
            answer = [recipient(n, STATUS=status) for n, status in enumerate(statuses)]
        return plain(encode(self.protocol, answer))

    def _totals(self, request):
        answer = self._course(request).totals()
        return plain(b"", 503) if answer is None else plain(encode(self.protocol, answer))


@pytest.fixture
def serve(mailkit_connection):
    servers = []

    def start(protocol, *courses):
        servers.append(Deliveries(protocol, *courses).__enter__())
        mailkit_connection(servers[-1].base_url, protocol, max_attempts=1)
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__(None, None, None)


def watch(until, **arguments):
    """Return the events of a watcher that runs until something is so."""
    events = []
    wanted = {"id_message": 3001, "poke_interval": 0.001} | arguments

    def note(payload):
        events.append((payload["id_send"], payload["status_counts"]))

    async def one():
        async for event in MailkitCampaignTrigger(**wanted).run():
            note(event.payload)

    async def run():
        running = asyncio.create_task(one())
        async with asyncio.timeout(30):
            while not until(events) and not running.done():  # noqa: ASYNC110 - the server runs in a thread
                await asyncio.sleep(0.002)
        running.cancel()
        (end,) = await asyncio.gather(running, return_exceptions=True)
        assert isinstance(end, asyncio.CancelledError)
        return events

    return asyncio.run(run())


@both_protocols
def test_every_course_fires_the_same(serve, protocol):
    @settings(
        max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )  # fmt: skip
    @given(st.lists(courses(longest=8), min_size=1, max_size=2))
    def check(drawn):
        finals = {5001 + number: Counter(reports[-1]) for number, (reports, _) in enumerate(drawn)}
        expected = {id_send: counts for id_send, counts in finals.items() if "lost" not in counts}
        # After these the totals have had every chance to say something else.
        looks = max(len(reports) for reports, _ in drawn) + 15
        for totals_first in (True, False):
            server = serve(protocol, *(Course(reports, lies) for reports, lies in drawn))

            def is_over(events, server=server):
                return server.listed > looks and len(events) >= len(expected)

            events = watch(is_over, totals_first=totals_first)
            assert dict(events) == expected
            assert len(events) == len(expected)
            if not totals_first:
                assert not server.totals_requests

    check()


@both_protocols
def test_honest_totals_spare_most_reports(serve, protocol):
    server = serve(protocol, Course([WAITING] * 30 + [DONE]), Course([WAITING]))
    events = watch(bool)
    assert events == [(5001, {"failed": 2, "sent": 3})]
    # One that proves the totals, every twelfth, and the last one.
    assert server.courses[5001].reports_asked == 4
    assert 25 <= server.courses[5001].totals_asked <= 32
    assert server.courses[5002].reports_asked <= 4


@pytest.mark.parametrize("lie", ["away", "error", "negative", "growing", "nobody", "list"])
def test_odd_totals_end_their_use_for_one_delivery(serve, lie, task_log):
    server = serve("json", Course([WAITING] * 12 + [DONE], (lie,) * 4), Course([WAITING] * 20))
    events = watch(bool)
    assert events == [(5001, {"failed": 2, "sent": 3})]
    assert 1 <= server.courses[5001].totals_asked <= 2
    assert server.courses[5002].totals_asked > 5
    log = task_log()
    # Some versions of Airflow have several loggers for each line; this one is logged once.
    assert log.count("The totals are not used any more: ") == log.count("watching begins") > 0
    assert "Campaign 3001 (connection 'mailkit_default'): Delivery 5001: The totals are not used" in log


def test_where_totals_are_not_used_reading_stops_at_the_first_recipient_who_waits(serve, task_log):
    """An unknown status that comes later in the report is not seen as long as somebody waits."""
    reports = [["wait", "lost"]] * 6 + [["sent", "sent"]]
    server = serve("json", Course(reports))
    assert watch(bool, totals_first=False) == [(5001, {"sent": 2})]
    assert server.courses[5001].totals_asked == 0
    assert "cannot be judged" not in task_log()


def test_other_statuses_are_waited_for_without_totals(serve):
    server = serve("json", Course([["wait_ab", "sent"], ["wait", "sent"]]))
    events = watch(bool, waiting_statuses=["wait_ab"], final_statuses=["sent", "failed", "wait"])
    assert events == [(5001, {"sent": 1, "wait": 1})]
    assert server.courses[5001].totals_asked == 0
