"""Reads the reports for a page about a delivery."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, Protocol, TypeVar

from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.catalogue.reports import deliveries as reports
from airflow_provider_mailkit.pages.bounce_kinds import kinds_of
from airflow_provider_mailkit.pages.figures import Figures
from airflow_provider_mailkit.pages.tallies import Bounced, Clicked, Reacted, Recipients, clean
from airflow_provider_mailkit.protocol.records import Batch
from airflow_provider_mailkit.transport.sync_client import SyncClient


class Tally(Protocol):
    """Counts rows."""

    @property
    def COLUMNS(self) -> tuple[str, ...]:
        """The columns that it reads."""

    def add(self, batch: Batch) -> None:
        """Count the rows of a batch."""


T = TypeVar("T", bound=Tally)

#: The reports for a page.
REPORTS: Final = (reports.RECIPIENTS, reports.TOTALS, reports.FEEDBACK, reports.LINKS, reports.BOUNCES)


class About:
    """Facts from the totals of a delivery besides its counts."""

    COLUMNS: Final = ("SUBJECT", "SEND_DATE")

    def __init__(self) -> None:
        self.subject = ""
        self.sent_at: datetime | None = None

    def add(self, batch: Batch) -> None:
        """Read the only row."""
        for record in batch.records:
            self.subject = clean(record.SUBJECT)
            self.sent_at = datetime.fromisoformat(record.SEND_DATE) if record.SEND_DATE else None


def gather(client: SyncClient, id_send: int) -> Figures:
    """Read six reports of a delivery. After a temporary failure a report is read again from the beginning.

    :raises MailkitError: a report could not be read completely.
    """
    # Like an export, a page tolerates more failures than other calls.
    client = SyncClient(replace(client.endpoint, retry=client.endpoint.retry.for_exports()))
    taken_at = datetime.now(UTC)

    def read(report: Report, tally: Callable[[], T], **parameters: Any) -> T:
        return _read(client, report, {"ID_send": id_send, **parameters}, tally)

    recipients = read(reports.RECIPIENTS, Recipients)
    about = read(reports.TOTALS, About)
    # The week, which has the hours, comes last: reactions during the reading can only make it larger.
    month = read(reports.FEEDBACK, Reacted, period="MONTH")
    week = read(reports.FEEDBACK, Reacted, period="WEEK")
    hours = week.hours(client.endpoint.zone) if week.total >= month.total else None
    return Figures(
        id_send,
        taken_at,
        zone=client.endpoint.zone,
        subject=about.subject,
        sent_at=about.sent_at,
        everybody=recipients.everybody,
        versions=dict(sorted(recipients.versions.items())),
        reads=recipients.reads,
        clicks=recipients.clicks,
        unsubscribed=month.unsubscribed,
        complaints=month.complaints,
        course=hours or month.days(),
        links=read(reports.LINKS, Clicked).links(),
        bounces=kinds_of(read(reports.BOUNCES, Bounced).codes),
    )


def _read(client: SyncClient, report: Report, parameters: dict[str, Any], make: Callable[[], T]) -> T:
    def attempt() -> T:
        tally = make()
        decoder = client.decoder(report, tally.COLUMNS)
        with closing(client.batches(report, parameters, decoder)) as batches:
            for batch in batches:
                tally.add(batch)
        return tally

    return client.retrying(attempt)
