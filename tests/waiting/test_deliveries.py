"""The deliveries of a campaign: what answers look like in real life."""

from __future__ import annotations

import json
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from support.reports import CLIENT_ID, CLIENT_MD5, PROTOCOLS, Xml, encode

from airflow_provider_mailkit.catalogue.functions import CAMPAIGN
from airflow_provider_mailkit.exceptions import MailkitApiError, MailkitError, MailkitResponseError
from airflow_provider_mailkit.protocol.answers import decode_answer
from airflow_provider_mailkit.protocol.days import Days
from airflow_provider_mailkit.protocol.excerpt import Redactor
from airflow_provider_mailkit.protocol.request import Credentials, make_request, parse_id_message
from airflow_provider_mailkit.waiting.deliveries import (
    Delivery,
    question,
    read_deliveries,
)

PRAGUE = ZoneInfo("Europe/Prague")

both_protocols = pytest.mark.parametrize("protocol", PROTOCOLS)


def record(id_send, **members):
    return {
        "ID_SEND": str(id_send),
        "DATE": "2026-03-01 06:00:00",
        "DATE2": "2026-03-01",
        "FROM": "news@example.com",
        "SUBJECT": "Café & shop",
        "SEND_COUNT": "1000",
        "DELIVERED_COUNT": "970",
        "READ_COUNT": "650",
        "READ_COUNT_U": "400",
        "CLICK_COUNT": 120,
        "CLICK_COUNT_U": 90,
        "CLICK_RATE": "1.5",
    } | members


def read(protocol, answer, zone=None):
    body = encode(protocol, answer)
    return read_deliveries(decode_answer(protocol, CAMPAIGN, body, Redactor((CLIENT_ID, CLIENT_MD5))), zone)


@both_protocols
def test_deliveries_come_sorted_and_once(protocol):
    deliveries = read(protocol, [record(5003), record(5001), record(5003)], PRAGUE)
    assert deliveries == [
        Delivery(id_send, "2026-03-01T06:00:00+01:00", "Café & shop", "news@example.com", 1000, 970, 400, 90)
        for id_send in (5001, 5003)
    ]
    assert json.loads(json.dumps(deliveries[0].as_dict())) == {
        "id_send": 5001, "date": "2026-03-01T06:00:00+01:00", "subject": "Café & shop",
        "sender": "news@example.com", "send_count": 1000, "delivered_count": 970, "read_recipients": 400,
        "click_recipients": 90,
    }  # fmt: skip


@both_protocols
@pytest.mark.parametrize("answer", [[], {}, "", None, {"error_status": "0", "error": "OK"}])
def test_an_empty_answer_is_no_delivery(protocol, answer):
    assert read(protocol, answer) == []


@both_protocols
@pytest.mark.parametrize("envelope", [{}, {"error_status": 0, "error": "OK"}])
def test_one_object_is_one_delivery(protocol, envelope):
    assert [delivery.id_send for delivery in read(protocol, record(5001) | envelope)] == [5001]


@both_protocols
@pytest.mark.parametrize("spell", [str.lower, str.upper, str.title])
@pytest.mark.parametrize("number", ["7", 7, " 7 ", Xml("<i8>7</i8>", 7)])
def test_members_in_any_letter_case_and_numbers_in_any_dress(protocol, spell, number):
    answer = [{spell("ID_SEND"): number, spell("SEND_COUNT"): number, spell("DATE"): "2026-03-01 06:00:00"}]
    assert read(protocol, answer) == [Delivery(7, "2026-03-01T06:00:00", send_count=7)]


@both_protocols
@pytest.mark.parametrize("nothing", ["", None, "0000-00-00 00:00:00"])
def test_a_missing_date_is_none(protocol, nothing):
    assert read(protocol, [record(5001, DATE=nothing)])[0].date is None


@both_protocols
@pytest.mark.parametrize("nothing", ["", None])
def test_missing_counts_are_none(protocol, nothing):
    delivery = read(protocol, [record(5001, SEND_COUNT=nothing, DELIVERED_COUNT=nothing)])[0]
    assert (delivery.send_count, delivery.delivered_count) == (None, None)


@both_protocols
@pytest.mark.parametrize(
    ("value", "text"), [("", None), (None, None), ("  ", None), (2026, "2026"), (["x"], None), (" x ", "x")]
)
def test_a_subject_or_sender_of_any_kind_ends_no_wait(protocol, value, text):
    (delivery,) = read(protocol, [record(5001, SUBJECT=value, FROM=value)])
    assert (delivery.subject, delivery.sender) == (text, text)


WRONG = {
    "not a list": 5,
    "a record that is not an object": ["5001"],
    "no id": [{"SUBJECT": "x"}],
    "an empty id": [record("")],
    "id 0": [record(0)],
    "a word for an id": [record("first")],
    "a boolean for an id": [{"ID_SEND": True}],
    "too many digits": [{"ID_SEND": "9" * 19}],
    "a fraction": [record(5001, SEND_COUNT="1.5")],
    "a day that is none": [record(5001, DATE="yesterday, news@example.com")],
    "a number for a date": [record(5001, DATE=20260301)],
}


@both_protocols
@pytest.mark.parametrize("case", WRONG)
def test_anything_else_is_not_as_documented_and_shows_no_address(protocol, case):
    with pytest.raises(MailkitResponseError, match=r"mailkit\.report\.campaign") as caught:
        read(protocol, WRONG[case])
    assert "@" not in str(caught.value)
    assert not caught.value.retryable


@both_protocols
def test_an_error_answer_is_an_error(protocol):
    answer = (
        "Invalid ID_message" if protocol == "xmlrpc" else {"error_status": 1, "error": "Invalid ID_message"}
    )
    with pytest.raises(MailkitApiError, match="Invalid ID_message"):
        read(protocol, answer)


def test_the_question_is_the_same_in_both_protocols():
    asked = question(3001, Days(date(2026, 3, 1), date(2026, 3, 8)))
    credentials = Credentials(CLIENT_ID, CLIENT_MD5)
    body = json.loads(make_request("json", credentials, CAMPAIGN, asked).body)
    assert body["parameters"] == {"ID_message": 3001, "range_from": "2026-03-01", "range_to": "2026-03-08"}
    xml = make_request("xmlrpc", credentials, CAMPAIGN, asked).body.decode()
    places = [xml.index(text) for text in ("<i4>3001</i4>", "<string>2026-03-01<", "<string>2026-03-08<")]
    assert places == sorted(places)


@pytest.mark.parametrize("value", ["", "None", 0, -1, True, 1.0, "3 001", None])
def test_an_id_of_a_campaign_that_is_none_is_named(value):
    with pytest.raises(MailkitError, match="id_message must be the ID of a campaign"):
        parse_id_message(value)
