"""Raw logs that grow while they are read, show rows late, and lose old ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mailkit.operators.mailkit import MailkitIncrementalExportOperator
from airflow_provider_mailkit.sandbox import Sandbox
from airflow_provider_mailkit.sandbox.growth import Logs

LOGS = {"messages": "ID_SEND_MESSAGE", "responses": "ID_LOG", "bounces": "ID_UNDELIVERED_LOG"}


def all_of(log: str, key: str) -> list[int]:
    """Return the IDs of a log that is all there."""
    with Sandbox(recipients=403, seconds=0, deliveries=2, last_day=date(2026, 3, 5)) as sandbox:
        connection = HTTPConnection(sandbox.base_url.removeprefix("http://"), timeout=20)
        question = {
            "function": f"mailkit.report.raw.{log}",
            "id": sandbox.client_id,
            "md5": sandbox.client_md5,
        }
        connection.request("POST", "/json.fcgi", json.dumps({**question, "parameters": {}}))
        rows = json.load(connection.getresponse())
        connection.close()
    return [int(value) for row in rows for name, value in row.items() if name.upper() == key]


def test_a_log_that_grows_is_seen_in_part() -> None:
    logs = Logs(growth=20, kept=50)
    rows = [*range(1000)]
    views = [[*logs.look("a").shown(iter(rows), lambda row: row, start)] for start in (0, 0, 0, 15, 100)]
    assert views[0] == [row for row in range(20) if row not in (5, 15)]
    assert set(views[1]) - set(views[0]) == {*range(20, 40), 5, 15} - {25, 35}
    # 50 rows are kept of 60.
    assert views[2][0] == 10
    assert 55 not in views[2]
    assert views[3][0] == 30
    assert views[4] == []
    assert [*Logs().look("a").shown(iter(rows), lambda row: row, 998)] == [998, 999]


@pytest.mark.parametrize("log", LOGS)
def test_an_incremental_export_has_all_of_it(
    log: str, tmp_path: Path, mailkit_connection: Callable[..., str]
) -> None:
    """Pages overlap, and no page is the last one until the log has grown to its end."""
    key = LOGS[log]
    expected = all_of(log, key)
    found: list[int] = []
    runs: list[dict[str, Any]] = []
    growth = max(3, len(expected) // 20)
    with Sandbox(
        recipients=403, seconds=0, deliveries=2, last_day=date(2026, 3, 5), log_growth=growth
    ) as sandbox:
        mailkit_connection(sandbox.base_url)
        while len(runs) < 60 and (len(found) < len(expected)):
            operator = MailkitIncrementalExportOperator(
                task_id="x",
                function=f"mailkit.report.raw.{log}",
                output_path=tmp_path,
                file_format="jsonl",
                max_rows=3 * growth,
                page_size=5 * growth,
                overlap=2 * growth,
                columns=[key],
            )
            runs.append(operator.execute({}))
            for file in runs[-1]["files"]:
                lines = Path(file["uri"].removeprefix("file://")).read_text().splitlines()
                found += [json.loads(line)[key] for line in lines]
    assert sorted(found) == sorted(expected)
    assert len(runs) > 5
    # Some came after rows with greater IDs.
    assert found != sorted(found)
