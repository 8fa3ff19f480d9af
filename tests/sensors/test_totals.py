"""Waits with totals and without end the same in every mode; with them, most polls cost a kilobyte."""

from __future__ import annotations

import json
import pickle
import re
from collections import Counter
from datetime import UTC, datetime
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from support import modes
from support.courses import Course, CourseServer, courses
from support.modes import TaskDeferred
from support.reports import PROTOCOLS

from airflow_provider_mailkit._compat import AirflowFailException
from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.sandbox import Sandbox
from airflow_provider_mailkit.sensors.mailkit import MailkitRecipientsSensor

every_mode = pytest.mark.parametrize("mode", modes.MODES)
every_protocol = pytest.mark.parametrize("protocol", PROTOCOLS)

WAITING = ["wait", "wait_ab", "wait", "sent", "failed"]
DONE = ["sent", "failed", "sent", "sent", "failed"]


class Store:
    """Keeps what a task stores as text, as Airflow does."""

    def __init__(self, **fails):
        self.texts = {}
        self.fails = fails

    def get(self, key, default=None):
        if "get" in self.fails:
            raise RuntimeError("no answer")
        return json.loads(self.texts[key]) if key in self.texts else default

    def set(self, key, value):
        if "set" in self.fails:
            raise RuntimeError("no answer")
        self.texts[key] = json.dumps(value)


@pytest.fixture
def serve(mailkit_connection):
    servers = []

    def start(course, protocol="json"):
        servers.append(CourseServer(course=course, protocol=protocol).__enter__())
        mailkit_connection(servers[-1].base_url, protocol, max_attempts=1)
        return course

    yield start
    for server in servers:
        server.__exit__(None, None, None)


def with_store(store):
    """Give tasks a store, as Airflow 3.3 does."""
    context = modes.context
    return mock.patch.object(
        modes, "context", lambda *dates: context(*dates) | {"task_state_store": store}
    )  # fmt: skip


def run(mode, store=None, **arguments):
    with with_store(Store() if store is None else store):
        return modes.run(mode, **arguments)


def outcome(mode, **arguments):
    """Return the counts, or what the task fails with."""
    try:
        return run(mode, **arguments)["status_counts"]
    except (MailkitError, AirflowFailException) as error:
        return str(error)


@every_mode
@every_protocol
def test_every_course_ends_the_same(serve, mode, protocol):
    @settings(
        max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )  # fmt: skip
    @given(courses(longest=12))
    def check(drawn):
        reports, lies = drawn
        serve(Course(reports, lies), protocol)
        with_totals = outcome(mode, poke_interval=0)
        without = serve(Course(reports, lies), protocol)
        assert outcome(mode, poke_interval=0, totals_first=False) == with_totals
        assert without.totals_asked == 0
        is_lost = "lost" in reports[-1]
        assert ("have the status 'lost'" in with_totals) if is_lost else with_totals == Counter(reports[-1])

    check()


@every_mode
@every_protocol
def test_honest_totals_spare_most_reports(serve, mode, protocol):
    course = serve(Course([WAITING] * 30 + [DONE]), protocol)
    assert run(mode, poke_interval=0)["status_counts"] == {"failed": 2, "sent": 3}
    # One that proves the totals, every twelfth, and the last one.
    assert course.reports_asked == 4
    assert 25 <= course.totals_asked <= 32


@every_mode
def test_each_poll_logs_its_line(serve, mode, task_log):
    serve(Course([WAITING] * 5 + [DONE]))
    run(mode, poke_interval=0)
    # On a busy machine it takes a second or two.
    log = re.sub(r"\d s elapsed", "0 s elapsed", task_log())
    assert (
        "Delivery 5001: 3 of 5 recipients waiting (60.0 %); failed 1, sent 1, wait 2, wait_ab 1; 0 s" in log
    )
    assert "Delivery 5001: 3 of 5 recipients waiting according to the totals; 0 s elapsed." in log
    assert "Delivery 5001: 0 of 5 recipients waiting (0.0 %); failed 2, sent 3; 0 s elapsed." in log


@every_mode
@pytest.mark.parametrize("lie", ["away", "error", "negative", "growing", "nobody", "list"])
def test_odd_totals_are_told_once_and_not_asked_for_again(serve, mode, lie, task_log):
    course = serve(Course([WAITING] * 12 + [DONE], (lie,) * 4))
    assert run(mode, poke_interval=0)["total"] == 5
    assert 1 <= course.totals_asked <= 2
    assert "The totals are not used any more: " in task_log()


@every_mode
def test_with_stop_at_first_waiting_totals_are_not_asked_for(serve, mode):
    course = serve(Course([WAITING] * 3 + [DONE]))
    assert run(mode, poke_interval=0, stop_at_first_waiting=True)["total"] == 5
    assert course.totals_asked == 0


@every_mode
def test_when_the_time_is_nearly_up_the_report_is_read(serve, mode):
    """Totals that lag must not let a wait time out whose delivery is done."""
    course = serve(Course([WAITING, WAITING, DONE], ("now", "first")))
    assert run(mode, poke_interval=0.2, timeout=4)["total"] == 5
    assert course.totals_asked == 0


# -- Reschedule mode ---------------------------------------------------------------------------------


