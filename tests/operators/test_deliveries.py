"""The operator that lists deliveries: IDs to map over, details beside them, nothing at all after an error."""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from airflow import DAG
from operators.exporting import Ti
from support.reports import PROTOCOLS
from support.server import close_delimited, plain

from airflow_provider_mailkit._compat import AirflowFailException
from airflow_provider_mailkit.exceptions import (
    MailkitAccessError,
    MailkitApiError,
    MailkitError,
    MailkitResponseError,
    MailkitTransportError,
)
from airflow_provider_mailkit.operators.mailkit import MailkitDeliveriesOperator, MailkitRecipientsOperator
from airflow_provider_mailkit.sandbox import Sandbox

both_protocols = pytest.mark.parametrize("protocol", PROTOCOLS)
REPORT = [
    {
        "ID_SEND": "5002", "DATE": "2026-03-02 06:00:00", "FROM": "Shop <news@example.com>",
        "SUBJECT": "What news@example.com asks?", "SEND_COUNT": "9", "READ_COUNT": 7, "READ_COUNT_U": "4",
        "CLICK_COUNT": 3, "CLICK_COUNT_U": 2,
    },
    {"ID_SEND": 5001, "DATE": "", "FROM": "news@example.com", "SEND_COUNT": ""},
]  # fmt: skip
HASH = hmac.digest(b"a key", b"news@example.com", "sha256").hex()


def run(ti=None, **arguments):
    operator = MailkitDeliveriesOperator(task_id="list", **{"id_message": 3001} | arguments)
    return operator.execute({"ti": ti or Ti()})


@both_protocols
def test_ids_are_returned_and_details_pushed_without_an_address(mailkit, protocol):
    mailkit(REPORT, protocol=protocol, timezone="Europe/Prague")
    ti = Ti()
    assert run(ti) == [5001, 5002]
    assert ti.pushed == {
        "deliveries": [
            {
                "id_message": 3001, "id_send": 5001, "date": None, "subject": None, "sender": None,
                "send_count": None, "delivered_count": None, "read_recipients": None,
                "click_recipients": None,
            },
            {
                "id_message": 3001, "id_send": 5002, "date": "2026-03-02T06:00:00+01:00",
                "subject": "What asks?", "sender": "Shop", "send_count": 9, "delivered_count": None,
                "read_recipients": 4, "click_recipients": 2,
            },
        ]
    }  # fmt: skip
    assert json.loads(json.dumps(ti.pushed)) == ti.pushed


ADDRESSES = {
    "drop": ("Shop", "What asks?"),
    "hash": (f"Shop <{HASH}>", f"What {HASH} asks?"),
    "keep": ("Shop <news@example.com>", "What news@example.com asks?"),
}


@both_protocols
@pytest.mark.parametrize("addresses", ADDRESSES)
def test_addresses_in_sender_and_subject_go_where_they_are_told(mailkit, protocol, addresses):
    mailkit(REPORT, protocol=protocol, hash_secret="a key")
    ti = Ti()
    run(ti, addresses=addresses)
    details = ti.pushed["deliveries"][1]
    assert (details["sender"], " ".join(details["subject"].split())) == ADDRESSES[addresses]


def test_hashing_without_a_key_fails_before_mailkit_is_called(mailkit):
    server = mailkit(REPORT)
    with pytest.raises(AirflowFailException, match="hash_secret"):
        run(addresses="hash")
    assert server.requests == []


@both_protocols
def test_several_campaigns_are_asked_for_in_turn(monkeypatch, protocol):
    with Sandbox(recipients=7, seconds=0, campaigns=3, deliveries=2) as sandbox:
        connection = sandbox.connection | {"extra": {"protocol": protocol}}
        monkeypatch.setenv("AIRFLOW_CONN_MAILKIT_DEFAULT", json.dumps(connection))
        ti = Ti()
        assert run(ti, id_message=[3003, "3001", 3003]) == [5001, 5002, 25001, 25002]
        assert [each["id_message"] for each in ti.pushed["deliveries"]] == [3001, 3001, 3003, 3003]
        assert all(each["read_recipients"] for each in ti.pushed["deliveries"])
        assert run(id_message=[]) == []
        with pytest.raises(AirflowFailException, match=r"id_message must be"):
            run(id_message=[3001, "x"])


@both_protocols
@pytest.mark.parametrize("answer", [[], {}])
def test_an_empty_report_is_an_empty_list(mailkit, protocol, answer):
    mailkit(answer, protocol=protocol)
    ti = Ti()
    assert run(ti) == []
    assert ti.pushed == {"deliveries": []}


@both_protocols
def test_one_object_is_a_list_of_one(mailkit, protocol):
    mailkit(REPORT[0], protocol=protocol)
    assert run() == [5002]


def test_without_xcom_nothing_is_pushed(mailkit):
    mailkit(REPORT)
    ti = Ti()
    run(ti, do_xcom_push=False)
    assert ti.pushed == {}


def test_it_asks_for_the_days_that_it_was_told(mailkit):
    server = mailkit(REPORT)
    run(id_message="3001", date_from="2026-02-01", date_to="2026-02-10")
    run(look_back_days="2")
    asked = [json.loads(request.body) for request in server.requests]
    today = datetime.now(UTC).date()
    assert [body["function"] for body in asked] == ["mailkit.report.campaign"] * 2
    assert [body["parameters"] for body in asked] == [
        {"ID_message": 3001, "range_from": "2026-02-01", "range_to": "2026-02-10"},
        {"ID_message": 3001, "range_from": str(today - timedelta(days=2)), "range_to": str(today)},
    ]


