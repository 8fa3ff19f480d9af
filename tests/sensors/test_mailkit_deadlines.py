"""Skips that are meant, elapsed time without a start from Airflow, and polls that end with the time."""

from __future__ import annotations

import copy
import pickle
import time
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from support import modes
from support.reports import PROTOCOLS, encode, recipient
from support.server import Pause, plain, trickle

from airflow_provider_mailkit._compat import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
)
from airflow_provider_mailkit.exceptions import MailkitAccessError, MailkitError, MailkitTransportError
from airflow_provider_mailkit.sensors.mailkit import MailkitRecipientsSensor
from airflow_provider_mailkit.transport.endpoint import Endpoint

every_mode = pytest.mark.parametrize("mode", modes.MODES)
FLAGS = ({}, {"soft_fail": True}, {"never_fail": True})
every_flag = pytest.mark.parametrize("flags", FLAGS, ids=lambda flags: next(iter(flags), "neither"))


class Skipping(MailkitRecipientsSensor):
    """Skips for a reason of its own, as its task says."""

    error: Exception = MailkitAccessError("refused")

    def poke(self, context):
        raise AirflowSkipException("nothing was sent today") from self.error


class SkippingLater(MailkitRecipientsSensor):
    """Skips after the wait."""

    def execute_complete(self, context, event=None):
        try:
            return super().execute_complete(context, event)
        except MailkitError as error:
            raise AirflowSkipException("nothing was sent today") from error


ERRORS = [
    MailkitAccessError("refused"),
    MailkitTransportError("away"),
    AirflowFailException("failed"),
    AirflowSensorTimeout("late"),
    ValueError("other"),
]


def run(kind, mode, **arguments):
    arguments = {"task_id": "wait", "id_send": 5001, "poke_interval": 0, "timeout": 60} | arguments
    arguments |= {"deferrable": True} if mode == "deferrable" else {"mode": mode}
    return kind(**arguments).execute(modes.context(datetime.now(UTC)))


@every_mode
@every_flag
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_skip_that_a_subclass_means_stays_one(mode, flags, error, monkeypatch):
    monkeypatch.setattr(Skipping, "error", error)
    with modes._rescheduled_since(datetime.now(UTC)), pytest.raises(AirflowSkipException) as caught:
        run(Skipping, mode, **flags)
    assert str(caught.value) == "nothing was sent today"
    assert caught.value.__cause__ is error


@every_flag
def test_a_skip_after_the_wait_stays_one(flags):
    event = {"status": "failed", "error": "MailkitAccessError", "message": "refused", "retryable": False}
    sensor = SkippingLater(task_id="wait", id_send=5001, deferrable=True, **flags)
    with pytest.raises(AirflowSkipException, match="nothing was sent today"):
        sensor.resume_execution("execute_complete", {"event": event}, {})


@every_mode
def test_a_skip_that_soft_fail_has_made_of_an_error_is_undone(mailkit, mode):
    mailkit(plain(encode("json", {"error_status": 1, "error": "Unauthorized"})))
    with pytest.raises(MailkitAccessError):
        modes.run(mode, soft_fail=True)


def test_elapsed_time_counts_from_the_first_poll_where_airflow_knows_no_start(mailkit, task_log):
    """As Airflow 2.11 has it when it tests a DAG in one process."""
    waiting = plain(encode("json", [recipient(0, STATUS="wait")]))
    mailkit(waiting, plain(encode("json", [recipient(0, STATUS="sent")])))
    sensor = MailkitRecipientsSensor(task_id="wait", id_send=5001, poke_interval=1.2, mode="poke")
    context = {"ti": SimpleNamespace(start_date=None)}
    assert sensor.execute(context)["total"] == 1
    log = task_log()
    assert "1 of 1 recipients waiting (100.0 %); wait 1; 0 s elapsed." in log
    assert "0 of 1 recipients waiting (0.0 %); sent 1; 1 s elapsed." in log


@every_mode
@every_flag
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_poll_ends_when_the_time_is_up(mailkit, mode, flags, protocol):
    mailkit(trickle(protocol), protocol=protocol)
    began = time.monotonic()
    with pytest.raises(AirflowSkipException if flags else AirflowSensorTimeout, match=r"timed out"):
        modes.run(mode, timeout=0.7, **flags)
    assert 0.6 < time.monotonic() - began < 5


@pytest.mark.parametrize("mode", ["poke", "reschedule"])
def test_the_pauses_between_the_tries_of_a_poll_end_with_the_time_too(mailkit, mode):
    mailkit(plain(b"", 503, retry_after=30), max_attempts=5)
    began = time.monotonic()
    with pytest.raises(AirflowSensorTimeout, match="Delivery 5001 was not done after "):
        modes.run(mode, timeout=0.7)
    assert 0.6 < time.monotonic() - began < 5


@every_mode
def test_a_poll_has_a_limit_of_its_own_which_is_a_failure_that_may_pass(mailkit, mode, monkeypatch):
    monkeypatch.setattr(Endpoint, "poll_limit_s", 1.0)
    mailkit(trickle("json"))
    began = time.monotonic()
    with pytest.raises(MailkitTransportError, match="within the 1 s that it may take") as caught:
        modes.run(mode, timeout=600)
    assert not isinstance(caught.value, AirflowFailException)
    assert time.monotonic() - began < 10


def test_a_poll_that_begins_at_the_end_of_the_time_is_made(mailkit):
    """Airflow runs a rescheduled sensor once more after its time."""
    done = plain(encode("json", [recipient(0, STATUS="sent")]))
    mailkit(lambda *_: [done[0], Pause(0.4), done[1]])
    arguments = {"task_id": "wait", "id_send": 5001, "timeout": 60, "poke_interval": 60}
    first = datetime.fromtimestamp(time.time() - 300, UTC)
    assert modes.run_reschedule(arguments, first=first)["total"] == 1


def pickled(sensor):
    return pickle.loads(pickle.dumps(sensor))  # noqa: S301 - our own


@pytest.mark.parametrize("remake", [copy.copy, copy.deepcopy, pickled])
def test_a_sensor_can_be_copied_after_it_has_run(mailkit, remake):
    mailkit(plain(encode("json", [recipient(0, STATUS="sent")])))
    sensor = MailkitRecipientsSensor(task_id="wait", id_send=5001)
    context = modes.context(datetime.now(UTC))
    assert remake(sensor).execute(context) == sensor.execute(context) == remake(sensor).execute(context)
