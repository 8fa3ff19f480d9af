"""The operator that sends a campaign. Experimental: it was never tried on the live service."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_mailkit._arguments import (
    Kind,
    choice,
    identifier,
    is_known,
    names_and_values,
    optional,
    seconds,
    text,
)
from airflow_provider_mailkit._checked import ChecksArguments
from airflow_provider_mailkit._compat import BaseOperator
from airflow_provider_mailkit._hidden import CheckedArgument, HiddenArgument
from airflow_provider_mailkit.operators._hidden import parameters_shown

if TYPE_CHECKING:
    from airflow_provider_mailkit._compat import Context
    from airflow_provider_mailkit.exceptions import MailkitError
    from airflow_provider_mailkit.operators._sending import Campaign
    from airflow_provider_mailkit.waiting.sendings import Once

SCHEDULE = "mailkit.campaigns.single.schedule"

log = logging.getLogger(__name__)


class MailkitScheduleCampaignOperator(ChecksArguments, BaseOperator):
    """Sends a campaign once, now or at a given time, and returns the ID of the delivery for a sensor.

    **Experimental**: Mailkit does not document its answer, and nobody has tried this on the live service. It
    may change in any release. Only one of its calls changes anything, ``mailkit.campaigns.single.schedule``.
    The task looks before and after it:

    1. The campaign must exist, be enabled, and not be in test mode.
    2. If a delivery or a schedule of the campaign counts as this one (``once``), the task returns it and
       sends nothing.
    3. Otherwise the task schedules the delivery with one request, which is never repeated.
    4. The delivery must then appear in the campaign's schedules or its history, even if the answer got lost.
       If it does not, the task fails for good, since nobody knows whether Mailkit will send.

    A retry, a cleared task, or a second try after a lost worker begins at step 1, and finds in step 2 what an
    earlier try has sent. Nobody has seen which clock Mailkit's dates use, so the task allows for both the
    connection's ``timezone`` and UTC. In a zone two hours ahead of UTC, deliveries of the two hours before
    the run was due therefore count as its own. Without a ``timezone`` these are twelve hours.

    The return value is ``id_send``, or None for a delivery that is scheduled for later. XCom ``schedule``
    holds ``id_message``, ``id_send``, ``id_queue``, ``send_date`` and ``is_new`` (whether this task has
    sent).

    :param id_message: ID of the campaign. Templated.
    :param send_date: when to begin: ``now``, a text such as ``2026-03-01 08:00``, or a datetime without
        offset. The time zone is ``time_zone`` in ``parameters``, or otherwise the connection's ``timezone``.
        Templated.
    :param once: what counts as the delivery of this task. ``dag_run``: any delivery made since the DAG run
        was due, even by somebody else. ``day``: also any delivery that begins on the same day. None: no
        delivery, and the task gets no retries.
    :param parameters: further parameters of the function, such as ``subject`` and ``ID_query``. Templated.
    :param verify_timeout: how long to wait until the delivery appears, in seconds or as a timedelta.
    :param mailkit_conn_id: connection to Mailkit. Templated.
    """

    template_fields: Sequence[str] = ("id_message", "send_date", "parameters", "mailkit_conn_id")
    ui_color = "#cde7f5"

    function = SCHEDULE
    id_message = CheckedArgument()
    send_date = CheckedArgument()
    parameters = HiddenArgument(parameters_shown)

    def __init__(
        self,
        *,
        id_message: int | str,
        send_date: str | datetime = "now",
        once: Literal["dag_run", "day"] | None = "dag_run",
        parameters: Mapping[str, Any] | None = None,
        verify_timeout: float | timedelta = 600,
        mailkit_conn_id: str = "mailkit_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.id_message = id_message
        self.send_date = send_date
        self.once = once
        self.parameters = parameters
        self.verify_timeout = verify_timeout
        self.mailkit_conn_id = mailkit_conn_id
        self.check_when_parsed()
        if once is None:
            self.retries = 0

    @classmethod
    def argument_kinds(cls) -> dict[str, Kind]:
        """Return what each argument may be."""
        from airflow_provider_mailkit.catalogue.times import read_send_date

        return {
            "id_message": identifier("campaign"),
            "send_date": lambda name, value: read_send_date(value, name),
            "once": optional(choice("dag_run", "day")),
            "parameters": optional(names_and_values),
            "verify_timeout": seconds,
            "mailkit_conn_id": text,
        }

    @classmethod
    def check_arguments_together(cls, known: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        """Check the call, as far as it is known."""
        from airflow_provider_mailkit.catalogue.calls import check_call

        more = dict(known.get("parameters") or {})
        unknown = {name for name, value in more.items() if not is_known(value)}
        for name, parameter in (("id_message", "ID_message"), ("send_date", "send_date")):
            if parameter in more:
                raise _error(f"{parameter} is the argument {name}: leave it out of parameters.")
            more[parameter] = known.get(name)
            if name not in known:
                unknown.add(parameter)
        check_call(SCHEDULE, more, unknown=unknown)

    def execute(self, context: Context) -> int | None:
        """Send the campaign unless it has been sent; return the ID of the delivery."""
        from airflow_provider_mailkit._boundary import permanent_errors_fail_the_task
        from airflow_provider_mailkit.catalogue.functions.campaigns import CAMPAIGNS_SCHEDULE
        from airflow_provider_mailkit.operators._one_try import check_one_try
        from airflow_provider_mailkit.operators._sending import Campaign

        log.warning("This operator is experimental, and was never tried on the live service.")
        with permanent_errors_fail_the_task():
            arguments = self.read_arguments()
            if self.once is None:
                check_one_try(CAMPAIGNS_SCHEDULE, context)
            campaign = self._campaign(arguments, Campaign)
            campaign.check()
            sending = None
            if self.once is not None:
                once = self._once(arguments["send_date"], campaign.hook.account.endpoint.zone, context)
                is_later_try = (getattr(context.get("ti"), "try_number", 1) or 1) > 1
                sending = campaign.find(once, is_later_try=is_later_try)
            is_new = sending is None
            if sending is None:
                sending = campaign.send()
        ti = context.get("ti")
        if self.do_xcom_push and ti is not None:
            told = {"id_message": arguments["id_message"], "send_date": arguments["send_date"]}
            ids = {"id_send": sending.id_send, "id_queue": sending.id_queue}
            ti.xcom_push(key="schedule", value=told | ids | {"is_new": is_new})
        return sending.id_send

    def _campaign(self, arguments: Mapping[str, Any], kind: type[Campaign]) -> Campaign:
        """Return the campaign with the checked call that schedules it."""
        from airflow_provider_mailkit.catalogue.calls import check_call
        from airflow_provider_mailkit.hooks.mailkit import MailkitHook

        hook = MailkitHook(self.mailkit_conn_id)
        send_date, more = arguments["send_date"], dict(arguments["parameters"] or {})
        if send_date != "now" and not more.get("time_zone"):
            more["time_zone"] = getattr(hook.account.endpoint.zone, "key", None)
            if more["time_zone"] is None:
                raise _error(
                    "send_date needs a time zone: set timezone on the connection, or time_zone in parameters"
                )
        call = {"ID_message": arguments["id_message"], "send_date": send_date, **more}
        check_call(SCHEDULE, call)
        return kind(hook, arguments["id_message"], call, arguments["verify_timeout"])

    def _once(self, send_date: str, zone: tzinfo | None, context: Context) -> Once:
        """Return what counts as the delivery of this task."""
        from airflow_provider_mailkit._compat import run_due
        from airflow_provider_mailkit.waiting.sendings import Once, clock_of

        now = datetime.now(UTC)
        local = now.astimezone(zone or UTC).replace(tzinfo=None)
        begins = None if send_date == "now" else datetime.fromisoformat(send_date)
        day = (begins or local).date()
        due = run_due(context)
        if due is None:
            # Without a run, a whole day counts, which is the safe choice.
            return Once(clock_of(now - timedelta(days=1), now, zone), begins, day)
        due = due if due.tzinfo else due.replace(tzinfo=UTC)
        since = clock_of(min(due, now), now, zone)
        return Once(since, begins, day if self.once == "day" else None)


def _error(what: str) -> MailkitError:
    from airflow_provider_mailkit.exceptions import MailkitArgumentError

    return MailkitArgumentError(f"{SCHEDULE}: {what}. Nothing was sent.", function=SCHEDULE)
