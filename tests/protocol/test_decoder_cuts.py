"""An answer that is cut anywhere is a transport error after the rows that were whole."""

from __future__ import annotations

import json

import pytest
from protocol.broken import error_object
from support.reports import (
    PROTOCOLS,
    Fault,
    Protocol,
    assert_discreet,
    cuttings,
    decode,
    encode,
    json_text,
    oracle,
    recipient,
    recipients,
    xml_text,
)

from airflow_provider_mailkit.exceptions import MailkitTransportError

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
