"""Incremental exports to a local folder, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from airflow_provider_mailkit.operators.mailkit import MailkitIncrementalExportOperator
from support.raw_log import FUNCTION

SMALL = {"page_size": 10, "rows_per_file": 25, "max_rows": 60, "overlap": 4, "file_format": "jsonl"}


def export(folder: Path | str, **arguments: Any) -> MailkitIncrementalExportOperator:
    arguments = {"function": FUNCTION, **SMALL, **arguments}
    return MailkitIncrementalExportOperator(task_id="export", output_path=str(folder), **arguments)


def run(folder: Path | str, context: Any = None, **arguments: Any) -> dict[str, Any]:
    operator = export(folder, **arguments)
    # Airflow 2 wraps it, and cannot be called by another thread then.
    execute: Any = getattr(operator.execute, "__wrapped__", MailkitIncrementalExportOperator.execute)
    result: dict[str, Any] = execute(operator, context or {})
    return result


def log_of(first: int, last: int) -> list[int]:
    return [*range(first, last + 1)]
