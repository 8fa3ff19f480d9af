"""The run of an import: reads and checks a source, sends it, and records what happened."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_mailkit.imports.audience import Audience
from airflow_provider_mailkit.imports.guards import Guards, describe_reasons
from airflow_provider_mailkit.imports.journal import Journal
from airflow_provider_mailkit.imports.readers import RowFormat
from airflow_provider_mailkit.imports.records import RecordFile
from airflow_provider_mailkit.imports.rejected import RejectedFile
from airflow_provider_mailkit.imports.rows import RecipientBuilder, Rejection
from airflow_provider_mailkit.imports.sending import Sending
from airflow_provider_mailkit.protocol.excerpt import Redactor
from airflow_provider_mailkit.storage.source import SourceFile
from airflow_provider_mailkit.transport.sync_client import SyncClient

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class ImportRun:
    """One import into one list.

    :param builder: turns rows into recipients.
    :param max_rows: the maximum number of rows; None for no limit.
    :param batch_rows: recipients in a call.
    :param verifies: whether to count the recipients of the list before and after.
    :param rejected: collects rejected rows; None to drop them.
    :param receipts: records what happens to each batch; None without receipts.
    :param store: Airflow's state store of the task, if it has one.
    :param is_stopped: returns whether the task is being stopped. Then no further batch is sent.
    """

    client: SyncClient
    id_user_list: int
    builder: RecipientBuilder
    guards: Guards
    max_rows: int | None = None
    batch_rows: int = 5000
    verifies: bool = False
    rejected: RejectedFile | None = None
    receipts: RecordFile | None = None
    store: Any = None
    is_stopped: Callable[[], bool] = field(default=lambda: False)

    def from_files(self, files: Sequence[SourceFile], row_format: RowFormat) -> dict[str, Any]:
        """Import the rows of files; return the summary.

        :raises MailkitError: nothing was sent, or not all of it was acknowledged; the message says which.
        :raises WorkerError: the worker's disk is full.
        :raises OSError: a file cannot be read or written.
        """
        return self._run(lambda audience: audience.read_files(files, row_format), len(files))

    def from_rows(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Import rows; as :meth:`from_files`."""
        return self._run(lambda audience: audience.read_rows(rows), 0)

    def _run(self, read: Callable[[Audience], None], files: int) -> dict[str, Any]:
        started = time.monotonic()
        with ExitStack() as stack:
            for file in (self.rejected, self.receipts):
                if file is not None:
                    stack.enter_context(file)
            journal = Journal(self.id_user_list, self.receipts, self.store)
            _tell_of_previous(journal)
            audience = stack.enter_context(Audience(self.builder, self._reject, self.max_rows))
            read(audience)
            sent = self._send(audience, journal)
            return {
                "id_user_list": self.id_user_list,
                "files": files,
                "rows": audience.rows,
                "rejected": audience.rejected,
                "rejected_reasons": dict(sorted(audience.reasons.items())),
                "duplicates": audience.duplicates,
                "recipients": audience.size,
                **sent,
                "rejected_uri": self.rejected and self.rejected.uri,
                "receipts_uri": self.receipts and self.receipts.uri,
                "previous": journal.previous,
                "seconds": round(time.monotonic() - started, 3),
            }

    def _send(self, audience: Audience, journal: Journal) -> dict[str, Any]:
        sending = Sending(
            self.client,
            self.id_user_list,
            self.guards,
            self.batch_rows,
            self.verifies,
            self.rejected,
            journal,
            self.is_stopped,
        )
        try:
            sent = sending.send(audience)
        except BaseException:
            # The files help to find the reason. If they fail too, the first reason matters more.
            try:
                self._publish(journal)
            except Exception as error:
                reason = Redactor().clean(f"{type(error).__name__}: {error}")
                log.warning("The files about the failed import are not complete. %s", reason)
            raise
        self._publish(journal)
        return sent

    def _publish(self, journal: Journal) -> None:
        if self.rejected is not None:
            self.rejected.publish()
        journal.end()

    def _reject(self, place: str, row: int, rejection: Rejection, values: Mapping[str, Any] | None) -> None:
        if self.rejected is not None:
            self.rejected.reject(place, row, rejection, values)


def _tell_of_previous(journal: Journal) -> None:
    if journal.previous is not None:
        log.info(
            "The import of %s before this one: %d recipients acknowledged, of %d it is unclear whether they "
            "have arrived, %d not sent. Everything is sent again.",
            *(journal.previous[name] for name in ("run", "acknowledged", "unclear", "not_sent")),
        )


def describe_import(summary: Mapping[str, Any]) -> str:
    """Describe a finished import in a sentence for the log."""
    reasons = describe_reasons(summary["rejected_reasons"])
    details = [
        f"{summary['rejected']} rejected" + (f" ({reasons})" if reasons else ""),
        f"{summary['duplicates']} duplicates",
        f"{summary['refused']} refused by Mailkit",
    ]
    reliable = "" if summary["counts_reliable"] else " Mailkit's counts do not add up to that."
    return (
        f"Imported {summary['acknowledged']} recipients of {summary['rows']} rows into list "
        f"{summary['id_user_list']} in {summary['seconds']:.1f} s: {', '.join(details)}.{reliable}"
    )
