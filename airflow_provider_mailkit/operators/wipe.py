"""The operator that has all data about addresses erased."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit.operators._by_address import CallsByAddress

if TYPE_CHECKING:
    from airflow_provider_mailkit.imports.people import Procedure


class MailkitWipeOperator(CallsByAddress):
    """Queues addresses for the erasure of all their data, which Mailkit does once a day.

    ``mailkit.email.wipe`` is called once for each address. An entry that cannot be an address fails the task,
    but only after all others have been queued. Any other failure stops the calls. A retry starts again from
    the first address; those that are queued by then count as ``already done``.

    The return value is a summary without any address: ``function``, ``dry_run``, ``rows``, ``addresses``,
    ``duplicates``, ``outcomes``, ``invalid``, ``receipts_uri``, ``seconds``. An outcome is ``done`` (queued
    now), ``already done`` (queued before) or ``unknown`` (Mailkit does not know the address). All three are
    successes.

    The arguments are those of :class:`CallsByAddress`.
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
