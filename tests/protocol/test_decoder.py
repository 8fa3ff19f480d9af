"""What both protocols have in common: errors, shapes and sizes, and the rows that come before a fault."""

from __future__ import annotations

from typing import Any

import pytest
from protocol.broken import (
    MIB,
    Case,
    R,
    X,
    assert_rows_then_the_error,
    both,
    each,
    error_object,
    texts,
    xml_list,
)
from support.reports import (
    PROTOCOLS,
    XML_HEAD,
    Fault,
    Protocol,
    Xml,
    decode,
    decoder,
    encode,
    recipient,
    recipients,
    xml_text,
    xml_value,
)

from airflow_provider_mailkit.exceptions import (
    MailkitAccessError,
    MailkitApiError,
    MailkitError,
    MailkitResponseError,
    MailkitTransportError,
)

CASES: dict[str, Case] = {
    "an error": (both(error_object("Invalid ID_send")), 0, MailkitApiError),
    "an error with its number as text": (both(error_object("Invalid ID_send", "1")), 0, MailkitApiError),
    "an error with another number": (both(error_object("Try later", 17)), 0, MailkitApiError),
    "an error with a negative number": (both(error_object("Try later", "-1")), 0, MailkitApiError),
    "an error without text": (both({"error_status": 1}), 0, MailkitApiError),
    "an error with an empty text": (both(error_object("")), 0, MailkitApiError),
    "an error with null for text": (both(error_object(None)), 0, MailkitApiError),  # type: ignore[arg-type],
    "an error in other letters": (both({"ERROR_STATUS": 1, "Error": "Invalid ID_send"}), 0, MailkitApiError),
    "an error with more members": (both(error_object("Invalid ID_send") | {"data": []}), 0, MailkitApiError),
    "an error in a list": (both([error_object("Invalid ID_send")]), 0, MailkitApiError),
    "an error at the end of a list": (both([*recipients(3), error_object("Try later")]), 3, MailkitApiError),
    "an error in the middle of a list": (
        both([*recipients(3), error_object("Try later", "2"), *recipients(5)]),
        3,
        MailkitApiError,
    ),
    "an error that names an address": (
        both([*recipients(2), {"EMAIL": "person@example.com"} | error_object("Try later")]),
        2,
        MailkitApiError,
    ),
    "an error after a success in each record": (
        both([recipient(n) | error_object("OK", 0) for n in range(5)] + [error_object("Try later", 3)]),
        5,
        MailkitApiError,
    ),
    "an error late in a large report": (
        both([*recipients(5000), error_object("Try later")]),
        5000,
        MailkitApiError,
    ),
    "unauthorized": (both(error_object("Unauthorized")), 0, MailkitAccessError),
    "unauthorized in a list": (both([error_object("Unauthorized", "1")]), 0, MailkitAccessError),
    "unauthorized in small letters": (both(error_object(" unauthorized access")), 0, MailkitAccessError),
    "a disallowed address": (both(error_object("Disallowed IP 192.0.2.7")), 0, MailkitAccessError),
    "an error text without a status": (both({"error": "Unauthorized"}), 0, MailkitAccessError),
    "any text without a status": (both({"error": "Try again later"}), 0, MailkitResponseError),
    "another error text without a status": (both({"error": "Invalid ID_send"}), 0, MailkitApiError),
    "an error text with an empty status": (
        both({"error_status": "", "error": "Missing ID_send"}),
        0,
        MailkitApiError,
    ),
    "an error text with null for status": (
        both({"error_status": None, "error": "Unauthorized"}),
        0,
        MailkitAccessError,
    ),
    "a fault": (both(Fault(4, "Invalid ID_send")), 0, MailkitApiError),
    "a fault: unauthorized": (both(Fault(1, "Unauthorized")), 0, MailkitAccessError),
    "an error number that is none": (both(error_object("x", "many")), 0, MailkitResponseError),
    "an error number that is a list": (both(error_object("x", [1])), 0, MailkitResponseError),
    "null": (both(None), 0, MailkitResponseError),
    "true": (both(True), 0, MailkitResponseError),
    "a number": (both(17), 0, MailkitResponseError),
    "an empty string": (both(""), 0, MailkitResponseError),
    "a bare text": (texts("Unauthorized", "Unauthorized"), 0, MailkitResponseError),
    "a page": (texts(*["<!DOCTYPE html>\n<html><body>502</body></html>"] * 2), 0, MailkitResponseError),
    "a page without a type": (
        texts(*["  <html><body>Maintenance</body></html>"] * 2),
        0,
        MailkitResponseError,
    ),
    "a page of XHTML": (texts(*[f"{XML_HEAD}<html><body>502</body></html>"] * 2), 0, MailkitResponseError),
    "a large page": (texts(*["<html>" + "<p>Maintenance</p>" * 90_000] * 2), 0, MailkitResponseError),
    "the other protocol": (
        {"json": encode("xmlrpc", recipients(3)), "xmlrpc": encode("json", recipients(3))},
        0,
        MailkitResponseError,
    ),
    "a list of numbers": (both([1, 2, 3]), 0, MailkitResponseError),
    "a list of texts": (both(["Unauthorized"]), 0, MailkitResponseError),
    "a list of lists": (both([[recipient(1)], [recipient(2)]]), 0, MailkitResponseError),
    "a list of nulls": (both([None, None]), 0, MailkitResponseError),
    "a number among the records": (both([*recipients(3), 5, *recipients(2)]), 3, MailkitResponseError),
    "null among the records": (both([*recipients(3), None, *recipients(2)]), 3, MailkitResponseError),
    "a list among the records": (both([*recipients(3), [], *recipients(2)]), 3, MailkitResponseError),
    "a record without a known member": (both([*recipients(3), {"PHONE": "1"}]), 3, MailkitResponseError),
    "a record without any member": (both([*recipients(3), {}, *recipients(2)]), 3, MailkitResponseError),
    "another object": (both({"data": recipients(3)}), 0, MailkitResponseError),
    "a counter that is a text": (
        both([*recipients(3), recipient(3, READ_COUNT="many")]),
        3,
        MailkitResponseError,
    ),
    "a counter that is an address": (
        both([*recipients(3), recipient(3, READ_COUNT="person@example.com")]),
        3,
        MailkitResponseError,
    ),
    "a counter with a fraction": (
        both([*recipients(3), recipient(3, READ_COUNT=2.5)]),
        3,
        MailkitResponseError,
    ),
    "a counter that is true": (
        both([*recipients(3), recipient(3, READ_COUNT=True)]),
        3,
        MailkitResponseError,
    ),
    "a counter that is a list": (
        both([*recipients(3), recipient(3, READ_COUNT=[1])]),
        3,
        MailkitResponseError,
    ),
    "a counter that is an object": (
        both([*recipients(3), recipient(3, READ_COUNT={"a": 1})]),
        3,
        MailkitResponseError,
    ),
    "an ID beyond 64 bits": (both([*recipients(3), recipient(3, ID_EMAIL=2**63)]), 3, MailkitResponseError),
    "an ID beyond 64 bits as text": (
        both([*recipients(3), recipient(3, ID_EMAIL=str(2**63))]),
        3,
        MailkitResponseError,
    ),
    "an ID far beyond 64 bits": (
        both([*recipients(3), recipient(3, ID_EMAIL=10**40)]),
        3,
        MailkitResponseError,
    ),
    "an ID far below 64 bits": (
        both([*recipients(3), recipient(3, ID_EMAIL=-(2**63) - 1)]),
        3,
        MailkitResponseError,
    ),
    "an ID of 5000 digits": (
        both([*recipients(3), recipient(3, ID_EMAIL="9" * 5000)]),
        3,
        MailkitResponseError,
    ),
    "a number of 5000 digits": (
        texts(
            f'[{R[0]},{R[1]},{{"ID_EMAIL":{"9" * 5000}}}]',
            xml_list(X[0], X[1], xml_value({"ID_EMAIL": Xml(f"<i8>{'9' * 5000}</i8>")})),
        ),
        2,
        MailkitResponseError,
    ),
    "a status that is a number": (both([*recipients(3), recipient(3, STATUS=1)]), 3, MailkitResponseError),
    "an address that is an object": (
        both([*recipients(3), recipient(3, EMAIL={"a": "b@example.com"})]),
        3,
        MailkitResponseError,
    ),
    "a date that is none": (both([*recipients(3), recipient(3, DATE="yesterday")]), 3, MailkitResponseError),
    "a date with month 13": (
        both([*recipients(3), recipient(3, DATE="2026-13-01 08:00:00")]),
        3,
        MailkitResponseError,
    ),
    "a date that is a number": (
        both([*recipients(3), recipient(3, DATE=1772352000)]),
        3,
        MailkitResponseError,
    ),
    "a date that is an address": (
        both([*recipients(3), recipient(3, DATE="person@example.com")]),
        3,
        MailkitResponseError,
    ),
    "a wrong date late in a large report": (
        both([*recipients(4500), recipient(3, DATE="x")]),
        4500,
        MailkitResponseError,
    ),
    "a bare word": (texts(f"[{R[0]},{R[1]},oops]", xml_list(X[0], X[1], "oops")), 2, MailkitResponseError),
    "no separator": (
        texts(f"[{R[0]},{R[1]} {R[2]}]", xml_list(X[0], X[1] + "<struct></struct>")),
        2,
        MailkitResponseError,
    ),
    "half a surrogate pair in bytes": (
        texts("", "")
        and {
            "json": f"[{R[0]},{R[1]},".encode() + b'{"EMAIL":"\xed\xa0\xbd"}]',
            "xmlrpc": xml_list(X[0], X[1], xml_value(recipient(2)))
            .encode()
            .replace(b"person2", b"\xed\xa0\xbd"),
        },
        2,
        MailkitResponseError,
    ),
    "text that is not UTF-8": (
        {
            "json": f"[{R[0]},{R[1]},{R[2]}]".encode().replace(b"person2", b"person\xe9"),
            "xmlrpc": xml_list(X[0], X[1], X[2]).encode().replace(b"person2", b"person\xe9"),
        },
        2,
        MailkitResponseError,
    ),
    "UTF-16": (
        {p: encode(p, recipients(3)).decode().encode("utf-16") for p in PROTOCOLS},
        0,
        MailkitResponseError,
    ),
    "UTF-16 without a mark": (
        {p: encode(p, recipients(3)).decode().encode("utf-16-le") for p in PROTOCOLS},
        0,
        MailkitResponseError,
    ),
    "a NUL": ({p: b"\0" + encode(p, recipients(3)) for p in PROTOCOLS}, 0, MailkitResponseError),
    "a NUL after": ({p: encode(p, recipients(3)) + b"\0" for p in PROTOCOLS}, 3, MailkitResponseError),
    "two byte order marks": (
        {p: b"\xef\xbb\xbf" * 2 + encode(p, recipients(3)) for p in PROTOCOLS},
        0,
        MailkitResponseError,
    ),
    "a byte order mark in the middle": (
        texts(f"[{R[0]},\ufeff{R[1]}]", xml_list(X[0], "\ufeff" + X[1])),
        1,
        MailkitResponseError,
    ),
    "something after": (texts(f"[{R[0]},{R[1]}] x", xml_list(X[0], X[1]) + " x"), 2, MailkitResponseError),
    "something after the empty list": (texts("[] x", xml_text([]) + " x"), 0, MailkitResponseError),
    "something after an object": (
        texts(f"{R[0]} x", xml_text(recipient(0)) + " x"),
        0,
        MailkitResponseError,
    ),
    "two documents": ({p: encode(p, recipients(3)) * 2 for p in PROTOCOLS}, 3, MailkitResponseError),
    "two objects": ({p: encode(p, recipient(3)) * 2 for p in PROTOCOLS}, 0, MailkitResponseError),
    "a report and an error": (
        {p: encode(p, recipients(3)) + encode(p, error_object("Try later")) for p in PROTOCOLS},
        3,
        MailkitResponseError,
    ),
    "much after": (
        {p: encode(p, recipients(3)) + b"x" * 2 * MIB for p in PROTOCOLS},
        3,
        MailkitResponseError,
    ),
    "deep lists": (
        {
            "json": b"[" * 100_000,
            "xmlrpc": (
                XML_HEAD + "<methodResponse><params><param>" + "<value><array><data>" * 20_000
            ).encode(),
        },
        0,
        MailkitError,
    ),
    "deep objects": (
        {
            "json": b'[{"a":' * 50_000,
            "xmlrpc": xml_list("<value><struct><member><name>X</name>" * 9000)[:-200].encode(),
        },
        0,
        MailkitError,
    ),
    "a deep unknown member": (
        texts(
            f'[{R[0]},{{"STATUS":"x","X":{"[" * 30_000}{"]" * 30_000}}},{R[1]}]',
            xml_list(
                X[0],
                xml_value(
                    recipient(1, X=Xml("<array><data><value>" * 200 + "</value></data></array>" * 200))
                ),
                X[2],
            ),
        ),
        1,
        MailkitResponseError,
    ),
    "a record larger than 1 MiB": (
        both([*recipients(3), recipient(3, X="x" * MIB), *recipients(2)]),
        3,
        MailkitResponseError,
    ),
    "a record much larger than 1 MiB": (
        both([*recipients(3), recipient(3, X="x" * 3 * MIB), *recipients(2)]),
        3,
        MailkitResponseError,
    ),
    "an object larger than 1 MiB": (both(recipient(3, X="x" * (MIB + 9000))), 0, MailkitResponseError),
    "nothing": (texts("", ""), 0, MailkitTransportError),
    "only white space": (texts(" \n", " \n"), 0, MailkitTransportError),
    "only a byte order mark": (texts("\ufeff", "\ufeff"), 0, MailkitTransportError),
    "no end": (
        {"json": encode("json", recipients(3))[:-1], "xmlrpc": encode("xmlrpc", recipients(3))[:-1]},
        3,
        MailkitTransportError,
    ),
    "no end of a large report": (
        {p: encode(p, recipients(5000))[:-1] for p in PROTOCOLS},
        5000,
        MailkitTransportError,
    ),
    "half an error": (
        {p: encode(p, error_object("Unauthorized"))[:-5] for p in PROTOCOLS},
        0,
        MailkitTransportError,
    ),
}


