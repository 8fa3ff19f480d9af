"""How an export is repeated, and what its summary counts then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.exports import client_of, export_to, report_server
from support.reports import CLIENT_ID, CLIENT_MD5, encode, recipients
from support.server import FaultServer, Step, close_delimited, plain
from support.wire import PROTOCOLS, Protocol, answer_of

from airflow_provider_mailkit.catalogue.columns import INTEGER, Column
from airflow_provider_mailkit.catalogue.function import READ, Answer, Function
from airflow_provider_mailkit.catalogue.parameters import ID, Parameter
from airflow_provider_mailkit.catalogue.report import Context, Every, Report
from airflow_provider_mailkit.catalogue.reports import REPORTS
from airflow_provider_mailkit.catalogue.reports.deliveries import RECIPIENTS
from airflow_provider_mailkit.exceptions import MailkitApiError, MailkitTransportError
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


LINKS = REPORTS["mailkit.report.message.links"]
UNSUBSCRIBED = REPORTS["mailkit.mailinglist.unsubscribed"]
DELIVERIES = REPORTS["mailkit.report.campaign"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_a_key_is_absent_in_every_spelling(protocol: Protocol, suffix: str, tmp_path: Path) -> None:
    """An empty text and null are the same in a file, and so they are in a key; a date has more forms."""
    links = [{"ID_URL": "7", "AB_VERSION": version} for version in ("", None, "A", "")]
    addresses = [
        {"EMAIL": "person1@example.com", "DATE": date}
        for date in ("", None, "0000-00-00 00:00:00", "2026-03-01 08:00:00", "2026-03-01T08:00")
    ]
    for report, records, duplicates in ((LINKS, links, 2), (UNSUBSCRIBED, addresses, 3)):
        with report_server([plain(answer_of(protocol, records))]) as server:
            summary = export_to(
                tmp_path / f"{report.name}.{suffix}", client_of(server.base_url, protocol), report
            )
        assert (summary["rows"], summary["duplicates"]) == (len(records), duplicates)


def delivery(number: int, date: str) -> dict[str, Any]:
    return {"ID_SEND": str(number), "DATE": date, "SEND_COUNT": "10", "DELIVERED_COUNT": "9"}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet", None])
def test_nothing_of_a_try_that_failed_is_in_the_summary(
    protocol: Protocol, suffix: str | None, tmp_path: Path
) -> None:
    """One of several calls breaks off, and what it gave until then is not what its next try gives."""
    first = [delivery(1, "2026-03-02 08:00:00"), delivery(2, "2026-03-03 08:00:00")]
    gone = [delivery(3, "2020-01-01 00:00:00"), delivery(4, "2030-01-01 00:00:00"), delivery(5, "")]
    second = [delivery(6, "2026-03-01 08:00:00"), delivery(7, "2026-03-04 08:00:00"), delivery(8, "")]
    answers = [answer_of(protocol, records) for records in (first, gone, second)]
    cut = answers[1][: answers[1].rindex(b"DELIVERED_COUNT")]
    with report_server([plain(answers[0]), close_delimited(cut), plain(answers[2])]) as server:
        client = client_of(server.base_url, protocol, attempts=2)
        if suffix is None:
            _, summary = Export(client, DELIVERIES, {"ID_message": [31, 32]}, RowOptions()).to_rows(10**6)
        else:
            summary = export_to(tmp_path / f"a.{suffix}", client, DELIVERIES, ID_message=[31, 32])
        assert len(server.requests) == 3
    told = {name: summary[name] for name in ("rows", "duplicates", "send_total", "delivered_total")}
    assert told == {"rows": 5, "duplicates": 0, "send_total": 50, "delivered_total": 45}
    assert summary["first_date"][:10] == "2026-03-01"
    assert summary["last_date"][:10] == "2026-03-04"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_nothing_of_an_id_that_vanished_is_in_the_summary(protocol: Protocol, tmp_path: Path) -> None:
    campaigns = [{"ID_MESSAGE": "31"}, {"ID_MESSAGE": "32"}]
    vanished = [delivery(3, "2020-01-01 00:00:00"), {"error_status": 1, "error": "Invalid ID_message"}]
    kept = [delivery(6, "2026-03-01 08:00:00"), delivery(7, "2026-03-04 08:00:00"), delivery(8, "")]
    answers = [plain(answer_of(protocol, records)) for records in (campaigns, vanished, kept)]
    with report_server(answers) as server:
        path = tmp_path / "a.jsonl"
        summary = export_to(path, client_of(server.base_url, protocol), DELIVERIES, ID_message="all")
    assert (summary["rows"], summary["skipped"], summary["send_total"]) == (3, 1, 30)
    assert (summary["first_date"][:10], summary["last_date"][:10]) == ("2026-03-01", "2026-03-04")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_error_around_rows_counts_wherever_it_stands(protocol: Protocol, tmp_path: Path) -> None:
    """None of the rows that come with it is published, and an ID that vanished is skipped."""
    inside = Answer("object", inside="rows")
    shops = Function("mailkit.shops", READ, "All shops.", answer=Answer("rows"))
    visits = Report(
        Function("mailkit.visits", READ, "Those of a shop.", (Parameter("ID_shop", ID),), answer=inside),
        row="visit",
        columns=(Column("ID_VISIT", INTEGER, key=True),),
        context=(Context(Column("ID_SHOP", INTEGER, key=True), "ID_shop"),),
        every=(Every("ID_shop", shops, "ID_SHOP", may_vanish=True),),
    )
    ids = [{"ID_SHOP": 31}, {"ID_SHOP": 32}]
    wrong = {"error_status": 5, "rows": [{"ID_VISIT": 1}, {"ID_VISIT": 2}], "error": "Invalid ID_shop"}
    right = {"error_status": 0, "rows": [{"ID_VISIT": 7}, {"ID_VISIT": 8}, {"ID_VISIT": 9}]}
    with report_server([plain(answer_of(protocol, answer)) for answer in (ids, wrong, right)]) as server:
        path = tmp_path / "all.jsonl"
        summary = export_to(path, client_of(server.base_url, protocol), visits, ID_shop="all")
    assert (summary["rows"], summary["skipped"]) == (3, 1)
    assert path.read_text().count("ID_VISIT") == 3
    with report_server([plain(answer_of(protocol, wrong))]) as server:
        path = tmp_path / "one.jsonl"
        with pytest.raises(MailkitApiError, match="Invalid ID_shop"):
            export_to(path, client_of(server.base_url, protocol), visits, ID_shop=31)
    assert not path.exists()
