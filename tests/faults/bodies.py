"""The answers that the matrix sends, whole and spoiled: those of any declared report."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol as Interface

from support.declared_rows import records_of, single_or_list
from support.reports import Protocol, encode, json_text, recipient, xml_text

from airflow_provider_mailkit.catalogue.columns import ADDRESS, DAY, INSTANT, INTEGER, TEXT, Column
from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.catalogue.reports.deliveries import RECIPIENTS


class Content(Interface):
    """Makes an answer of a report in a protocol."""

    def __call__(self, protocol: Protocol, report: Report = RECIPIENTS) -> bytes: ...


#: Changes the records of an answer.
Change = Callable[[list[dict[str, Any]], Report], Any]

#: A delivery that is done: what every column reads when nothing is wrong.
REPORT = [recipient(number, STATUS=("sent", "failed")[number % 2]) for number in range(5)]
#: A delivery that somebody still waits for.
WAITING = [recipient(number, STATUS=("wait", "sent")[number % 2]) for number in range(5)]
#: This many values make several batches in both protocols, and are too much for XCom.
_LONG_VALUES = 12_000


def records(report: Report, count: int = 5) -> list[Any]:
    """Return the records of an answer; of a report of one object, one."""
    if report is RECIPIENTS:
        return [recipient(number, STATUS=("sent", "failed")[number % 2]) for number in range(count)]
    return records_of(report, 1 if report.single else count, mixed=False)


def long_records(report: Report) -> list[Any]:
    """Return the records of an answer that comes in several batches, and in one page."""
    count = _LONG_VALUES // len(report.columns)
    return records(report, min(count, report.paging.page_size - 1) if report.paging else count)


def bad_one(report: Report) -> int:
    """Return the record of a long answer at which something is wrong: some batches are out by then."""
    return len(long_records(report)) * 4 // 5


def answer(report: Report, found: Any, protocol: Protocol) -> bytes:
    """Return an answer with these records, in the shape that the report's answers have."""
    return encode(protocol, single_or_list(report, found, protocol) if isinstance(found, list) else found)


@lru_cache(64)
def whole(protocol: Protocol, report: Report = RECIPIENTS) -> bytes:
    return answer(report, records(report), protocol)


@lru_cache(8)
def long(protocol: Protocol, report: Report = RECIPIENTS) -> bytes:
    return answer(report, long_records(report), protocol)


def value(given: Any) -> Content:
    """Return a content that is this value, in either protocol."""
    return lambda protocol, report=RECIPIENTS: encode(protocol, given)


def changed(change: Change) -> Content:
    """Return a short report whose records, or what stands for them, a function gives."""
    return lambda protocol, report=RECIPIENTS: answer(report, change(records(report), report), protocol)


