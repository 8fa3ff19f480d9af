"""The operator that unsubscribes addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit._arguments import Kind, flag, optional, whole
from airflow_provider_mailkit.exceptions import MailkitArgumentError
from airflow_provider_mailkit.operators._by_address import CallsByAddress

if TYPE_CHECKING:
    from airflow_provider_mailkit.imports.people import Procedure

_DAYS = (14, 90)


class MailkitUnsubscribeOperator(CallsByAddress):
    """Unsubscribes addresses, or phone numbers in international form, for good or for some days.

    ``mailkit.email.unsubscribe`` is called once for each address. An entry that cannot be an address fails
    the task, but only after all others have been unsubscribed. Any other failure stops the calls, and a retry
    starts again from the first address.

    An address that Mailkit does not know cannot be unsubscribed. It counts as ``unknown``, and a later import
    adds it like any other.

    The return value is a summary without any address: ``function``, ``dry_run``, ``rows``, ``addresses``,
    ``duplicates``, ``outcomes`` (``done``, ``unknown``), ``invalid``, ``receipts_uri``, ``seconds``.

    The other arguments are those of :class:`CallsByAddress`.

    :param send_optout: whether Mailkit sends each person an e-mail that confirms it. Mailkit's own default is
        True.
    :param timeout_days: after how many days the unsubscription ends, 14 to 90. Default: never.
    """

    def __init__(self, *, send_optout: bool = False, timeout_days: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.send_optout = send_optout
        self.timeout_days = timeout_days
        self.check_when_parsed()

    @classmethod
    def argument_kinds(cls) -> dict[str, Kind]:
        """Return what each argument may be."""
        return {**super().argument_kinds(), "send_optout": flag, "timeout_days": optional(_days)}

    def procedure(self, arguments: Mapping[str, Any]) -> Procedure:
        """Return what is called for each address."""
        from airflow_provider_mailkit.catalogue.functions.emails import EMAIL_UNSUBSCRIBE
        from airflow_provider_mailkit.imports.people import UNKNOWN, Procedure

        days = arguments["timeout_days"]
        timeout = {} if days is None else {"timeout": True, "timeout_days": days}
        parameters = {"send_optout": arguments["send_optout"], **timeout}
        errors = {"Invalid ID_email or email": UNKNOWN}
        return Procedure(EMAIL_UNSUBSCRIBE, parameters, errors, takes_phones=True)


def _days(name: str, value: Any) -> int:
    first, last = _DAYS
    days = whole(first, "number of days")(name, value)
    if days > last:
        raise MailkitArgumentError(f"{name} must be a number of days: a whole number from {first} to {last}.")
    return days
