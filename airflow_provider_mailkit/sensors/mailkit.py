"""The sensor: waits until Mailkit has finished with every recipient of a delivery."""

from __future__ import annotations

import inspect
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit._arguments import (
    Kind,
    bounded,
    check_statuses,
    flag,
    identifier,
    seconds,
    statuses,
    text,
)
from airflow_provider_mailkit._checked import ChecksArguments
from airflow_provider_mailkit._compat import (
    AirflowRescheduleException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTimeout,
    BaseSensorOperator,
    PokeReturnValue,
    conf,
    ended_by_scheduler,
    first_reschedule_date,
)
from airflow_provider_mailkit._hidden import CheckedArgument
from airflow_provider_mailkit.waiting.statuses import FINAL_STATUSES, WAITING_STATUSES

if TYPE_CHECKING:
    from airflow_provider_mailkit._compat import Context

__all__ = ["MailkitRecipientsSensor"]

_SHORTEST_PAUSE_S = 0.01
_OF_THE_RULE = ("waiting_statuses", "final_statuses", "allow_empty", "stop_at_first_waiting")


class MailkitRecipientsSensor(ChecksArguments, BaseSensorOperator):
    """Waits until no recipient of a delivery has a waiting status.

    A poll reads the recipients report, or only a kilobyte of totals once these have agreed with the report,
    and logs one line with the counts. All modes decide by the same rule. It uses the report alone, and they
    return the same: ``{"id_send": int, "total": int, "status_counts": {status: count}}``.

    A permanent error fails the task at once, without retries. ``soft_fail`` turns only a time-out into
    "skipped", never an error. A temporary failure (no connection, 5xx, 429, a cut answer) is tried again:
    within the poll as the connection's ``max_attempts`` says, and in a deferred wait at the next polls, up to
    five times in a row.

    Airflow's ``never_fail`` skips whatever would fail, including a time-out, in every mode. Its
    ``silent_fail`` has an effect only in poke and reschedule mode.

    :param id_send: ID of the delivery, int or str. Templated.
    :param waiting_statuses: the delivery is done when no recipient has one of these.
    :param final_statuses: the statuses that recipients may have in the end. Any other status fails the task.
    :param allow_empty: whether a report without any recipient counts as done.
    :param stop_at_first_waiting: whether to stop reading at the first waiting recipient. Such polls are
        cheaper, but the log has no counts, and totals are not used.
    :param totals_first: whether to ask for the totals of the delivery before the report. While they say that
        somebody is waiting, and they have agreed with the report before, the report is not read. It is still
        read at every twelfth poll, or after an hour. In reschedule mode this needs Airflow 3.3, which can
        store what a poll has learnt.
    :param deferrable: wait in the triggerer instead of on a worker. Default: Airflow's setting ``[operators]
        default_deferrable``.
    :param mailkit_conn_id: connection to Mailkit. Templated.
    """

    template_fields: Sequence[str] = ("id_send", "mailkit_conn_id")
    named_after: Sequence[str] = ("id_send",)
    ui_color = "#cde7f5"
    id_send = CheckedArgument()

    def __init__(
        self,
        *,
        id_send: int | str,
        waiting_statuses: Sequence[str] = WAITING_STATUSES,
        final_statuses: Sequence[str] = FINAL_STATUSES,
        allow_empty: bool = False,
        stop_at_first_waiting: bool = False,
        totals_first: bool = True,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        mailkit_conn_id: str = "mailkit_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**_with_times_in_bounds(kwargs))
        self.id_send = id_send
        self.waiting_statuses = waiting_statuses
        self.final_statuses = final_statuses
        self.allow_empty = allow_empty
        self.stop_at_first_waiting = stop_at_first_waiting
        self.totals_first = totals_first
        self.deferrable = deferrable
        self.mailkit_conn_id = mailkit_conn_id
        self._began: float | None = None
        self._totals_known: dict[str, Any] = {}
        self.check_when_parsed()

    @classmethod
    def argument_kinds(cls) -> dict[str, Kind]:
        """Return what each argument may be."""
        return {
            "id_send": identifier("delivery"),
            "waiting_statuses": statuses,
            "final_statuses": statuses,
            "allow_empty": flag,
            "stop_at_first_waiting": flag,
            "totals_first": flag,
            "deferrable": flag,
            "mailkit_conn_id": text,
        }

    @classmethod
    def check_arguments_together(cls, known: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        """Check the statuses against each other."""
        if {"waiting_statuses", "final_statuses"} <= known.keys():
            check_statuses(known["waiting_statuses"], known["final_statuses"])

    def poke(self, context: Context) -> PokeReturnValue:
        """Ask once, for the totals or for the report, and decide."""
        from airflow_provider_mailkit._boundary import permanent_errors_fail_the_task
        from airflow_provider_mailkit.exceptions import MailkitTransportError
        from airflow_provider_mailkit.hooks.mailkit import MailkitHook
        from airflow_provider_mailkit.sensors._totals import ask
        from airflow_provider_mailkit.waiting.pauses import is_over
        from airflow_provider_mailkit.waiting.rule import WaitRule, result_of, timed_out
        from airflow_provider_mailkit.waiting.totals import Totals

        started = self._started(context)
        with permanent_errors_fail_the_task():
            arguments = self.read_arguments()
            rule, id_send = WaitRule(*(arguments[name] for name in _OF_THE_RULE)), arguments["id_send"]
            # A subclass may have set the times, so they may not be numbers yet.
            deadline = started + bounded("timeout", self.timeout)
            try:
                seen, self._totals_known = ask(
                    MailkitHook(self.mailkit_conn_id),
                    context,
                    rule,
                    id_send,
                    deadline=deadline,
                    poke_interval=bounded("poke_interval", self.poke_interval),
                    known=self._totals_known if self.totals_first else None,
                    keeps=self.reschedule and not self.deferrable,
                    say=partial(self.log.info, "%s"),
                )
            except MailkitTransportError:
                # As in the triggerer, temporary failures do not matter any more when the time is up.
                if not is_over(deadline - time.time()):
                    raise
                raise AirflowSensorTimeout(timed_out(id_send, time.time() - started)) from None
            if isinstance(seen, Totals):
                self.log.info("%s", seen.describe(id_send, time.time() - started))
                return PokeReturnValue(False)
            self.log.info("%s", rule.describe(id_send, seen, time.time() - started))
            is_done = rule.is_done(seen)
        return PokeReturnValue(is_done, result_of(id_send, seen) if is_done else None)

    def execute(self, context: Context) -> Any:
        """Wait; return the final counts."""
        from airflow_provider_mailkit._boundary import permanent_errors_fail_the_task

        self._began, self._totals_known = time.time(), {}
        with self._same_skips_in_every_mode():
            if not self.deferrable:
                # Unwrapped: Airflow 2 warns about, or refuses, an execute() that is called from another one.
                return inspect.unwrap(BaseSensorOperator.execute)(self, context)
            outcome = self.poke(context)
            if not outcome:
                with permanent_errors_fail_the_task():
                    self._defer(self._began)
            return outcome.xcom_value

    def _defer(self, started: float) -> None:
        from airflow_provider_mailkit.triggers.mailkit import MailkitRecipientsTrigger

        deadline = started + bounded("timeout", self.timeout)
        trigger = MailkitRecipientsTrigger(
            id_send=self.id_send,
            mailkit_conn_id=self.mailkit_conn_id,
            # Airflow's sensors may poll without a pause. On an event loop that would block others.
            poke_interval=max(bounded("poke_interval", self.poke_interval), _SHORTEST_PAUSE_S),
            waiting_statuses=self.waiting_statuses,
            final_statuses=self.final_statuses,
            allow_empty=self.allow_empty,
            stop_at_first_waiting=self.stop_at_first_waiting,
            totals_first=self.totals_first,
            totals_known=self._totals_known,
            exponential_backoff=bool(self.exponential_backoff),
            max_wait=bounded("max_wait", self.max_wait or 0) or None,
            started=started,
            deadline=deadline,
        )
        # Airflow's own time-out is only for a lost triggerer. Otherwise the trigger reports the time-out
        # first.
        self.defer(
            trigger=trigger,
            method_name=self.execute_complete.__name__,
            timeout=timedelta(seconds=max(0.0, deadline - time.time())),
        )

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> Any:
        """Turn the trigger's event into the task's result.

        :raises AirflowSensorTimeout: time is up.
        :raises MailkitError: an error has ended the wait.
        """
        from airflow_provider_mailkit._boundary import (
            check_event,
            permanent_errors_fail_the_task,
            raise_failure,
        )
        from airflow_provider_mailkit.protocol.excerpt import describe_counts

        event = check_event(event, ("success", "timeout", "failed"))
        if event["status"] == "timeout":
            raise AirflowSensorTimeout(event.get("message"))
        if event["status"] == "failed":
            with permanent_errors_fail_the_task():
                raise_failure(event)
        result = event["result"]
        self.log.info("Delivery %s is done: %s.", result["id_send"], describe_counts(result["status_counts"]))
        return result

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Continue after the deferral. Airflow's time-out of the deferral counts as the sensor's."""
        with self._same_skips_in_every_mode():
            if ended_by_scheduler(next_method, next_kwargs):
                raise AirflowSensorTimeout(
                    f"Sensor has timed out; the specified timeout is {self.timeout} s."
                )
            return super().resume_execution(next_method, next_kwargs, context)

    @contextmanager
    def _same_skips_in_every_mode(self) -> Iterator[None]:
        # Airflow's sensors skip for more reasons while poking than after a deferral, and differ by version.
        try:
            yield
        except AirflowRescheduleException:
            raise
        except (Exception, AirflowTaskTimeout) as raised:
            error = _undone(raised)
            is_out_of_time = isinstance(error, AirflowSensorTimeout | AirflowTaskTimeout)
            is_meant = isinstance(error, AirflowSkipException)
            if not is_meant and (self.never_fail or (self.soft_fail and is_out_of_time)):
                # With the message of the error, since the log of a skipped task shows nothing else of it.
                raise AirflowSkipException(str(error)) from error
            if error is raised:
                raise
            raise error from error.__cause__

    def _started(self, context: Context) -> float:
        """Return when the waiting began, in seconds since the epoch, across reschedules."""
        ti: Any = context.get("ti")
        # In dag.test() of Airflow 2.11 a task has no start time.
        began = time.time() if self._began is None else self._began
        dates = [getattr(ti, "start_date", None)]
        if self.reschedule:
            dates.append(first_reschedule_date(self, ti, context))
        # In dag.test() of Airflow 3.0 the date of a reschedule is a text.
        known = [datetime.fromisoformat(date) if isinstance(date, str) else date for date in dates if date]
        return min((date.timestamp() for date in known), default=began)


def _undone(raised: BaseException) -> BaseException:
    """Return the error that Airflow's base class has turned into a skip, unless a subclass skips itself."""
    made_in = raised.__traceback__
    while made_in is not None and made_in.tb_next is not None:
        made_in = made_in.tb_next
    was_made_by_airflow = (
        isinstance(raised, AirflowSkipException)
        and made_in is not None
        and made_in.tb_frame.f_globals.get("__name__") == BaseSensorOperator.__module__
    )
    return (was_made_by_airflow and raised.__cause__) or raised


def _with_times_in_bounds(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of Airflow's sensor, with times in a form that every version accepts."""
    from airflow_provider_mailkit._boundary import permanent_errors_fail_the_task

    given = {**(kwargs.get("default_args") or {}), **kwargs}
    times = {name: given[name] for name in ("poke_interval", "timeout", "max_wait") if name in given}
    # Airflow itself checks the other values.
    numbers = {name: value for name, value in times.items() if isinstance(value, int | float | timedelta)}
    with permanent_errors_fail_the_task():
        if numbers.get("poke_interval"):
            seconds("poke_interval", numbers["poke_interval"])
        return kwargs | {name: bounded(name, value) for name, value in numbers.items()}
