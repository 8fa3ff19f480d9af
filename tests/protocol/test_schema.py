"""A report's declaration as the decoders see it, and records that only other reports than recipients have."""

from __future__ import annotations

from typing import Any

import pytest
from support.reports import PROTOCOLS, Protocol, Xml, cuttings, decode, encode, json_text

from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.catalogue.reports import REPORTS
from airflow_provider_mailkit.exceptions import MailkitApiError, MailkitResponseError
from airflow_provider_mailkit.protocol.schema import schema_of

CAMPAIGNS = REPORTS["mailkit.report"]
DELIVERIES = REPORTS["mailkit.report.campaign"]
VISITORS = REPORTS["mailkit.report.message.links.visitors"]
RAW_BOUNCES = REPORTS["mailkit.report.raw.bounces"]
SCHEDULE = REPORTS["mailkit.campaigns.schedule.list"]
HISTORY = REPORTS["mailkit.email.getstatus.history"]
UNSUBSCRIBED = REPORTS["mailkit.mailinglist.unsubscribed"]


def rows(protocol: Protocol, report: Report, answer: Any, **options: Any) -> list[dict[str, Any]]:
    """Return the rows of an answer, which are the same however it arrives."""
    body = encode(protocol, answer)
    expected = decode(protocol, body, report=report, **options)
    assert expected.error is None, expected.error
    for how, pieces in cuttings(body):
        assert decode(protocol, pieces, report=report, **options).rows == expected.rows, how
    return expected.rows


def test_members_are_found_in_any_letter_case_and_by_both_spellings() -> None:
    schema = schema_of(RAW_BOUNCES)
    for member in ("ID_SEND_MESSGE", "id_send_messge", "ID_SEND_MESSAGE", "Id_Send_Message"):
        assert schema.column_of(member) == "ID_SEND_MESSAGE"
    assert schema.column_of("ID_SEND_MESSAG") is None
    visitors = schema_of(VISITORS)
    assert visitors.column_of("DATA_CITY") is None
    assert visitors.inner("data")["CITY"] == "DATA_CITY"
    assert not visitors.inner("EMAIL")


@pytest.mark.parametrize("report", REPORTS.values(), ids=list(REPORTS))
def test_every_report_has_an_anchor_in_its_answer(report: Report) -> None:
    schema = schema_of(report)
    assert schema is schema_of(report)
    assert schema.names == tuple(column.name for column in report.columns)
    column = report.column(schema.anchor)
    assert column in report.columns
    assert column.inside is None
    assert schema.is_record({column.member.lower(): None}, whole_answer=True)
    assert not schema.is_record({"error": "x", "error_status": 1})


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_misspelled_member_is_read_whichever_way_it_is_spelled(protocol: Protocol) -> None:
    answer = [
        {"ID_UNDELIVERED_LOG": n, ("ID_SEND_MESSGE" if n < 3 else "ID_SEND_MESSAGE"): 100 + n}
        for n in range(5)
    ]
    assert [row["ID_SEND_MESSAGE"] for row in rows(protocol, RAW_BOUNCES, answer)] == [*range(100, 105)]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_numbers_and_booleans_among_texts_are_written_as_texts(protocol: Protocol) -> None:
    names = ["a", 5, "5", True, "true", False, 1.5, "null", None, "", 0, "0", "a"]
    answer = [{"ID_MESSAGE": n, "NAME": name} for n, name in enumerate(names)]
    expected = ["a", "5", "5", "TRUE", "true", "FALSE", "1.5", "null", None, None, "0", "0", "a"]
    assert [row["NAME"] for row in rows(protocol, CAMPAIGNS, answer)] == expected
    for n in range(len(names)):
        # Whichever kind comes first shows what to expect, and is wrong about the others.
        assert [row["NAME"] for row in rows(protocol, CAMPAIGNS, answer[n:])] == expected[n:]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_phone_number_among_addresses_may_be_a_number_where_it_is_declared(protocol: Protocol) -> None:
    emails = ["a@example.com", "+420123456789", 420123456789, None, "", "a@example.com"]
    answer = [{"EMAIL": email, "DATE": "2026-03-01 08:00:00"} for email in emails]
    expected = ["a@example.com", "+420123456789", "420123456789", None, None, "a@example.com"]
    for n in range(len(emails)):
        assert [row["EMAIL"] for row in rows(protocol, UNSUBSCRIBED, answer[n:])] == expected[n:]
    outcome = decode(protocol, encode(protocol, [VISITOR | {"EMAIL": 420123456789}]), report=VISITORS)
    assert (outcome.kind, outcome.rows) == (MailkitResponseError, [])
    assert "420" not in str(outcome.error)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("value", [{"a": "x@example.com"}, ["a"]], ids=["object", "list"])
