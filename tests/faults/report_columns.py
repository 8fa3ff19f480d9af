"""What a fault can happen to in any declared report: the hooks' rows, and exports in every format."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from faults.columns import LARGE, OLD, Ran, noting_error
from support.declared import parameters_of
from support.read_back import rows_in

from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.hooks.mailkit import MailkitHook
from airflow_provider_mailkit.operators.export import MailkitExportOperator

ReportColumn = Callable[[Path, Report], Ran]


def asked_for(report: Report) -> dict[str, Any]:
    """Return what a report is asked for with: a page is as large as it may be."""
    asked = parameters_of(report)
    return asked | {report.paging.limit: report.paging.page_size} if report.paging else asked


def hook(folder: Path, report: Report) -> Ran:
    def run(ran: Ran) -> list[dict[str, Any]]:
        ran.rows_before.extend(MailkitHook().iter_rows(report.name, asked_for(report)))
        return ran.rows_before

    return noting_error(run)


def async_hook(folder: Path, report: Report) -> Ran:
    def run(ran: Ran) -> list[dict[str, Any]]:
        async def read() -> None:
            async for row in MailkitHook().aiter_rows(report.name, asked_for(report)):
                ran.rows_before.append(row)

        asyncio.run(read())
        return ran.rows_before

    return noting_error(run)


def to_file(suffix: str) -> ReportColumn:
    """Return an export over an older file."""

    def run(folder: Path, report: Report) -> Ran:
        path = folder / f"report.{suffix}"
        path.write_bytes(OLD)

        def export(ran: Ran) -> list[dict[str, Any]]:
            operator = MailkitExportOperator(
                task_id="export",
                function=report.name,
                parameters=asked_for(report),
                output_path=str(path),
            )
            summary = operator.execute({"ti": ran})
            _, rows = rows_in(path.read_bytes(), suffix)
            assert summary["rows"] == len(rows)
            return rows

        ran = noting_error(export)
        ran.left = {file.name: file.read_bytes() for file in folder.iterdir()}
        return ran

    return run


def to_xcom(folder: Path, report: Report) -> Ran:
    operator = MailkitExportOperator(
        task_id="export", function=report.name, parameters=asked_for(report), max_xcom_bytes=LARGE
    )
    return noting_error(lambda ran: operator.execute({"ti": ran}))


HOOKS: dict[str, ReportColumn] = {"hook": hook, "async hook": async_hook}
FILES: dict[str, ReportColumn] = {suffix: to_file(suffix) for suffix in ("jsonl", "csv", "parquet")}
REPORT_COLUMNS: dict[str, ReportColumn] = {**HOOKS, **FILES, "XCom": to_xcom}
