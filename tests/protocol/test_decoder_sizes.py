"""Records of any size that is allowed, and answers that are made to cost time or memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from protocol.broken import MIB, xml_list
from support.process import within_s
from support.reports import (
    PROTOCOLS,
    Protocol,
    Xml,
    assert_discreet,
    cuttings,
    decode,
    decoder,
    encode,
    json_text,
    recipient,
    recipients,
    xml_text,
    xml_value,
)

from airflow_provider_mailkit.exceptions import MailkitResponseError


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
@pytest.mark.parametrize("before", [0, 2])
def test_a_larger_record_is_named_wherever_it_stands(protocol: Protocol, before: int) -> None:
    records = [_record_of(protocol, 800)] * before + [_record_of(protocol, MIB + 1)]
    for after in (0, 1):
        outcome = decode(protocol, _report_of(protocol, records + [_record_of(protocol, 800)] * after))
        assert (outcome.kind, len(outcome.rows)) == (MailkitResponseError, before)
        assert "a record is malformed, or larger than 1 MiB" in str(outcome.error)


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
        with within_s(3):
            outcome = decode(protocol, pieces)
        assert (outcome.error, len(outcome.rows), how) == (None, 17, how)


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

    with within_s(5), pytest.raises(MailkitResponseError) as caught:
        feed_for_ever()
    assert reader.received_bytes < 2 * MIB
    assert rows == 2
    assert_discreet(caught.value)
