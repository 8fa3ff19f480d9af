"""Arguments of the sensor: the same are refused in every mode, before anything is asked."""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow import DAG
from support import modes
from support.modes import TaskDeferred
from support.reports import PROTOCOLS, encode, recipient
from support.server import FaultServer, plain

from airflow_provider_mailkit._arguments import CENTURY_S
from airflow_provider_mailkit._compat import AirflowFailException
from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.hooks.mailkit import MailkitHook
from airflow_provider_mailkit.sensors.mailkit import MailkitRecipientsSensor

every_mode = pytest.mark.parametrize("mode", modes.MODES)


@pytest.fixture(params=PROTOCOLS)
def mailkit(request, mailkit_connection):
    servers = []

    def start(*reports):
        script = [
            plain(
                encode(
                    request.param, [recipient(number, STATUS=status) for number, status in enumerate(report)]
                )
            )
            for report in reports
        ]
        servers.append(FaultServer(script).__enter__())
        mailkit_connection(servers[-1].base_url, request.param, max_attempts=1)
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__(None, None, None)


def sensor(**arguments: Any) -> MailkitRecipientsSensor:
    return MailkitRecipientsSensor(**{"task_id": "wait", "id_send": 5001} | arguments)


BROKEN = {
    "one text": ({"final_statuses": "sent"}, r"a list of texts, not 'sent'. Write \['sent'\]"),
    "None": ({"waiting_statuses": None}, "waiting_statuses must be a list of texts, not None"),
    "a number in it": ({"final_statuses": ["sent", 5]}, "final_statuses must be a list of texts"),
    "a generator": ({"final_statuses": iter(["sent"])}, "final_statuses must be a list of texts"),
    "in both": ({"final_statuses": ["sent", "wait"]}, "'wait' must be in waiting_statuses or"),
    "nothing final": ({"final_statuses": []}, "final_statuses must name"),
    "allow_empty": ({"allow_empty": "False"}, "allow_empty must be True or False"),
    "stop_at_first_waiting": ({"stop_at_first_waiting": 1}, "stop_at_first_waiting must be True or False"),
    "deferrable": ({"deferrable": "False"}, "deferrable must be True or False"),
    "connection": ({"mailkit_conn_id": None}, "mailkit_conn_id must be a text"),
    "ID": ({"id_send": "None"}, "id_send must be the ID of a delivery"),
    "no number": ({"timeout": math.nan}, "timeout must be a time from 0 on"),
    "infinite pause": ({"poke_interval": math.inf}, "poke_interval must be a time above 0"),
    "no pause": ({"poke_interval": math.nan}, "poke_interval must be a time above 0"),
    "True seconds": ({"timeout": True}, "timeout must be a time from 0 on, .* not True"),
    "longest pause": ({"max_wait": math.nan}, "max_wait must be a time from 0 on"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_literal_mistake_breaks_the_dag(case):
    arguments, words = BROKEN[case]
    with pytest.raises(MailkitError, match=words) as caught:
        sensor(**arguments)
    assert isinstance(caught.value, AirflowFailException)


@pytest.mark.parametrize("case", ["one text", "None", "allow_empty"])
def test_a_literal_mistake_of_a_mapped_task_breaks_the_dag(case):
    arguments, words = BROKEN[case]
    with pytest.raises(MailkitError, match=words):
        MailkitRecipientsSensor.partial(task_id="wait", **arguments)


@every_mode
@pytest.mark.parametrize(
    "statuses", [{"sent", "bounced"}, ("bounced", "sent"), ["sent", "bounced"]], ids=["set", "tuple", "list"]
)
def test_statuses_may_be_any_collection_whose_order_does_not_matter(mailkit, mode, statuses):
    mailkit(["wait", "sent", "bounced"], ["bounced", "sent", "sent"])
    result = modes.run(mode, final_statuses=statuses)
    assert result["status_counts"] == {"bounced": 1, "sent": 2}


@every_mode
def test_nothing_to_wait_for_is_a_report_that_exists(mailkit, mode):
    server = mailkit([], ["wait", "sent"])
    assert modes.run(mode, waiting_statuses=[], final_statuses=["wait", "sent"])["total"] == 2
    assert len(server.requests) == 2


@every_mode
def test_a_sensor_may_wait_for_ever(mailkit, mode):
    mailkit(["wait"], ["sent"])
    for timeout in (math.inf, timedelta.max, 1e300):
        assert modes.run(mode, timeout=timeout, max_wait=math.inf, exponential_backoff=False)["total"] == 1


def test_for_ever_may_come_from_the_defaults_of_a_dag():
    with DAG(
        "d", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC), default_args={"timeout": math.inf}
    ):
        assert sensor().timeout == CENTURY_S
        assert sensor(task_id="other", timeout=timedelta(hours=2)).timeout == 7200.0


@pytest.mark.parametrize("timeout", [math.inf, timedelta(days=1), "90"])
def test_a_subclass_may_set_the_time_when_it_runs(mailkit, timeout):
    class Late(MailkitRecipientsSensor):
        def execute(self, context: Any) -> Any:
            self.timeout = timeout
            return super().execute(context)

    mailkit(["wait"])
    with pytest.raises(TaskDeferred) as caught:
        Late(task_id="wait", id_send=5001, deferrable=True).execute({})
    longest = {"90": 90}.get(timeout, CENTURY_S if timeout == math.inf else 86_400)
    assert longest - 60 < caught.value.timeout.total_seconds() <= longest


def test_a_time_that_is_none_fails_without_retries(mailkit):
    mailkit(["wait"])
    waiting = sensor(deferrable=True)
    waiting.timeout = math.nan
    with pytest.raises(AirflowFailException, match="timeout must be"):
        waiting.execute({})


def test_one_text_is_not_several_statuses_for_the_hook_either(mailkit):
    mailkit(["wait", "sent"], ["wait", "sent"])
    hook = MailkitHook()
    for count in (hook.count_recipients, lambda *arguments: asyncio.run(hook.acount_recipients(*arguments))):
        assert count(5001, ["wait"]) == {"wait": 1}
        with pytest.raises(MailkitError, match=r"stop_at must be a list of texts, not 'wait'"):
            count(5001, "wait")


@every_mode
def test_times_may_be_timedeltas(mailkit, mode):
    mailkit(["wait"], ["sent"])
    short = timedelta(milliseconds=20)
    assert modes.run(mode, poke_interval=short, timeout=timedelta(minutes=1), max_wait=short)["total"] == 1


def test_no_pause_at_all_is_a_short_one_on_an_event_loop(mailkit):
    mailkit(["wait"])
    with pytest.raises(TaskDeferred) as caught:
        sensor(deferrable=True, poke_interval=0, exponential_backoff=True, max_wait=0).execute({})
    arguments = caught.value.trigger.serialize()[1]
    assert (arguments["poke_interval"], arguments["max_wait"]) == (0.01, None)


@every_mode
def test_a_rendered_id_is_checked_before_the_first_poll(mailkit, mode):
    server = mailkit(["sent"])
    for value in ("None", "", 5001.0):
        waiting = sensor(id_send="{{ params.x }}", deferrable=mode == "deferrable")
        waiting.id_send = value
        with pytest.raises(AirflowFailException, match="id_send must be"):
            waiting.execute({})
    assert server.requests == []
    assert sensor(id_send=" 5001\n").id_send == "5001"
