"""The columns of the matrix: all that a fault can happen to, run as a worker or a triggerer runs it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from support import modes

from airflow_provider_mailkit._compat import AirflowFailException, AirflowSkipException
from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.hooks.mailkit import MailkitHook
from airflow_provider_mailkit.operators.mailkit import MailkitRecipientsOperator

OLD = b"an older file\n"
ID_SEND = 5001
#: So that a fault late in a long report is reached.
LARGE = 10**7


@dataclass
class Ran:
    """What a column gave.

    :param result: what it returned, as the rows or the counts that it has read.
    :param rows_before: the rows that a hook gave before the error.
    :param pushed: what went to XCom beside the result.
    :param left: the files where the export was to go, with their content.
    """

    result: Any = None
    error: BaseException | None = None
    rows_before: list[dict[str, Any]] = field(default_factory=list)
    pushed: dict[str, Any] = field(default_factory=dict)
    left: dict[str, bytes] = field(default_factory=dict)

    def xcom_push(self, key: str, value: Any) -> None:
        """Be a task instance."""
        self.pushed[key] = value


Column = Callable[[Path], Ran]


def noting_error(run: Callable[[Ran], Any]) -> Ran:
    ran = Ran()
    try:
        ran.result = run(ran)
    except Exception as error:
        ran.error = error
    return ran


def hook_rows(folder: Path) -> Ran:
    def run(ran: Ran) -> list[dict[str, Any]]:
        ran.rows_before.extend(MailkitHook().iter_recipients(ID_SEND))
        return ran.rows_before

    return noting_error(run)


def hook_rows_async(folder: Path) -> Ran:
    def run(ran: Ran) -> list[dict[str, Any]]:
        async def read() -> None:
            async for row in MailkitHook().aiter_recipients(ID_SEND):
                ran.rows_before.append(row)

        asyncio.run(read())
        return ran.rows_before

    return noting_error(run)


def hook_counts(folder: Path) -> Ran:
    return noting_error(lambda ran: dict(MailkitHook().count_recipients(ID_SEND)))


def hook_counts_async(folder: Path) -> Ran:
    return noting_error(lambda ran: dict(asyncio.run(MailkitHook().acount_recipients(ID_SEND))))


def to_file(name: str, *, replaces: bool = False) -> Column:
    """Return an export to a file, which may be there already."""

    def run(folder: Path) -> Ran:
        path = folder / name
        if replaces:
            path.write_bytes(OLD)

        def export(ran: Ran) -> list[dict[str, Any]]:
            operator = MailkitRecipientsOperator(task_id="export", id_send=ID_SEND, output_path=str(path))
            assert operator.execute({"ti": ran})["rows"] == len(read_file(path))
            return read_file(path)

        ran = noting_error(export)
        ran.left = {file.name: file.read_bytes() for file in folder.iterdir()}
        return ran

    return run


def read_file(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    return [json.loads(line) for line in path.read_text().splitlines()]


def to_xcom(folder: Path) -> Ran:
    return noting_error(
        lambda ran: MailkitRecipientsOperator(
            task_id="export", id_send=ID_SEND, max_xcom_bytes=LARGE
        ).execute({"ti": ran})
    )


def sensor(mode: str) -> Column:
    return lambda folder: noting_error(lambda ran: modes.run(mode)["status_counts"])


HOOK = {
    "hook, rows": hook_rows,
    "hook, counts": hook_counts,
    "async hook, rows": hook_rows_async,
    "async hook, counts": hook_counts_async,
}
OPERATOR = {
    "operator to JSON lines": to_file("5001.jsonl"),
    "operator over an older Parquet": to_file("5001.parquet", replaces=True),
    "operator to XCom": to_xcom,
}
SENSOR = {f"sensor, {mode}": sensor(mode) for mode in modes.MODES}
COLUMNS: dict[str, Column] = HOOK | OPERATOR | SENSOR


def state_of(error: BaseException, column: str) -> str:
    """Return the state that Airflow gives to a task with retries; test_states.py shows that it does."""
    if column in HOOK:
        assert isinstance(error, MailkitError)
        return "up_for_retry" if error.retryable else "failed"
    if isinstance(error, AirflowFailException):
        return "failed"
    return "skipped" if isinstance(error, AirflowSkipException) else "up_for_retry"