def test_what_is_nested_is_no_text_where_none_is_declared(protocol: Protocol, value: Any) -> None:
    answer = [{"ID_MESSAGE": 1, "NAME": "a"}, {"ID_MESSAGE": 2, "NAME": value}]
    outcome = decode(protocol, encode(protocol, answer), report=CAMPAIGNS)
    assert (outcome.kind, len(outcome.rows)) == (MailkitResponseError, 1)
    assert "NAME of a record" in str(outcome.error)
    assert "example.com" not in str(outcome.error)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_amounts(protocol: Protocol) -> None:
    values = [10.5, "10.50", 3, "-3", "", None, "1e5", 0, "0.1"]
    answer = [{"ID_SEND": n, "REV": value} for n, value in enumerate(values)]
    expected = [10.5, 10.5, 3.0, -3.0, None, None, 100000.0, 0.0, 0.1]
    for n in range(len(values)):
        found = [row["REV"] for row in rows(protocol, DELIVERIES, answer[n:])]
        assert found == expected[n:]
        assert all(type(amount) in (float, type(None)) for amount in found)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "text", ["nan", "inf", "-Infinity", "1e400", "1_0", " 5", "5,0", "0x1p3", "\u0665", "x", True], ids=str
)
def test_what_is_not_an_amount(protocol: Protocol, text: Any) -> None:
    answer = [{"ID_SEND": 1, "REV": 1.0}, {"ID_SEND": 2, "REV": text}, {"ID_SEND": 3, "REV": 1.0}]
    outcome = decode(protocol, encode(protocol, answer), report=DELIVERIES)
    assert (outcome.kind, len(outcome.rows)) == (MailkitResponseError, 1)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_days_and_instants_in_one_record(protocol: Protocol) -> None:
    answer = [
        {"ID_SEND": 1, "DATE": "2026-03-01 08:00:00", "DATE2": "2026-03-01"},
        {"ID_SEND": 2, "DATE": "", "DATE2": ""},
        {"ID_SEND": 3, "DATE": "0000-00-00 00:00:00", "DATE2": "2026-03-02 09:00:00"},
    ]
    found = [(row["DATE"], row["DATE2"]) for row in rows(protocol, DELIVERIES, answer)]
    assert found == [("2026-03-01T08:00:00", "2026-03-01"), (None, None), (None, "2026-03-02")]
    wrong = [*answer, {"ID_SEND": 4, "DATE2": "soon"}]
    outcome = decode(protocol, encode(protocol, wrong), report=DELIVERIES)
    assert (outcome.kind, len(outcome.rows)) == (MailkitResponseError, 3)
    assert "DATE2 of a record is not of the form" in str(outcome.error)


VISITOR = {"ID_EMAIL": "7", "EMAIL": "a@example.com", "COUNT": "2"}
PLACE = {"city": "Brno", "OS": "Linux", "DATETIME": "2026-03-01 08:00:00"}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_object_in_a_record_is_columns_and_a_list_of_them_rows(protocol: Protocol) -> None:
    several = [PLACE, {"CITY": "Praha", "NEW": 5}]
    forms = [{"DATA": PLACE}, {"Data": several}, {"DATA": []}, {"DATA": ""}, {}, {"DATA": None}]
    answer = [VISITOR | {"ID_EMAIL": str(n)} | form for n, form in enumerate(forms)]
    body = encode(protocol, answer)
    outcome = decode(protocol, body, report=VISITORS)
    assert outcome.error is None
    found = [(row["ID_EMAIL"], row["DATA_CITY"], row["DATA_DATETIME"]) for row in outcome.rows]
    first = "2026-03-01T08:00:00"
    assert found == [
        (0, "Brno", first), (1, "Brno", first), (1, "Praha", None), *((n, None, None) for n in range(2, 6))
    ]  # fmt: skip
    assert [row["COUNT"] for row in outcome.rows] == [2] * 7
    (unknown,) = [members for members in outcome.unknown if members]
    assert {name.upper(): value for name, value in unknown.items()} == {"DATA.NEW": 5}
    for how, pieces in cuttings(body):
        assert decode(protocol, pieces, report=VISITORS).rows == outcome.rows, how


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("data", ["here", 5, [PLACE, 5], [[PLACE]]], ids=str)
def test_what_holds_columns_must_be_an_object(protocol: Protocol, data: Any) -> None:
    answer = [VISITOR, VISITOR | {"DATA": data}, VISITOR]
    outcome = decode(protocol, encode(protocol, answer), report=VISITORS)
    assert (outcome.kind, len(outcome.rows)) == (MailkitResponseError, 1)
    assert "DATA of a record is not an object" in str(outcome.error)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_is_nested_is_written_as_json(protocol: Protocol) -> None:
    reactions = [{"ID_URL": "5", "TEXT": "ž"}]
    answer = [{"ID_SEND_MESSAGE": 1, "RESPONSE_DATA": reactions}, {"ID_SEND_MESSAGE": 2, "RESPONSE_DATA": []},
              {"ID_SEND_MESSAGE": 3, "RESPONSE_DATA": "none"}, {"ID_SEND_MESSAGE": 4}]  # fmt: skip
    found = [row["RESPONSE_DATA"] for row in rows(protocol, HISTORY, answer)]
    assert found == ['[{"ID_URL":"5","TEXT":"ž"}]', "[]", "none", None]


