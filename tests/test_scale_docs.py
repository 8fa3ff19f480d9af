"""docs/scale.md: its Python blocks work as they stand, and its words on types and time zones are true."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from airflow_provider_mailkit.operators.mailkit import MailkitRecipientsOperator
from airflow_provider_mailkit.sandbox import Sandbox

PAGE = (Path(__file__).parent.parent / "docs" / "scale.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
RECIPIENTS = 20_003
PRAGUE = "Europe/Prague"
Export = Callable[..., dict[str, Any]]


def block(word: str) -> Callable[[], dict[str, Any]]:
    """Return a function that executes the only block with this word."""
    (code,) = [code for code in BLOCKS if word in code]

    def execute() -> dict[str, Any]:
        names: dict[str, Any] = {}
        exec(compile(code, "scale.md", "exec"), names)  # noqa: S102
        return names

    return execute


@pytest.fixture
def export(tmp_path, monkeypatch) -> Export:
    """Export one delivery into the working directory; return the summary."""
    monkeypatch.chdir(tmp_path)
    with Sandbox(recipients=RECIPIENTS, seconds=0, deliveries=4) as sandbox:

        def run(id_send: int, path: str, **extra: str) -> dict[str, Any]:
            connection = sandbox.connection | {"extra": extra}
            monkeypatch.setenv("AIRFLOW_CONN_MAILKIT_DEFAULT", json.dumps(connection))
            operator = MailkitRecipientsOperator(
                task_id="x", id_send=id_send, output_path=str(tmp_path / path)
            )
            return operator.execute({})

        yield run


def query(sql: str, zone: str = "UTC") -> list[tuple]:
    with duckdb.connect() as connection:
        connection.execute(f"SET TimeZone = '{zone}'")
        return connection.sql(sql).fetchall()


def test_every_block_is_executed_here():
    assert len(BLOCKS) == 5
    for word in ("mailkit_at_scale", "lifecycle", "FILTER", "QUALIFY", "pyarrow"):
        block(word)


def test_the_dag_can_be_made():
    dag = block("mailkit_at_scale")()["dag"]
    assert set(dag.task_ids) == {"list_deliveries", "one_delivery.wait", "one_delivery.export"}


def test_the_life_cycle_rule_is_taken(monkeypatch):
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in (("ENDPOINT_URL", f"http://{host}:{port}"), ("DEFAULT_REGION", "us-east-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.setenv(f"AWS_{name}", "testing")
    client = boto3.client("s3")
    client.create_bucket(Bucket="my-bucket")
    block("lifecycle")()
    (rule,) = client.get_bucket_lifecycle_configuration(Bucket="my-bucket")["Rules"]
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    client.close()
    server.stop()


@pytest.mark.parametrize("extra", [{}, {"timezone": PRAGUE}], ids=["without a zone", "Prague"])
def test_duckdb_reads_many_deliveries(export, extra, capsys):
    summaries = [export(id_send, f"deliveries/{id_send}.parquet", **extra) for id_send in (5001, 5002, 5003)]
    capsys.readouterr()
    block("FILTER")()
    shown = capsys.readouterr().out
    read = query(
        "SELECT ID_SEND, count(*), count(DISTINCT ID_SEND_MESSAGE), sum(READ_COUNT)::BIGINT, count(EMAIL), "
        "min(DATE), max(DATE), min(EXPORTED_AT) FROM 'deliveries/*.parquet' GROUP BY 1 ORDER BY 1",
        PRAGUE,
    )
    for summary, row in zip(summaries, read, strict=True):
        assert row[:5] == (summary["id_send"], RECIPIENTS, RECIPIENTS, summary["read_total"], RECIPIENTS)
        assert [date.isoformat() for date in row[5:7]] == [summary["first_date"], summary["last_date"]]
        assert row[7] == datetime.fromisoformat(summary["exported_at"])
        assert str(summary["status_counts"]["sent"]) in shown
    ((kinds,),) = query(
        "SELECT list(DISTINCT type) FROM parquet_schema('deliveries/*.parquet') WHERE type <> ''"
    )
    assert sorted(kinds) == ["BYTE_ARRAY", "INT64"]
    assert query("SELECT DISTINCT compression FROM parquet_metadata('deliveries/*.parquet')") == [("ZSTD",)]


def test_the_types_are_the_documented_ones(export):
    export(5001, "local/5001.parquet")
    export(5001, "zoned/5001.parquet", timezone=PRAGUE)
    others = {"EXPORTED_AT": "TIMESTAMP WITH TIME ZONE"}
    others |= dict.fromkeys(("ID_SEND", "ID_SEND_MESSAGE", "ID_EMAIL", "READ_COUNT", "CLICK_COUNT"), "BIGINT")
    others |= dict.fromkeys(("EMAIL", "STATUS", "AB_VERSION"), "VARCHAR")
    for folder, kind in (("local", "TIMESTAMP"), ("zoned", "TIMESTAMP WITH TIME ZONE")):
        described = {name: type_ for name, type_, *_ in query(f"DESCRIBE FROM '{folder}/*.parquet'")}
        assert described == others | {"DATE": kind}


def test_files_with_and_without_a_zone_do_not_go_together(export):
    """The warning is true: the same delivery, another time, depending on the session."""
    export(5001, "mixed/a.parquet", timezone=PRAGUE)
    export(5001, "mixed/b.parquet")
    seen = {
        zone: query("SELECT DISTINCT epoch(min(DATE)) FROM 'mixed/*.parquet' GROUP BY EXPORTED_AT", zone)
        for zone in (PRAGUE, "UTC")
    }
    assert len(seen[PRAGUE]) == 1
    assert len(seen["UTC"]) == 2


def test_the_newest_row_of_a_history(export, capsys):
    for day in ("2026-03-01", "2026-03-02"):
        last = [export(id_send, f"history/{day}/{id_send}.parquet") for id_send in (5001, 5002)]
    capsys.readouterr()
    newest = block("QUALIFY")()["newest"]
    assert {row[0] for row in newest.project("EXPORTED_AT").fetchall()} == {
        datetime.fromisoformat(summary["exported_at"]) for summary in last
    }
    shown = capsys.readouterr().out
    assert f" {2 * RECIPIENTS} " in shown
    assert f" {sum(summary['read_total'] for summary in last)} " in shown


def test_pyarrow_reads_the_folder(export, capsys):
    summaries = [
        export(id_send, f"deliveries/{id_send}.parquet", timezone=PRAGUE) for id_send in (5001, 5002)
    ]
    capsys.readouterr()
    dataset = block("pyarrow")()["deliveries"]
    assert int(capsys.readouterr().out) == sum(summary["status_counts"]["failed"] for summary in summaries)
    first = dataset.head(1, columns=["DATE", "EXPORTED_AT"]).to_pylist()[0]
    assert first["DATE"].tzinfo == ZoneInfo(PRAGUE)
    assert (
        first["EXPORTED_AT"].astimezone(UTC).isoformat(timespec="milliseconds") == summaries[0]["exported_at"]
    )
