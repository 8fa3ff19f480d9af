"""The sensor decides, returns and fails the same in every mode and over both protocols."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from support import modes
from support.reports import PROTOCOLS, api_error, recipient
from support.server import close_delimited, plain

from airflow_provider_mailkit._compat import (
    AirflowException,
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTimeout,
)
from airflow_provider_mailkit.exceptions import (
    MailkitAccessError,
    MailkitApiError,
    MailkitError,
    MailkitResponseError,
    MailkitTransportError,
)
from airflow_provider_mailkit.hooks.mailkit import MailkitHook
from airflow_provider_mailkit.sensors.mailkit import MailkitRecipientsSensor
from airflow_provider_mailkit.triggers.mailkit import MAX_FAILURES, MailkitRecipientsTrigger

try:
    from airflow.sdk.exceptions import TaskDeferralError, TaskDeferred
except ImportError:  # before Airflow 3.2
    from airflow.exceptions import TaskDeferralError, TaskDeferred
every_mode = pytest.mark.parametrize("mode", modes.MODES)
both_protocols = pytest.mark.parametrize("protocol", PROTOCOLS)


def report(*statuses):
    return [recipient(number, STATUS=status) for number, status in enumerate(statuses)]


@every_mode
@both_protocols
def test_waits_until_nobody_waits_and_returns_the_counts(mailkit, mode, protocol):
    server = mailkit(
        report("wait_ab", "wait", "sent"),
        report("wait", "sent", "failed"),
        report("sent", "sent", "failed"),
        protocol=protocol,
    )
    result = modes.run(mode)
    assert result == {"id_send": 5001, "total": 3, "status_counts": {"failed": 1, "sent": 2}}
    assert len(server.requests) == 3


@every_mode
def test_a_finished_delivery_needs_one_poll_and_no_deferral(mailkit, mode):
    server = mailkit(report("sent"))
    if mode == "deferrable":
        sensor = MailkitRecipientsSensor(task_id="wait", id_send="5001", deferrable=True)
        assert sensor.execute({})["total"] == 1
    else:
        assert modes.run(mode)["total"] == 1
    assert len(server.requests) == 1


PERMANENT = {
    "access refused": (["Unauthorized"], {}, MailkitAccessError),
    "address not allowed": (["Disallowed IP 127.0.0.1"], {}, MailkitAccessError),
    "invalid ID": (["Invalid ID_send"], {}, MailkitApiError),
    "redirect": ([plain(b"", 302, location="http://127.0.0.1:9/")], {}, MailkitResponseError),
    "page instead of data": ([plain(b"<html>Maintenance</html>")], {}, MailkitResponseError),
    "unknown status": ([report("sent", "bounced")], {}, MailkitError),
    "bad id": ([report("sent")], {"id_send": "None"}, MailkitError),
}


@every_mode
@both_protocols
@pytest.mark.parametrize("soft_fail", [False, True])
@pytest.mark.parametrize("later", [False, True], ids=["first poll", "second poll"])
@pytest.mark.parametrize("case", PERMANENT)
def test_a_permanent_error_fails_at_once_and_is_never_skipped(
    mailkit, mode, protocol, soft_fail, later, case
):
    answers, arguments, kind = PERMANENT[case]
    if later and case == "bad id":
        later = False
    answers = [plain(api_error(protocol, text)) if isinstance(text, str) else text for text in answers]
    server = mailkit(*[report("wait")] * later, *answers, protocol=protocol, max_attempts=5)
    with pytest.raises(AirflowFailException) as caught:
        modes.run(mode, soft_fail=soft_fail, **arguments)
    assert isinstance(caught.value, kind)
    assert len(server.requests) == (0 if case == "bad id" else 1 + later)


def test_an_unknown_status_is_named_with_both_arguments(mailkit):
    mailkit(report("sent", "bounced", "wait"))
    with pytest.raises(MailkitError, match=r"'bounced'.*waiting_statuses.*final_statuses"):
        modes.run("poke")


@every_mode
def test_other_statuses_can_be_admitted(mailkit, mode):
    mailkit(report("sent", "held"), report("sent", "bounced"))
    result = modes.run(mode, waiting_statuses=["held"], final_statuses=["sent", "bounced"])
    assert result["status_counts"] == {"bounced": 1, "sent": 1}


@every_mode
@both_protocols
def test_an_empty_report_is_not_done_unless_allowed(mailkit, mode, protocol):
    mailkit([], report("sent"), protocol=protocol)
    assert modes.run(mode)["total"] == 1
    mailkit([], report("sent"), protocol=protocol)
    assert modes.run(mode, allow_empty=True) == {"id_send": 5001, "total": 0, "status_counts": {}}


FLAGS = ({}, {"soft_fail": True}, {"never_fail": True})
every_flag = pytest.mark.parametrize("flags", FLAGS, ids=lambda flags: next(iter(flags), "neither"))


@every_mode
@every_flag
def test_running_out_of_time_times_out_or_skips(mailkit, mode, flags):
    mailkit(report("wait", "sent"))
    with pytest.raises(AirflowSkipException if flags else AirflowSensorTimeout, match="has timed out"):
        modes.run(mode, timeout=0.2, poke_interval=0.02, **flags)


@every_mode
@every_flag
def test_running_out_of_execution_time_is_running_out_of_time(mailkit, monkeypatch, mode, flags):
    """Airflow raises it in the middle of a poll."""
    mailkit(report("wait"))

    def run_out(*_):
        raise AirflowTaskTimeout("Timeout, PID: 5")

    monkeypatch.setattr(MailkitHook, "count_recipients", run_out)
    with pytest.raises(AirflowSkipException if flags else AirflowTaskTimeout, match="Timeout, PID: 5"):
        modes.run(mode, **flags)


@every_mode
@pytest.mark.parametrize("later", [False, True], ids=["first poll", "second poll"])
@pytest.mark.parametrize(
    "answer",
    [plain(b"", 503), plain(api_error("json", "Unauthorized")), report("bounced")],
    ids=["503", "access", "status"],
)
def test_a_sensor_that_never_fails_skips_in_every_mode(mailkit, mode, later, answer):
    mailkit(*[report("wait")] * later, answer)
    with pytest.raises(AirflowSkipException, match=r"HTTP status 503|Unauthorized|'bounced'"):
        modes.run(mode, never_fail=True)


@every_mode
def test_stopping_at_the_first_waiting_recipient_reads_no_further(mailkit, mode, task_log):
    # The second recipient would be a fault, were it looked at.
    mailkit([recipient(0, STATUS="wait"), recipient(1, STATUS="mystery")], report("sent", "failed"))
    result = modes.run(mode, stop_at_first_waiting=True)
    assert result["status_counts"] == {"failed": 1, "sent": 1}
    assert "read no further" in task_log()


def test_elapsed_time_goes_on_across_reschedules(mailkit, task_log):
    mailkit(report("sent"))
    arguments = {"task_id": "wait", "id_send": 5001, "timeout": 3600}
    modes.run_reschedule(arguments, first=datetime.now(UTC) - timedelta(seconds=90))
    assert re.search(r"; 9\d s elapsed\.", task_log())


@every_mode
def test_each_poll_logs_one_line_with_counts_and_no_address(mailkit, mode, task_log):
    mailkit(report("wait", "sent", "sent"), report("sent", "sent", "sent"))
    modes.run(mode)
    text = task_log()
    lines = dict.fromkeys(re.findall(r"Delivery 5001: .* recipients waiting .*; (?=\d+ s elapsed)", text))
    assert list(lines) == [
        "Delivery 5001: 1 of 3 recipients waiting (33.3 %); sent 2, wait 1; ",
        "Delivery 5001: 0 of 3 recipients waiting (0.0 %); sent 3; ",
    ]
    assert "@" not in text


@every_mode
def test_a_passing_failure_within_the_attempts_is_survived(mailkit, mode, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    mailkit(plain(b"", 503), report("wait"), plain(b"", 502), report("sent"), max_attempts=2)
    assert modes.run(mode)["total"] == 1


def test_a_deferred_wait_survives_five_failures_in_a_row(mailkit):
    failure = [plain(b"", 503), plain(b"", 429), close_delimited(b"[{"), plain(b"", 500), plain(b"", 504)]
    assert len(failure) == MAX_FAILURES
    mailkit(report("wait"), *failure, report("wait"), *failure, report("sent"))
    assert modes.run("deferrable")["total"] == 1


@pytest.mark.parametrize("soft_fail", [False, True])
def test_the_sixth_failure_in_a_row_fails_the_task_so_that_it_is_retried(mailkit, soft_fail, task_log):
    server = mailkit(report("wait"), plain(b"", 503))
    with pytest.raises(MailkitTransportError) as caught:
        modes.run("deferrable", soft_fail=soft_fail)
    log = task_log()
    assert (
        "Delivery 5001: mailkit.report.message.recipients: HTTP status 503. This is failure 5 in a row" in log
    )
    assert "This is failure 6 in a row: the wait ends." in log
    assert not isinstance(caught.value, AirflowFailException)
    assert caught.value.retryable
    assert len(server.requests) == 1 + MAX_FAILURES + 1


@pytest.mark.parametrize("soft_fail", [False, True])
@pytest.mark.parametrize("mode", ["poke", "reschedule"])
def test_a_passing_failure_that_stays_is_left_to_the_retries_of_the_task(mailkit, mode, soft_fail):
    mailkit(plain(b"", 503))
    with pytest.raises(MailkitTransportError) as caught:
        modes.run(mode, soft_fail=soft_fail)
    assert not isinstance(caught.value, AirflowFailException)


def sensor(**arguments):
    return MailkitRecipientsSensor(task_id="wait", id_send=5001, deferrable=True, **arguments)


@every_flag
def test_a_crashed_trigger_fails_the_task(flags):
    with pytest.raises(AirflowSkipException if "never_fail" in flags else TaskDeferralError):
        sensor(**flags).resume_execution("__fail__", {"error": "Trigger failure", "traceback": None}, {})


@every_flag
@pytest.mark.parametrize("words", ["Trigger timeout", "Trigger/execution timeout"])
def test_a_wait_that_airflow_itself_has_ended_is_a_time_out(flags, words):
    with pytest.raises(AirflowSkipException if flags else AirflowSensorTimeout):
        sensor(**flags).resume_execution("__fail__", {"error": words}, {})


@every_flag
@pytest.mark.parametrize("event", [None, {}, "success", {"status": "cancelled"}, {"status": None}])
def test_anything_but_a_known_event_is_a_failure(event, flags):
    with pytest.raises(AirflowException, match="without a result") as caught:
        sensor(**flags).resume_execution("execute_complete", {"event": event}, {})
    assert isinstance(caught.value, AirflowSkipException) == ("never_fail" in flags)


def test_the_deferral_has_the_remaining_time_and_the_rendered_values(mailkit):
    mailkit(report("wait"))
    waiting = sensor(timeout=timedelta(minutes=3), poke_interval=7, exponential_backoff=True, max_wait=20)
    before = time.time()
    with pytest.raises(TaskDeferred) as caught:
        waiting.execute({})
    deferred = caught.value
    assert timedelta(seconds=170) < deferred.timeout <= timedelta(minutes=3)
    # Airflow does not render templates of a trigger that starts without a worker.
    assert not waiting.start_from_trigger
    arguments = deferred.trigger.serialize()[1]
    assert before + 180 <= arguments["deadline"] <= time.time() + 180
    del arguments["deadline"], arguments["started"]
    # The server answers no totals.
    assert not arguments.pop("totals_known")["is_used"]
    assert arguments == {
        "id_send": 5001,
        "mailkit_conn_id": "mailkit_default",
        "poke_interval": 7.0,
        "waiting_statuses": ["wait", "wait_ab"],
        "final_statuses": ["sent", "failed"],
        "allow_empty": False,
        "stop_at_first_waiting": False,
        "totals_first": True,
        "exponential_backoff": True,
        "max_wait": 20.0,
    }


def test_the_first_poll_counts_towards_the_time_out(mailkit, monkeypatch):
    mailkit(report("wait"))
    count_recipients = MailkitHook.count_recipients

    def slow(*arguments):
        time.sleep(0.3)
        return count_recipients(*arguments)

    monkeypatch.setattr(MailkitHook, "count_recipients", slow)
    before = time.time()
    with pytest.raises(TaskDeferred) as caught:
        sensor(timeout=10).execute({})
    assert caught.value.timeout <= timedelta(seconds=9.7)
    assert caught.value.trigger.deadline < before + 10.2


def test_the_serialized_trigger_holds_no_secret(mailkit):
    mailkit(report("wait"), hash_secret="a very secret key")
    with pytest.raises(TaskDeferred) as caught:
        sensor().execute({})
    text = str(caught.value.trigger.serialize()) + repr(caught.value.trigger)
    assert "0123456789abcdef" not in text
    assert "very secret" not in text


def test_the_constructor_looks_nothing_up_and_assigns_templates_as_they_are(monkeypatch):
    def refuse(*_):
        raise AssertionError("a connection was looked up")

    monkeypatch.setattr("airflow_provider_mailkit.hooks.mailkit.MailkitHook.get_connection", refuse)
    made = MailkitRecipientsSensor(
        task_id="wait", id_send="{{ params.id }}", mailkit_conn_id="{{ params.conn }}"
    )
    assert (made.id_send, made.mailkit_conn_id) == ("{{ params.id }}", "{{ params.conn }}")
    MailkitRecipientsTrigger(id_send=1)
