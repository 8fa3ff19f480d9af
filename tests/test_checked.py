"""Arguments of the operators: checked when a DAG is parsed, or once they are rendered; never after a call."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pendulum
import pytest
from airflow import DAG
from support.modes import task_group
from support.reports import PROTOCOLS, encode, recipient
from support.server import FaultServer, plain

from airflow_provider_mailkit._compat import AirflowFailException
from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.operators.mailkit import (
    MailkitDeliveriesOperator,
    MailkitExportOperator,
    MailkitRecipientsOperator,
)

REPORT = [recipient(number) for number in range(5)]
DELIVERIES = [{"ID_SEND": 5001, "DATE": "2026-03-01 06:00:00"}, {"ID_SEND": 5002}]


@pytest.fixture(params=PROTOCOLS)
def mailkit(request, mailkit_connection):
    """Start a server that answers with a report, in either protocol."""
    servers = []

    def start(answer=None, **extra):
        server = FaultServer([plain(encode(request.param, REPORT if answer is None else answer))]).__enter__()
        servers.append(server)
        mailkit_connection(server.base_url, request.param, max_attempts=1, **extra)
        return server

    yield start
    for server in servers:
        server.__exit__(None, None, None)


def export(**arguments: Any) -> MailkitRecipientsOperator:
    return MailkitRecipientsOperator(task_id="export", **{"id_send": 5001} | arguments)


def deliveries(**arguments: Any) -> MailkitDeliveriesOperator:
    return MailkitDeliveriesOperator(task_id="list", **{"id_message": 3001} | arguments)


def rendered(operator: Any, native: bool = False, **context: Any) -> Any:
    with DAG(
        "d", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC), render_template_as_native_obj=native
    ) as dag:
        pass
    operator.dag = dag
    operator.render_template_fields({"ti": type("Ti", (), {"task": operator})(), **context})
    return operator


BROKEN_EXPORTS = {
    "misspelt column": ({"columns": ["SATUS", "EMAIL"]}, r"'SATUS'.*Did you mean 'STATUS'"),
    "column in lower case": ({"columns": ["status"]}, "Did you mean 'STATUS'"),
    "one text": ({"columns": "STATUS"}, "columns must be a list of texts"),
    "a set of columns": ({"columns": {"STATUS", "EMAIL"}}, "columns must be a list"),
    "a generator": ({"columns": (name for name in ("STATUS",))}, "columns must be a list"),
    "no column": ({"columns": []}, "columns must name each wanted column once"),
    "twice": ({"columns": ["STATUS", "STATUS"]}, "columns must name each wanted column once"),
    "a column that is not there": ({"columns": ["EXTRA"]}, "'EXTRA'"),
    "a column that is left out": ({"columns": ["EMAIL"], "addresses": "drop"}, "'EMAIL'"),
    "a list": ({"addresses": ["hash"]}, "addresses must be one of keep, hash, drop"),
    "none": ({"addresses": None}, "addresses must be one of keep, hash, drop, not None"),
    "unknown fields": ({"unknown_fields": "ignore"}, "unknown_fields must be one of warn, keep, fail"),
    "format": ({"file_format": "xlsx", "output_path": "a.csv"}, "file_format must be one of jsonl, csv"),
    "format without a path": ({"file_format": "xlsx"}, "file_format must be one of"),
    "compression": ({"compression": "gz", "output_path": "a.csv"}, "compression must be one of gzip, zstd"),
    "two compressions": ({"compression": "zstd", "output_path": "a.csv.gz"}, r"ends with \.gz, but .* zstd"),
    "inside": ({"file_format": "parquet", "compression": "gzip", "output_path": "{{ x }}"}, "inside"),
    "no suffix": ({"output_path": "s3://lake/report"}, "'report'.*file_format"),
    "other suffix": ({"output_path": "s3://lake/5001.cvs"}, r"'5001\.cvs'"),
    "other suffix of a template": ({"output_path": "s3://lake/{{ ti.task.id_send }}.cvs"}, r"'\.cvs'"),
    "no suffix after a template": ({"output_path": "s3://lake/{{ run_id }}/report"}, "'report'"),
    "home": ({"output_path": "~/{{ ds }}.csv"}, "absolute path"),
    "empty": ({"output_path": ""}, "it is empty"),
    "None in an f-string": ({"output_path": f"{None}/5001.csv"}, r"'None/5001\.csv'.*None"),
    "a number": ({"output_path": 5001}, "output_path must be a text"),
    "storage connection": ({"output_conn_id": 5, "output_path": "a.csv"}, "output_conn_id must be a text"),
    "overwrite": ({"overwrite": "False"}, "overwrite must be True or False"),
    "overwrite of a template": ({"overwrite": "{{ params.x }}"}, "No template is rendered here"),
    "bytes": ({"max_xcom_bytes": "many"}, "max_xcom_bytes must be a number of bytes"),
    "negative bytes": ({"max_xcom_bytes": -1}, "max_xcom_bytes must be"),
    "infinite bytes": ({"max_xcom_bytes": float("inf")}, "max_xcom_bytes must be"),
    "True bytes": ({"max_xcom_bytes": True}, "max_xcom_bytes must be"),
    "no connection": ({"mailkit_conn_id": None}, "mailkit_conn_id must be a text"),
    "no ID": ({"id_send": None}, "id_send must be the ID of a delivery"),
    "ID as a float": ({"id_send": 5001.0}, r"id_send must be .*, not 5001\.0"),
    "several IDs": ({"id_send": [5001, 5002]}, "id_send must be"),
}  # fmt: skip
BROKEN_LISTS = {
    "ID": ({"id_message": True}, "id_message must be the ID of a campaign"),
    "first day": ({"date_from": "yesterday"}, "date_from must be a day"),
    "a week": ({"date_to": "2026-W10"}, "date_to must be a day"),
    "no day between": ({"date_from": "2026-03-02", "date_to": date(2026, 3, 1)}, "is after date_to"),
    "look back": ({"look_back_days": -1}, "look_back_days must be a number of days"),
    "deliveries": ({"max_deliveries": "all"}, "max_deliveries must be a number"),
    "connection": ({"mailkit_conn_id": ""}, "mailkit_conn_id must be a text"),
}  # fmt: skip
BROKEN = {("export", case): (export, *row) for case, row in BROKEN_EXPORTS.items()} | {
    ("list", case): (deliveries, *row) for case, row in BROKEN_LISTS.items()
}


@pytest.mark.parametrize("case", BROKEN, ids=" ".join)
def test_a_literal_mistake_breaks_the_dag(case):
    make, arguments, words = BROKEN[case]
    with pytest.raises(MailkitError, match=words) as caught:
        make(**arguments)
    # A mapped task is made when it runs: retries would not mend it.
    assert isinstance(caught.value, AirflowFailException)


@pytest.mark.parametrize(
    "case", ["misspelt column", "one text", "a list", "overwrite", "negative bytes", "home"]
)
def test_a_literal_mistake_of_a_mapped_task_breaks_the_dag(case):
    arguments, words = BROKEN_EXPORTS[case]
    arguments = {
        name: value.replace("{{ ds }}", "x") if isinstance(value, str) else value
        for name, value in arguments.items()
    }
    with pytest.raises(MailkitError, match=words):
        MailkitRecipientsOperator.partial(task_id="export", **arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"output_path": "{{ params.path }}"},
        {"output_path": "{{ params.path }}.gz"},
        {"output_path": "s3://lake/{{ ds }}.{{ params.suffix }}"},
        {"output_path": "s3://lake/{{ ds }}.csv{{ params.packed }}"},
        {"output_path": "{{ params.path }}", "file_format": "csv", "compression": "zstd"},
        {"output_path": "s3://lake/{{ ds }}", "file_format": "csv"},
        {"output_path": Path("/data/a.csv")},
        {"columns": ("STATUS", "EXTRA"), "unknown_fields": "keep"},
        {"max_xcom_bytes": "100"},
        {"max_xcom_bytes": 100.0},
        {"id_send": "{{ params.id_send }}", "mailkit_conn_id": "{{ params.conn }}"},
        {"addresses": "hash"},
        {"output_path": "a.parquet"},
    ],
    ids=str,
)  # fmt: skip
def test_what_may_be_right_parses(arguments, monkeypatch):
    # What writes a format is installed where tasks run, and maybe not where DAGs are parsed.
    monkeypatch.setattr("airflow_provider_mailkit.writers.find_spec", lambda name: None)
    export(**arguments)


def test_what_another_task_or_a_mapping_fills_in_parses():
    with DAG("d", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
        found = MailkitDeliveriesOperator(task_id="list", id_message="{{ params.id_message }}")
        MailkitRecipientsOperator(task_id="export", id_send=found.output, output_path=found.output)

        @task_group
        def each(number: int) -> None:
            MailkitRecipientsOperator(task_id="one", id_send=number)

        each.expand(number=found.output)
        MailkitRecipientsOperator.partial(
            task_id="mapped", columns=["STATUS"], output_path="s3://lake/{{ ti.task.id_send }}.csv"
        ).expand(id_send=found.output)
    assert {name: dag.get_task(name).upstream_task_ids for name in dag.task_ids} == {
        "list": set(), "export": {"list"}, "each.one": {"list"}, "mapped": {"list"}
    }  # fmt: skip


def test_a_nontemplated_argument_of_another_task_is_refused():
    with DAG("d", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):
        found = MailkitDeliveriesOperator(task_id="list", id_message=3001)
        with pytest.raises(
            MailkitError, match=r"columns must be a list of texts, .*No template is rendered here"
        ):
            MailkitRecipientsOperator(task_id="export", id_send=5001, columns=found.output)


RENDERED = {
    "None": ("{{ params.x }}", "None"),
    "None in a folder": ("/data/{{ params.x }}/5001.csv", "None/5001"),
    "None in a bucket's folder": ("s3://bucket/{{ params.x }}/5001.csv", "bucket/None/5001"),
    "empty": ("{{ '' }}", "empty"),
    "line break": ("{{ '/data/5001.csv\n' }}", "line break"),
    "home": ("{{ '~' }}/5001.csv", "absolute path"),
    "drive": ("{{ 'C:' }}/5001.csv", "Windows"),
    "no suffix": ("{{ '/data/5001' }}", "5001"),
}


@pytest.mark.parametrize("native", [False, True], ids=["text", "native"])
@pytest.mark.parametrize("case", RENDERED)
def test_a_rendered_path_is_checked_before_anything_else(tmp_path, monkeypatch, case, native):
    """Neither Mailkit's connection nor a disk is looked at."""
    monkeypatch.chdir(tmp_path)
    template, words = RENDERED[case]
    operator = rendered(export(output_path=template, mailkit_conn_id="undefined"), native, params={"x": None})
    with pytest.raises(AirflowFailException, match=words) as caught:
        operator.execute({})
    assert "output_path" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [None, "", "None", " ", 5001.0, ["x"]], ids=repr)
