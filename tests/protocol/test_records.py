"""Members of a record that are easily mistaken: for those of an error, or for numbers."""

from __future__ import annotations

from typing import Any

import pytest
from support.decoding import decoded
from support.reports import (
    PROTOCOLS,
    Protocol,
    Xml,
    decode,
    encode,
    recipient,
)
from support.wire import answer_of

from airflow_provider_mailkit.catalogue.reports import REPORTS
from airflow_provider_mailkit.exceptions import MailkitApiError, MailkitResponseError

DELIVERIES = REPORTS["mailkit.report.campaign"]
LIKE_AN_ERROR = [
    {"ERROR": "bounced"},
    {"error_status": 5},
    {"ERROR_STATUS": "7", "Error": "Unauthorized"},
    {"error": "Invalid mailbox"},
]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("members", LIKE_AN_ERROR, ids=str)
@pytest.mark.parametrize("count", [1, 1500])
def test_a_record_may_have_members_that_are_called_like_those_of_an_error(
    protocol: Protocol, members: dict[str, Any], count: int
) -> None:
    answer = [recipient(number, **members) for number in range(count)]
    for body in (answer, answer[0]) if count == 1 else (answer,):
        outcome = decode(protocol, encode(protocol, body))
        assert (outcome.error, len(outcome.rows)) == (None, count)
        assert outcome.unknown == [members] * count
        assert len(decode(protocol, encode(protocol, body), columns=("STATUS",)).rows) == count


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_error_may_name_a_status_and_an_address(protocol: Protocol) -> None:
    answer = {"error_status": 5, "error": "Invalid ID_send", "status": "failed", "email": "a@example.com"}
    for columns in (None, ("STATUS",)):
        body = encode(protocol, answer)
        outcome = decode(protocol, body, *([columns] if columns else []))
        assert (outcome.kind, outcome.rows) == (MailkitApiError, [])


@pytest.mark.parametrize(
    "text", ["1_000", "\uff11\uff12", "+5", " 5", "5 ", "05", "0x5", "5.5", "\u0663", "1 0", "--1"]
)
def test_a_counter_is_written_as_json_writes_numbers(text: str) -> None:
    values = [("json", encode("json", [recipient(1), recipient(2, READ_COUNT=text)]))]
    for tag in ("string", "i4", "i8", "int"):
        record = recipient(2, READ_COUNT=Xml(f"<{tag}>{text}</{tag}>"))
        values.append(("xmlrpc", encode("xmlrpc", [recipient(1), record])))
    for protocol, body in values:
        outcome = decode("json" if protocol == "json" else "xmlrpc", body)
        assert (outcome.kind, len(outcome.rows)) == (MailkitResponseError, 1), body


@pytest.mark.parametrize("text", ["07.5", "-07.5", "007", "00", "00.5", "+7.5", ".5", "7."])
@pytest.mark.parametrize("before", [0, 30])
def test_a_decimal_in_a_text_is_written_as_json_writes_numbers(text: str, before: int) -> None:
    records = [{"ID_SEND": number, "REV": "0.5"} for number in range(before)]
    for protocol in PROTOCOLS:
        good, bad = (
            decoded(protocol, DELIVERIES, answer_of(protocol, [*records, {"ID_SEND": 99, "REV": last}]))
            for last in ("-7.50", text)
        )
        assert [row["REV"] for row in good.rows] == [0.5] * before + [-7.5]
        assert "REV of a record is not of its documented type" in str(bad.error)
        assert len(bad.rows) == before


@pytest.mark.parametrize("text", ["1_0.5", "nan", "inf", "\uff11.5", "0x1p3", ""])
def test_a_double_is_written_in_digits(text: str) -> None:
    body = encode("xmlrpc", [recipient(1), recipient(2, X=Xml(f"<double>{text}</double>"))])
    assert decode("xmlrpc", body).kind is MailkitResponseError


def test_more_unknown_members_than_any_interface_has_are_kept_too() -> None:
    answer = [recipient(n, **{f"m{n}_{i}": i for i in range(150)}) for n in range(4)]
    for protocol in PROTOCOLS:
        outcome = decode(protocol, encode(protocol, answer))
        assert (outcome.error, len(outcome.rows)) == (None, 4)
        assert [len(members) for members in outcome.unknown] == [150] * 4
