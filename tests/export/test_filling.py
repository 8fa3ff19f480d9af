"""Files whose columns come to light while they are written."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.exports import Mailkit, client_of, export_to, report_server
from support.read_back import rows_in
from support.wire import PROTOCOLS, Protocol

from airflow_provider_mailkit.catalogue.reports import REPORTS


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_column_that_comes_with_a_later_page_is_in_every_format(protocol: Protocol, tmp_path: Path) -> None:
    report = REPORTS["mailkit.report.raw.responses"]
    records = [{"ID_LOG": str(number), "TYPE": "read"} for number in range(1, 10)]
    records[6]["CITY"] = "Zlín"
    found = []
    for suffix in ("jsonl", "csv", "parquet"):
        path = tmp_path / f"x.{suffix}"
        with report_server(Mailkit(report, protocol, records)) as server:
            summary = export_to(path, client_of(server.base_url, protocol), report, limit=4)
        assert (summary["rows"], summary["pages"]) == (9, 3)
        rows = [
            (str(row["ID_LOG"]), row["CITY"] or None, row["REGION"] or None)
            for row in rows_in(path.read_bytes(), suffix)[1]
        ]
        found.append(rows)
    assert found[0] == found[1] == found[2]
    assert found[0][5:8] == [("6", None, None), ("7", "Zlín", None), ("8", None, None)]
