"""How an export is repeated."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.reports import CLIENT_ID, CLIENT_MD5, encode, recipients
from support.server import FaultServer, Step, plain

from airflow_provider_mailkit.catalogue.reports.deliveries import RECIPIENTS
from airflow_provider_mailkit.exceptions import MailkitTransportError
from airflow_provider_mailkit.export.pipeline import Export
from airflow_provider_mailkit.export.rows import RowOptions
from airflow_provider_mailkit.protocol.request import Credentials
from airflow_provider_mailkit.storage.publication import Publication
from airflow_provider_mailkit.storage.target import resolve_target
from airflow_provider_mailkit.transport.endpoint import Endpoint
from airflow_provider_mailkit.transport.sync_client import SyncClient
from airflow_provider_mailkit.writers import choose_format

REPORT = plain(encode("json", recipients(7)))
AWAY = plain(b"", 503)


def export(answers: list[list[Step]], path: Path | None) -> int:
    """Export to a file, or to rows; return their number."""
    with FaultServer(answers) as server:
        client = SyncClient(Endpoint(Credentials(CLIENT_ID, CLIENT_MD5), server.base_url))
        run = Export(client, RECIPIENTS, {"ID_send": 5001}, RowOptions())
        if path is None:
            return len(run.to_rows(10**6)[0])
        target = resolve_target(str(path), None)
        with Publication(target, overwrite=True) as publication:
            rows: int = run.to_file(publication, target.uri, choose_format(str(path), None, None))["rows"]
            return rows


@pytest.mark.parametrize("to_file", [True, False], ids=["file", "rows"])
def test_an_export_tolerates_most_of_a_minute(
    to_file: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("airflow_provider_mailkit.transport.sync_client.time.sleep", slept.append)
    path = tmp_path / "x.jsonl" if to_file else None
    assert export([AWAY, AWAY, AWAY, AWAY, REPORT], path) == 7
    for delay_s, longest in zip(slept, (1, 4, 16, 30), strict=True):
        assert longest / 2 <= delay_s <= longest
    with pytest.raises(MailkitTransportError):
        export([AWAY], path)
    assert len(slept) == 8
