"""The start of fuzzing: a few answers of every kind, and their words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from support.declared import ORDERS, STAFF, TILL, VISITS
from support.declared_rows import records_of, single_or_list
from support.reports import Fault, Protocol, Xml, encode, recipient, recipients, xml_text

from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.catalogue.reports.deliveries import RECIPIENTS

#: What is fuzzed, by a short name: recipients first, then reports of every kind that there is.
SAMPLE: dict[str, Report] = {
    "recipients": RECIPIENTS,
    "orders": ORDERS,
    "visits": VISITS,
    "staff": STAFF,
    "till": TILL,
}
_ANSWERS: tuple[Any, ...] = (
    [],
    {},
    recipient(1),
    recipients(1),
    recipients(3),
    recipients(5),
    [recipient(1, EMAIL="ž},{@example.cz", PHONE={"a": [1, None, True]})],
    [recipient(1), recipient(2, READ_COUNT=None, CLICK_COUNT="", ID_EMAIL=5, DATE="0000-00-00 00:00:00")],
    [{"status": "sent"}, {"Status": "wait", "x": 1.5}],
    [{name.lower(): value for name, value in recipient(number).items()} for number in range(3)],
    [recipient(1), {"error_status": 1, "error": "Invalid ID_send"}],
    [recipient(1, READ_COUNT="many")],
    [recipient(1), 5],
    {"error_status": 0, "error": "OK"},
    {"error_status": "1", "error": "Unauthorized"},
    Fault(4, "Missing ID_send"),
    "Disallowed IP 127.0.0.1",
)
_JSON_WORDS = (
    *("[", "]", "{", "}", ",", ":", '"', "},{", "}]", "[]", "{}", "null", "true", "0", "-1", "1e5", "1.0"),
    *('"STATUS":"sent"', '"STATUS":', '"wait_ab"', '"EMAIL":"a@example.com"', '"DATE":', '"READ_COUNT":"2"'),
    *('"ID_SEND_MESSAGE":', '"error_status":1', '"error":"', "9223372036854775808", "\\u0000", "\\ud800"),
    *('"2026-03-01 08:00:00"', '"0000-00-00 00:00:00"'),
)
_XML_WORDS = (
    *("<value>", "</value>", "<struct>", "</struct>", "<member>", "</member>", "<name>", "</name>", "<nil/>"),
    *(
        "<string>",
        "</string>",
        "<i4>",
        "</i4>",
        "<i8>",
        "<int>",
        "<array><data>",
        "</data></array>",
        "<fault>",
    ),
    *("<params><param>", "</param></params>", "<methodResponse>", "</methodResponse>", "&amp;", "&#64;"),
    *(
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "<?xml version=",
        "<!DOCTYPE",
        "STATUS",
        "EMAIL",
        "DATE",
        "<double>",
    ),
    *("</struct></value><value><struct>", "<boolean>1</boolean>", "<dateTime.iso8601>", "<string/>"),
)


def answers(report: Report) -> Iterator[Any]:
    """Yield answers of a report other than recipients, as values."""
    usual, mixed = records_of(report, 3, mixed=False), records_of(report, 3)
    yield from ([], usual[:1], usual, mixed, [*usual[:2], 5], [usual[0], _ANSWERS[-4]])
    yield usual[0]
    yield [{name: value for name, value in one.items() if isinstance(value, str)} for one in usual]
    yield [{name.lower(): value for name, value in reversed(one.items())} for one in usual]
    yield [usual[0] | {"NEW": {"a": [1, None, True]}}]
    for name in usual[0]:
        yield [usual[0], {key: value for key, value in usual[1].items() if key != name}]
    if report.rows_in is not None:
        yield {report.rows_in: usual}
        yield {"error_status": 0, "error": "", report.rows_in: usual[0]}
    yield from _ANSWERS[-4:]


def seeds(protocol: Protocol, report: Report) -> Iterator[bytes]:
    """Yield the answers to start from."""
    for answer in _ANSWERS if report is RECIPIENTS else answers(report):
        yield encode(protocol, answer)
    records = recipients(2) if report is RECIPIENTS else records_of(report, 2, mixed=False)
    body = encode(protocol, single_or_list(report, records, protocol))
    yield b"\xef\xbb\xbf \r\n" + body
    yield body[: len(body) // 2]
    yield body + b"x"
    if protocol == "json":
        yield body.replace(b",", b" ,\n\t").replace(b":", b" : ")
    else:
        yield body.replace(b">", b">\n ")
        yield xml_text([{"STATUS": Xml("<![CDATA[sent]]>"), "DATE": Xml("<!-- none --><nil/>")}]).encode()


def write(protocol: Protocol, report: Report, folder: Path) -> Path:
    """Write the answers below a folder; return the file with the words, in libFuzzer's notation."""
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(seeds(protocol, report)):
        (corpus / f"seed-{number:02}").write_bytes(seed)
    words = folder / "words"
    names = [column.member for column in report.columns] if report is not RECIPIENTS else []
    texts = [*names, *(_JSON_WORDS if protocol == "json" else _XML_WORDS)]
    words.write_text("".join(f'"{_escaped(text)}"\n' for text in texts))
    return words


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
