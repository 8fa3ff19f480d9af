"""The answers that the matrix sends, whole and spoiled."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from support.reports import Protocol, encode, json_text, recipient, xml_text

Content = Callable[[Protocol], bytes]

#: A delivery that is done: what every column reads when nothing is wrong.
REPORT = [recipient(number, STATUS=("sent", "failed")[number % 2]) for number in range(5)]
#: A delivery that somebody still waits for.
WAITING = [recipient(number, STATUS=("wait", "sent")[number % 2]) for number in range(5)]
#: Several batches long in both protocols, and too much for XCom.
LONG_COUNT = 1500
#: The record of a long report at which something is wrong: some batches are out by then.
BAD_RECORD = 1200


@lru_cache
def whole(protocol: Protocol) -> bytes:
    return encode(protocol, REPORT)


@lru_cache
def long(protocol: Protocol) -> bytes:
    return encode(protocol, _long_records())


def _long_records() -> list[dict[str, Any]]:
    return [recipient(number, STATUS=("sent", "failed")[number % 2]) for number in range(LONG_COUNT)]


def value(answer: Any) -> Content:
    """Return a content that is this value, in either protocol."""
    return lambda protocol: encode(protocol, answer)


def record(**members: Any) -> Content:
    """Return a report whose third record has other members."""
    return value([*REPORT[:2], REPORT[2] | members, *REPORT[3:]])


def bad_record(**members: Any) -> Content:
    """Return a long report in which one record has other members."""

    @lru_cache
    def content(protocol: Protocol) -> bytes:
        records = _long_records()
        records[BAD_RECORD] |= members
        return encode(protocol, records)

    return content


def other_record(other: Any) -> Content:
    """Return a long report in which something else stands for one record."""

    @lru_cache
    def content(protocol: Protocol) -> bytes:
        records: list[Any] = _long_records()
        records[BAD_RECORD] = other
        return encode(protocol, records)

    return content


def spoiled(old: bytes, new: bytes) -> Content:
    """Return a long report in which the address of one record is not well written any more."""

    def content(protocol: Protocol) -> bytes:
        address = b"person%d@example.com" % BAD_RECORD
        body = long(protocol)
        assert body.count(address) == 1
        return body.replace(address, address.replace(old, new))

    return content


def unclosed(protocol: Protocol) -> bytes:
    """Return a long report in which a quote or a tag of one record is missing."""
    end = {"json": b'"', "xmlrpc": b"</string>"}[protocol]
    address = b"person%d@example.com" % BAD_RECORD
    return long(protocol).replace(address + end, address)


def spaced(protocol: Protocol) -> bytes:
    if protocol == "json":
        return b"\r\n" + json.dumps(REPORT, indent=8).encode() + b" \n\n"
    text = xml_text(REPORT)
    for tag in ("<member>", "</member>", "<struct>", "</struct>", "</data>"):
        text = text.replace(tag, f"\n \t{tag}\r\n")
    return text.encode() + b"\n"


def other_protocol(protocol: Protocol) -> bytes:
    return whole("xmlrpc" if protocol == "json" else "json")


def with_dtd(protocol: Protocol) -> bytes:
    head = '<?xml version="1.0"?><!DOCTYPE methodResponse [<!ENTITY a "sent">]>'
    return xml_text(REPORT, head).replace("<string>sent<", "<string>&a;<").encode()


def latin(protocol: Protocol) -> bytes:
    return xml_text(REPORT, '<?xml version="1.0" encoding="iso-8859-2"?>').encode()


def utf_16(protocol: Protocol) -> bytes:
    return (json_text(REPORT) if protocol == "json" else xml_text(REPORT)).encode("utf-16")


def deep(protocol: Protocol) -> bytes:
    if protocol == "json":
        return b"[" * 5000 + b"]" * 5000
    inner = "<value><array><data>" * 100 + "</data></array></value>" * 100
    return f"<methodResponse><params><param>{inner}</param></params></methodResponse>".encode()


def api_error(text: str, status: Any = 1) -> Content:
    """Return the answer that Mailkit gives for an error: an object, or over XML-RPC a text."""

    def content(protocol: Protocol) -> bytes:
        return encode(protocol, {"error_status": status, "error": text} if protocol == "json" else text)

    return content


PAGE = (
    b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body><p>Dear person7@example.com, "
    b"please write to support%40example.com or to help&#64;example.com.</p></body></html>"
)


def page(protocol: Protocol) -> bytes:
    return PAGE