def record(**members: Any) -> Content:
    """Return a report in which the record in the middle has other members."""

    def change(found: list[dict[str, Any]], report: Report) -> Any:
        found[len(found) // 2] |= members
        return found

    return changed(change)


def column_of(report: Report, kind: str) -> Column | None:
    """Return the last column of a kind that the records have as a member, and that is not a key."""
    columns = [c for c in report.columns if c.kind == kind and not c.key and c.inside is None]
    return columns[-1] if columns else None


def each_of(kinds: tuple[str, ...], *values: Any) -> Content:
    """Return a report whose columns of these kinds have these values in turn."""

    def change(found: list[dict[str, Any]], report: Report) -> Any:
        names = [c.member for c in report.columns if c.kind in kinds and not c.key and c.inside is None]
        for number, one in enumerate(found):
            one |= {name: values[(number + at) % len(values)] for at, name in enumerate(names)}
        return found

    return changed(change)


counts = each_of((INTEGER,), "17", 2, "", None)
no_dates = each_of((INSTANT, DAY), "", None, "0000-00-00 00:00:00")


@changed
def letter_case(found: list[dict[str, Any]], report: Report) -> Any:
    return [{name.lower(): item for name, item in reversed(one.items())} for one in found]


@changed
def missing_members(found: list[dict[str, Any]], report: Report) -> Any:
    outside = [column for column in report.columns if column.inside is None]
    keys = {column.member for column in outside if column.key} or {outside[0].member}
    kept = keys | ({"STATUS"} if report is RECIPIENTS else set())
    return [{name: item for name, item in one.items() if name in kept} for one in found]


@changed
def one_alone(found: list[dict[str, Any]], report: Report) -> Any:
    return found[0]


@changed
def unknown_text(found: list[dict[str, Any]], report: Report) -> Any:
    for column in report.columns:
        if column.usual and column.inside is None:
            found[len(found) // 2][column.member] = "bounced"
    return found


def spoilt_long(change: Callable[[list[Any], int, Report], None]) -> Content:
    """Return a long report in which something is done to the bad record."""

    @lru_cache(4)
    def content(protocol: Protocol, report: Report = RECIPIENTS) -> bytes:
        found = long_records(report)
        change(found, bad_one(report), report)
        return answer(report, found, protocol)

    return content


def bad_value(kind: str, bad: Any) -> Content:
    """Return a long report in which one record has a bad value in a column of a kind."""

    def change(found: list[Any], at: int, report: Report) -> None:
        column = column_of(report, kind)
        assert column is not None
        found[at] |= {column.member: bad}

    return spoilt_long(change)


@spoilt_long
def bad_status(found: list[Any], at: int, report: Report) -> None:
    texts = [c for c in report.columns if c.kind == TEXT and not c.key and c.inside is None]
    texts.sort(key=lambda column: not column.usual)
    found[at] |= {texts[0].member: ["sent"]}


def bad_record(**members: Any) -> Content:
    """Return a long report in which one record has other members."""
    return spoilt_long(lambda found, at, report: found[at].update(members))


def other_record(other: Any) -> Content:
    """Return a long report in which something else stands for one record."""
    return spoilt_long(lambda found, at, report: found.__setitem__(at, other))


def bad_bytes(edit: Callable[[bytes, bytes], bytes]) -> Content:
    """Return a long report in which a text of one record, an address if it has one, is not well written.

    :param edit: spoils the text, out of what it is and what ends it.
    """

    def content(protocol: Protocol, report: Report = RECIPIENTS) -> bytes:
        found = long_records(report)
        marked = [c for c in report.columns if c.kind == TEXT and not c.usual and c.inside is None]
        marked.sort(key=lambda column: column.personal != ADDRESS)
        text = f"person{len(found)}@example.com"
        found[bad_one(report)] |= {marked[0].member if marked else "NOTE": text}
        end = b'"' if protocol == "json" else b"</string>"
        body = answer(report, found, protocol)
        old = text.encode() + end
        assert body.count(old) == 1
        return body.replace(old, edit(text.encode(), end))

    return content


bad_utf_8 = bad_bytes(lambda text, end: text.replace(b"person", b"p\xff") + end)
#: A quote or a tag of one record is missing.
unclosed = bad_bytes(lambda text, end: text)


def spaced(protocol: Protocol, report: Report = RECIPIENTS) -> bytes:
    shaped = single_or_list(report, records(report), protocol)
    if protocol == "json":
        return b"\r\n" + json.dumps(shaped, indent=8).encode() + b" \n\n"
    text = xml_text(shaped)
    for tag in ("<member>", "</member>", "<struct>", "</struct>", "</data>"):
        text = text.replace(tag, f"\n \t{tag}\r\n")
    return text.encode() + b"\n"


def marked(protocol: Protocol, report: Report = RECIPIENTS) -> bytes:
    return b"\xef\xbb\xbf" + whole(protocol, report)


def other_protocol(protocol: Protocol, report: Report = RECIPIENTS) -> bytes:
    return whole("xmlrpc" if protocol == "json" else "json", report)


def with_dtd(protocol: Protocol, report: Report = RECIPIENTS) -> bytes:
    head = '<?xml version="1.0"?><!DOCTYPE methodResponse [<!ENTITY a "sent">]>'
    text = xml_text(single_or_list(report, records(report), protocol), head)
    return re.sub("<string>[^<]+<", "<string>&a;<", text, count=1).encode()


def latin(protocol: Protocol, report: Report = RECIPIENTS) -> bytes:
    shaped = single_or_list(report, records(report), protocol)
    return xml_text(shaped, '<?xml version="1.0" encoding="iso-8859-2"?>').encode()


def utf_16(protocol: Protocol, report: Report = RECIPIENTS) -> bytes:
    shaped = single_or_list(report, records(report), protocol)
    return (json_text(shaped) if protocol == "json" else xml_text(shaped)).encode("utf-16")


def deep(protocol: Protocol, report: Report = RECIPIENTS) -> bytes:
    if protocol == "json":
        return b"[" * 5000 + b"]" * 5000
    inner = "<value><array><data>" * 100 + "</data></array></value>" * 100
    return f"<methodResponse><params><param>{inner}</param></params></methodResponse>".encode()


def api_error(text: str, status: Any = 1) -> Content:
    """Return the answer that Mailkit gives for an error: an object, or over XML-RPC a text."""

    def content(protocol: Protocol, report: Report = RECIPIENTS) -> bytes:
        return encode(protocol, {"error_status": status, "error": text} if protocol == "json" else text)

    return content


PAGE = (
    b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body><p>Dear person7@example.com, "
    b"please write to support%40example.com or to help&#64;example.com.</p></body></html>"
)


def page(protocol: Protocol, report: Report = RECIPIENTS) -> bytes:
    return PAGE
