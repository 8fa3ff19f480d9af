"""The operator that sends a campaign, against the sandbox, which counts what it was asked to send."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from support.planted import told_by
from support.ports import free_port
from support.reports import PROTOCOLS, Protocol, encode
from support.server import FaultServer, Received, plain

from airflow_provider_mailkit._compat import AirflowFailException
from airflow_provider_mailkit.exceptions import (
    MailkitApiError,
    MailkitError,
    MailkitResponseError,
    MailkitTransportError,
    MailkitUnclearError,
)
from airflow_provider_mailkit.operators.mailkit import MailkitScheduleCampaignOperator
from airflow_provider_mailkit.sandbox import Sandbox
from airflow_provider_mailkit.sandbox.clock import zone

SCHEDULE = "mailkit.campaigns.single.schedule"
Define = Callable[..., str]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow_provider_mailkit.operators import _sending

    monkeypatch.setattr(_sending, "LOOK_S", 0.05)
    monkeypatch.setattr(_sending, "SETTLE_S", 0.1)


@pytest.fixture
def serve(mailkit_connection: Define) -> Iterator[Callable[..., Sandbox]]:
    running: list[Sandbox] = []

    def start(protocol: Protocol = "json", timezone: str | None = "Europe/Prague", **options: Any) -> Sandbox:
        settings = {"recipients": 3, "last_day": date(2026, 3, 1)} | options
        running.append(Sandbox(**settings).__enter__())
        extra = {"timezone": timezone} if timezone else {}
        mailkit_connection(running[-1].base_url, protocol, max_attempts=1, **extra)
        return running[-1]

    yield start
    for sandbox in running:
        sandbox.stop()


class Ti(SimpleNamespace):
    def __init__(self, try_number: int = 1, max_tries: int = 0) -> None:
        super().__init__(try_number=try_number, max_tries=max_tries, pushed={})

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value


def context(try_number: int = 1, due: datetime | None = None, **ti: int) -> dict[str, Any]:
    run = SimpleNamespace(run_after=due or datetime.now(UTC))
    return {"ti": Ti(try_number, **ti), "dag_run": run}


def send(id_message: Any = 3002, **arguments: Any) -> MailkitScheduleCampaignOperator:
    return MailkitScheduleCampaignOperator(
        task_id="send", id_message=id_message, **{"verify_timeout": 0.5} | arguments
    )


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_campaign_is_sent_once_and_its_delivery_is_handed_on(
    serve: Callable[..., Sandbox], protocol: Protocol, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox = serve(protocol)
    run = context()
    with caplog.at_level(logging.INFO):
        assert send(parameters={"subject": "Zqx-subject"}).execute(run) == 15004
    assert run["ti"].pushed == {
        "schedule": {
            "id_message": 3002,
            "send_date": "now",
            "id_send": 15004,
            "id_queue": None,
            "is_new": True,
        }
    }
    assert sandbox.log.done[SCHEDULE] == 1
    assert "experimental" in caplog.text
    assert "Delivery 15004" in caplog.text
    assert "zqx" not in caplog.text.lower()
    # A retry, a clear: the delivery is there.
    for number in (2, 3):
        later = context(number, run["dag_run"].run_after)
        assert send().execute(later) == 15004
        assert later["ti"].pushed["schedule"]["is_new"] is False
    assert sandbox.log.done[SCHEDULE] == 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("has_acted", [True, False])
def test_an_answer_that_may_be_an_error_is_held_against_what_shows(
    mailkit_connection: Define, protocol: Protocol, has_acted: bool
) -> None:
    """Nobody has seen how the answer to a success reads."""
    campaign = [{"ID_MESSAGE": 3002, "STATUS": "enabled", "TEST_MODE": False}]
    delivery = {"ID_SEND": 15004, "ID_MESSAGE": 3002, "DATE": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"}
    asked: list[bytes] = []

    def answer(number: int, request: Received) -> Any:
        if SCHEDULE.encode() in request.body:
            asked.append(request.body)
            return plain(encode(protocol, {"error": "Scheduled"}))
        if b"mailkit.campaigns.list" in request.body:
            return plain(encode(protocol, campaign))
        if b"schedule.list" in request.body:
            return plain(encode(protocol, {"ID_message": 3002, "error_status": 0, "data": ""}))
        return plain(encode(protocol, [delivery] if asked and has_acted else []))

    with FaultServer(answer) as server:
        mailkit_connection(server.base_url, protocol)
        if has_acted:
            assert send().execute(context()) == 15004
        else:
            with pytest.raises(MailkitApiError, match=r"error: Scheduled.*look in Mailkit"):
                send().execute(context())
    assert len(asked) == 1


def test_a_later_run_sends_again(
    serve: Callable[..., Sandbox],
) -> None:
    sandbox = serve()
    early = datetime.now(UTC) - timedelta(hours=5)
    assert send().execute(context()) == 15004
    # Whoever was due before it finds it.
    assert send().execute(context(due=early)) == 15004
    # By the clock of Prague it began before, by that of UTC it may not have.
    move_the_last_one(sandbox, minutes=-10)
    assert send().execute(context()) == 15004
    move_the_last_one(sandbox, hours=-2)
    assert send().execute(context()) == 15005
    assert sandbox.log.done[SCHEDULE] == 2


def move_the_last_one(sandbox: Sandbox, **by: int) -> None:
    deliveries = sandbox._started.world.campaign(3002).deliveries
    deliveries[-1] = replace(deliveries[-1], start=deliveries[-1].start + timedelta(**by))


def test_once_a_day(serve: Callable[..., Sandbox]) -> None:
    sandbox = serve()
    assert send(once="day").execute(context()) == 15004
    move_the_last_one(sandbox, hours=-datetime.now(zone()).hour)
    assert send(once="day").execute(context()) == 15004
    move_the_last_one(sandbox, days=-1)
    assert send(once="day").execute(context()) == 15005
    assert sandbox.log.done[SCHEDULE] == 2


def test_every_time(serve: Callable[..., Sandbox]) -> None:
    sandbox = serve()
    operator = send(once=None, retries=3)
    assert operator.retries == 0
    assert [operator.execute(context()) for _ in range(2)] == [15004, 15005]
    with pytest.raises(MailkitError, match="retries=0"):
        operator.execute(context(max_tries=1))
    assert sandbox.log.done[SCHEDULE] == 2


def test_without_a_time_zone_or_a_run_too_much_counts_rather_than_too_little(
    serve: Callable[..., Sandbox],
) -> None:
    sandbox = serve(timezone=None)
    assert send().execute(context()) == 15004
    assert send().execute(context(2)) == 15004
    assert send().execute({}) == 15004
    assert sandbox.log.done[SCHEDULE] == 1


def test_a_queue_is_waited_for(serve: Callable[..., Sandbox]) -> None:
    sandbox = serve(queue_seconds=0.4)
    assert send(verify_timeout=20).execute(context()) == 15004
    assert sandbox.log.done[SCHEDULE] == 1


def test_a_long_queue_is_waited_for_by_the_next_try(serve: Callable[..., Sandbox]) -> None:
    sandbox = serve(queue_seconds=3)
    run = context()
    with pytest.raises(MailkitError, match="scheduled and has not begun") as caught:
        send(verify_timeout=0.3).execute(run)
    assert caught.value.retryable
    assert not isinstance(caught.value, AirflowFailException)
    assert send(verify_timeout=20).execute(context(2, run["dag_run"].run_after)) == 15004
    assert sandbox.log.done[SCHEDULE] == 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_lost_answer_is_no_second_sending(serve: Callable[..., Sandbox], protocol: Protocol) -> None:
    sandbox = serve(protocol, lose_answers=1)
    assert send().execute(context()) == 15004
    assert sandbox.log.done[SCHEDULE] == 1


def test_a_delivery_for_later(serve: Callable[..., Sandbox]) -> None:
    sandbox = serve()
    due = (datetime.now(zone()) + timedelta(days=2)).strftime("%Y-%m-%d %H:%M")
    run = context()
    assert send(send_date=due).execute(run) is None
    assert run["ti"].pushed["schedule"]["id_queue"] == 70001
    asked = next(entry for entry in sandbox.log.entries if entry.function == SCHEDULE)
    assert (asked.parameters["send_date"], asked.parameters["time_zone"]) == (due, "Europe/Prague")
    # Another run for the same time is the same delivery, whenever it runs.
    assert send(send_date=due).execute(context(due=datetime.now(UTC) + timedelta(days=1))) is None
    assert send(send_date=due, once="day").execute(context()) is None
    assert sandbox.log.done[SCHEDULE] == 1


def test_a_time_needs_a_zone(serve: Callable[..., Sandbox]) -> None:
    sandbox = serve(timezone=None)
    with pytest.raises(MailkitError, match="send_date needs a time zone"):
        send(send_date="2030-01-01 08:00").execute(context())
    assert send(send_date="2030-01-01 08:00", parameters={"time_zone": "Europe/London"}).execute({}) is None
    assert sandbox.log.done[SCHEDULE] == 1


def test_campaigns_that_are_not_sent(serve: Callable[..., Sandbox]) -> None:
    sandbox = serve()
    sandbox.set_campaign(3001, test_mode=True)
    sandbox.set_campaign(3002, status="disabled")
    for id_message, said in (
        (3001, "3001 is in test mode"),
        ("3002", "3002 is 'disabled' and not enabled"),
        (9, "9 does not exist"),
    ):
        with pytest.raises(MailkitError, match=f"{said}.*Nothing was sent") as caught:
            send(id_message).execute(context())
        assert isinstance(caught.value, AirflowFailException)
    assert sandbox.log.done[SCHEDULE] == 0


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "no campaign": ({"id_message": 0}, "id_message must be the ID of a campaign"),
    "misspelt now": ({"send_date": "Now"}, "send_date must be now"),
    "time with an offset": ({"send_date": datetime(2030, 1, 1, tzinfo=UTC)}, "send_date must be now"),
    "misspelt once": ({"once": "dagrun"}, "once must be one of .*Did you mean 'dag_run'"),
    "misspelt parameter": ({"parameters": {"subjct": "x"}}, "nearest is subject"),
    "an argument in the parameters": ({"parameters": {"send_date": "now"}}, "is the argument send_date"),
    "another argument there": ({"parameters": {"ID_message": 1}}, "ID_message is the argument id_message"),
    "no time": ({"verify_timeout": 0}, "verify_timeout must be a time"),
    "no connection": ({"mailkit_conn_id": ""}, "mailkit_conn_id"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_does_not_parse(name: str) -> None:
    arguments, said = BROKEN[name]
    with pytest.raises(MailkitError, match=said) as caught:
        send(**arguments)
    assert isinstance(caught.value, AirflowFailException)


def test_templates_parse() -> None:
    operator = send(
        "{{ params.id }}", send_date="{{ params.when }}", parameters={"ID_query": "{{ params.q }}"}
    )
    assert operator.once == "dag_run"
    with pytest.raises(MailkitError, match="id_message must be"):
        operator.execute({})


class Script:
    """A Mailkit whose answers are scripted by function."""

    def __init__(self, **answers: Any) -> None:
        self.answers: dict[str, Any] = {
            "list": [{"ID_MESSAGE": 3002, "STATUS": "enabled", "TEST_MODE": False}],
            "schedules": {"data": "", "error_status": 0},
            "history": [],
            "schedule": {"error_status": 0},
        } | answers
        self.asked: list[str] = []

    def __call__(self, number: int, request: Received) -> Any:
        for name, function in (
            ("schedules", b"campaigns.schedule.list"),
            ("list", b"campaigns.list"),
            ("history", b"campaigns.history"),
            ("schedule", b"single.schedule"),
        ):
            if function in request.body:
                self.asked.append(name)
                answer = self.answers[name]
                return (
                    answer
                    if isinstance(answer, tuple | list) and answer and isinstance(answer[0], bytes)
                    else plain(encode("json", answer))
                )
        raise AssertionError(request.body)


def test_what_does_not_show_fails_for_good(mailkit_connection: Define) -> None:
    for said in ({"error_status": 0}, plain(b"", 504), plain(b"<html>")):
        script = Script(schedule=said)
        with FaultServer(script, totals=None) as server:
            mailkit_connection(server.base_url, max_attempts=1, timezone="Europe/Prague")
            with pytest.raises(MailkitUnclearError, match="unclear whether Mailkit has acted") as caught:
                send().execute(context())
        assert isinstance(caught.value, AirflowFailException)
        assert script.asked.count("schedule") == 1
        assert script.asked.index("schedule") == 5
        assert script.asked.count("history") > 3


def test_looks_that_fail_after_the_sending_are_repeated(mailkit_connection: Define) -> None:
    script = Script()

    def answer(number: int, request: Received) -> Any:
        made = script(number, request)
        if script.asked[-1] == "schedule":
            script.answers["history"] = plain(b"", 503)
        elif script.asked.count("history") == 5:
            script.answers["history"] = [{"ID_SEND": 7, "DATE": "2026-03-01 08:00:00"}]
        return made

    with FaultServer(answer, totals=None) as server:
        mailkit_connection(server.base_url, max_attempts=1, timezone="Europe/Prague")
        assert send(verify_timeout=30).execute(context()) == 7
    assert script.asked.count("schedule") == 1


def test_what_certainly_was_not_sent(mailkit_connection: Define) -> None:
    for said, kind in (
        (plain(b"", 429), MailkitTransportError),
        (plain(b"", 404), MailkitResponseError),
        ({"error_status": 3, "error": "Invalid ID_message"}, MailkitApiError),
    ):
        script = Script(schedule=said)
        with FaultServer(script, totals=None) as server:
            mailkit_connection(server.base_url, max_attempts=1, timezone="Europe/Prague")
            with pytest.raises(kind) as caught:
                send().execute(context())
        assert isinstance(caught.value, AirflowFailException) is (kind is not MailkitTransportError)
        # Nobody looks for what was refused.
        assert script.asked[-1] == "schedule"
    mailkit_connection(f"http://127.0.0.1:{free_port()}", max_attempts=1)
    with pytest.raises(MailkitTransportError):
        send().execute(context())


@pytest.mark.parametrize(
    "answers",
    [
        {"schedules": {"data": [{"ID_SEND_MESSAGE_QUEUE": 5, "DATE": "soon", "DATE_SEND": "later"}]}},
        {"schedules": {"data": "person@example.com"}},
        {"history": [{"ID_SEND": "x", "DATE": "2026-03-01 08:00:00"}]},
        {"history": [{"ID_SEND": 5}]},
    ],
)
def test_what_cannot_be_read_lets_nothing_be_sent(
    answers: dict[str, Any], mailkit_connection: Define
) -> None:
    script = Script(**answers)
    with FaultServer(script, totals=None) as server:
        mailkit_connection(server.base_url, max_attempts=1, timezone="Europe/Prague")
        with pytest.raises(MailkitResponseError) as caught:
            send().execute(context())
    assert "schedule" not in script.asked
    assert "person" not in told_by(caught.value)
