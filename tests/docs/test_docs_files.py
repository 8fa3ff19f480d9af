"""What the pages say of exported files is true: types, time zones, and what the shown queries count."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import duckdb
import pytest
from docs.blocks import block

PRAGUE = "Europe/Prague"
PAGE = "docs/scale.md"
RECIPIENTS = 1003


@pytest.fixture(autouse=True)
def working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def query(sql: str, zone: str = "UTC") -> list[tuple]:
    with duckdb.connect() as connection:
        connection.execute(f"SET TimeZone = '{zone}'")
        return connection.sql(sql).fetchall()


@pytest.mark.parametrize("extra", [{}, {"timezone": PRAGUE}], ids=["without a zone", "Prague"])
def test_duckdb_reads_many_deliveries(account, export, extra, capsys):
    account(**extra)
    summaries = [export(f"deliveries/{id_send}.parquet", id_send) for id_send in (5001, 5002, 5003)]
    capsys.readouterr()
    block(PAGE, "FILTER").execute()
    shown = capsys.readouterr().out
    read = query(
        "SELECT ID_SEND, count(*), count(DISTINCT ID_SEND_MESSAGE), sum(READ_COUNT)::BIGINT, count(EMAIL), "
        "min(DATE), max(DATE), min(EXPORTED_AT) FROM 'deliveries/*.parquet' GROUP BY 1 ORDER BY 1",
        PRAGUE,
    )
    for summary, row in zip(summaries, read, strict=True):
        assert row[:5] == (summary["id_send"], RECIPIENTS, RECIPIENTS, summary["read_total"], RECIPIENTS)
        assert [date.isoformat() for date in row[5:7]] == [summary["first_date"], summary["last_date"]]
        # In the hour that autumn repeats, Python finds the same instant in two zones unequal.
        assert row[7].astimezone(UTC) == datetime.fromisoformat(summary["exported_at"])
        assert str(summary["status_counts"]["sent"]) in shown
    ((kinds,),) = query(
        "SELECT list(DISTINCT type) FROM parquet_schema('deliveries/*.parquet') WHERE type <> ''"
    )
    assert sorted(kinds) == ["BYTE_ARRAY", "INT64"]
    assert query("SELECT DISTINCT compression FROM parquet_metadata('deliveries/*.parquet')") == [("ZSTD",)]


def test_the_types_are_the_documented_ones(account, export):
    export("zoned/5001.parquet", 5001)
    account()
    export("local/5001.parquet", 5001)
    others = {"EXPORTED_AT": "TIMESTAMP WITH TIME ZONE"}
    others |= dict.fromkeys(("ID_SEND", "ID_SEND_MESSAGE", "ID_EMAIL", "READ_COUNT", "CLICK_COUNT"), "BIGINT")
    others |= dict.fromkeys(("EMAIL", "STATUS", "AB_VERSION"), "VARCHAR")
    for folder, kind in (("local", "TIMESTAMP"), ("zoned", "TIMESTAMP WITH TIME ZONE")):
        described = {name: type_ for name, type_, *_ in query(f"DESCRIBE FROM '{folder}/*.parquet'")}
        assert described == others | {"DATE": kind}


def test_files_with_and_without_a_zone_do_not_go_together(account, export):
    """The warning is true: the same delivery, another time, depending on the session."""
    export("mixed/a.parquet", 5001)
    account()
    export("mixed/b.parquet", 5001)
    seen = {
        zone: query("SELECT DISTINCT epoch(min(DATE)) FROM 'mixed/*.parquet' GROUP BY EXPORTED_AT", zone)
        for zone in (PRAGUE, "UTC")
    }
    assert len(seen[PRAGUE]) == 1
    assert len(seen["UTC"]) == 2


def test_the_newest_row_of_a_history(export, capsys):
    for day in ("2026-03-01", "2026-03-02"):
        last = [export(f"history/{day}/{id_send}.parquet", id_send) for id_send in (5001, 5002)]
    capsys.readouterr()
    newest = block(PAGE, "QUALIFY").execute()["newest"]
    assert {row[0].astimezone(UTC) for row in newest.project("EXPORTED_AT").fetchall()} == {
        datetime.fromisoformat(summary["exported_at"]) for summary in last
    }
    shown = capsys.readouterr().out
    assert f" {2 * RECIPIENTS} " in shown
    assert f" {sum(summary['read_total'] for summary in last)} " in shown


def test_pyarrow_reads_the_folder(export, capsys):
    summaries = [export(f"deliveries/{id_send}.parquet", id_send) for id_send in (5001, 5002)]
    capsys.readouterr()
    dataset = block(PAGE, "pyarrow").execute()["deliveries"]
    assert int(capsys.readouterr().out) == sum(summary["status_counts"]["failed"] for summary in summaries)
    first = dataset.head(1, columns=["DATE", "EXPORTED_AT"]).to_pylist()[0]
    assert first["DATE"].tzinfo == ZoneInfo(PRAGUE)
    assert (
        first["EXPORTED_AT"].astimezone(UTC).isoformat(timespec="milliseconds") == summaries[0]["exported_at"]
    )


def test_the_shown_function_makes_the_hashes_of_the_files(export):
    export("plain.parquet", 5001)
    export("hashed.parquet", 5001, addresses="hash")
    hashed = block("docs/how-to/read-the-files.md", "hmac").execute()["hashed"]
    addresses = query("SELECT EMAIL FROM 'plain.parquet' ORDER BY ID_SEND_MESSAGE")
    hashes = query("SELECT EMAIL FROM 'hashed.parquet' ORDER BY ID_SEND_MESSAGE")
    assert [hashed(address, "a long random text") for (address,) in addresses] == [row[0] for row in hashes]
