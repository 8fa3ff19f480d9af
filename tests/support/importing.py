"""Imports into the sandbox, as the tests make them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from airflow_provider_mailkit.operators.mailkit import MailkitImportOperator
from airflow_provider_mailkit.sandbox import Sandbox

CUSTOMERS, DISABLED, MISSING = 41001, 41002, 5


def importing(**arguments: Any) -> MailkitImportOperator:
    arguments = {"id_user_list": CUSTOMERS, **arguments}
    return MailkitImportOperator(task_id="import", **arguments)


def run(context: Any = None, **arguments: Any) -> dict[str, Any]:
    given: Any = context or {}
    summary = importing(**arguments).execute(given)
    # Ready for XCom, without an address in it.
    assert json.loads(json.dumps(summary)) == summary
    assert "@" not in json.dumps(summary)
    return summary


def people(count: int, first: int = 0) -> list[dict[str, Any]]:
    return [{"email": f"p{n}@example.com", "first_name": f"P{n}"} for n in range(first, first + count)]


def imports(sandbox: Sandbox) -> list[int]:
    return [action.rows for action in sandbox.actions]


def write_lines(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]
