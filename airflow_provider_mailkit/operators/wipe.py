"""The operator that has all data about addresses erased."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit.operators._by_address import CallsByAddress

if TYPE_CHECKING:
    from airflow_provider_mailkit.imports.people import Procedure


class MailkitWipeOperator(CallsByAddress):
    """Queues addresses for the erasure of all their data, which Mailkit does once a day.

    ``mailkit.email.wipe`` is called once for each address. What cannot be an address fails the task after
    all others were asked for. Any other failure ends the calls; a retry begins anew, and what was queued
    before then counts as ``already done``.

    The return value is a summary without any address: ``function``, ``dry_run``, ``rows``, ``addresses``,
    ``duplicates``, ``outcomes`` (``done``: queued, ``already done``: was queued before, ``unknown``: Mailkit
    does not know the address; all of them are successes), ``invalid``, ``receipts_uri``, ``seconds``.

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

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.check_when_parsed()

    def procedure(self, arguments: Mapping[str, Any]) -> Procedure:
        """Return what is called for each address."""
        from airflow_provider_mailkit.catalogue.functions.emails import EMAIL_WIPE
        from airflow_provider_mailkit.imports.people import ALREADY_DONE, UNKNOWN, Procedure

        errors = {"Email has already been inserted": ALREADY_DONE, "Invalid ID_email or email": UNKNOWN}
        return Procedure(EMAIL_WIPE, {}, errors)