@pytest.mark.parametrize("store", [None, Store(get=True)], ids=["none", "failing"])
def test_without_a_store_a_rescheduled_sensor_reads_the_report_as_before(serve, store):
    course = serve(Course([WAITING] * 20 + [DONE]))
    with with_store(store):
        assert modes.run("reschedule", poke_interval=0)["total"] == 5
    assert (course.reports_asked, course.totals_asked) == (21, 0)


def test_a_store_that_keeps_nothing_costs_two_totals_a_poll_and_no_report(serve, task_log):
    course = serve(Course([WAITING] * 20 + [DONE]))
    assert run("reschedule", Store(set=True), poke_interval=0)["total"] == 5
    assert course.totals_asked == 2 * course.reports_asked - 1
    assert "The task's state store has failed (RuntimeError): nothing is stored." in task_log()


def test_what_another_try_or_another_delivery_has_learnt_is_left(serve):
    store = Store()
    serve(Course([WAITING] * 3 + [DONE]))
    run("reschedule", store, poke_interval=0)
    course = serve(Course([WAITING] * 9 + [DONE]))
    run("reschedule", store, poke_interval=0, id_send=5002)
    assert course.reports_asked == 2


def test_what_is_stored_is_plain_and_holds_no_address(serve):
    store = Store()
    serve(Course([WAITING] * 3 + [DONE]))
    run("reschedule", store, poke_interval=0)
    kept = {key: json.loads(text) for key, text in store.texts.items()}
    assert {key: set(value) for key, value in kept.items()} == {
        "mailkit_totals": {"wait", "known"},
        "mailkit_progress": {"waiting", "recipients", "at"},
    }
    assert (kept["mailkit_progress"]["waiting"], kept["mailkit_progress"]["recipients"]) == (0, 5)
    assert "@" not in str(kept)


@pytest.mark.parametrize("stored", [5, [], {"wait": {"id_send": 5001, "try": None}, "known": {"sent": "x"}}])
def test_what_is_stored_in_another_way_is_left(serve, stored):
    store = Store()
    store.set("mailkit_totals", stored)
    course = serve(Course([WAITING] * 9 + [DONE]))
    assert run("reschedule", store, poke_interval=0)["total"] == 5
    assert course.reports_asked == 2


# -- What it costs -----------------------------------------------------------------------------------


@every_mode
@every_protocol
def test_a_poll_by_totals_costs_less_than_two_kilobytes(mailkit_connection, mode, protocol):
    """A report of 3,000 recipients, of which each poll read more than half a million bytes before."""
    clock = iter(range(10**6))
    with Sandbox(recipients=3_000, seconds=30, clock=lambda: next(clock)) as sandbox:
        mailkit_connection(sandbox.base_url, protocol)
        sizes = {"totals": [], "report": []}
        with measured(sizes):
            result = run(mode, id_send=sandbox.id_sends[0], poke_interval=0, timeout=900)
    assert result["total"] == 3_000
    assert len(sizes["totals"]) >= 12
    assert max(sizes["totals"]) < 2000
    assert min(sizes["report"]) > 500_000
    assert len(sizes["report"]) <= 2 + len(sizes["totals"]) / 6


def measured(sizes):
    """Note the size of each answer that the decoders of both clients get."""
    from airflow_provider_mailkit.transport.endpoint import Endpoint

    decode, decoder = Endpoint.decode, Endpoint.decoder

    def noting_decode(self, function, body, **options):
        sizes["totals"].append(len(body))
        return decode(self, function, body, **options)

    def noting_decoder(self, report, *arguments, **options):
        made = decoder(self, report, *arguments, **options)
        feed = made.feed
        sizes["report"].append(0)

        def noting_feed(data):
            sizes["report"][-1] += len(data)
            return feed(data)

        made.feed = noting_feed
        return made

    return mock.patch.multiple(Endpoint, decode=noting_decode, decoder=noting_decoder)


# -- The sensor --------------------------------------------------------------------------------------


def test_totals_first_is_checked_as_any_flag():
    with pytest.raises(Exception, match="totals_first"):
        MailkitRecipientsSensor(task_id="wait", id_send=5001, totals_first="perhaps")


def test_a_deferred_wait_goes_on_from_what_the_sensor_has_learnt(serve):
    course = serve(Course([WAITING]))
    with pytest.raises(TaskDeferred) as caught:
        MailkitRecipientsSensor(task_id="wait", id_send=5001, deferrable=True).execute(
            modes.context(datetime.now(UTC))
        )
    arguments = caught.value.trigger.serialize()[1]
    assert arguments["totals_first"] is True
    assert arguments["totals_known"] | {"report_read_at": 0} == {
        "is_used": True, "is_proven": True, "sent": 5, "polls_without_report": 0, "report_read_at": 0,
    }  # fmt: skip
    assert (course.reports_asked, course.totals_asked) == (1, 2)


def test_a_sensor_that_has_learnt_can_be_copied_and_begins_anew(serve):
    course = serve(Course([WAITING] * 5 + [DONE]))
    sensor = MailkitRecipientsSensor(task_id="wait", id_send=5001, poke_interval=0, timeout=60)
    context = modes.context(datetime.now(UTC))
    assert sensor.execute(context)["total"] == 5
    course.asked = course.reports_asked = 0
    assert pickle.loads(pickle.dumps(sensor)).execute(context)["total"] == 5  # noqa: S301 - our own
    assert course.reports_asked == 2
