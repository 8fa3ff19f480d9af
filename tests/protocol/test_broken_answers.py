"""Answers that are errors, cut or malformed give the rows before the fault and then the right error."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from support.reports import (
    CLIENT_ID,
    CLIENT_MD5,
    PROTOCOLS,
    XML_HEAD,
    Fault,
    Protocol,
    Xml,
    assert_discreet,
    cuttings,
    decode,
    decoder,
    encode,
    json_text,
    oracle,
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

MIB = 2**20


def error_object(text: str, status: Any = 1) -> dict[str, Any]:
    return {"error_status": status, "error": text}


def both(answer: Any) -> dict[Protocol, bytes]:
    return {protocol: encode(protocol, answer) for protocol in PROTOCOLS}


def only_json(text: str | bytes) -> dict[Protocol, bytes]:
    return {"json": text if isinstance(text, bytes) else text.encode()}


def only_xml(text: str | bytes) -> dict[Protocol, bytes]:
    return {"xmlrpc": text if isinstance(text, bytes) else text.encode()}


def texts(in_json: str, in_xml: str) -> dict[Protocol, bytes]:
    return only_json(in_json) | only_xml(in_xml)


def xml_list(*values: str) -> str:
    return xml_text(Xml(f"<array><data>{''.join(values)}</data></array>"))


def xml_document(body: str) -> str:
    return f"{XML_HEAD}<methodResponse>{body}</methodResponse>"


def xml_string(text: str) -> dict[Protocol, bytes]:
    return only_xml(xml_text(text))


R = [json_text(recipient(n)) for n in range(4)]
X = [xml_value(recipient(n)) for n in range(4)]

#: What went wrong: the answers, how many rows come before the error, its class.
CASES: dict[str, tuple[dict[Protocol, bytes], int, type[MailkitError]]] = {
    # Errors that Mailkit answers.
    "an error": (both(error_object("Invalid ID_send")), 0, MailkitApiError),
    "an error with its number as text": (both(error_object("Invalid ID_send", "1")), 0, MailkitApiError),
    "an error with another number": (both(error_object("Try later", 17)), 0, MailkitApiError),
    "an error with a negative number": (both(error_object("Try later", "-1")), 0, MailkitApiError),
    "an error without text": (both({"error_status": 1}), 0, MailkitApiError),
    "an error with an empty text": (both(error_object("")), 0, MailkitApiError),
    "an error with null for text": (both(error_object(None)), 0, MailkitApiError),  # type: ignore[arg-type]
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
    "a string: missing": (xml_string("Missing ID_send"), 0, MailkitApiError),
    "a string: invalid": (xml_string("Invalid ID_send"), 0, MailkitApiError),
    "a string: anything": (xml_string("The kitchen is on fire"), 0, MailkitApiError),
    "a string: unauthorized": (xml_string("Unauthorized"), 0, MailkitAccessError),
    "a string: disallowed": (xml_string("Disallowed IP 192.0.2.7"), 0, MailkitAccessError),
    "a string without a type": (only_xml(xml_text(Xml("Missing ID_send"))), 0, MailkitApiError),
    "a string in CDATA": (
        only_xml(xml_text(Xml("<string><![CDATA[Unauthorized]]></string>"))),
        0,
        MailkitAccessError,
    ),
    "a string with white space": (
        only_xml(xml_text(Xml("\n<string>\n Missing ID_send\n</string> "))),
        0,
        MailkitApiError,
    ),
    "a fault": (both(Fault(4, "Invalid ID_send")), 0, MailkitApiError),
    "a fault: unauthorized": (both(Fault(1, "Unauthorized")), 0, MailkitAccessError),
    "a fault with text for number": (
        only_xml(xml_document(f"<fault>{xml_value({'faultCode': '5', 'faultString': 'x'})}</fault>")),
        0,
        MailkitApiError,
    ),
    "a fault without a number": (
        only_xml(xml_document(f"<fault>{xml_value({'faultString': 'x'})}</fault>")),
        0,
        MailkitApiError,
    ),
    # Answers of another shape.
    "a fault without text": (
        only_xml(xml_document(f"<fault>{xml_value({'faultCode': 5})}</fault>")),
        0,
        MailkitResponseError,
    ),
    "an error number that is none": (both(error_object("x", "many")), 0, MailkitResponseError),
    "an error number that is a list": (both(error_object("x", [1])), 0, MailkitResponseError),
    "null": (both(None), 0, MailkitResponseError),
    "true": (both(True), 0, MailkitResponseError),
    "a number": (both(17), 0, MailkitResponseError),
    "an empty string": (both(""), 0, MailkitResponseError),
    "a string": (only_json('"Unauthorized"'), 0, MailkitResponseError),
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
    # Malformed from a point on.
    "a bare word": (texts(f"[{R[0]},{R[1]},oops]", xml_list(X[0], X[1], "oops")), 2, MailkitResponseError),
    "no separator": (
        texts(f"[{R[0]},{R[1]} {R[2]}]", xml_list(X[0], X[1] + "<struct></struct>")),
        2,
        MailkitResponseError,
    ),
    "a comma at the end": (only_json(f"[{R[0]},{R[1]},{R[2]},]"), 3, MailkitResponseError),
    "two commas": (only_json(f"[{R[0]},{R[1]},,{R[2]}]"), 2, MailkitResponseError),
    "a comma at the beginning": (only_json(f"[,{R[0]}]"), 0, MailkitResponseError),
    "a colon is missing": (only_json(f'[{R[0]},{{"STATUS" "sent"}},{R[1]}]'), 1, MailkitResponseError),
    "quotes are missing": (only_json(f"[{R[0]},{{STATUS:1}},{R[1]}]"), 1, MailkitResponseError),
    "a comma in an object": (only_json(f'[{R[0]},{{"STATUS":"sent",}},{R[1]}]'), 1, MailkitResponseError),
    "single quotes": (only_json(f"[{R[0]},{{'STATUS':'sent'}},{R[1]}]"), 1, MailkitResponseError),
    "NaN": (only_json(f'[{R[0]},{{"READ_COUNT":NaN}},{R[1]}]'), 1, MailkitResponseError),
    "infinity": (only_json(f'[{R[0]},{{"X":-Infinity,"STATUS":"x"}},{R[1]}]'), 1, MailkitResponseError),
    "a leading zero": (only_json(f'[{R[0]},{{"READ_COUNT":012}},{R[1]}]'), 1, MailkitResponseError),
    "a raw control character": (only_json(f'[{R[0]},{{"EMAIL":"a\x01b"}},{R[1]}]'), 1, MailkitResponseError),
    "a raw line end in a text": (only_json(f'[{R[0]},{{"EMAIL":"a\nb"}},{R[1]}]'), 1, MailkitResponseError),
    "an unknown escape": (only_json(f'[{R[0]},{{"EMAIL":"a\\qb"}},{R[1]}]'), 1, MailkitResponseError),
    "half an escape": (only_json(f'[{R[0]},{{"EMAIL":"a\\u00g1"}},{R[1]}]'), 1, MailkitResponseError),
    "half a surrogate pair": (only_json(f'[{R[0]},{{"EMAIL":"\\ud83d"}},{R[1]}]'), 1, MailkitResponseError),
    "the second half of a surrogate pair": (
        only_json(f'[{R[0]},{{"EMAIL":"\\ude00"}},{R[1]}]'),
        1,
        MailkitResponseError,
    ),
    "half a surrogate pair in an unknown member": (
        only_json(f'[{R[0]},{{"STATUS":"x","X":"\\ud83d"}},{R[1]}]'),
        1,
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
    "a second bracket": (only_json(f"[{R[0]},{R[1]}]]"), 2, MailkitResponseError),
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
    "brackets that do not match": (only_json(f"[{R[0]},{R[1]}}}"), 2, MailkitResponseError),
    "an object that ends like a list": (only_json(R[0][:-1] + "]"), 0, MailkitResponseError),
    "elements that do not match": (
        only_xml(xml_list(X[0], X[1]).replace("</data></array>", "</array></data>")),
        2,
        MailkitResponseError,
    ),
    "a member that does not match": (
        only_xml(xml_list(X[0], X[1], X[2].replace("</member>", "</menber>", 1))),
        2,
        MailkitResponseError,
    ),
    "a member without a name": (
        only_xml(xml_list(X[0], "<value><struct><member><value>1</value></member></struct></value>", X[1])),
        1,
        MailkitResponseError,
    ),
    "a member without a value": (
        only_xml(xml_list(X[0], "<value><struct><member><name>EMAIL</name></member></struct></value>", X[1])),
        1,
        MailkitResponseError,
    ),
    "a member with two values": (
        only_xml(xml_list(X[0], X[1].replace("</value></member>", "</value><value/></member>", 1))),
        1,
        MailkitResponseError,
    ),
    "text in a struct": (
        only_xml(xml_list(X[0], X[1].replace("<member>", "oops<member>", 1))),
        1,
        MailkitResponseError,
    ),
    "text in the list": (only_xml(xml_list(X[0], X[1], "oops", X[2])), 2, MailkitResponseError),
    "a type that is unknown": (
        only_xml(xml_list(X[0], xml_value(recipient(1, READ_COUNT=Xml("<i16>5</i16>"))), X[2])),
        1,
        MailkitResponseError,
    ),
    "an int that is a text": (
        only_xml(xml_list(X[0], xml_value(recipient(1, READ_COUNT=Xml("<int>five</int>"))), X[2])),
        1,
        MailkitResponseError,
    ),
    "two types": (
        only_xml(xml_list(X[0], xml_value(recipient(1, READ_COUNT=Xml("<int>5</int><int>6</int>"))), X[2])),
        1,
        MailkitResponseError,
    ),
    "an entity that is unknown": (
        only_xml(xml_list(X[0], X[1].replace("person", "&nbsp;"), X[2])),
        1,
        MailkitResponseError,
    ),
    "a bare ampersand": (
        only_xml(xml_list(X[0], X[1].replace("person", "a & b"), X[2])),
        1,
        MailkitResponseError,
    ),
    "a character that XML forbids": (
        only_xml(xml_list(X[0], X[1].replace("person", "\x01"), X[2])),
        1,
        MailkitResponseError,
    ),
    "a character number that XML forbids": (
        only_xml(xml_list(X[0], X[1].replace("person", "&#1;"), X[2])),
        1,
        MailkitResponseError,
    ),
    "the end of CDATA in a text": (
        only_xml(xml_list(X[0], X[1].replace("person", "]]>"), X[2])),
        1,
        MailkitResponseError,
    ),
    "no array": (only_xml(xml_text(Xml("<data></data>"))), 0, MailkitResponseError),
    "two arrays": (
        only_xml(xml_text(Xml("<array><data/></array><array><data/></array>"))),
        0,
        MailkitResponseError,
    ),
    "no value": (only_xml(xml_document("<params><param/></params>")), 0, MailkitResponseError),
    "no parameter": (only_xml(xml_document("<params/>")), 0, MailkitResponseError),
    "two parameters": (
        only_xml(
            xml_document(f"<params><param>{xml_value([])}</param><param>{xml_value([])}</param></params>")
        ),
        0,
        MailkitResponseError,
    ),
    "two parameters with records": (
        only_xml(
            xml_document(f"<params><param>{xml_value(recipients(3))}</param><param>{X[0]}</param></params>")
        ),
        3,
        MailkitResponseError,
    ),
    "nothing in the response": (only_xml(xml_document("")), 0, MailkitResponseError),
    "a call for a response": (
        only_xml(f"{XML_HEAD}<methodCall><methodName>x</methodName></methodCall>"),
        0,
        MailkitResponseError,
    ),
    "another encoding": (
        only_xml(xml_text(recipients(3), head='<?xml version="1.0" encoding="windows-1250"?>')),
        0,
        MailkitResponseError,
    ),
    "another encoding of an error": (
        only_xml(xml_text("Unauthorized", head='<?xml version="1.0" encoding="UTF-16"?>')),
        0,
        MailkitResponseError,
    ),
    "an encoding that is unknown": (
        only_xml(xml_text("Unauthorized", head='<?xml version="1.0" encoding="utf-8-mb4"?>')),
        0,
        MailkitResponseError,
    ),
    "an encoding that is unknown, with records": (
        only_xml(xml_text(recipients(3), head='<?xml version="1.0" encoding="utf8mb4"?>')),
        0,
        MailkitResponseError,
    ),
    # Attacks.
    "a DTD": (
        only_xml(xml_text(recipients(3), head=f"{XML_HEAD}<!DOCTYPE methodResponse>")),
        0,
        MailkitResponseError,
    ),
    "a billion laughs": (
        only_xml(
            xml_text(
                Xml("<string>&j;</string>"),
                head=f'{XML_HEAD}<!DOCTYPE a [<!ENTITY a "haha">'
                + "".join(
                    f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True)
                )
                + "]>",
            )
        ),
        0,
        MailkitResponseError,
    ),
    "a billion laughs in UTF-16": (
        only_xml(
            xml_text(
                Xml("<string>&b;</string>"),
                head='<?xml version="1.0" encoding="UTF-16"?>'
                '<!DOCTYPE a [<!ENTITY a "haha"><!ENTITY b "&a;&a;">]>',
            ).encode("utf-16")
        ),
        0,
        MailkitResponseError,
    ),
    "a foreign file": (
        only_xml(
            xml_text(
                Xml("<string>&f;</string>"),
                head=f'{XML_HEAD}<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]>',
            )
        ),
        0,
        MailkitResponseError,
    ),
    "a DTD after records": (
        only_xml(xml_list(X[0], X[1], '<!DOCTYPE a [<!ENTITY a "b">]>', X[2])),
        2,
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
    # Cut.
    "nothing": (texts("", ""), 0, MailkitTransportError),
    "only white space": (texts(" \n", " \n"), 0, MailkitTransportError),
    "only a byte order mark": (texts("\ufeff", "\ufeff"), 0, MailkitTransportError),
    "a bracket": (only_json("["), 0, MailkitTransportError),
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

FLAT = [
    pytest.param(protocol, body, rows, kind, id=f"{protocol}: {name}")
    for name, (bodies, rows, kind) in CASES.items()
    for protocol, body in bodies.items()
]


@pytest.mark.parametrize(("protocol", "body", "rows", "kind"), FLAT)
def test_rows_before_the_fault_then_the_error(
    protocol: Protocol, body: bytes, rows: int, kind: type[MailkitError]
) -> None:
    expected = oracle(protocol, encode(protocol, recipients(rows)))
    if body.count(b'"OK"') or body.count(b">OK<"):
        expected = [expected[n] for n in range(rows)]
    message = None
    for how, pieces in cuttings(body):
        outcome = decode(protocol, pieces)
        assert outcome.error is not None, how
        if kind is MailkitError:
            assert outcome.kind in (MailkitTransportError, MailkitResponseError), how
        else:
            assert outcome.kind is kind, (how, outcome.error)
        assert outcome.rows == expected, how
        assert outcome.error.retryable is (outcome.kind is MailkitTransportError)
        assert outcome.error.function == "mailkit.report.message.recipients"
        message = message or str(outcome.error)
        assert_discreet(outcome.error, "person", "example")


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


# -- Cut anywhere ------------------------------------------------------------------------------------

CUT_RECORDS = [
    recipient(1),
    recipient(2, EMAIL="žluť😀@example.cz", X={"a": [1, {"b": "}"}], "c": -1.5e-3}, READ_COUNT=None),
    recipient(3, EMAIL='a"\\b@example.com', READ_COUNT=17, Y=[True, False, None]),
]
CUT_BODIES: dict[str, tuple[Protocol, bytes]] = {
    "json list": ("json", json_text(CUT_RECORDS).encode()),
    "json list escaped": ("json", b"\xef\xbb\xbf \n" + json.dumps(CUT_RECORDS, indent=1).encode()),
    "json object": ("json", b"\xef\xbb\xbf" + json_text(CUT_RECORDS[1]).encode()),
    "json error": ("json", json_text(error_object("Unauthorized")).encode()),
    "xml list": ("xmlrpc", b"\xef\xbb\xbf" + xml_text(CUT_RECORDS).encode()),
    "xml list indented": (
        "xmlrpc",
        xml_text(CUT_RECORDS[:2], head="")
        .replace("><", ">\n<")
        .replace("person1", "<![CDATA[person&]]>1")
        .encode(),
    ),
    "xml struct": ("xmlrpc", xml_text(CUT_RECORDS[1]).encode()),
    "xml error": ("xmlrpc", xml_text("Unauthorized").encode()),
    "xml fault": ("xmlrpc", xml_text(Fault(1, "Unauthorized")).encode()),
    "xml empty": ("xmlrpc", xml_text([]).encode()),
    "json list and white space": ("json", json_text(CUT_RECORDS[:1]).encode()),
}


@pytest.mark.parametrize("name", CUT_BODIES)
def test_cut_at_every_byte_is_a_transport_error(name: str) -> None:
    """Every text here is the beginning of a valid one, so that no cut may look like anything else."""
    protocol, body = CUT_BODIES[name]
    whole = decode(protocol, body)
    before = 0
    for end in range(len(body)):
        outcome = decode(protocol, body[:end])
        assert outcome.kind is MailkitTransportError, (end, body[:end][-40:], outcome.error)
        assert outcome.error is not None
        assert outcome.error.retryable
        assert outcome.rows == whole.rows[: len(outcome.rows)], end
        assert before <= len(outcome.rows) <= before + 1, end
        before = len(outcome.rows)
        assert_discreet(outcome.error)
    assert before == (len(whole.rows) if "list" in name else 0)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_cut_looks_the_same_however_it_arrived(protocol: Protocol) -> None:
    body = encode(protocol, CUT_RECORDS)
    for end in range(0, len(body), 37):
        first = decode(protocol, body[:end])
        for how, pieces in cuttings(body[:end]):
            outcome = decode(protocol, pieces)
            assert (outcome.kind, str(outcome.error), outcome.rows) == (
                first.kind,
                str(first.error),
                first.rows,
            ), (end, how)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("fraction", [0.1, 0.35, 0.5, 0.77, 0.999])
def test_a_large_report_that_is_cut_gives_the_rows_before(protocol: Protocol, fraction: float) -> None:
    answer = recipients(5003)
    body = encode(protocol, answer)
    body = body[: int(len(body) * fraction)]
    outcome = decode(protocol, body)
    end_of_record = b"}" if protocol == "json" else b"</struct>"
    assert outcome.kind is MailkitTransportError
    assert len(outcome.rows) == body.count(end_of_record)
    assert outcome.rows == oracle(protocol, encode(protocol, answer[: len(outcome.rows)]))


# -- Sizes and time ----------------------------------------------------------------------------------


def _record_of(protocol: Protocol, size: int) -> str:
    write: Callable[..., str] = json_text if protocol == "json" else lambda record: xml_value(record)[7:-8]
    padding = size - len(write(recipient(1, X="")))
    text = write(recipient(1, X="x" * padding))
    assert len(text) == size
    return text


def _report_of(protocol: Protocol, records: list[str]) -> bytes:
    if protocol == "json":
        return f"[{','.join(records)}]".encode()
    return xml_list(*(f"<value>{record}</value>" for record in records)).encode()


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("count", [1, 3])
def test_a_record_may_have_one_mebibyte(protocol: Protocol, count: int) -> None:
    largest, larger = (_record_of(protocol, size) for size in (MIB, MIB + 1))
    small = _record_of(protocol, 800)
    fine = _report_of(protocol, [small, *[largest] * count, small])
    for how, pieces in list(cuttings(fine))[:2]:
        outcome = decode(protocol, pieces)
        assert (outcome.error, len(outcome.rows), how) == (None, count + 2, how)
    for how, pieces in list(cuttings(_report_of(protocol, [small, small, larger] + [small] * count)))[:2]:
        outcome = decode(protocol, pieces)
        assert (outcome.kind, len(outcome.rows), how) == (MailkitResponseError, 2, how)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_one_mebibyte_may_be_the_whole_answer(protocol: Protocol) -> None:
    record = _record_of(protocol, MIB)
    body = record.encode() + b"\n" if protocol == "json" else xml_text(Xml(record)).encode()
    for how, pieces in list(cuttings(body))[:2]:
        outcome = decode(protocol, pieces)
        assert (outcome.error, len(outcome.rows), how) == (None, 1, how)


UNFRIENDLY: dict[str, Any] = {
    "closing braces": "}" * 100_000,
    "ends of records": "},{" * 30_000,
    "ends of structs": Xml(
        f"<string><![CDATA[{'</struct></value><value>' * 4000}]]></string>", json="}" * 100_000
    ),
    "spaces": " " * 100_000,
    "line ends": "\n" * 100_000,
    "quotes": '\\"' * 50_000,
    "objects": [{"a": n} for n in range(2500)],
    "empty objects": [{}] * 2500,
    "openings of comments": Xml(f"<string><![CDATA[{'<!--' * 25_000}]]></string>", json="{" * 100_000),
    "at signs": "@" * 100_000,
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", UNFRIENDLY)
def test_unfriendly_members_cost_linear_time(protocol: Protocol, name: str) -> None:
    """Quadratic ways would take minutes here; the bound is far from both."""
    body = encode(protocol, [recipient(n, X=UNFRIENDLY[name]) for n in range(17)])
    for how, pieces in list(cuttings(body))[:2]:
        start = time.process_time()
        outcome = decode(protocol, pieces)
        seconds = time.process_time() - start
        assert (outcome.error, len(outcome.rows), how) == (None, 17, how)
        assert seconds < 3, how


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("opening", ["{", "[", '"', "<", " ", "\\", "&", "<!--", "<![CDATA["])
def test_endless_rubbish_ends_soon(protocol: Protocol, opening: str) -> None:
    front = encode(protocol, recipients(3))
    front = front[: front.rfind(b"person2")]
    reader = decoder(protocol)
    rows = 0

    def feed_for_ever() -> None:
        nonlocal rows
        for piece in (front, *[(opening * 2**16)[: 2**16].encode()] * 200):
            for batch in reader.feed(piece):
                rows += len(batch)

    start = time.process_time()
    with pytest.raises(MailkitResponseError) as caught:
        feed_for_ever()
    assert time.process_time() - start < 5
    assert reader.received_bytes < 2 * MIB
    assert rows == 2
    assert_discreet(caught.value)


# -- What errors show --------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "text",
    [
        "Invalid ID_send for person@example.com",
        "Invalid %22person%22%40example.com",
        f"Unauthorized {CLIENT_ID}/{CLIENT_MD5}",
        f"Unauthorized id={CLIENT_ID}&md5={CLIENT_MD5}",
        f"client_{CLIENT_ID}_{CLIENT_MD5}_x",
        f"x{CLIENT_MD5}x",
        CLIENT_MD5.upper(),
        "a@example.com," * 500,
        "x" * 5000 + "@example.com",
        "person\u0040example.com is žluť",
    ],
)
def test_error_texts_are_redacted(protocol: Protocol, text: str) -> None:
    for answer in (error_object(text), [error_object(text)], Fault(3, text)):
        error = decode(protocol, encode(protocol, answer)).error
        assert error is not None
        assert_discreet(error, CLIENT_MD5.upper(), "person", "example")
        assert len(str(error)) < 420


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("size", [1, 30, 150, 199, 3000])
def test_excerpts_never_show_where_an_address_was_cut(protocol: Protocol, size: int) -> None:
    """A malformed answer that ends within an address shows no part of it."""
    local = "person" * size
    for text in (
        f'["x",{{"EMAIL":"{local}',
        f'[1,{{"NAME":"{local}',
        f"<html>{local}",
        f"<html> {local}@example.com",
        f"[1,\\u0022{local}\\u0040example.com",
        f"{XML_HEAD}<x><y>{local}&#64;example.com",
        f'{{"a" "{local}%40example.com"}}',
        f"{XML_HEAD}<methodResponse><param><name>EMAIL</name><value><string>{local}",
    ):
        outcome = decode(protocol, text.encode())
        assert outcome.error is not None
        assert_discreet(outcome.error, "person")


def test_the_same_error_comes_for_ever() -> None:
    reader = decoder("json")
    with pytest.raises(MailkitResponseError) as first:
        list(reader.feed(b"oops"))
    for again in (lambda: list(reader.feed(b"[]")), lambda: list(reader.finish())):
        with pytest.raises(MailkitResponseError) as later:
            again()
        assert later.value is first.value
