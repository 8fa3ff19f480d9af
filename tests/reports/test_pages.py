"""Every report in pages: which rows come out of what a server gives, whatever it makes of a start."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from support.declared import EVERY_REPORT, parameters_of
from support.declared_rows import expected, in_terms, records_of
from support.exports import ZONE, Mailkit, client_of, context_of, export_to, page_of, report_server, rows_of
from support.server import plain
from support.wire import Protocol, answer_of

from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.exceptions import MailkitError, MailkitResponseError, MailkitTransportError
from airflow_provider_mailkit.protocol.plan import Plan
from airflow_provider_mailkit.transport.async_client import AsyncClient
from airflow_provider_mailkit.transport.sync_client import SyncClient

PAGED = {name: report for name, report in EVERY_REPORT.items() if report.paging is not None}
EACH = pytest.mark.parametrize("paged", PAGED.values(), ids=list(PAGED))
LIMIT = 4


def test_there_are_reports_in_pages() -> None:
    assert len(PAGED) >= 6


def read(paged: Report, protocol: Protocol, records: Sequence[Any], page: Any = None) -> tuple[Any, Mailkit]:
    """Return the rows, and the server that has seen what was asked for."""
    assert paged.paging is not None
    mailkit = Mailkit(paged, protocol, records, page)
    with report_server(mailkit) as server:
        rows = rows_of(client_of(server.base_url, protocol), paged, **{paged.paging.limit: LIMIT})
    return [in_terms(paged, row) for row in rows], mailkit


def wanted(paged: Report, records: Sequence[Any]) -> list[dict[str, Any]]:
    return expected(paged, records, context_of(paged, parameters_of(paged)), ZONE)


@EACH
@pytest.mark.parametrize(
    "count", [0, 1, LIMIT - 1, LIMIT, LIMIT + 1, 2 * LIMIT - 1, 2 * LIMIT, 3 * LIMIT - 2, 17]
)
def test_every_row_comes_once(paged: Report, protocol: Protocol, count: int) -> None:
    """Also where the last page is full: the one after it has nothing but the row that it begins with.

    Pages count records. Where one is several rows, all of them come, and once.
    """
    records = records_of(paged, count, seed=41, several=True)
    rows, mailkit = read(paged, protocol, records)
    assert rows == wanted(paged, records)
    assert paged.paging is not None
    assert all(int(asked[paged.paging.limit]) == LIMIT for asked in mailkit.asked)
    member = paged.column(paged.paging.column).member
    starts = [int(asked.get(paged.paging.start) or 0) for asked in mailkit.asked[1:]]
    assert starts == [int(records[at][member]) for at in range(LIMIT - 1, count, LIMIT - 1)][: len(starts)]
    assert len(mailkit.asked) == (1 if count < LIMIT else 1 + (count - 1) // (LIMIT - 1))


@EACH
def test_a_start_that_does_not_belong_to_its_page(paged: Report, protocol: Protocol) -> None:
    """As if the row had been deleted meanwhile, or the start were left out: nothing is dropped."""
    records = records_of(paged, 10, seed=42)
    assert paged.paging is not None
    member = paged.column(paged.paging.column).member

    def page(asked: dict[str, Any], all_records: Sequence[Any]) -> Sequence[Any]:
        start = int(asked.get(paged.paging.start) or 0)  # type: ignore[union-attr]
        return [r for r in all_records if int(r[member]) > start][:LIMIT]

    assert read(paged, protocol, records, page)[0] == wanted(paged, records)


@EACH
def test_a_limit_that_is_ignored_costs_a_call_and_no_row(paged: Report, protocol: Protocol) -> None:
    records = records_of(paged, 10, seed=43)
    assert paged.paging is not None
    member = paged.column(paged.paging.column).member

    def page(asked: dict[str, Any], all_records: Sequence[Any]) -> Sequence[Any]:
        return [r for r in all_records if int(r[member]) >= int(asked.get(paged.paging.start) or 0)]  # type: ignore[union-attr]

    rows, mailkit = read(paged, protocol, records, page)
    assert rows == wanted(paged, records)
    assert len(mailkit.asked) == 2


REFUSED = {
    "every page is the first": lambda records, at: records[:LIMIT],
    "a page repeats rows before the last one": lambda records, at: records[max(0, at - 2) :][:LIMIT],
    "rows descend": lambda records, at: records[at : at + LIMIT][::-1],
    "two rows are the same": lambda records, at: [*records[at : at + LIMIT - 1], records[at + LIMIT - 2]],
    "a page ends before it begins": lambda records, at: records[at : at + LIMIT] if not at else records[:2],
}


@EACH
@pytest.mark.parametrize("how", REFUSED)
def test_pages_that_do_not_lead_on_are_refused(paged: Report, protocol: Protocol, how: str) -> None:
    records = records_of(paged, 12, seed=44, several=True)
    assert paged.paging is not None
    member = paged.column(paged.paging.column).member
    ids = [int(record[member]) for record in records]

    def page(asked: dict[str, Any], all_records: Sequence[Any]) -> Sequence[Any]:
        start = int(asked.get(paged.paging.start) or 0)  # type: ignore[union-attr]
        return REFUSED[how](list(all_records), ids.index(start) if start else 0)

    with pytest.raises(MailkitResponseError, match=r"page [12].*(ascend|lead).*The export stops"):
        read(paged, protocol, records, page)


@EACH
@pytest.mark.parametrize("value", [None, "", "missing"])
def test_a_row_without_the_id_that_pages_go_by_is_refused(
    paged: Report, protocol: Protocol, value: str | None
) -> None:
    records = records_of(paged, LIMIT, seed=45)
    assert paged.paging is not None
    member = paged.column(paged.paging.column).member
    records[-2][member] = value
    if value == "missing":
        del records[-2][member]
    with pytest.raises(MailkitResponseError, match=f"no {paged.paging.column}, by which the pages go"):
        read(paged, protocol, records, lambda asked, all_records: all_records)


@EACH
def test_a_broken_page_is_asked_for_again_alone(paged: Report, protocol: Protocol) -> None:
    records = records_of(paged, 9, seed=46)
    assert paged.paging is not None
    mailkit, calls = Mailkit(paged, protocol, records), 0

    def script(number: int, request: Any) -> Any:
        nonlocal calls
        calls += 1
        answer = mailkit(number, request)
        return plain(b"", 503) if calls == 2 else plain(answer[1][:-40]) if calls == 3 else answer

    with report_server(script) as server:
        client = client_of(server.base_url, protocol, attempts=3)
        rows = rows_of(client, paged, **{paged.paging.limit: LIMIT})
    assert [in_terms(paged, row) for row in rows] == wanted(paged, records)
    starts = [asked.get(paged.paging.start) for asked in mailkit.asked]
    assert starts[1] == starts[2] == starts[3]
    assert len(starts) == 5


LOG = EVERY_REPORT["mailkit.report.raw.responses"]


async def rows_awaited(client: SyncClient, **parameters: Any) -> list[dict[str, Any]]:
    """Return the rows as a hook yields them to a trigger."""
    plan = Plan(LOG, parameters_of(LOG) | parameters)
    async with AsyncClient(client.endpoint) as awaited:
        batches = awaited.read(plan, plan.decoders(client.endpoint), hold_rows=1)
        return [row async for batch in batches for row in batch.rows()]


@pytest.mark.parametrize("awaited", [False, True], ids=["sync", "async"])
def test_a_large_page_that_breaks_off_again_and_again_brings_each_row_once(
    protocol: Protocol, awaited: bool
) -> None:
    records = records_of(LOG, 2_100, seed=48)
    mailkit, chance = Mailkit(LOG, protocol, records), random.Random(48)

    def script(number: int, request: Any) -> Any:
        answer = mailkit(number, request)
        # Every third try of a page is whole.
        return answer if number % 3 == 2 else plain(answer[1][: chance.randrange(len(answer[1]))])

    with report_server(script) as server:
        client = client_of(server.base_url, protocol, attempts=3)
        read = asyncio.run(rows_awaited(client, limit=900)) if awaited else rows_of(client, LOG, limit=900)
    assert [in_terms(LOG, row) for row in read] == wanted(LOG, records)
    starts = [asked.get("ID_log") for asked in mailkit.asked]
    assert starts == [start for start in dict.fromkeys(starts) for _ in range(3)]
    assert len(starts) == 9


def test_no_row_of_a_page_comes_before_it_is_whole(protocol: Protocol, tmp_path: Path) -> None:
    body = answer_of(protocol, records_of(LOG, 900, seed=49))
    with report_server([plain(body[:-9])]) as server:
        client = client_of(server.base_url, protocol)
        plan = Plan(LOG, parameters_of(LOG) | {"limit": 900})
        with pytest.raises(MailkitTransportError):
            next(client.read(plan, plan.decoders(client.endpoint)))
        with pytest.raises(MailkitTransportError):
            export_to(tmp_path / "log.parquet", client, LOG, limit=900)
    assert not list(tmp_path.iterdir())


@EACH
def test_one_row_a_page_is_refused_before_a_call(paged: Report, protocol: Protocol) -> None:
    assert paged.paging is not None
    with report_server([plain(answer_of(protocol, []))]) as server:
        with pytest.raises(MailkitError, match="must be 2 or more"):
            rows_of(client_of(server.base_url, protocol), paged, **{paged.paging.limit: 1})
        assert not server.requests


@EACH
def test_pages_of_a_list_of_ids_follow_each_other(paged: Report, protocol: Protocol) -> None:
    """Each ID begins anew, and the context column tells them apart."""
    if not paged.id_lists:
        return
    name = paged.id_lists[-1]
    records = records_of(paged, 6, seed=47)
    first, second = records[:5], records[3:]

    def page(asked: dict[str, Any], _: Sequence[Any]) -> Sequence[Any]:
        return page_of(paged)(asked, first if int(asked[name]) == 7 else second)

    with report_server(Mailkit(paged, protocol, records, page)) as server:
        client = client_of(server.base_url, protocol)
        rows = rows_of(client, paged, **{name: [7, 8], paged.paging.limit: 3})  # type: ignore[union-attr]
    asked = parameters_of(paged)
    assert [in_terms(paged, row) for row in rows] == [
        row
        for id_, part in ((7, first), (8, second))
        for row in expected(paged, part, context_of(paged, asked | {name: id_}), ZONE)
    ]
