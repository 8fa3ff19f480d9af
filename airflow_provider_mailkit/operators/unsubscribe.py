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

    ``mailkit.email.unsubscribe`` is called once for each address. What cannot be an address fails the task
    after all others were asked for. Any other failure ends the calls, and a retry begins anew.

    An address that Mailkit does not know cannot be unsubscribed: it counts as ``unknown``, and an import
    that comes later adds it like any other.

    The return value is a summary without any address: ``function``, ``dry_run``, ``rows``, ``addresses``,
    ``duplicates``, ``outcomes`` (``done``, ``unknown``), ``invalid``, ``receipts_uri``, ``seconds``.

    :param send_optout: whether Mailkit sends everybody an e-mail that confirms it, as it does by default.
    :param timeout_days: after how many days it ends, 14 to 90. Default: never.
    :param addresses: a list of addresses, or of dicts that have them under the name ``column``. Templated,
        and shown nowhere.
    :param source: instead of that, a file or a folder with JSON Lines, CSV or Parquet: any URL that Airflow's
        ObjectStoragePath takes, or a local path. Templated.
    :param column: which column of the source has the addresses.
    :param source_conn_id: connection of the storage of the source. Templated.
    :param file_format: ``jsonl``, ``csv`` or ``parquet``. Default: from the suffix of each file.
    :param compression: ``gzip`` or ``zstd``. Default: from the suffix ``.gz`` or ``.zst``.
    :param delimiter: what stands between the cells of CSV.
    :param max_addresses: more addresses than this fail the task before the first call.
    :param dry_run: whether everything is read and checked, but nothing is called or written.
    :param receipts_path: a file that tells of each address, hashed with the connection's ``hash_secret``,
        what came of it, and when; a later run adds to it. Templated.
    :param receipts_conn_id: connection of its storage. Templated.
    :param mailkit_conn_id: the connection. Templated.
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
