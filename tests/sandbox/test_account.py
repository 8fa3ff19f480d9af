"""Every function answers over both protocols, with the oddities that clients of Mailkit have met."""

from __future__ import annotations

import json
import re
from datetime import date
from itertools import takewhile

import pytest
from sandbox.client import as_text

from airflow_provider_mailkit.sandbox.account import ACTING, ANSWERS
from airflow_provider_mailkit.sandbox.calls import FUNCTIONS

DAY = date(2026, 3, 2)
REPORT = "mailkit.report"
# For each function what is asked in JSON, and the values that XML-RPC has in their place.
QUESTIONS = {
    "mailkit.report": ({"range_from": "2026-03-01", "range_to": "2026-03-02"}, ("2026-03-01", "2026-03-02")),
    "mailkit.report.campaign": ({"ID_message": 3002, "range_from": "2026-03-02"}, (3002, "2026-03-02")),
    "mailkit.report.message": ({"ID_send": "5002"}, (5002,)),
    "mailkit.report.message.recipients": ({"ID_send": 5002}, (5002,)),
    "mailkit.report.message.feedback": ({"ID_send": 5002, "period": "WEEK"}, (5002, "WEEK")),
    "mailkit.report.message.links": ({"ID_send": 5002}, (5002,)),
    "mailkit.report.message.links.visitors": ({"ID_send": 5002, "ID_url": 8030012}, (5002, 8030012)),
    "mailkit.report.raw.messages": ({"ID_send": 5002, "limit": "40"}, (0, 5002, 0, 40)),
    "mailkit.report.raw.responses": ({"ID_message": 3002}, (3002, 0, 0, 0, 0)),
    "mailkit.report.raw.bounces": ({"limit": 5}, ("", "", "", 5)),
    "mailkit.mailinglist.list": ({}, ()),
    "mailkit.mailinglist.getstatus": (
        {"ID_user_list": 41001, "status": "permanent", "change_date": "2026-02-20 00:00:00"},
        (41001, "permanent", "2026-02-20 00:00:00", "", ""),
    ),
    "mailkit.mailinglist.unsubscribed": ({"range_from": "2026-02-20"}, ("2026-02-20",)),
    "mailkit.mailinglist.engagement": ({"ID_user_list": 41003, "limit": 9}, (41003, 0, 9)),
    "mailkit.email.getstatus": ({"ID_email": 200000007}, (200000007,)),
    "mailkit.email.getstatus.history": ({"ID_email": "200000007"}, ({"ID_email": 200000007},)),
    "mailkit.email.unsubscribe.getstatus": ({"ID_email": 200000007}, (200000007,)),
    "mailkit.campaigns.list": ({"ID_message": 3002}, (3002,)),
    "mailkit.campaigns.history": ({"list_count": 3}, ({"list_count": 3, "ID_message": ""},)),
    "mailkit.campaigns.schedule.list": ({"ID_message": 3001}, (3001,)),
    "mailkit.campaigns.schedule.timezone": ({}, ()),
    "mailkit.campaigns.schedule.timezones": ({}, ()),
    "mailkit.profile.emails.list": ({}, ()),
    "mailkit.profile.queries.list": ({}, ()),
    "mailkit.filemanager.list": ({"ID_folder": 51}, ("51",)),
    "mailkit.sendmail_mass.results": ({"ID_send": 5002, "request_id": 9002}, (5002, 9002)),
}
OF_A_DELIVERY = [name for name, parameters in FUNCTIONS.items() if parameters == ("ID_send",)]
# The others are asked with the parameters before the first one that is not known here, which may be left out.
KNOWN = {"ID_send": 15002, "ID_message": 3002, "ID_user_list": 41001}
for function in FUNCTIONS.keys() - QUESTIONS.keys() - ACTING:
    asked = {name: KNOWN[name] for name in takewhile(KNOWN.__contains__, FUNCTIONS[function])}
    QUESTIONS[function] = (asked, tuple(asked.values()))


@pytest.fixture
def finished(serve):
    return serve(recipients=457, deliveries=3, seconds=0, last_day=DAY)


@pytest.fixture
def ask(finished):
    """Ask in JSON; campaigns.list has its parameter beside the function."""

    def answer(function, **parameters):
        return finished.json(function, parameters)

    return answer


def ids(rows, name):
    return [int(row[name]) for row in rows]


def test_nothing_is_left_out():
    assert set(QUESTIONS) | (ACTING & set(ANSWERS)) == set(FUNCTIONS) == set(ANSWERS)


@pytest.mark.parametrize("function", QUESTIONS)
def test_both_protocols_say_the_same(finished, function):
    parameters, values = QUESTIONS[function]
    top_level = parameters if function == "mailkit.campaigns.list" else None
    by_json = finished.json(function, parameters or None, top_level=top_level)
    by_xmlrpc = finished.xmlrpc(function, *values)
    if function == "mailkit.email.unsubscribe.getstatus":
        by_json = by_json["unsubscribe"]
    elif function == "mailkit.campaigns.schedule.list":
        by_xmlrpc["error_status"] = by_xmlrpc.pop("error")
    elif function == "mailkit.profile.emails.list":
        by_json = by_json["emails"]
    assert by_json
    assert as_text(by_json) == as_text(by_xmlrpc)
    assert "error" not in by_json


