"""Every report, ours included: what it declares is what is written, in both protocols and every format."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.declared import CALLS, OWN, parameters_of
from support.declared_rows import as_read, counted, expected, in_terms, records_of
from support.exports import ZONE, Mailkit, client_of, context_of, export_to, report_server, rows_of
from support.read_back import FORMATS, rows_in
from support.wire import Protocol

from airflow_provider_mailkit.catalogue.functions import FUNCTIONS
from airflow_provider_mailkit.catalogue.report import EXPORTED_AT, SUMMARY, Report
from airflow_provider_mailkit.export.rows import EXPORTED_AT_COLUMN
from airflow_provider_mailkit.hooks.mailkit import MailkitHook
from airflow_provider_mailkit.operators.export import MailkitExportOperator

PARQUET_TYPES = {
    "integer": "int64",
    "decimal": "double",
    "text": "string",
    "nested": "string",
    "day": "date32[day]",
    "instant": "timestamp[us, tz=Europe/Prague]",
    "utc instant": "timestamp[us, tz=UTC]",
}


def count_of(report: Report) -> int:
    """Return a number of rows that is not that of the columns."""
    return 1 if report.single else len(report.columns) + 4


def test_ours_are_known_to_nobody_but_their_declarations() -> None:
    assert not OWN.keys() & FUNCTIONS.keys()


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_report_is_exported(
    report: Report,
    protocol: Protocol,
    file_format: str,
    mailkit_connection: Callable[..., str],
    tmp_path: Path,
) -> None:
    records = records_of(report, count_of(report), seed=FORMATS.index(file_format), several=True)
    asked = parameters_of(report)
    rows = expected(report, records, context_of(report, asked), ZONE)
    path = tmp_path / f"report.{file_format}"
    with report_server(Mailkit(report, protocol, records)) as server:
        mailkit_connection(server.base_url, protocol, timezone="Europe/Prague")
        summary = MailkitExportOperator(
            task_id="export", function=report.name, parameters=asked, output_path=str(path)
        ).execute({})
    columns, found = rows_in(path.read_bytes(), file_format)
    assert columns == [*report.column_names, EXPORTED_AT]
    assert [in_terms(report, row) for row in found] == rows
    exported_at = as_read(EXPORTED_AT_COLUMN, summary["exported_at"])
    assert {as_read(EXPORTED_AT_COLUMN, row[EXPORTED_AT]) for row in found} == {exported_at}
    told = counted(report, rows)
    assert {name: summary[name] for name in told} == told
    asked_for = {context.parameter.lower() for context in report.context}
    assert summary.keys() - told - asked_for <= set(SUMMARY)
    assert summary["duplicates"] == 0
    assert summary["bytes"] == path.stat().st_size
    assert summary["function"] == report.name
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("listed", "hops", "rows"), [("WHO", 16, 5), ("GEO", 33, 4)])
@pytest.mark.parametrize("file_format", FORMATS)
def test_a_number_in_an_object_is_added_once_for_each_record(
    protocol: Protocol,
    file_format: str,
    listed: str,
    hops: int,
    rows: int,
    mailkit_connection: Callable[..., str],
    tmp_path: Path,
) -> None:
    """Only a list of those objects has several numbers in a record."""
    lists = {
        "WHO": [{"NAME": "A"}, {"NAME": "B"}, {"NAME": "C"}],
        "GEO": [{"HOPS": 7}, {"HOPS": "17"}],
    }
    records = [
        {"ID_CALL": number, "SECONDS": 30, "GEO": {"HOPS": 7}, "WHO": {"NAME": "Z"}} for number in (5, 6)
    ]
    records[1]["GEO"] = {"HOPS": 9}
    records.insert(2, {"ID_CALL": 8, "SECONDS": 0, "GEO": None, "WHO": None})
    records[0][listed] = lists[listed]
    path = tmp_path / f"calls.{file_format}"
    with report_server(Mailkit(CALLS, protocol, records)) as server:
        mailkit_connection(server.base_url, protocol)
        summary = MailkitExportOperator(
            task_id="export", function=CALLS.name, parameters=parameters_of(CALLS), output_path=str(path)
        ).execute({})
    told = {name: summary[name] for name in ("rows", "hops", "seconds_total", "answered", "duplicates")}
    assert told == {"rows": rows, "hops": hops, "seconds_total": 60, "answered": 2, "duplicates": 0}


def test_the_types_in_parquet_are_those_of_the_declaration(report: Report, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    path = tmp_path / "report.parquet"
    for count in (0, count_of(report)):
        with report_server(Mailkit(report, "json", records_of(report, count))) as server:
            export_to(path, client_of(server.base_url, "json"), report)
        types = {field.name: str(field.type) for field in pq.read_schema(path)}
        declared = {column.name: PARQUET_TYPES[column.kind] for column in report.all_columns}
        assert types == declared | {EXPORTED_AT: PARQUET_TYPES["utc instant"]}


def test_rows_for_xcom_and_the_hook_s_are_the_same(
    report: Report, protocol: Protocol, mailkit_connection: Callable[..., str]
) -> None:
    records = records_of(report, count_of(report), seed=5, several=True)
    asked = parameters_of(report)
    rows = expected(report, records, context_of(report, asked), ZONE)
    with report_server(Mailkit(report, protocol, records)) as server:
        mailkit_connection(server.base_url, protocol, timezone="Europe/Prague")
        hook = MailkitHook()
        iterated = list(hook.iter_rows(report.name, asked))
        awaited = asyncio.run(_all_rows(hook, report.name, asked))
        exported = MailkitExportOperator(
            task_id="export", function=report.name, parameters=asked, max_xcom_bytes=10**7
        ).execute({})
    assert [in_terms(report, row) for row in iterated] == rows
    assert awaited == iterated
    assert [{k: v for k, v in row.items() if k != EXPORTED_AT} for row in exported] == iterated
    assert json.loads(json.dumps(exported)) == exported


async def _all_rows(hook: MailkitHook, function: str, asked: dict[str, Any]) -> list[dict[str, Any]]:
    return [row async for row in hook.aiter_rows(function, asked)]


@pytest.mark.parametrize("suffix", ["jsonl.gz", "csv.zst"])
def test_a_compressed_file_without_a_time_zone_has_the_same_rows(
    report: Report, protocol: Protocol, suffix: str, tmp_path: Path
) -> None:
    records = records_of(report, count_of(report), seed=8)
    path = tmp_path / f"report.{suffix}"
    with report_server(Mailkit(report, protocol, records)) as server:
        export_to(path, client_of(server.base_url, protocol, zone=None), report)
    _, found = rows_in(path.read_bytes(), suffix.split(".")[0])
    rows = expected(report, records, context_of(report, parameters_of(report)), None)
    assert [in_terms(report, row) for row in found] == rows


def test_many_rows_take_the_fast_way_and_are_the_same(report: Report, protocol: Protocol) -> None:
    """As the reference shows them, in more than one piece: what was learned of the first rows is used."""
    records = records_of(report, 1 if report.single else 900, mixed=False)
    with report_server(Mailkit(report, protocol, records)) as server:
        limit = {report.paging.limit: 400} if report.paging else {}
        found = rows_of(client_of(server.base_url, protocol), report, **limit)
    context = context_of(report, parameters_of(report))
    assert [in_terms(report, row) for row in found] == expected(report, records, context, ZONE)