@pytest.mark.parametrize(("protocol", "body", "rows", "kind"), each(CASES))
def test_rows_before_the_fault_then_the_error(
    protocol: Protocol, body: bytes, rows: int, kind: type[MailkitError]
) -> None:
    assert_rows_then_the_error(protocol, body, rows, kind)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (error_object("Invalid ID_send", 1), 1),
        (error_object("Invalid ID_send", "17"), 17),
        ([error_object("Invalid ID_send", -3)], -3),
        (Fault(401, "Invalid ID_send"), 401),
    ],
)
def test_the_number_of_an_error_is_kept(protocol: Protocol, answer: Any, status: int) -> None:
    error = decode(protocol, encode(protocol, answer)).error
    assert isinstance(error, MailkitApiError)
    assert error.error_status == status
    assert "Invalid ID_send" in str(error)


def test_the_string_error_of_xmlrpc_has_no_number() -> None:
    error = decode("xmlrpc", encode("xmlrpc", "Missing ID_send")).error
    assert isinstance(error, MailkitApiError)
    assert error.error_status is None
    assert "Missing ID_send" in str(error)


def test_a_disallowed_address_is_named() -> None:
    error = decode("json", encode("json", error_object("Disallowed IP 192.0.2.7"))).error
    assert "192.0.2.7" in str(error)


def test_the_same_error_comes_for_ever() -> None:
    reader = decoder("json")
    with pytest.raises(MailkitResponseError) as first:
        list(reader.feed(b"oops"))
    for again in (lambda: list(reader.feed(b"[]")), lambda: list(reader.finish())):
        with pytest.raises(MailkitResponseError) as later:
            again()
        assert later.value is first.value