@pytest.mark.parametrize("function", QUESTIONS)
def test_addresses_are_those_of_nobody(finished, function):
    parameters, _ = QUESTIONS[function]
    text = json.dumps(finished.json(function, parameters))
    assert all(domain in ("com", "org", "cz") for domain in re.findall(r"@example\.(\w+)", text))
    assert text.count("@") == text.count("@example.")


PAGED = {
    "raw.messages": ("mailkit.report.raw.messages", {}, "ID_send_message", "ID_send_message", 6 * 457),
    "raw.responses": ("mailkit.report.raw.responses", {}, "ID_log", "ID_log", None),
    "raw.bounces": (
        "mailkit.report.raw.bounces",
        {},
        "ID_undelivered_log",
        "ID_UNDELIVERED_LOG",
        None,
    ),
    "getstatus": ("mailkit.mailinglist.getstatus", {"ID_user_list": 41001}, "ID_email", "ID_EMAIL", 457),
    "engagement": ("mailkit.mailinglist.engagement", {"ID_user_list": 41001}, "ID_email", "ID_EMAIL", 457),
}


@pytest.mark.parametrize("name", PAGED)
def test_pages_overlap_by_one_row(ask, name):
    function, parameters, asked_by, answered_in, count = PAGED[name]
    whole = ask(function, **parameters)
    assert len(whole) == (count or len(whole)) > 20
    assert ids(whole, answered_in) == sorted(set(ids(whole, answered_in)))
    size = len(whole) // 3 + 2
    collected, page = [], ask(function, **parameters, limit=size)
    while isinstance(page, list) and len(page) > 1:
        collected += page if not collected else page[1:]
        page = ask(function, **parameters, limit=str(size), **{asked_by: collected[-1][answered_in]})
    assert collected == whole
    # The last page has only what is known already: one row, which is not in a list.
    assert page == whole[-1]
    beyond = ask(function, **parameters, **{asked_by: int(whole[-1][answered_in]) + 1})
    assert beyond == {}
    # A name in other letters is ignored, as Mailkit seems to do it: the first page comes once more.
    misspelt = asked_by.swapcase()
    assert ask(function, **parameters, limit=5, **{misspelt: whole[9][answered_in]}) == whole[:5]


def test_pages_have_a_largest_size(serve):
    client = serve(recipients=26_123, deliveries=1, campaigns=1, seconds=0)
    for name, most, limit in (
        ("raw.messages", 25_000, {}),
        ("getstatus", 10_000, {"limit": "26000"}),
        ("engagement", 25_000, {"limit": 99_999}),
    ):
        function, parameters, *_ = PAGED[name]
        assert len(client.json(function, parameters | limit)) == most


def test_what_is_new_comes_after_what_was_there(serve, clock):
    client = serve(recipients=3457, deliveries=1, seconds=100, clock=clock)
    client.recipients()
    for function in ("mailkit.report.raw.responses", "mailkit.report.raw.bounces"):
        before: list[dict[str, str]] = []
        for _ in range(5):
            clock.now += 25
            after = client.json(function)
            assert after[: len(before)] == before
            before = after
        assert len(before) > 50


def test_raw_reports_of_a_campaign_or_delivery(ask):
    function = f"{REPORT}.raw.messages"
    assert {row["ID_send"] for row in ask(function)} == {"5001", "5002", "5003", "15001", "15002", "15003"}
    assert {row["ID_send"] for row in ask(function, ID_message="3002")} == {"15001", "15002", "15003"}
    assert {row["ID_send"] for row in ask(function, ID_send=15003)} == {"15003"}
    assert ask(function, ID_send=15003, ID_message=3001) == {}
    for raw in ("messages", "responses", "bounces"):
        assert ask(f"{REPORT}.raw.{raw}", ID_send=7)["error"] == "Invalid ID_send"
        assert ask(f"{REPORT}.raw.{raw}", ID_message=7)["error"] == "Invalid ID_message"


def test_numbers_with_and_without_quotes_in_one_record(ask):
    kinds = {
        (name, type(value).__name__)
        for row in ask(f"{REPORT}.message.feedback", ID_send=5002, period="WEEK")
        for name, value in row.items()
    }
    assert {("CLICK", "int"), ("CLICK", "str"), ("READ", "str"), ("SPAM_REPORT", "int")} <= kinds
    (campaign,) = [row for row in ask(f"{REPORT}.campaign", ID_message=3001) if row["ID_SEND"] == "5002"]
    assert (campaign["PRINT_COUNT"], campaign["READ_COUNT"]) == (0, str(campaign["READ_COUNT"]))
    assert isinstance(ask(f"{REPORT}.message.links", ID_send=5002)[0]["ID_URL"], int)


def test_spellings_and_missing_members(ask):
    bounces = ask(f"{REPORT}.raw.bounces")
    assert all("ID_SEND_MESSGE" in row and "ID_SEND_MESSAGE" not in row for row in bounces)
    assert {"REMOTE_MTA" in row for row in bounces} == {True, False}
    assert "ID_send_message" in ask(f"{REPORT}.raw.messages", limit=1)