@pytest.mark.parametrize("native", [False, True], ids=["text", "native"])
def test_a_rendered_id_is_checked_before_mailkit_is_called(mailkit, value, native):
    server = mailkit()
    for operator in (export(id_send="{{ params.x }}"), deliveries(id_message="{{ params.x }}")):
        with pytest.raises(AirflowFailException, match=r"^id_(send|message) must be"):
            rendered(operator, native, params={"x": value}).execute({})
    assert server.requests == []


def test_an_id_is_trimmed_for_the_call_and_for_other_templates(mailkit, tmp_path):
    mailkit()
    for value in (" 5001 ", "{{ params.x }}"):
        operator = export(id_send=value, output_path=f"{tmp_path}/{{{{ ti.task.id_send }}}}.csv")
        summary = rendered(operator, params={"x": "\t5001\n"}).execute({})
        assert (summary["id_send"], summary["uri"]) == (5001, f"file://{tmp_path}/5001.csv")
    assert deliveries(id_message=" 3001 ").id_message == "3001"


@pytest.mark.parametrize(
    ("value", "asked"),
    [
        ("{{ ds_nodash }}", "2026-03-01"),
        ("{{ ds }}", "2026-03-01"),
        ("{{ data_interval_start }}", "2026-03-01"),
        ("{{ data_interval_start.isoformat() }}", "2026-03-01"),
        (20260301, "2026-03-01"),
        (pendulum.datetime(2026, 3, 1, 8), "2026-03-01"),
        (pendulum.date(2026, 3, 1), "2026-03-01"),
    ],
    ids=str,
)
@pytest.mark.parametrize("native", [False, True], ids=["text", "native"])
def test_days_may_be_written_and_rendered_in_every_way(mailkit_connection, value, asked, native):
    context = {
        "ds_nodash": "20260301", "ds": "2026-03-01", "data_interval_start": pendulum.datetime(2026, 3, 1, 8)
    }  # fmt: skip
    with FaultServer([plain(json.dumps(DELIVERIES).encode())]) as server:
        mailkit_connection(server.base_url)
        operator = deliveries(date_from=value, look_back_days="{{ 3 }}", max_deliveries="5")
        assert rendered(operator, native, **context).execute({}) == [5001, 5002]
        asked_for = {"ID_message": 3001, "range_from": value, "range_to": value}
        whole = MailkitExportOperator(task_id="all", function="mailkit.report.campaign", parameters=asked_for)
        assert len(rendered(whole, native, **context).execute({})) == 2
        for request in server.requests:
            assert json.loads(request.body)["parameters"]["range_from"] == asked