SCHEDULED = [{"ID_SEND_MESSAGE_QUEUE": 5, "SUBJECT": "a"}, {"ID_SEND_MESSAGE_QUEUE": 6, "SUBJECT": "b"}]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_rows_in_an_object_around_them(protocol: Protocol) -> None:
    for around in ({"error_status": 0}, {"ID_message": 7}, {}):
        for member in ("data", "DATA"):
            answer = around | {member: SCHEDULED}
            assert [row["SUBJECT"] for row in rows(protocol, SCHEDULE, answer)] == ["a", "b"]
            assert len(rows(protocol, SCHEDULE, around | {member: SCHEDULED[0]})) == 1
            for nothing in ([], {}, "", None):
                assert rows(protocol, SCHEDULE, around | {member: nothing}) == []
    assert len(rows(protocol, SCHEDULE, SCHEDULED)) == 2
    assert rows(protocol, SCHEDULE, []) == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_error_is_one_wherever_the_rows_would_be(protocol: Protocol) -> None:
    for answer in (
        {"error_status": 3, "error": "Invalid ID_message"},
        {"error_status": 3, "error": "Invalid ID_message", "data": SCHEDULED},
    ):
        outcome = decode(protocol, encode(protocol, answer), report=SCHEDULE)
        assert (outcome.kind, outcome.rows) == (MailkitApiError, [])
        assert isinstance(outcome.error, MailkitApiError)
        assert outcome.error.is_unknown_id
    for wrong in ("here", 5, [5]):
        outcome = decode(protocol, encode(protocol, {"data": wrong}), report=SCHEDULE)
        assert (outcome.kind, outcome.rows) == (MailkitResponseError, [])


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("report", REPORTS.values(), ids=list(REPORTS))
def test_the_first_columns_of_every_report_alone_are_those_of_all(protocol: Protocol, report: Report) -> None:
    if report.rows_in is not None:
        return
    schema = schema_of(report)
    answer = [{schema.columns[schema.anchor].member: str(n), "NEW": n} for n in range(1, 4)]
    if schema.columns[schema.anchor].kind != "integer":
        answer = [{schema.columns[schema.anchor].member: "2026-03-01 08:00:00", "NEW": n} for n in range(3)]
    body = encode(protocol, answer)
    whole, part = (decode(protocol, body, names, report=report) for names in (None, (schema.anchor,)))
    assert (whole.error, part.error) == (None, None)
    assert [row[schema.anchor] for row in whole.rows] == [row[schema.anchor] for row in part.rows]
    assert whole.unknown == [{"NEW": record["NEW"]} for record in answer]


def test_xml_of_declared_numbers_in_texts_is_read_by_the_pattern_too() -> None:
    answer = [{"ID_MESSAGE": n, "NAME": n * 7} for n in range(500)]
    plain = decode("xmlrpc", encode("xmlrpc", answer), report=CAMPAIGNS).rows
    assert [row["NAME"] for row in plain] == [str(n * 7) for n in range(500)]
    double = [{"ID_MESSAGE": n, "NAME": Xml(f"<double>{n}.50</double>", n + 0.5)} for n in range(1, 400)]
    assert [row["NAME"] for row in decode("xmlrpc", encode("xmlrpc", double), report=CAMPAIGNS).rows] == [
        row["NAME"] for row in decode("json", json_text(double).encode(), report=CAMPAIGNS).rows
    ]
