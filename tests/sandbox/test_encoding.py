from __future__ import annotations

import re
import xmlrpc.client
from datetime import date, timedelta

import pytest
from sandbox.client import as_text

RECIPIENTS = "mailkit.report.message.recipients"
CAMPAIGN = "mailkit.report.campaign"
MAILING_LISTS = "mailkit.mailinglist.list"
FIELDS = ["DATE", "READ_COUNT", "STATUS", "ID_EMAIL", "EMAIL", "CLICK_COUNT", "ID_SEND_MESSAGE", "AB_VERSION"]


def test_both_protocols_say_the_same(serve, clock):
    client = serve(recipients=2345, seconds=100, clock=clock)
    client.recipients()
    clock.now += 70
    rows = client.recipients()
    assert [list(row) for row in rows] == [FIELDS] * 2345
    assert as_text(client.xmlrpc(RECIPIENTS, 5001)) == rows
    assert as_text(client.xmlrpc(MAILING_LISTS)) == client.json(MAILING_LISTS)
    campaign = {"ID_message": client.sandbox.id_message}
    assert as_text(client.xmlrpc(CAMPAIGN, client.sandbox.id_message)) == as_text(
        client.json(CAMPAIGN, campaign)
    )


def test_xmlrpc_integers_have_the_type_that_holds_them(serve):
    client = serve(recipients=1234, seconds=0)
    call = xmlrpc.client.dumps((1000001, client.sandbox.client_md5, 5001), RECIPIENTS)
    body = client.post("/rpc.fcgi", call).body.decode()
    start = '<?xml version="1.0" encoding="utf-8"?><methodResponse><params><param><value><array><data><value>'
    assert body.startswith(f"{start}<struct><member><name>DATE</name><value><string>")
    integers = re.findall(r"<(i4|i8)>(\d+)</\1>", body)
    assert len(integers) == 4 * 1234
    assert {(tag, int(digits) < 2**31) for tag, digits in integers} == {("i4", True), ("i8", False)}


def test_ids_may_be_text_or_numbers(serve):
    client = serve(recipients=7, seconds=0)
    for id_send in (5001, "5001"):
        assert len(client.json(RECIPIENTS, {"ID_send": id_send}, client_id=1000001)) == 7
        assert len(client.xmlrpc(RECIPIENTS, id_send)) == 7


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        (None, "Missing ID_send"),
        ({}, "Missing ID_send"),
        ({"ID_send": ""}, "Missing ID_send"),
        ({"ID_send": None}, "Missing ID_send"),
        ({"ID_send": 5004}, "Invalid ID_send"),
        ({"ID_send": 0}, "Invalid ID_send"),
        ({"ID_send": "five"}, "Invalid ID_send"),
        ({"ID_send": [5001]}, "Invalid ID_send"),
        ({"ID_send": "5" * 5000}, "Invalid ID_send"),
    ],
)
def test_errors_of_the_recipients_report(serve, parameters, error):
    assert serve(recipients=7).json(RECIPIENTS, parameters) == {"error_status": 1, "error": error}


def test_xmlrpc_errors_are_plain_strings(serve):
    client = serve(recipients=7)
    assert client.xmlrpc(RECIPIENTS) == "Missing ID_send"
    assert client.xmlrpc(RECIPIENTS, 5004) == "Invalid ID_send"
    assert client.xmlrpc(RECIPIENTS, 5001, client_md5="f" * 32) == "Unauthorized"
    assert client.xmlrpc(RECIPIENTS, 5001, client_id=1) == "Unauthorized"
    assert client.xmlrpc("mailkit.sendmail").startswith("Unknown function")
    assert client.xmlrpc(CAMPAIGN, 77) == "Invalid ID_message"
    assert serve(disallow_ip=True).xmlrpc(MAILING_LISTS) == "Disallowed IP 127.0.0.1"


def test_json_errors(serve):
    client = serve(recipients=7)
    refused = {"error_status": 1, "error": "Unauthorized"}
    assert client.json(MAILING_LISTS, client_md5="f" * 32) == refused
    assert client.json(MAILING_LISTS, client_id="1") == refused
    for nobody in (None, "", [1000001]):
        assert client.json(MAILING_LISTS, client_id=nobody) == refused
    assert client.json("mailkit.sendmail")["error"].startswith("Unknown function")
    assert client.json(CAMPAIGN, {"ID_message": 77})["error"] == "Invalid ID_message"
    assert client.json(CAMPAIGN)["error"] == "Missing ID_message"
    assert client.json(CAMPAIGN, {"ID_message": 3001, "range_from": "x"})["error"] == "Invalid range_from"
    disallowed = serve(disallow_ip=True).json(MAILING_LISTS)
    assert disallowed == {"error_status": 1, "error": "Disallowed IP 127.0.0.1"}


def test_a_refused_call_does_not_start_the_clock(serve, clock):
    client = serve(recipients=57, seconds=10, clock=clock)
    client.json(RECIPIENTS, {"ID_send": 5001}, client_md5="f" * 32)
    client.json(CAMPAIGN, {"ID_message": client.sandbox.id_message})
    clock.now += 100
    assert {row["STATUS"] for row in client.recipients()} == {"wait", "wait_ab"}


def test_the_deliveries_of_the_last_days(serve):
    client = serve(recipients=57, seconds=0, deliveries=5, last_day=date(2026, 3, 2))

    def days(**limits):
        records = client.json(CAMPAIGN, {"ID_message": str(client.sandbox.id_message), **limits})
        return [(record["ID_SEND"], record["DATE2"]) for record in records]

    dates = ["2026-02-26", "2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]
    everything = [(str(5001 + position), day) for position, day in enumerate(dates)]
    assert days() == days(range_from="", range_to="") == everything
    assert days(range_from="2026-03-01") == everything[3:]
    assert days(range_from="2026-02-27", range_to="2026-02-28") == everything[1:3]
    assert days(range_from="2026-03-03") == []


def test_the_last_delivery_is_of_today(serve):
    client = serve(deliveries=2)
    records = client.json(CAMPAIGN, {"ID_message": client.sandbox.id_message})
    today = date.fromisoformat(records[1]["DATE2"])
    assert abs(today - date.today()) <= timedelta(days=1)
    assert date.fromisoformat(records[0]["DATE"][:10]) == today - timedelta(days=1)


@pytest.mark.parametrize("recipients", [0, 345, 34_567])
def test_the_sums_of_a_delivery_are_those_of_its_recipients(serve, clock, recipients):
    client = serve(recipients=recipients, seconds=100, deliveries=1, clock=clock)
    client.recipients()
    clock.now += 130
    rows = client.recipients()
    (record,) = client.json(CAMPAIGN, {"ID_message": client.sandbox.id_message})
    sums = {
        "SEND_COUNT": len(rows),
        "DELIVERED_COUNT": sum(row["STATUS"] == "sent" for row in rows),
        "READ_COUNT": sum(int(row["READ_COUNT"]) for row in rows),
        "READ_COUNT_U": sum(row["READ_COUNT"] != "0" for row in rows),
        "CLICK_COUNT": sum(int(row["CLICK_COUNT"]) for row in rows),
        "CLICK_COUNT_U": sum(row["CLICK_COUNT"] != "0" for row in rows),
    }
    assert {name: int(record[name]) for name in sums} == sums