def test_a_day_at_the_end_of_the_calendar_is_a_day(mailkit):
    mailkit(DELIVERIES, timezone="America/New_York")
    assert deliveries(date_from=datetime.min.replace(tzinfo=UTC)).execute({}) == [5001, 5002]
    assert deliveries(look_back_days=10**9, date_to=datetime.max.replace(tzinfo=UTC)).execute({}) == [
        5001,
        5002,
    ]


def test_numbers_as_texts_mean_the_number(mailkit):
    mailkit()
    with pytest.raises(AirflowFailException, match="larger than the 100 bytes"):
        export(max_xcom_bytes="100").execute({})
    assert len(export(max_xcom_bytes=1e6).execute({})) == len(REPORT)
    mailkit(DELIVERIES)
    with pytest.raises(AirflowFailException, match=r"max_deliveries \(1\)"):
        deliveries(max_deliveries="1").execute({})


def test_no_task_instance_is_needed(mailkit):
    mailkit()
    assert len(export().execute({})) == len(REPORT)
    mailkit(DELIVERIES)
    assert deliveries().execute({}) == [5001, 5002]


class LateExport(MailkitRecipientsOperator):
    """Knows its arguments when it runs."""

    late: dict[str, Any]

    def execute(self, context: Any) -> Any:
        for name, value in self.late.items():
            setattr(self, name, value)
        return super().execute(context)


