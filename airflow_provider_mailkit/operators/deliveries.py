"""The operator that lists the deliveries of a campaign."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit._compat import BaseOperator

if TYPE_CHECKING:
    from airflow_provider_mailkit._compat import Context
    from airflow_provider_mailkit.protocol.campaign import Delivery


class MailkitDeliveriesOperator(BaseOperator):
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
    :param date_from: first day: a date, a datetime, or a text in ISO 8601. Default: ``look_back_days``
        before the last day. Templated.
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
        from airflow_provider_mailkit.protocol.campaign import days_between, read_deliveries
        from airflow_provider_mailkit.protocol.request import parse_id_message

        id_message = parse_id_message(self.id_message)
        hook = MailkitHook(self.mailkit_conn_id)
        zone = hook.account.endpoint.zone
        days = days_between(
            self.date_from, self.date_to, self.look_back_days, now=datetime.now(UTC), zone=zone
        )
        deliveries = read_deliveries(hook.call(CAMPAIGN, days.question(id_message)), zone)
        found = f"Campaign {id_message} has {len(deliveries)} deliveries from {days.first} to {days.last}"
        if len(deliveries) > self.max_deliveries:
            raise MailkitError(
                f"{found}, more than max_deliveries ({self.max_deliveries}). Nothing was returned: choose a "
                "shorter range, or raise max_deliveries if XCom can hold them."
            )
        self.log.info("%s.", found)
        return deliveries
