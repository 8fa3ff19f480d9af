"""Every example runs to its end on the installed Airflow; what it leaves is compared with the sandbox."""

from __future__ import annotations

import csv
import json
import re
import runpy
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from functools import partial
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from dags.example_runs import (
    BOSS,
    COLUMNS,
    HAS_PARTITIONS,
    IS_AIRFLOW_2,
    ROOT,
    SENDER,
    Runs,
    ask,
    orders,
    read_lines,
    report,
)
from support.days import lasting_day
from support.mail import MailServer
from support.still_sandbox import standing_still

from airflow_provider_mailkit.sandbox import Sandbox


@pytest.fixture(scope="module")
def runs(run_script, database, tmp_path_factory) -> Iterator[Runs]:
    folder = tmp_path_factory.mktemp("files")
    # Each look is later than the one before: all wait in the three looks of the first poll, then none, and
    # the look after that one sees the last read.
    sending = Sandbox(recipients=1003, seconds=20, deliveries=4, clock=partial(next, count(step=25)))
    finished = Sandbox(recipients=203, seconds=0, deliveries=5, first_id_send=7001, last_day=lasting_day(UTC))
    sent = Sandbox(recipients=41, seconds=0, last_day=date(2026, 3, 1))
    back = Sandbox(recipients=41, seconds=0, last_day=date(2026, 3, 1))
    with standing_still(50), sending, finished, sent, back, MailServer() as mail:
        wanted = orders(sending, finished, sent, back, folder)
        order = [
            {
                "dag_id": f"example_mailkit_{example}",
                "connection": sandbox.connection
                | {"extra": {"protocol": protocol, "hash_secret": "a secret"}},
                "mail_connection": mail.connection,
                "conf": conf,
            }
            for example, sandbox, protocol, conf in wanted.values()
        ]
        ended, printed = run_script("run_examples.py", order, timeout=600)
        texts = printed.split("=== example_mailkit_")[1:]
        yield Runs(
            dict(zip(wanted, ended, strict=True)),
            dict(zip(wanted, texts, strict=True)),
            sending,
            finished,
            sent,
            back,
            folder,
            database,
            mail.mails,
        )


def plain(row: dict[str, Any]) -> dict[str, str]:
    """Return an exported row as Mailkit writes it."""
    names = COLUMNS[1:-1]
    return {name: "" if row[name] is None else str(row[name]) for name in names}


def waiting(printed: str, id_send: int) -> list[int]:
    """Return how many recipients of a delivery were waiting in each poll that read its report."""
    polls = re.findall(rf"Delivery {id_send}: (\d+) of 1003 recipients waiting \(", printed)
    return [int(number) for number in polls]


def check_file(path: Path, sandbox: Sandbox, id_send: int, summary: dict[str, Any]) -> list[dict[str, Any]]:
    """Compare a file with the sandbox row by row, and with its summary; returns the rows."""
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = parquet.read_table(path).to_pylist()
    expected = report(sandbox, id_send)
    assert [plain(row) for row in rows] == [{name: row[name] for name in COLUMNS[1:-1]} for row in expected]
    assert tuple(rows[0]) == COLUMNS
    assert {row["ID_SEND"] for row in rows} == {id_send}
    assert len({row["ID_SEND_MESSAGE"] for row in rows}) == len(rows) == sandbox.recipients
    assert summary["id_send"] == id_send
    assert summary["uri"] == f"file://{path}"
    assert summary["rows"] == len(rows)
    assert summary["status_counts"] == dict(sorted(Counter(row["STATUS"] for row in rows).items()))
    assert summary["read_total"] == sum(row["READ_COUNT"] for row in rows) > 0
    assert summary["bytes"] == path.stat().st_size
    return rows


def test_every_run_succeeds(runs):
    assert {name: run["state"] for name, run in runs.ended.items()} == dict.fromkeys(runs.ended, "success")


def test_no_run_says_an_address_or_a_credential(runs):
    for text in runs.printed.values():
        # Airflow 3.0 prints what a run was given: of our own, who sends and gets the page as an e-mail.
        assert set(re.findall(r"[\w.+-]+@example\.\w+", text)) <= {BOSS, SENDER}
        assert runs.sending.client_id not in text


def test_wait_and_export(runs):
    results = runs.ended["wait"]["results"]
    assert results["wait"]["-1"]["status_counts"] == results["export"]["-1"]["status_counts"]
    assert results["wait"]["-1"]["total"] == 1003
    said = waiting(runs.printed["wait"], 5001)
    assert said[0] == 1003
    assert said[-1] == 0
    check_file(runs.folder / "one/recipients_5001.parquet", runs.sending, 5001, results["export"]["-1"])


