"""A server that answers like Mailkit out of records, and exports of any report from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.export.pipeline import Export
from airflow_provider_mailkit.export.rows import RowOptions
from airflow_provider_mailkit.protocol.plan import Plan
from airflow_provider_mailkit.protocol.request import Credentials
from airflow_provider_mailkit.protocol.retry import RetryPolicy
from airflow_provider_mailkit.storage.publication import Publication
from airflow_provider_mailkit.storage.target import resolve_target
from airflow_provider_mailkit.transport.endpoint import Endpoint
from airflow_provider_mailkit.transport.sync_client import SyncClient
from airflow_provider_mailkit.writers import choose_format
from support.declared import parameters_of, xmlrpc_names
from support.declared_rows import single_or_list
from support.server import FaultServer, Received, Script, Step, plain
from support.wire import Protocol, answer_of, asked_in

CLIENT_ID = "1000001"
CLIENT_MD5 = "0123456789abcdef0123456789abcdef"
ZONE = ZoneInfo("Europe/Prague")

Page = Callable[[dict[str, Any], Sequence[Any]], Sequence[Any]]


def page_of(report: Report) -> Page:
    """Return what cuts the page that was asked for out of all records, as Mailkit does."""

    def page(asked: dict[str, Any], records: Sequence[Any]) -> Sequence[Any]:
        paging = report.paging
        if paging is None:
            return records
        member = report.column(paging.column).member
        start = int(asked.get(paging.start) or 0)
        return [r for r in records if int(r[member]) >= start][: int(asked[paging.limit])]

    return page


class Mailkit:
    """A server that has records of a report, and answers every call with the page that was asked for."""

    def __init__(
        self, report: Report, protocol: Protocol, records: Sequence[Any], page: Page | None = None
    ) -> None:
        self.asked: list[dict[str, Any]] = []
        self._report, self._protocol, self._records = report, protocol, records
        self._page = page or page_of(report)

    def __call__(self, number: int, request: Received) -> list[Step]:
        asked = asked_in(self._protocol, request.body, xmlrpc_names(self._report))
        self.asked.append(asked)
        found = self._page(asked, self._records)
        return plain(answer_of(self._protocol, single_or_list(self._report, found, self._protocol)))


def report_server(script: Script) -> FaultServer:
    """Return a server whose script answers for every report, the totals of a delivery included."""
    return FaultServer(script, totals=None)


def client_of(
    base_url: str, protocol: Protocol, zone: ZoneInfo | None = ZONE, attempts: int = 1
) -> SyncClient:
    """Return a client that does not wait between its tries."""
    retry = RetryPolicy(max_attempts=attempts, first_delay_s=0, max_delay_s=0)
    credentials = Credentials(CLIENT_ID, CLIENT_MD5)
    return SyncClient(Endpoint(credentials, base_url, protocol, retry=retry, zone=zone, read_timeout_s=20))


def context_of(report: Report, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the context columns of every row."""
    defaults = {p.name: p.default for p in report.function.parameters}
    return {c.column.name: asked.get(c.parameter, defaults[c.parameter]) for c in report.context}


def export_to(
    path: Path, client: SyncClient, report: Report, options: RowOptions | None = None, **parameters: Any
) -> dict[str, Any]:
    """Export a report to a file; returns the summary."""
    made = Export(client, report, parameters_of(report) | parameters, options or RowOptions())
    target = resolve_target(str(path), None)
    with Publication(target) as publication:
        return made.to_file(publication, target.uri, choose_format(str(path)))


def rows_of(client: SyncClient, report: Report, **parameters: Any) -> list[dict[str, Any]]:
    """Return the rows as a hook yields them."""
    plan = Plan(report, parameters_of(report) | parameters)
    decoders = plan.decoders(client.endpoint)
    return [row for batch in client.read(plan, decoders, hold_rows=1) for row in batch.rows()]
