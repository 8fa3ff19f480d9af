"""Answers in one form, whichever protocol they came in."""

from __future__ import annotations

from typing import Any

import pytest
from support.reports import PROTOCOLS, Protocol, encode

from airflow_provider_mailkit.catalogue import columns as kinds
from airflow_provider_mailkit.catalogue.functions import FUNCTIONS
from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.catalogue.reports import REPORTS
from airflow_provider_mailkit.catalogue.typed import typed_answer
from airflow_provider_mailkit.protocol.answers import decode_answer
from airflow_provider_mailkit.protocol.excerpt import Redactor


def called(protocol: Protocol, name: str, answer: Any) -> Any:
    """Return what a checked call returns for an answer."""
    decoded = decode_answer(protocol, name, encode(protocol, answer), Redactor())
    return typed_answer(FUNCTIONS[name], decoded)


# The same value as JSON has it and as XML-RPC has it, and what both become.
VALUES = {
    kinds.INTEGER: ("17", 17, 17),
    kinds.TEXT: ("17", "17", "17"),
    kinds.INSTANT: ("2026-03-01 08:00:00", "2026-03-01 08:00:00", "2026-03-01 08:00:00"),
    kinds.DAY: ("2026-03-01", "2026-03-01", "2026-03-01"),
    kinds.DECIMAL: ("10.50", 10.5, 10.5),
    kinds.NESTED: ([{"ID_URL": "5"}], [{"ID_URL": "5"}], [{"ID_URL": "5"}]),
}


def record(report: Report, form: int) -> dict[str, Any]:
    """Return a row of a report as JSON (0) or XML-RPC (1) has it, or as both become (2)."""
    row: dict[str, Any] = {}
    for column in report.columns:
        holder = row.setdefault(column.inside, {}) if column.inside else row
        holder[column.member] = VALUES[column.kind][form]
    return row


def answered(report: Report, rows: list[Any], protocol: Protocol = "json") -> Any:
    """Return a whole answer of rows, as a protocol has it."""
    if report.single:
        return rows[0]
    answer = report.function.answer
    is_list = report.rows_in is None or (protocol == "xmlrpc" and answer.xmlrpc == "rows")
    return rows if is_list else {report.rows_in: rows}


@pytest.mark.parametrize("report", REPORTS.values(), ids=list(REPORTS))
def test_a_report_is_the_same_over_both_protocols(report: Report) -> None:
    rows = 1 if report.single else 3
    expected = answered(report, [record(report, 2)] * rows)
    for form, protocol in enumerate(PROTOCOLS):
        # Over JSON as over JSON, over XML-RPC as over XML-RPC, and the other way round.
        for given in (form, 1 - form):
            answer = answered(report, [record(report, given)] * rows, protocol)
            assert called(protocol, report.name, answer) == expected


@pytest.mark.parametrize("report", REPORTS.values(), ids=list(REPORTS))
def test_no_rows_and_one_row(report: Report) -> None:
    if report.single:
        return
    nothing, one = answered(report, []), answered(report, [record(report, 2)])
    assert typed_answer(report.function, answered(report, record(report, 0))) == one  # type: ignore[arg-type]
    for empty in ([], {}, "", None):
        assert typed_answer(report.function, answered(report, empty)) == nothing  # type: ignore[arg-type]
    if report.rows_in is None:
        assert typed_answer(report.function, {"error_status": "0", "error": ""}) == nothing


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_members_in_any_letter_case_keep_theirs(protocol: Protocol) -> None:
    answer = [{"Id_Send": "5", "date": "2026-03-01 08:00:00", "new": "7", "SEND_COUNT": ""}] * 2
    assert called(protocol, "mailkit.report.campaign", answer) == [
        {"Id_Send": 5, "date": "2026-03-01 08:00:00", "new": "7", "SEND_COUNT": ""}
    ] * 2  # fmt: skip


@pytest.mark.parametrize(
    "value", ["", "5.0", "x", "1_000", "\uff15", "9" * 19, None, True, 2.5, "1e3", "0x1"], ids=str
)
def test_what_is_not_a_whole_number_stays_as_it_is(value: Any) -> None:
    (row,) = typed_answer(FUNCTIONS["mailkit.report"], [{"ID_MESSAGE": value}])
    assert row["ID_MESSAGE"] is value


def test_numbers_where_texts_are_documented() -> None:
    (row,) = typed_answer(
        FUNCTIONS["mailkit.report"], [{"NAME": 2026, "CLICK_RATE": 1.5, "ID_MESSAGE": "-3"}]
    )
    assert row == {"NAME": "2026", "CLICK_RATE": "1.5", "ID_MESSAGE": -3}
    (row,) = typed_answer(FUNCTIONS["mailkit.report.campaign"], [{"REV": 3}])
    assert (row, type(row["REV"])) == ({"REV": 3.0}, float)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_functions_that_act(protocol: Protocol) -> None:
    number = str if protocol == "json" else int
    assert called(protocol, "mailkit.mailinglist.create", {"data": number(7)}) == {"data": 7}
    assert called(protocol, "mailkit.mailinglist.delete", {"data": "OK"}) == {"data": "OK"}
    sent = {name: number(n) for n, name in enumerate(("status", "data", "data2", "data3"))}
    assert called(protocol, "mailkit.sendmail", sent) == {"status": 0, "data": 1, "data2": 2, "data3": 3}
    wiped = {"ID_email": number(7), "email": "a@example.com", "error": "OK", "error_status": number(0)}
    assert called(protocol, "mailkit.email.wipe", wiped) == wiped | {"ID_email": 7, "error_status": 0}
    failed = {"status": "OK", "error_status": number(0), "results": [{"ID_SEND": number(5), "INFO": "x"}] * 2}
    assert called(protocol, "mailkit.sendmail_mass.results", failed) == {
        "status": "OK", "error_status": 0, "results": [{"ID_SEND": 5, "INFO": "x"}] * 2
    }  # fmt: skip


def test_the_status_around_a_list_has_one_name() -> None:
    name = "mailkit.campaigns.schedule.list"
    expected = {"ID_message": 7, "error_status": 0, "data": []}
    assert called("json", name, {"ID_message": "7", "error_status": "0", "data": ""}) == expected
    assert called("xmlrpc", name, {"ID_message": 7, "error": 0, "data": ""}) == expected


def test_plain_values_of_xmlrpc_are_handed_on() -> None:
    assert called("xmlrpc", "mailkit.email.unsubscribe.getstatus", "FALSE") == "FALSE"
    assert called("xmlrpc", "mailkit.campaigns.create", 7) == 7
    assert called("xmlrpc", "mailkit.mailinglist.edituser", "OK") == "OK"


@pytest.mark.parametrize("is_list", [False, True])
def test_what_is_nested_deeper_than_any_answer_is_handed_on(is_list: bool) -> None:
    """Some Pythons decode more levels than a function can call itself."""
    answer: Any = {"SEND_COUNT": "5"}
    for _ in range(50_000):
        answer = [answer] if is_list else {"a": answer}
    typed = typed_answer(FUNCTIONS["mailkit.report.message"], answer)
    for _ in range(50_000):
        (answer,) = answer if is_list else answer.values()
        (typed,) = typed if is_list else typed.values()
    assert typed == answer
    near = typed_answer(FUNCTIONS["mailkit.report.message"], {"a": [{"SEND_COUNT": "5"}]})
    assert near == {"a": [{"SEND_COUNT": 5}]}