def test_outlet_gets_the_summary(runs):
    event = "dataset_event" if IS_AIRFLOW_2 else "asset_event"
    query = f"select extra from {event} where source_dag_id = 'example_mailkit_wait_and_export'"  # noqa: S608
    with closing(sqlite3.connect(f"file:{runs.database}?mode=ro", uri=True)) as connection:
        ((extra,),) = connection.execute(query)
    summary = json.loads(extra)
    assert runs.ended["wait"]["results"]["export"]["-1"].items() <= summary.items()


def test_mapped_export(runs):
    results = runs.ended["mapped"]["results"]
    assert results["list_deliveries"]["-1"] == [5002, 5003, 5004]
    for index, id_send in enumerate([5002, 5003, 5004]):
        assert results["one_delivery.wait"][str(index)]["id_send"] == id_send
        said = waiting(runs.printed["mapped"], id_send)
        assert said[0] == 1003
        assert said[-1] == 0
        path = runs.folder / f"many/recipients_{id_send}.parquet"
        check_file(path, runs.sending, id_send, results["one_delivery.export"][str(index)])
    assert len(list((runs.folder / "many").iterdir())) == 3


def test_small_report(runs):
    results = runs.ended["small"]["results"]
    rows = report(runs.finished, 7001)
    names = ("STATUS", "AB_VERSION", "READ_COUNT", "CLICK_COUNT")
    assert [tuple(map(str, row.values())) for row in results["report"]["-1"]] == [
        tuple(row[name] for name in names) for row in rows
    ]
    compared = results["compare_versions"]["-1"]
    assert set(compared) == {"A", "B"}
    for version, numbers in compared.items():
        of_version = [row for row in rows if (row["AB_VERSION"], row["STATUS"]) == (version, "sent")]
        assert numbers == {
            "delivered": len(of_version),
            "readers": sum(row["READ_COUNT"] != "0" for row in of_version),
            "clickers": sum(row["CLICK_COUNT"] != "0" for row in of_version),
        }


def test_reexport_replaces_the_deliveries_of_the_last_days(runs):
    first, second = (runs.ended[name]["results"] for name in ("latest", "latest again"))
    # Today and two days back: the last three of five deliveries.
    assert first["recent_deliveries"]["-1"] == second["recent_deliveries"]["-1"] == [7003, 7004, 7005]
    for index, id_send in enumerate([7003, 7004, 7005]):
        path = runs.folder / f"latest/recipients_{id_send}.parquet"
        rows = check_file(path, runs.finished, id_send, second["export"][str(index)])
        newer = datetime.fromisoformat(second["export"][str(index)]["exported_at"])
        assert {row["EXPORTED_AT"] for row in rows} == {newer}
        assert datetime.fromisoformat(first["export"][str(index)]["exported_at"]) < newer
    assert len(list((runs.folder / "latest").iterdir())) == 3


@pytest.mark.skipif(not HAS_PARTITIONS, reason="from Airflow 3.3 on, tasks can choose partitions")
def test_each_exported_delivery_is_a_partition(runs):
    query = "select partition_key, extra from asset_event where partition_key is not null"
    with closing(sqlite3.connect(f"file:{runs.database}?mode=ro", uri=True)) as connection:
        events = {key: json.loads(extra) for key, extra in connection.execute(query)}
    assert sorted(events) == ["7004", "7005"]
    assert {key: event["id_send"] for key, event in events.items()} == {"7004": 7004, "7005": 7005}
    assert runs.ended["check"]["results"]["check_bounces"]["-1"]["bounced_percent"] == 0


