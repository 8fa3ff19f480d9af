"""Members of a record that are easily mistaken for something else: "null", errors, the same one twice."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.reports import (
    PROTOCOLS,
    Protocol,
    Xml,
    cuttings,
    decode,
    encode,
    recipient,
    recipients,
    xml_text,
    xml_value,
)

from airflow_provider_mailkit.exceptions import MailkitApiError, MailkitResponseError

NULLS = ["null", "NULL", "Null", "None"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("column", ["STATUS", "AB_VERSION", "EMAIL"])
@pytest.mark.parametrize("text", NULLS)
def test_the_text_null_is_a_text_whatever_stands_beside_it(
    protocol: Protocol, column: str, text: str
) -> None:
    values = [text, None, text, "", "x", text, None]
    for part in (values[:1], values[1:3], values):
        answer = [recipient(number, **{column: value}) for number, value in enumerate(part)]
        for how, pieces in cuttings(encode(protocol, [*recipients(3), *answer, *recipients(2)])):
            rows = decode(protocol, pieces).rows
            assert [row[column] for row in rows[3:-2]] == [value or None for value in part], how
        counted = decode(protocol, encode(protocol, answer), columns=("STATUS",))
        if column == "STATUS":
            assert [row["STATUS"] or None for row in counted.rows] == [value or None for value in part]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_many_nulls_among_texts(protocol: Protocol) -> None:
    answer = [recipient(n, STATUS=("sent", None, "null")[n % 3], AB_VERSION=("A", "null", None, "")[n % 4])
              for n in range(2501)]  # fmt: skip
    outcome = decode(protocol, encode(protocol, answer))
    assert [(row["STATUS"], row["AB_VERSION"]) for row in outcome.rows] == [
        (record["STATUS"], record["AB_VERSION"] or None) for record in answer
    ]


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


def written(protocol: Protocol, *members: tuple[str, Any]) -> str:
    """Return a record that may have a member twice."""
    pairs = [*recipient(1, EMAIL=None).items(), *members]
    pairs = [(name, value) for name, value in pairs if (name, value) != ("EMAIL", None) or not members]
    if protocol == "json":
        return "{" + ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in pairs) + "}"
    inner = "".join(f"<member><name>{name}</name>{xml_value(value)}</member>" for name, value in pairs)
    return f"<value><struct>{inner}</struct></value>"


def answer_of(protocol: Protocol, *records: str) -> bytes:
    if protocol == "json":
        return f"[{','.join(records)}]".encode()
    return xml_text(Xml(f"<array><data>{''.join(records)}</data></array>")).encode()


ADDRESS = "a@example.com"


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("other", ["EMAIL", "Email", "email"])
@pytest.mark.parametrize("single", [False, True])
def test_a_member_that_comes_twice_loses_no_address(protocol: Protocol, other: str, single: bool) -> None:
    normal, fine = written(protocol, ("EMAIL", "b@example.com")), []
    for first, second in ((ADDRESS, None), (None, ADDRESS), (ADDRESS, ADDRESS)):
        twice = written(protocol, ("EMAIL", first), (other, second))
        fine.append(twice)
        body = answer_of(protocol, normal, twice, normal)
        if single:
            body = twice.encode() if protocol == "json" else xml_text(Xml(twice[7:-8])).encode()
        outcome = decode(protocol, body)
        assert outcome.error is None
        expected = [ADDRESS] if single else ["b@example.com", ADDRESS, "b@example.com"]
        assert [row["EMAIL"] for row in outcome.rows] == expected
    different = written(protocol, ("EMAIL", ADDRESS), (other, "c@example.com"))
    outcome = decode(protocol, answer_of(protocol, normal, fine[0], different, normal))
    assert (outcome.kind, len(outcome.rows)) == (MailkitResponseError, 2)
    assert "twice" in str(outcome.error)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("other", ["STATUS", "Status"])
def test_a_poll_sees_a_status_that_comes_twice_as_an_export_does(protocol: Protocol, other: str) -> None:
    record = "{" if protocol == "json" else "<value>"
    assert written(protocol).startswith(record)
    body = answer_of(protocol, written(protocol), written(protocol, (other, "wait")))
    for columns in ((), ("STATUS",)):
        outcome = decode(protocol, body, *([columns] if columns else []))
        assert (outcome.kind, len(outcome.rows)) == (MailkitResponseError, 1)


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
