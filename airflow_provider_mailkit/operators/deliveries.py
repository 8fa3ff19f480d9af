"""The operator that lists the deliveries of a campaign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit._arguments import Kind, Trimmed, day, identifier, text, whole
from airflow_provider_mailkit._checked import ChecksArguments
from airflow_provider_mailkit._compat import BaseOperator

if TYPE_CHECKING:
    from airflow_provider_mailkit._compat import Context
    from airflow_provider_mailkit.waiting.deliveries import Delivery


class MailkitDeliveriesOperator(ChecksArguments, BaseOperator):
    """Returns the IDs of the deliveries that a campaign had between two days.

    The return value is a sorted list of int, without doubles, ready for
    ``MailkitRecipientsOperator.partial(...).expand(id_send=deliveries.output)``; it is empty if there was no
    delivery. What else the report tells is pushed to XCom under the key ``deliveries``: a list of dicts with
    ``id_send``, ``date`` (ISO 8601), ``send_count`` and ``delivered_count``, of which all but the first may
    be None. Neither holds an address.

    Both days belong to the range, and it never ends later than today. Days are those of the connection's
    ``timezone``, or of UTC if it has none. Without ``date_from`` and ``date_to`` the range is counted from
    now and not from the run's logical date: daily runs overlap, and runs without a logical date work.

    An error that would come again fails the task without retries; others are left to its retries.

    :param id_message: ID of the campaign, int or str. Templated.
    :param date_from: first day: a date, a datetime, a text in ISO 8601, or a number such as 20260301, which
        native rendering makes of ``{{ ds_nodash }}``. Default: ``look_back_days`` before the last day.
        Templated.
    :param date_to: last day. Default: today. Templated.
    :param look_back_days: days before the last one that belong to the range, int or str. Templated.
    :param max_deliveries: more deliveries than this fail the task before anything is pushed. Airflow maps
        over at most ``[core] max_map_length`` of them.
    :param mailkit_conn_id: the connection. Templated.
    """

    template_fields: Sequence[str] = (
        "id_message", "date_from", "date_to", "look_back_days", "mailkit_conn_id"
    )  # fmt: skip
    ui_color = "#cde7f5"
    id_message = Trimmed()

    def __init__(
        self,
        *,
        id_message: int | str,
        date_from: date | str | None = None,
        date_to: date | str | None = None,
        look_back_days: int | str = 7,
        max_deliveries: int = 500,
        mailkit_conn_id: str = "mailkit_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.id_message = id_message
        self.date_from = date_from
        self.date_to = date_to
        self.look_back_days = look_back_days
        self.max_deliveries = max_deliveries
        self.mailkit_conn_id = mailkit_conn_id
        self.check_when_parsed()

    @classmethod
    def argument_kinds(cls) -> dict[str, Kind]:
        """Return what each argument may be."""
        return {
            "id_message": identifier("campaign"),
            "date_from": day,
            "date_to": day,
            "look_back_days": whole(0, "number of days"),
            "max_deliveries": whole(1),
            "mailkit_conn_id": text,
        }

    @classmethod
    def check_arguments_together(cls, known: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        """Check the days against each other, where no zone decides which days they are."""
        from airflow_provider_mailkit.protocol.days import days_between

        first, last = known.get("date_from"), known.get("date_to")
        if all(isinstance(day, date) and getattr(day, "tzinfo", None) is None for day in (first, last)):
            days_between(first, last, 0, now=datetime.max.replace(tzinfo=UTC))

    def execute(self, context: Context) -> list[int]:
        """Ask Mailkit; return the IDs."""
        from airflow_provider_mailkit._boundary import permanent_errors_fail_the_task

        with permanent_errors_fail_the_task():
            deliveries = self._ask()
        ti = context.get("ti")
        if self.do_xcom_push and ti is not None:
            ti.xcom_push(key="deliveries", value=[delivery.as_dict() for delivery in deliveries])
        return [delivery.id_send for delivery in deliveries]

    def _ask(self) -> list[Delivery]:
        from airflow_provider_mailkit.catalogue.functions import CAMPAIGN
        from airflow_provider_mailkit.exceptions import MailkitError
        from airflow_provider_mailkit.hooks.mailkit import MailkitHook
        from airflow_provider_mailkit.protocol.days import days_between
        from airflow_provider_mailkit.waiting.deliveries import read_deliveries

        arguments = self.read_arguments()
        id_message, most = arguments["id_message"], arguments["max_deliveries"]
        hook = MailkitHook(self.mailkit_conn_id)
        zone = hook.account.endpoint.zone
        range_ = (arguments[name] for name in ("date_from", "date_to", "look_back_days"))
        days = days_between(*range_, zone=zone)
        deliveries = read_deliveries(hook.call(CAMPAIGN, days.question(id_message)), zone)
        found = f"Campaign {id_message} has {len(deliveries)} deliveries from {days.first} to {days.last}"
        if len(deliveries) > most:
            raise MailkitError(
                f"{found}, more than max_deliveries ({most}). Nothing was returned: choose a "
                "shorter range, or raise max_deliveries if XCom can hold them."
            )
        self.log.info("%s.", found)
        return deliveries
