"""What fuzzing has found, and that the inputs it starts from keep its rules."""

from __future__ import annotations

import json

import pytest
from support.reports import PROTOCOLS, Protocol, encode, recipients

from fuzz.check import check
from fuzz.reference import read
from fuzz.seeds import SAMPLE, seeds

XML = encode("xmlrpc", recipients(2))


def _in_last_record(after: bytes, what: bytes) -> bytes:
    """Return the report with something in its last record: the first one is read in another way."""
    head, _, tail = XML.rpartition(after)
    return head + after[: after.index(b">") + 1] + what + after[after.index(b">") + 1 :] + tail


FINDINGS: dict[str, tuple[Protocol, bytes]] = {
    "rubbish in the XML declaration": ("xmlrpc", XML.replace(b" encoding", b" en\xe3oding", 1)),
    "unknown attribute in the XML declaration": ("xmlrpc", XML.replace(b" encoding", b" ember", 1)),
    "odd quotes in the XML declaration": ("xmlrpc", XML.replace(b'"1.0"', b"\"1.0'", 1)),
    "form feed between elements": ("xmlrpc", XML.replace(b"<params>", b"<params>\f", 1)),
    "vertical tab between records": ("xmlrpc", XML.replace(b"</struct></value>", b"</struct>\v</value>", 1)),
    "form feed after the list": ("xmlrpc", XML.replace(b"</data>", b"\f</data>", 1)),
    "form feed between members": ("xmlrpc", _in_last_record(b"</member><member>", b"\f")),
    "control character in a value": ("xmlrpc", _in_last_record(b"<string>", b"\x1f")),
    "quote in the name of an unknown member": ("json", b'[{"STATUS": "sent", "a\\"b": 1}]'),
    "backslash in the name of an unknown member": ("json", b'[{"STATUS": "sent", "a\\\\b": 1}]'),
    "control character in the name of an unknown member": ("json", b'[{"STATUS": "sent", "\\u0000": 1}]'),
    "space in the name of a known member": ("json", b'[{"STATUS": "sent", " AB_VERSION": "A"}]'),
    "text after the struct of the first record": ("xmlrpc", XML.replace(b"</struct>", b"</struct>=", 1)),
    "text between the values, and rubbish after them": (
        "xmlrpc",
        XML.replace(b"</value><value><struct>", b"</value>2<value><struct>", 1).replace(
            b"</params>", b"\xff</params>"
        ),
    ),
    "unknown encoding": ("xmlrpc", XML.replace(b"UTF-8", b"UTF-6", 1)),
    "bad record before an error in one piece": (
        "json",
        b'[{"DATE": "2026-03-0` 08:01:00", "READ_COUNT": "1", "AGE": "700001", "AB_VERSION": "A"}, '
        b'{"error_status": 1, "error": "Invalid ID_send"}]',
    ),
}


def _report_with_an_unknown_member_in_the_second_record() -> bytes:
    body = json.dumps([{name.lower(): value for name, value in row.items()} for row in recipients(3)])
    head, name, tail = body.rpartition('"id_send_message": "700001"')
    return f"{head}{name.replace('message', 'messega')}{tail}".encode()


FINDINGS["unknown member that the records after it lack"] = (
    "json",
    _report_with_an_unknown_member_in_the_second_record(),
)


@pytest.mark.parametrize("finding", FINDINGS)
def test_a_finding_does_not_come_back(finding: str) -> None:
    protocol, data = FINDINGS[finding]
    check(protocol, SAMPLE["recipients"], data)


@pytest.mark.parametrize("name", SAMPLE)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_inputs_that_fuzzing_starts_from_keep_its_rules(protocol: Protocol, name: str) -> None:
    for seed in seeds(protocol, SAMPLE[name]):
        check(protocol, SAMPLE[name], seed)


@pytest.mark.parametrize("name", SAMPLE)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_model_knows_rows_of_every_report_that_is_fuzzed(protocol: Protocol, name: str) -> None:
    read_rows = [read(protocol, SAMPLE[name], seed) for seed in seeds(protocol, SAMPLE[name])]
    assert any(isinstance(rows, list) and rows for rows in read_rows)