@pytest.mark.parametrize(
    "case", ["misspelt column", "a list", "overwrite", "negative bytes", "no suffix", "home"]
)
def test_what_a_subclass_sets_is_checked_before_mailkit_is_called(mailkit, case):
    server = mailkit()
    arguments, words = BROKEN_EXPORTS[case]
    operator = LateExport(task_id="export", id_send=5001)
    operator.late = arguments
    with pytest.raises(AirflowFailException, match=words):
        operator.execute({})
    assert server.requests == []


class TemplatedExport(MailkitRecipientsOperator):
    template_fields = (*MailkitRecipientsOperator.template_fields, "columns", "addresses")


def test_a_subclass_may_render_more(mailkit):
    mailkit()
    columns = ["STATUS", "{{ params.column }}"]
    operator = TemplatedExport(task_id="export", id_send=5001, columns=columns, addresses="{{ params.mode }}")
    rows = rendered(operator, params={"column": "READ_COUNT", "mode": "drop"}).execute({})
    assert list(rows[0]) == ["STATUS", "READ_COUNT"]
    operator = TemplatedExport(task_id="export", id_send=5001, columns=columns, addresses="{{ params.mode }}")
    with pytest.raises(AirflowFailException, match=re.escape("'EMAIL'")):
        rendered(operator, params={"column": "EMAIL", "mode": "drop"}).execute({})


@pytest.mark.filterwarnings("ignore:Setting email.* on a task is deprecated")
def test_addresses_for_alerts_of_a_mapped_export_stay_airflows():
    defaults = {"email": ["ops@example.org"], "addresses": "drop"}
    with DAG("d", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC), default_args=defaults):
        mapped = MailkitRecipientsOperator.partial(task_id="export", addresses="hash").expand(
            id_send=[5001, 5002]
        )
    made = mapped.unmap({"id_send": 5002})
    assert (made.addresses, made.email, made.id_send) == ("hash", ["ops@example.org"], 5002)
