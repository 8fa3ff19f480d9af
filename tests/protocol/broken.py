"""Answers that are errors, cut or malformed: how they are written down, and what they must give."""

from __future__ import annotations

from typing import Any

import pytest
from support.reports import (
    PROTOCOLS,
    XML_HEAD,
    Protocol,
    Xml,
    assert_discreet,
    cuttings,
    decode,
    encode,
    json_text,
    oracle,
    recipient,
    recipients,
    xml_text,
    xml_value,
)

from airflow_provider_mailkit.exceptions import MailkitError, MailkitResponseError, MailkitTransportError

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


#: The answers, how many rows come before the error, its class.
Case = tuple[dict[Protocol, bytes], int, type[MailkitError]]


def each(cases: dict[str, Case]) -> list[Any]:
    """Return the parameters of a test: each case in each of its protocols."""
    return [
        pytest.param(protocol, body, rows, kind, id=f"{protocol}: {name}")
        for name, (bodies, rows, kind) in cases.items()
        for protocol, body in bodies.items()
    ]


def assert_rows_then_the_error(protocol: Protocol, body: bytes, rows: int, kind: type[MailkitError]) -> None:
    """See that an answer gives the rows before its fault and then the right error, however it is cut."""
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
