"""The operator that lists the deliveries of a campaign."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_mailkit._arguments import Kind, day, identifiers, text, whole
from airflow_provider_mailkit._checked import ChecksArguments
from airflow_provider_mailkit._compat import BaseOperator
from airflow_provider_mailkit._hidden import CheckedArgument

if TYPE_CHECKING:
    from airflow_provider_mailkit._compat import Context


class MailkitDeliveriesOperator(ChecksArguments, BaseOperator):
    """Returns the IDs of the deliveries that campaigns had in a range of days.

    The return value is a sorted list of int without duplicates, ready for
    ``MailkitRecipientsOperator.partial(...).expand(id_send=deliveries.output)``. It is empty if there was no
    delivery. The rest of the report is pushed to XCom under the key ``deliveries``: a list of dicts in the
    same order, with ``id_message``, ``id_send``, ``date`` (ISO 8601), ``subject``, ``sender``,
    ``send_count``, ``delivered_count``, ``read_recipients`` and ``click_recipients``. All but the IDs may be
    None. Everybody with access to the DAG can read XCom, so addresses are removed from the texts unless
    ``addresses`` says otherwise.

    Both days belong to the range, and it never ends later than today. Days are those of the connection's
    ``timezone``, or of UTC if it has none. Without ``date_from`` and ``date_to`` the range is counted from
    now and not from the run's logical date. So the ranges of daily runs overlap, and runs without a logical
    date work too.

    A permanent error fails the task at once. After other errors Airflow's retries apply.

    :param id_message: ID of the campaign, int or str, or a list of IDs. Each campaign takes one call.
        Templated.
    :param date_from: first day: a date, a datetime, a text in ISO 8601, or a number such as 20260301, to
        which native rendering turns ``{{ ds_nodash }}``. Default: ``look_back_days`` before the last day.
        Templated.
    :param date_to: last day. Default: today. Templated.
    :param look_back_days: how many days before the last one the range begins, int or str. Templated.
    :param addresses: what to do with addresses in ``sender`` and ``subject``: ``drop``, ``keep``, or ``hash``
        as in exports. The name of a sender always stays.
    :param max_deliveries: more deliveries than this fail the task before anything is pushed. Airflow maps
        over at most ``[core] max_map_length`` of them.
    :param max_xcom_bytes: the maximum size of what is pushed, in bytes of JSON. 200 deliveries take about 48
        KiB.
    :param mailkit_conn_id: connection to Mailkit. Templated.
    """

    template_fields: Sequence[str] = (
        "id_message", "date_from", "date_to", "look_back_days", "mailkit_conn_id"
    )  # fmt: skip
    named_after: Sequence[str] = ("id_message",)
    ui_color = "#cde7f5"
    id_message = CheckedArgument()
    date_from = CheckedArgument()
    date_to = CheckedArgument()
    look_back_days = CheckedArgument()

    def __init__(
        self,
        *,
        id_message: int | str | Sequence[int | str],
        date_from: date | str | None = None,
        date_to: date | str | None = None,
        look_back_days: int | str = 7,
        addresses: Literal["keep", "hash", "drop"] = "drop",
        max_deliveries: int = 500,
        max_xcom_bytes: int = 49152,
        mailkit_conn_id: str = "mailkit_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.id_message = id_message
        self.date_from = date_from
        self.date_to = date_to
        self.look_back_days = look_back_days
        self.addresses = addresses
        self.max_deliveries = max_deliveries
        self.max_xcom_bytes = max_xcom_bytes
        self.mailkit_conn_id = mailkit_conn_id
        self.check_when_parsed()

    @classmethod
    def argument_kinds(cls) -> dict[str, Kind]:
        """Return what each argument may be."""
        from airflow_provider_mailkit.export.rows import ADDRESSES

        return {
            "id_message": identifiers("campaign"),
            "date_from": day,
            "date_to": day,
            "look_back_days": whole(0, "number of days"),
            "addresses": ADDRESSES,
            "max_deliveries": whole(1),
            "max_xcom_bytes": whole(1, "number of bytes"),
            "mailkit_conn_id": text,
        }

    @classmethod
    def check_arguments_together(cls, known: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        """Check the days against each other, if this does not depend on a time zone."""
        from airflow_provider_mailkit.protocol.days import days_between

        first, last = known.get("date_from"), known.get("date_to")
        if all(isinstance(day, date) and getattr(day, "tzinfo", None) is None for day in (first, last)):
            days_between(first, last, 0, now=datetime.max.replace(tzinfo=UTC))

    def execute(self, context: Context) -> list[int]:
        """Ask Mailkit; return the IDs."""
        from airflow_provider_mailkit._boundary import permanent_errors_fail_the_task

        with permanent_errors_fail_the_task():
            details = self._ask()
        ti = context.get("ti")
        if self.do_xcom_push and ti is not None:
            ti.xcom_push(key="deliveries", value=details)
        return [each["id_send"] for each in details]

    def _ask(self) -> list[dict[str, Any]]:
        from airflow_provider_mailkit.catalogue.functions import CAMPAIGN
        from airflow_provider_mailkit.export.privacy import check_hash_secret
        from airflow_provider_mailkit.hooks.mailkit import MailkitHook
        from airflow_provider_mailkit.protocol.days import days_between
        from airflow_provider_mailkit.waiting.deliveries import question, read_deliveries

        arguments = self.read_arguments()
        hook = MailkitHook(self.mailkit_conn_id)
        zone, secret = hook.account.endpoint.zone, hook.account.hash_secret
        check_hash_secret(arguments["addresses"], secret)
        range_ = (arguments[name] for name in ("date_from", "date_to", "look_back_days"))
        days = days_between(*range_, zone=zone)
        found: dict[int, dict[str, Any]] = {}
        for id_message in arguments["id_message"]:
            deliveries = read_deliveries(hook.call(CAMPAIGN, question(id_message, days)), zone)
            told = f"Campaign {id_message} has {len(deliveries)} deliveries from {days.first} to {days.last}"
            for delivery in deliveries:
                described = _without_addresses(delivery.as_dict(), arguments["addresses"], secret)
                found[delivery.id_send] = {"id_message": id_message, **described}
            self._check_size(told, found, arguments)
            self.log.info("%s.", told)
        return [found[id_send] for id_send in sorted(found)]

    @staticmethod
    def _check_size(told: str, found: Mapping[int, dict[str, Any]], arguments: Mapping[str, Any]) -> None:
        from airflow_provider_mailkit.exceptions import MailkitArgumentError

        most, most_bytes = arguments["max_deliveries"], arguments["max_xcom_bytes"]
        if len(found) > most:
            raise MailkitArgumentError(
                f"{told}, more than max_deliveries ({most}). Nothing was returned: choose a "
                "shorter range, or raise max_deliveries if XCom can hold them."
            )
        if (size := len(json.dumps(list(found.values())))) > most_bytes:
            raise MailkitArgumentError(
                f"{told}. What is known of {len(found)} takes {size} bytes, more than the {most_bytes} that "
                "may go to XCom (max_xcom_bytes). Nothing was returned: choose a shorter range, or raise "
                "max_xcom_bytes if XCom can hold them."
            )


def _without_addresses(details: dict[str, Any], addresses: str, hash_secret: str) -> dict[str, Any]:
    """Return the details of a delivery, with the addresses in its texts hidden as the argument says."""
    from airflow_provider_mailkit.export.privacy import hider_of

    if addresses == "keep":
        return details
    hider = hider_of(addresses, hash_secret)
    texts = {name: _tidy(hider.hide(details[name] or "")) for name in ("subject", "sender")}
    return details | {name: text or None for name, text in texts.items()}


def _tidy(text: str) -> str:
    # What stood around an address: "Shop <news@example.com>".
    return " ".join(re.sub(r"<\s*>", " ", text).split())
