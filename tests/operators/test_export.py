"""The operator for every report: what breaks a DAG, what a run refuses, its files, rows and summaries."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest
from airflow import DAG
from support.reports import PROTOCOLS

from airflow_provider_mailkit._compat import AirflowFailException, Asset
from airflow_provider_mailkit.catalogue.reports import REPORTS
from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.operators.mailkit import (
    MailkitDeliveriesOperator,
    MailkitExportOperator,
    MailkitRecipientsOperator,
)
from airflow_provider_mailkit.sandbox import Sandbox

RECIPIENTS = 37
REPORT = "mailkit.report.message.recipients"
LINKS = "mailkit.report.message.links"
CAMPAIGN = "mailkit.report.campaign"
ONE = {"ID_send": 5001}
DAYS = {"range_from": "2026-02-01", "range_to": "2026-03-31"}
both_protocols = pytest.mark.parametrize("mailkit", PROTOCOLS, indirect=True)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(recipients=RECIPIENTS, seconds=0, last_day=date(2026, 3, 5)) as running:
        yield running


@pytest.fixture
def mailkit(
    request: pytest.FixtureRequest, sandbox: Sandbox, mailkit_connection: Callable[..., str]
) -> Sandbox:
    """Connect to the sandbox, in the protocol that a test asks for."""
    protocol = getattr(request, "param", "json")
    mailkit_connection(
        sandbox.base_url, protocol, max_attempts=1, timezone="Europe/Prague", hash_secret="a secret key"
    )
    return sandbox


class Ti:
    def __init__(self) -> None:
        self.pushed: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value


def export(function: str = REPORT, parameters: Any = ONE, **arguments: Any) -> MailkitExportOperator:
    return MailkitExportOperator(task_id="export", function=function, parameters=parameters, **arguments)


def run(function: str, parameters: Any = None, ti: Ti | None = None, **arguments: Any) -> Any:
    return export(function, parameters, **arguments).execute({"ti": ti or Ti()})


BROKEN = {
    "misspelt function": ({"function": "mailkit.report.message.recipient"}, f"The nearest is {REPORT}"),
    "function in capitals": ({"function": REPORT.upper()}, f"The nearest is {REPORT}"),
    "function without rows": ({"function": "mailkit.sendmail"}, "MailkitHook.call"),
    "function that writes": ({"function": "mailkit.mailinglist.create"}, "answer has rows"),
    "no function": ({"function": None}, "function must be one whose answer has rows"),
    "template of a function": ({"function": "{{ params.function }}"}, "function must be one"),
    "no parameters": ({"parameters": None}, "ID_send is missing"),
    "misspelt parameter": ({"parameters": {"ID_sent": 5001}}, "'ID_sent'.*nearest is ID_send"),
    "misspelt parameter of a template": (
        {"parameters": {"ID_sent": "{{ ds }}", **ONE}}, "'ID_sent'.*nearest is ID_send"
    ),
    "one more parameter": ({"parameters": {"period": "DAY", **ONE}}, "'period' is not a parameter"),
    "parameters in a list": ({"parameters": [("ID_send", 5001)]}, "parameters must be a dict"),
    "number of a parameter": ({"parameters": {5: 5001}}, "parameters must be a dict"),
    "ID as text": ({"parameters": {"ID_send": "none"}}, "ID_send must be"),
    "ID of nothing": ({"parameters": {"ID_send": 0}}, "ID_send must be"),
    "no IDs": ({"parameters": {"ID_send": []}}, "ID_send is an empty list"),
    "bad ID in a list": ({"parameters": {"ID_send": [5001, "x"]}}, "ID_send must be"),
    "all where it means nothing": ({"parameters": {"ID_send": "all"}}, "ID_send must be"),
    "period": (
        {"function": "mailkit.report.message.feedback", "parameters": {"period": "YEAR", **ONE}},
        "period must be one of DAY, WEEK, MONTH",
    ),
    "period next to a template": (
        {
            "function": "mailkit.report.message.feedback",
            "parameters": {"period": "YEAR", "ID_send": "{{ params.id_send }}"},
        },
        "period must be one of DAY, WEEK, MONTH",
    ),
    "a list where a page has one ID": (
        {"function": "mailkit.report.raw.bounces", "parameters": {"ID_send": [5001, 5002]}}, "ID_send"
    ),
    "page of one row": (
        {"function": "mailkit.report.raw.bounces", "parameters": {"limit": 1}}, "limit must be 2 or more"
    ),
    "page too large": (
        {"function": "mailkit.report.raw.bounces", "parameters": {"limit": 25001}}, "limit must be"
    ),
    "day": ({"function": "mailkit.report", "parameters": {"range_from": "soon"}}, "range_from must be a day"),
    "column of another report": ({"columns": ["ID_URL"]}, "'ID_URL'"),
    "misspelt column": ({"columns": ["STATUS", "EMAL"]}, "'EMAL'.*Did you mean 'EMAIL'"),
    "column that is left out": ({"columns": ["EMAIL"], "addresses": "drop"}, "'EMAIL'"),
    "personal column that is left out": (
        {
            "function": "mailkit.mailinglist.getstatus",
            "parameters": {"ID_user_list": 1},
            "columns": ["ID_EMAIL", "PHONE"],
            "personal": "drop",
        },
        "'PHONE'",
    ),
    "personal": ({"personal": "hash"}, "personal must be one of keep, drop"),
    "look back": ({"look_back_days": -1}, "look_back_days must be a number of days"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_literal_mistake_breaks_the_dag(case: str) -> None:
    arguments, words = BROKEN[case]
    with pytest.raises(MailkitError, match=words) as caught:
        export(**arguments)
    assert isinstance(caught.value, AirflowFailException)


@pytest.mark.parametrize(
    "case",
    [
        "misspelt function", "no parameters", "misspelt parameter", "no IDs", "misspelt column",
        "personal column that is left out", "look back",
    ],
)  # fmt: skip
def test_a_literal_mistake_of_a_mapped_task_breaks_the_dag(case: str) -> None:
    arguments, words = BROKEN[case]
    with pytest.raises(MailkitError, match=words):
        MailkitExportOperator.partial(task_id="export", **{"function": REPORT, "parameters": ONE} | arguments)


def test_what_a_template_another_task_or_a_mapping_fills_in_parses() -> None:
    with DAG("d", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
        found = MailkitDeliveriesOperator(task_id="list", id_message=3001)
        MailkitExportOperator(task_id="all", function=REPORT, parameters={"ID_send": found.output})
        MailkitExportOperator(task_id="rendered", function=REPORT, parameters="{{ params.asked }}")
        MailkitExportOperator(
            task_id="days",
            function="mailkit.report.message.feedback",
            parameters={"ID_send": ["{{ params.id_send }}", 5002], "period": "{{ params.period }}"},
            output_path="s3://lake/{{ ti.task.parameters.period }}.csv",
        )
        MailkitExportOperator.partial(task_id="mapped", function=REPORT, columns=["STATUS"]).expand(
            parameters=found.output.map(lambda id_send: {"ID_send": id_send})
        )
        MailkitExportOperator.partial(task_id="functions", parameters=ONE, columns=["ID_SEND"]).expand(
            function=[REPORT, LINKS]
        )
    assert {name: dag.get_task(name).upstream_task_ids for name in dag.task_ids} == {
        "list": set(), "all": {"list"}, "rendered": set(), "days": set(), "mapped": {"list"},
        "functions": set(),
    }  # fmt: skip


def test_recipients_have_no_parameters_of_their_own() -> None:
    with pytest.raises(TypeError, match="parameters"):
        MailkitRecipientsOperator(task_id="export", id_send=5001, parameters={"ID_send": 5002})


RENDERED = {
    "None": ({"ID_send": "{{ params.nothing }}"}, "ID_send is missing"),
    "no list": ({"ID_send": "{{ params.ids }}"}, "ID_send is an empty list"),
    "not a dict": ("{{ params.ids }}", "parameters must be a dict"),
    "other name": ("{{ params.other }}", "'ID_sent'"),
}


@pytest.mark.parametrize("case", RENDERED)
def test_what_is_rendered_is_checked_before_mailkit_is_called(
    mailkit_connection: Callable[..., str], tmp_path: Path, case: str
) -> None:
    parameters, words = RENDERED[case]
    # Nobody listens there.
    mailkit_connection("http://127.0.0.1:9")
    operator = export(REPORT, parameters, output_path=f"{tmp_path}/a.csv")
    with DAG(
        "d",
        schedule=None,
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        render_template_as_native_obj=True,
    ) as dag:
        pass
    operator.dag = dag
    operator.render_template_fields({"params": {"nothing": "None", "ids": [], "other": {"ID_sent": 1}}})
    with pytest.raises(AirflowFailException, match=words):
        operator.execute({})
    assert os.listdir(tmp_path) == []


def test_a_hash_needs_a_key_before_mailkit_is_called(mailkit_connection: Callable[..., str]) -> None:
    mailkit_connection("http://127.0.0.1:9")
    with pytest.raises(AirflowFailException, match="hash_secret"):
        run(REPORT, ONE, addresses="hash")


FAMILIES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "campaigns": ("mailkit.report", DAYS, {"rows": 2, "send_total": 2 * 3 * RECIPIENTS}),
    "deliveries of all campaigns": (
        CAMPAIGN, {"ID_message": "ALL ", **DAYS},
        {"id_message": "all", "rows": 6, "skipped": 0, "first_date": "2026-03-03T06:00:00+01:00"},
    ),
    "totals of several deliveries": (
        "mailkit.report.message", {"ID_send": [5001, "5003", 5003]},
        {"id_send": [5001, 5003], "rows": 2, "send_total": 2 * RECIPIENTS},
    ),
    "recipients": (
        "mailkit.report.message.recipients", {"ID_send": "5001"},
        {"id_send": 5001, "rows": RECIPIENTS, "read_recipients": 22},
    ),
    "feedback": (
        "mailkit.report.message.feedback", {"ID_send": 5001, "period": "DAY"},
        {"id_send": 5001, "period": "DAY", "rows": 11},
    ),
    "links": (LINKS, {"ID_send": 5001}, {"id_send": 5001, "rows": 2}),
    "visitors": (
        "mailkit.report.message.links.visitors", {"ID_send": 5001, "ID_url": "all"},
        {"id_send": 5001, "id_url": "all", "rows": 3},
    ),
    "raw messages": (
        "mailkit.report.raw.messages", {"limit": 100}, {"rows": 6 * RECIPIENTS, "pages": 3}
    ),
    "raw bounces": ("mailkit.report.raw.bounces", {"ID_send": 5001}, {"rows": 1, "pages": 1}),
    "members of lists": (
        "mailkit.mailinglist.getstatus", {"ID_user_list": [41001, 41002]}, {"id_user_list": [41001, 41002]}
    ),
    "unsubscribed": ("mailkit.mailinglist.unsubscribed", {"range_from": "2026-02-01"}, {"rows": 2}),
    "account": ("mailkit.mailinglist.list", {}, {"rows": 3}),
}  # fmt: skip
OF_A_FILE = {"uri", "file_format", "compression", "bytes", "sha256", "exported_at", "seconds"}


@both_protocols
@pytest.mark.parametrize("family", FAMILIES)
def test_a_summary_tells_what_its_report_counts(mailkit: Sandbox, tmp_path: Path, family: str) -> None:
    function, parameters, expected = FAMILIES[family]
    summaries = {}
    for suffix in ("jsonl", "csv", "parquet"):
        path = tmp_path / f"a.{suffix}"
        summary = summaries[suffix] = run(function, parameters, output_path=str(path))
        data = path.read_bytes()
        assert (summary["bytes"], summary["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
        assert "@" not in json.dumps(summary)
    report = REPORTS[function]
    measured = [name for measure in report.measures for name in measure.names]
    paged = ["pages"] if report.paging else []
    skipped = ["skipped"] if any(every.may_vanish for every in report.every) else []
    assert list(summaries["csv"]) == [
        "function", *(context.parameter.lower() for context in report.context), "uri", "file_format",
        "compression", "rows", "bytes", "sha256", *measured_in_order(measured, summaries["csv"]),
        "duplicates", *paged, *skipped, "exported_at", "seconds",
    ]  # fmt: skip
    assert {name: summaries["csv"][name] for name in expected} == expected
    told = [
        {name: value for name, value in each.items() if name not in OF_A_FILE} for each in summaries.values()
    ]
    assert told[0] == told[1] == told[2]
    names = [*report.column_names, "EXPORTED_AT"]
    rows = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert {tuple(row) for row in rows} == {tuple(names)}
    table = pq.read_table(tmp_path / "a.parquet")
    assert (len(rows), table.num_rows) == (summaries["csv"]["rows"],) * 2 != (0, 0)
    assert table.column_names == names


def measured_in_order(measured: list[str], summary: dict[str, Any]) -> list[str]:
    """Return the names of measures as the summary has them, having seen that it has all."""
    assert set(measured) <= summary.keys()
    return [name for name in summary if name in measured]


@both_protocols
def test_rows_go_to_xcom_with_the_summary_beside_them(mailkit: Sandbox) -> None:
    ti = Ti()
    rows = run("mailkit.report.message", {"ID_send": [5002, 5001]}, ti)
    assert [(row["ID_SEND"], row["SEND_COUNT"], row["SEND_DATE"]) for row in rows] == [
        (5002, RECIPIENTS, "2026-03-04T06:00:00+01:00"),
        (5001, RECIPIENTS, "2026-03-03T06:00:00+01:00"),
    ]
    summary = ti.pushed["summary"]
    assert (summary["function"], summary["id_send"], summary["uri"]) == (
        "mailkit.report.message", [5002, 5001], None
    )  # fmt: skip
    assert summary["sha256"] == hashlib.sha256(json.dumps(rows).encode()).hexdigest()
    with pytest.raises(AirflowFailException, match="output_path"):
        run("mailkit.report.message", {"ID_send": [5002, 5001]}, max_xcom_bytes=summary["bytes"] - 1)


@both_protocols
def test_a_list_of_ids_is_one_file_whose_rows_are_told_apart(mailkit: Sandbox, tmp_path: Path) -> None:
    whole = [run(LINKS, {"ID_send": id_send}) for id_send in (5003, 5001)]
    for ids in ([5003, 5001], (5003, "5001"), range(5003, 5000, -2)):
        summary = run(LINKS, {"ID_send": ids}, output_path=f"{tmp_path}/a.jsonl")
        rows = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
        assert without_time(rows) == without_time([*whole[0], *whole[1]])
        assert (summary["id_send"], summary["duplicates"]) == ([5003, 5001], 0)
    assert {row["ID_SEND"] for row in rows} == {5001, 5003}


@both_protocols
def test_all_campaigns_are_one_file(mailkit: Sandbox) -> None:
    each = [run(CAMPAIGN, {"ID_message": id_message, **DAYS}) for id_message in mailkit.id_messages]
    found = run(CAMPAIGN, {"ID_message": " All ", **DAYS})
    assert without_time(found) == without_time([row for rows in each for row in rows])
    assert [row["ID_MESSAGE"] for row in found] == [3001] * 3 + [3002] * 3


def without_time(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != "EXPORTED_AT"} for row in rows]


@pytest.mark.parametrize(
    ("parameters", "look_back_days", "days"),
    [
        ({"range_to": "2026-03-05"}, 0, [5]),
        ({"range_to": "2026-03-05"}, 1, [4, 5]),
        ({"range_to": "2026-03-04"}, 30, [3, 4]),
        ({"range_from": "2026-03-04", "range_to": "2026-03-05"}, 0, [4, 5]),
    ],
    ids=["that day", "and the day before", "a month", "with a beginning"],
)
def test_days_are_counted_back(
    mailkit: Sandbox, parameters: dict[str, str], look_back_days: int, days: list[int]
) -> None:
    rows = run(CAMPAIGN, {"ID_message": 3001, **parameters}, look_back_days=look_back_days)
    assert [date.fromisoformat(row["DATE2"]).day for row in rows] == days


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_hidden_is_hidden(mailkit: Sandbox, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    rows = run(
        "mailkit.report.raw.messages", {"ID_send": 5001}, max_xcom_bytes=10**7, columns=["EMAIL", "LAST_NAME"]
    )
    run(
        "mailkit.report.raw.messages", {"ID_send": 5001},
        output_path=str(path), addresses="hash", personal="drop",
    )  # fmt: skip
    written = pq.read_table(path).to_pylist() if suffix == "parquet" else path.read_text()
    assert len(rows) == RECIPIENTS
    assert rows[0]["EMAIL"] not in str(written)
    assert "LAST_NAME" not in str(written)
    assert "EMAIL" in str(written)


def test_outlets_get_the_summary(mailkit: Sandbox, tmp_path: Path) -> None:
    asset = Asset(f"file://{tmp_path}/a.csv")
    event = SimpleNamespace(extra={})
    operator = export(REPORT, ONE, output_path=f"{tmp_path}/a.csv", outlets=[asset])
    events = type("Events", (), {"__getitem__": lambda self, outlet: event})()
    summary = operator.execute({"ti": Ti(), "outlet_events": events})
    assert event.extra == summary
    assert summary["function"] == REPORT


def test_the_log_says_in_a_sentence_what_was_exported(
    mailkit: Sandbox, tmp_path: Path, task_log: Callable[[], str]
) -> None:
    run(
        "mailkit.report.message.links.visitors",
        {"ID_send": [5001], "ID_url": "all"},
        output_path=f"{tmp_path}/a.csv",
    )
    run("mailkit.report.raw.bounces", {"limit": 3}, output_path=f"{tmp_path}/b.csv")
    log = task_log()
    assert f"Exported 3 rows to file://{tmp_path}/a.csv, " in log
    assert ": mailkit.report.message.links.visitors of 1 delivery, all links." in log
    assert "5 pages) to file://" in log


def test_a_refusal_publishes_nothing(mailkit: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("older")
    with pytest.raises(AirflowFailException, match="Invalid ID_send"):
        run(REPORT, {"ID_send": [5001, 9999]}, output_path=f"{tmp_path}/a.csv")
    with pytest.raises(AirflowFailException, match="exists already"):
        run(REPORT, ONE, output_path=f"{tmp_path}/a.csv", overwrite=False)
    assert (os.listdir(tmp_path), (tmp_path / "a.csv").read_text()) == (["a.csv"], "older")