def test_account_reporting(runs):
    pq = pytest.importorskip("pyarrow.parquet")
    folder = runs.folder / "account"
    campaigns = pq.read_table(folder / "campaigns.parquet").to_pylist()
    assert [row["ID_MESSAGE"] for row in campaigns] == list(runs.finished.id_messages)
    deliveries = pq.read_table(folder / "deliveries.parquet").to_pylist()
    expected = [
        (id_message, id_send)
        for id_message in runs.finished.id_messages
        for id_send in runs.finished.id_sends_of(id_message)
    ]
    assert sorted((row["ID_MESSAGE"], row["ID_SEND"]) for row in deliveries) == expected
    for first, second in zip(
        runs.ended["account"]["results"].items(), runs.ended["account again"]["results"].items(), strict=True
    ):
        assert first[0] == second[0]
        assert len(first[1]) == len(second[1]) == (10 if first[0] in ("totals", "links", "bounces") else 1)
    for _, id_send in expected:
        (totals,) = pq.read_table(folder / f"totals/{id_send}.parquet").to_pylist()
        assert (totals["ID_SEND"], totals["SEND_COUNT"]) == (id_send, runs.finished.recipients)
        links = ask(runs.finished, "mailkit.report.message.links", ID_send=id_send)
        clicks = pq.read_table(folder / f"links/{id_send}.parquet")["CLICK"].to_pylist()
        assert sorted(clicks) == sorted(int(link["CLICK"]) for link in links)
        assert len(clicks) > 1
        failed = {
            int(row["ID_SEND_MESSAGE"]) for row in report(runs.finished, id_send) if row["STATUS"] == "failed"
        }
        bounces = pq.read_table(folder / f"bounces/{id_send}.parquet")
        assert set(bounces["ID_SEND_MESSAGE"].to_pylist()) == failed
        assert "EMAIL" not in bounces.column_names
    assert len(list((folder / "bounces").iterdir())) == len(expected) == 10


def test_delivery_page_is_a_file_and_a_mail(runs):
    results = runs.ended["page"]["results"]
    summary = results["page"]["-1"]
    page = (runs.folder / "pages/delivery_7002.html").read_text()
    assert summary["uri"] == f"file://{runs.folder}/pages/delivery_7002.html"
    assert summary["bytes"] == len(page.encode())
    assert summary["recipients"] == 203
    assert "<svg" in page
    (mail,) = runs.mails
    assert (mail["To"], mail["From"]) == (BOSS, SENDER)
    assert mail["Subject"] == f"Delivery 7002: read by {summary['readers']}"
    body = mail.get_body(("html",)).get_content()
    assert "<h1" in body
    assert "Café &amp; shop, issue 2" in body
    assert not re.search(r"\w@\w|%40", page + body)


def test_nobody_gets_a_mail_whom_nobody_named(runs):
    results = runs.ended["page without mail"]["results"]
    assert results["page"]["-1"]["id_send"] == 7003
    assert results["body"]["-1"] is None
    assert sorted(path.name for path in (runs.folder / "pages").iterdir()) == [
        "delivery_7002.html", "delivery_7003.html"
    ]  # fmt: skip


def test_daily_folders_are_those_of_the_deliveries(runs):
    details = runs.ended["folders"]["results"]["places"]["-1"]
    # Today and one day back, of both campaigns.
    wanted = [id_send for id_message in runs.finished.id_messages
              for id_send in runs.finished.id_sends_of(id_message)[-2:]]  # fmt: skip
    assert [each["id_send"] for each in details] == wanted
    days = {}
    for id_message in runs.finished.id_messages:
        for record in ask(runs.finished, "mailkit.report.campaign", ID_message=id_message):
            days[int(record["ID_SEND"])] = record["DATE"][:10]
    assert len({days[id_send] for id_send in wanted}) == 2
    for index, id_send in enumerate(wanted):
        path = runs.folder / f"folders/date={days[id_send]}/recipients_{id_send}.parquet"
        summary = runs.ended["folders"]["results"]["one_delivery.export"][str(index)]
        check_file(path, runs.finished, id_send, summary)
    assert len(list((runs.folder / "folders").rglob("*.parquet"))) == 4


def test_logs_are_landed_once(runs):
    pq = pytest.importorskip("pyarrow.parquet")
    first, second = (runs.ended[name]["results"]["export_responses"]["-1"] for name in ("logs", "logs again"))
    reactions = ask(runs.finished, "mailkit.report.raw.responses")
    (file,) = first["files"]
    rows = pq.read_table(file["uri"].removeprefix("file://")).to_pylist()
    assert [row["ID_LOG"] for row in rows] == [int(row["ID_log"]) for row in reactions]
    assert not {"EMAIL", "IP"} & set(rows[0])
    assert (first["rows"], second["rows"], second["files"]) == (len(reactions), 0, [])
    assert [path.name for path in (runs.folder / "logs/responses").glob("part-*")] == [
        file["uri"].rpartition("/")[2]
    ]