@both_protocols
def test_the_ends_of_the_range_belong_to_it(monkeypatch, protocol):
    last = datetime.now(UTC).date() - timedelta(days=1)
    with Sandbox(recipients=3, seconds=0, deliveries=5, last_day=last) as sandbox:
        connection = sandbox.connection | {"extra": {"protocol": protocol}}
        monkeypatch.setenv("AIRFLOW_CONN_MAILKIT_DEFAULT", json.dumps(connection))
        assert run(date_from=str(last - timedelta(days=3)), date_to=str(last - timedelta(days=1))) == [
            5002, 5003, 5004
        ]  # fmt: skip
        assert run(id_message=str(sandbox.id_message), look_back_days=2) == [5004, 5005]
        with pytest.raises(MailkitApiError, match="Invalid ID_message"):
            run(id_message=3999)


def test_more_than_allowed_fails_before_anything_is_pushed(mailkit):
    mailkit(REPORT)
    ti = Ti()
    with pytest.raises(AirflowFailException, match=r"2 deliveries .* max_deliveries \(1\)"):
        run(ti, max_deliveries=1)
    assert ti.pushed == {}
    assert run(max_deliveries=2) == [5001, 5002]


def test_more_than_fits_into_xcom_fails_before_anything_is_pushed(mailkit):
    usual = {"DATE": "2026-03-02 06:00:00", "SUBJECT": "Twenty new cups for spring", "FROM": "Our shop",
             "SEND_COUNT": "50000", "READ_COUNT_U": "20000", "CLICK_COUNT_U": "9000"}  # fmt: skip
    mailkit([{"ID_SEND": 1_000_000 + number} | usual for number in range(200)], timezone="Europe/Prague")
    ti = Ti()
    assert len(run(ti)) == 200
    size = len(json.dumps(ti.pushed["deliveries"]))
    assert run(max_xcom_bytes=size)
    ti = Ti()
    with pytest.raises(AirflowFailException, match=rf"200 takes {size} bytes.*max_xcom_bytes"):
        run(ti, max_xcom_bytes=size - 1)
    assert ti.pushed == {}


PERMANENT = {
    "access refused": ([{"error_status": 1, "error": "Unauthorized"}], {}, MailkitAccessError),
    "invalid ID": ([{"error_status": 1, "error": "Invalid ID_message"}], {}, MailkitApiError),
    "redirect": ([plain(b"", 302, location="http://127.0.0.1:9/")], {}, MailkitResponseError),
    "page instead of data": ([plain(b"<html>Maintenance</html>")], {}, MailkitResponseError),
    "not as documented": ([[{"SUBJECT": "x"}]], {}, MailkitResponseError),
    "bad ID": ([], {"id_message": "None"}, MailkitError),
    "bad day": ([], {"date_from": "None"}, MailkitError),
    "bad number of days": ([], {"look_back_days": ""}, MailkitError),
    "no day in between": ([], {"date_from": "2026-02-02", "date_to": "2026-02-01"}, MailkitError),
}


@pytest.mark.parametrize("case", PERMANENT)
def test_a_permanent_error_fails_without_retries(mailkit, case):
    answers, arguments, kind = PERMANENT[case]
    server = mailkit(*(answers or [REPORT]), max_attempts=3)
    with pytest.raises(AirflowFailException) as caught:
        run(**arguments)
    assert isinstance(caught.value, kind)
    assert len(server.requests) == len(answers)


@pytest.mark.parametrize("fault", [plain(b"", 503), plain(b"", 429), close_delimited(b'[{"ID_SEND": ')])
def test_a_passing_failure_is_left_to_the_retries_of_the_task(mailkit, fault):
    mailkit(fault)
    with pytest.raises(MailkitTransportError) as caught:
        run()
    assert not isinstance(caught.value, AirflowFailException)


def test_a_passing_failure_is_tried_again(mailkit, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    mailkit(plain(b"", 503), REPORT, max_attempts=2)
    assert run() == [5001, 5002]


def test_templates_are_assigned_as_they_are_and_rendered(monkeypatch):
    def refuse(*_):
        raise AssertionError("a connection was looked up")

    monkeypatch.setattr("airflow_provider_mailkit.hooks.mailkit.MailkitHook.get_connection", refuse)
    fields = MailkitDeliveriesOperator.template_fields
    arguments = {name: f"{{{{ params.{name} }}}}" for name in fields}
    operator = MailkitDeliveriesOperator(task_id="list", **arguments)
    assert {name: getattr(operator, name) for name in fields} == arguments
    right = {"id_message": "3001", "look_back_days": "7", "mailkit_conn_id": "mine"} | dict.fromkeys(
        ("date_from", "date_to"), "2026-03-01"
    )
    operator.render_template_fields({"params": right})
    assert {name: getattr(operator, name) for name in fields} == right


def test_its_output_is_what_the_export_maps_over():
    with DAG("mapped", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):
        deliveries = MailkitDeliveriesOperator(task_id="list", id_message=3001)
        export = MailkitRecipientsOperator.partial(task_id="export").expand(id_send=deliveries.output)
        each = MailkitDeliveriesOperator.partial(task_id="each").expand(id_message=[3001, 3002])
    assert export.upstream_task_ids == {"list"}
    assert each.expand_input.value == {"id_message": [3001, 3002]}