def test_empty_lists_and_lists_of_one(serve, finished):
    new = serve(recipients=457, seconds=100)
    whole = {f"{REPORT}.message", f"{REPORT}.message.recipients"}
    for function in (*set(OF_A_DELIVERY) - whole, f"{REPORT}.message.feedback"):
        assert new.json(function, {"ID_send": 5001}) == new.xmlrpc(function, 5001) == {}
    for function in (f"{REPORT}.raw.responses", f"{REPORT}.raw.bounces"):
        assert new.json(function, {"ID_send": 5001}) == new.xmlrpc(function, 0, 5001) == {}
    assert new.json(f"{REPORT}.message", {"ID_send": 5001})["FAILED_COUNT"] == ""
    assert finished.json("mailkit.mailinglist.getstatus", {"ID_user_list": 41002}) == {}
    nothing = serve(recipients=0, seconds=0)
    assert nothing.recipients() == []
    for raw in ("messages", "responses", "bounces"):
        assert nothing.json(f"{REPORT}.raw.{raw}") == {}
    one = finished.json("mailkit.mailinglist.engagement", {"ID_user_list": 41001, "limit": 1})
    assert one["ID_EMAIL"] == 200_000_000


def test_errors_of_the_other_functions(ask, finished):
    errors = [
        ("report.message.feedback", {"ID_send": 5002, "period": "YEAR"}, "Invalid period"),
        ("report.message.links.visitors", {"ID_send": 5002}, "Missing ID_url"),
        ("report.message.links.visitors", {"ID_send": 5002, "ID_url": 1}, "Invalid ID_url"),
        ("report.message", {}, "Missing ID_send"),
        ("report", {"range_from": "yesterday"}, "Invalid range_from"),
        ("mailinglist.getstatus", {}, "Missing ID_user_list"),
        ("mailinglist.engagement", {"ID_user_list": 1}, "Invalid ID_user_list"),
        ("email.getstatus", {}, "Missing ID email"),
        ("email.getstatus", {"ID_email": 7}, "Invalid ID_email"),
        ("email.getstatus", {"email": "nobody@example.com"}, ""),
        ("email.getstatus", {"email": "anna.200000007@example.net"}, ""),
        ("campaigns.history", {"list_count": 51}, "Invalid list_count"),
        ("sendmail_mass.results", {}, "Missing request_id"),
        ("filemanager.list", {"ID_folder": 9}, "Invalid ID_folder"),
    ]
    for function, parameters, error in errors:
        assert ask(f"mailkit.{function}", **parameters) == {"error_status": 1, "error": error}
    assert finished.xmlrpc("mailkit.email.getstatus", "nobody@example.com") == ""


def test_an_end_without_a_beginning_is_ignored(ask):
    assert len(ask(REPORT, range_to="2026-02-01")) == 2
    assert ask(REPORT, range_from="2026-03-03") == []
    assert len(ask(f"{REPORT}.campaign", ID_message=3001, range_to="2026-02-01")) == 3


def test_campaigns(ask, finished):
    campaigns = ask("mailkit.campaigns.list")
    assert ids(campaigns, "ID_MESSAGE") == list(finished.sandbox.id_messages) == [3001, 3002]
    # Inside "parameters" the ID is not looked for.
    assert len(ask("mailkit.campaigns.list", ID_message=3002)) == 2
    assert finished.json("mailkit.campaigns.list", top_level={"ID_message": 7}) == {}
    assert campaigns[0]["USER_LIST"] == [41001, 41003]
    assert campaigns[1]["USER_LIST"] == 41001
    assert campaigns[0]["TEST_MODE"] is False
    newest = ask("mailkit.campaigns.history", list_count=50)
    assert ids(newest, "ID_SEND") == [15003, 5003, 15002, 5002, 15001, 5001]
    assert ids(ask("mailkit.campaigns.history", ID_message=3001), "ID_SEND") == [5003, 5002, 5001]
    assert ask("mailkit.campaigns.schedule.list", ID_message=3002) == {
        "ID_message": "3002",
        "error_status": 0,
        "data": "",
    }
    assert list(finished.sandbox.id_sends_of(3002)) == [15001, 15002, 15003]


def test_unsubscribed_or_not(ask):
    states = {row["EMAIL"]: row["STATUS"] for row in ask("mailkit.mailinglist.getstatus", ID_user_list=41001)}
    vip = {row["EMAIL"] for row in ask("mailkit.mailinglist.getstatus", ID_user_list=41003)}
    for address, state in list(states.items())[100:200]:
        if address not in vip:
            answer = ask("mailkit.email.unsubscribe.getstatus", email=address)
            assert answer["unsubscribe"] == ("TRUE" if state == "unsubscribe" else "FALSE")
            assert (answer["topics"], answer["timeout"]) == (None, {"date": "0000-00-00"})
    assert {"unsubscribe", "enabled"} <= {
        state for address, state in list(states.items())[100:200] if address not in vip
    }
    assert len(ask("mailkit.email.getstatus", email=next(iter(vip)))) == 2