def test_suppressions(runs):
    def rows(name):
        with (runs.folder / f"suppressions/{name}.csv").open(newline="") as file:
            return list(csv.DictReader(file))

    gone = ask(runs.finished, "mailkit.mailinglist.unsubscribed", range_from="2020-01-01")
    assert [row["EMAIL"] for row in rows("unsubscribed")] == [row["EMAIL"] for row in gone]
    assert len({row["ID_UNSUBSCRIBE_GROUP"] for row in rows("unsubscribed")}) > 1
    lists = runs.ended["suppressions"]["results"]["ids"]["-1"]
    members = {
        (str(id_), row["EMAIL"])
        for id_ in lists
        for row in ask(runs.finished, "mailkit.mailinglist.getstatus", ID_user_list=id_) or ()
        if row["STATUS"] == "permanent"
    }
    assert {(row["ID_USER_LIST"], row["EMAIL"]) for row in rows("permanent")} == members
    assert len({id_ for id_, _ in members}) > 1
    assert len(rows("permanent")) == len(members)


def test_audience(runs):
    first, second = (runs.ended[name]["results"]["import"]["-1"] for name in ("audience", "audience again"))
    assert (first["rows"], first["rejected"], first["acknowledged"], first["count_new"]) == (152, 2, 150, 150)
    assert (first["list_before"], first["list_after"]) == (41, 191)
    assert (second["count_new"], second["count_updated"], second["list_after"]) == (0, 150, 191)
    assert second["previous"]["acknowledged"] == 150
    imported = [action.rows for action in runs.back.actions if action.function.endswith("import")]
    assert imported == [150, 150]
    member = ask(runs.back, "mailkit.email.getstatus", email="p149@example.com")
    assert (member["FIRST_NAME"], member["CUSTOM_1"], member["STATUS"]) == ("Jana", "gold", "unknown")
    rejected = read_lines(runs.folder / "audience/rejected_41001.jsonl")
    assert [(row["ROW"], row["REASON"]) for row in rejected] == [(151, "not an address"), (152, "no address")]
    receipts = read_lines(runs.folder / "audience/imports_41001.jsonl")
    assert [(row["FIRST"], row["LAST"], row["OUTCOME"]) for row in receipts] == [(1, 150, "acknowledged")] * 2
    for name in ("audience", "audience again"):
        results = runs.ended[name]["results"]
        id_send = results["send"]["-1"]
        assert results["wait"]["-1"]["id_send"] == results["export"]["-1"]["id_send"] == id_send
        assert (runs.folder / f"audience/audience_{id_send}.csv").exists()


def test_erasure(runs):
    first, second = (runs.ended[name]["results"]["wipe"]["-1"] for name in ("erasure", "erasure again"))
    assert first["outcomes"] == {"done": 2, "unknown": 1}
    assert second["outcomes"] == {"already done": 2, "unknown": 1}
    assert len(runs.finished.wiped) == 2
    receipts = read_lines(runs.folder / "erasure/erasures.jsonl")
    assert len(receipts) == 6
    assert len({row["ADDRESS_HASH"] for row in receipts}) == 3
    assert "@" not in (runs.folder / "erasure/erasures.jsonl").read_text()


def test_a_campaign_is_sent_and_its_recipients_are_exported(runs):
    assert runs.sent.log.done["mailkit.campaigns.single.schedule"] == 1
    results = runs.ended["send"]["results"]
    # The fourth delivery of the second campaign: it was not there before.
    assert results["send"]["-1"] == results["export"]["-1"]["id_send"] == 15004
    with (runs.folder / "sent/sent_15004.csv").open(newline="") as file:
        exported = {row["ID_SEND_MESSAGE"] for row in csv.DictReader(file)}
    assert exported == {row["ID_SEND_MESSAGE"] for row in report(runs.sent, 15004)}
    assert len(exported) == 41
    assert "experimental" in runs.printed["send"]


@pytest.mark.skipif(IS_AIRFLOW_2, reason="assets have watchers from Airflow 3 on")
def test_campaign_event_exports_what_the_events_name(runs):
    found = runpy.run_path(str(ROOT / "dags_examples/example_mailkit_campaign_event.py"))

    def event(id_send):
        return SimpleNamespace(extra={"from_trigger": True, "payload": {"id_send": id_send, "total": 3}})

    ids = found["finished_deliveries"].function
    assert ids({"one": [event(5002), event(5001)], "other": [event(5002)]}) == [5001, 5002]
    # Somebody has started it by hand: there is no event, and nothing to export.
    assert runs.ended["event"]["results"]["finished_deliveries"]["-1"] == []
    assert not (runs.folder / "none").exists()
