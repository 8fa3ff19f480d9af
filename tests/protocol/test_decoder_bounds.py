"""Every state of both decoders has a bound in bytes, and in time per byte: each is fed without end."""

from __future__ import annotations

import re
import tracemalloc
from itertools import islice, permutations, repeat
from typing import Any

import pytest
from support.process import within_s
from support.reports import (
    PROTOCOLS,
    Protocol,
    assert_discreet,
    decode,
    decoder,
    encode,
    recipient,
    recipients,
    xml_text,
)

from airflow_provider_mailkit.exceptions import MailkitError, MailkitResponseError, MailkitTransportError
from airflow_provider_mailkit.protocol import json_shape, xmlrpc_reader

MIB = 2**20
JSON = encode("json", recipients(3))
XML = encode("xmlrpc", recipients(3))
ONE_JSON, ONE_XML = encode("json", recipient(1)), encode("xmlrpc", recipient(1))

#: Where an answer stands when it goes on without end.
STATES: dict[str, tuple[Protocol, bytes]] = {
    "json: nothing yet": ("json", b""),
    "json: a byte order mark": ("json", b"\xef\xbb\xbf"),
    "json: a bracket": ("json", b"["),
    "json: in a record": ("json", JSON[: JSON.rfind(b"STATUS") - 1]),
    "json: in a text": ("json", JSON[: JSON.rfind(b"person") + 2]),
    "json: after a record": ("json", JSON[:-1]),
    "json: after a comma": ("json", JSON[:-1] + b","),
    "json: after the list": ("json", JSON),
    "json: in an object": ("json", b'{"error_status"'),
    "json: in a text of an object": ("json", b'{"error": "a'),
    "json: after an object": ("json", ONE_JSON),
    "xml: nothing yet": ("xmlrpc", b""),
    "xml: in the declaration": ("xmlrpc", b"<?xml"),
    "xml: after the declaration": ("xmlrpc", b"<?xml version='1.0'?>"),
    "xml: in a tag before the list": ("xmlrpc", b"<methodResponse"),
    "xml: before the list": ("xmlrpc", b"<methodResponse><params>"),
    "xml: before the first record": ("xmlrpc", XML[: XML.find(b"<value><struct>")]),
    "xml: in a value": ("xmlrpc", XML[: XML.rfind(b"<struct>")]),
    "xml: in a record": ("xmlrpc", XML[: XML.rfind(b"<member>")]),
    "xml: in a text": ("xmlrpc", XML[: XML.rfind(b"person") + 2]),
    "xml: after a record": ("xmlrpc", XML[: XML.rfind(b"</struct>") + 9]),
    "xml: between records": ("xmlrpc", XML[: XML.rfind(b"<value><struct>")]),
    "xml: after the list": ("xmlrpc", XML[: XML.rfind(b"</data>") + 7]),
    "xml: after the response": ("xmlrpc", XML),
    "xml: in a struct": ("xmlrpc", ONE_XML[: ONE_XML.rfind(b"<member>")]),
    "xml: after a struct": ("xmlrpc", ONE_XML),
    "xml: in a string": ("xmlrpc", xml_text("Unauthorized").encode()[:-60]),
}  # fmt: skip
#: What comes without end: how it begins, and what is repeated.
ENDLESS: dict[str, tuple[bytes, bytes]] = {
    "white space": (b" ", b" \n\t\r"),
    "digits": (b"1", b"1"),
    "a string": (b'"', b"a"),
    "escapes": (b'"', b"\\"),
    "brackets": (b"[", b"["),
    "braces": (b"{", b"{"),
    "objects": (b"{", b'{"a":'),
    "closed objects": (b"", b"{},"),
    "elements": (b"<", b"<a>"),
    "a comment": (b"<!--", b"x"),
    "comments": (b"", b"<!-- x -->"),
    "an instruction": (b"<?x ", b"x"),
    "CDATA": (b"<![CDATA[", b"x"),
    "attributes": (b" ", b"a='1' "),
    "entities": (b"&", b"&amp;"),
    "a long name": (b"<", b"a"),
    "records": (b"<value>", b"<struct>"),
    "ends of records": (b"", b"</struct></value><value>"),
}


@pytest.mark.parametrize("size", [2**16, 7])
@pytest.mark.parametrize("state", STATES)
def test_no_state_takes_more_memory_or_more_time_per_byte_the_longer_it_lasts(state: str, size: int) -> None:
    protocol, front = STATES[state]
    for what, (begin, repeated) in ENDLESS.items():
        length = 3 * MIB if size > 1000 else MIB // 8
        body = front + begin + repeated * (length // len(repeated))
        reader = decoder(protocol)
        largest = 0
        # Quadratic ways take minutes for the large pieces, and tens of seconds for the small ones.
        with within_s(3):
            try:
                for start in range(0, len(body), size):
                    for _ in reader.feed(body[start : start + size]):
                        pass
                    largest = max(largest, len(reader._buffer))
            except MailkitError as error:
                assert_discreet(error, "person")
        assert largest < 5 * MIB // 2, what


def test_an_answer_of_white_space_leaves_nothing_in_memory() -> None:
    for protocol in PROTOCOLS:
        for front in {front for kind, front in STATES.values() if kind == protocol}:
            reader = decoder(protocol)
            tracemalloc.start()
            for piece in (front, *repeat(b" \t\r\n" * 2**13, 400)):
                try:
                    list(reader.feed(piece))
                except MailkitError:
                    break
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert peak < 8 * MIB, front


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_white_space_of_any_size_means_nothing_wherever_it_stands(protocol: Protocol) -> None:
    body = encode(protocol, recipients(3))
    if protocol == "json":
        places = {0, 1, len(body) - 1, len(body), *(body.find(end) + len(end) for end in (b"}", b"}, "))}
    else:
        tags = {tag.end() for tag in re.finditer(rb">", body)}
        inside = range(body.find(b"<struct>") + 1, body.rfind(b"</struct>") + 1)
        places = {
            0,
            len(body),
            *(tags - set(inside)),
            *(tag for tag in tags if body[tag:].startswith(b"<value><struct")),
        }
        places |= {body.find(end) + len(end) for end in (b"</struct>", b"</struct></value>")}
    expected = decode(protocol, body).rows
    for place in sorted(places):
        pieces = [body[:place], *repeat(b" \t\r\n" * 2**14, 40), body[place:]]
        outcome = decode(protocol, pieces)
        assert (outcome.error, place) == (None, place)
        assert outcome.rows == expected


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_white_space_of_any_size_around_an_object(protocol: Protocol) -> None:
    body = encode(protocol, recipient(1, EMAIL="a  b@example.com"))
    last = b"}" if protocol == "json" else b"</struct>"
    first = b"{" if protocol == "json" else b"<struct>"
    for place in (body.find(first) + len(first), body.find(last), len(body)):
        outcome = decode(protocol, [body[:place], *repeat(b" \n" * 2**15, 40), body[place:]])
        assert outcome.error is None
        assert outcome.rows == decode(protocol, body).rows


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_is_said_of_an_answer_of_nothing_but_white_space_counts_all_of_it(protocol: Protocol) -> None:
    outcome = decode(protocol, repeat(b" \n" * 2**15, 20))
    assert outcome.kind is MailkitTransportError
    assert f"ended after {20 * 2**16} bytes" in str(outcome.error)


@pytest.mark.parametrize("tail", [b"x", b"<a>", b"]", b"{}"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_follows_the_list_is_refused_while_it_arrives(protocol: Protocol, tail: bytes) -> None:
    reader = decoder(protocol)
    rows = sum(map(len, reader.feed(encode(protocol, recipients(2000)) + tail)))

    def feed_for_ever() -> None:
        nonlocal rows
        for piece in repeat(b" " * 2**16, 100):
            for batch in reader.feed(piece):
                rows += len(batch)

    with pytest.raises(MailkitResponseError, match="after the end of the list"):
        feed_for_ever()
    assert reader.received_bytes < 3 * MIB
    assert rows == 2000


def test_markup_after_the_list_has_a_bound_too() -> None:
    reader = decoder("xmlrpc")

    def feed_for_ever() -> None:
        for piece in (XML, b"<!--", *repeat(b"x" * 2**14, 100)):
            list(reader.feed(piece))

    with pytest.raises(MailkitResponseError, match="after the end of the list"):
        feed_for_ever()
    assert reader.received_bytes < MIB // 2


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_report_whose_records_all_differ_is_not_learned_from_for_ever(
    protocol: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is learned costs a millisecond and memory: the bound is the same for both protocols."""
    learned = 0
    # JSON expects something from the beginning on.
    module, name, expected, count = {
        "json": (json_shape, "record_type", 17, 700),
        "xmlrpc": (xmlrpc_reader, "record_pattern", 16, 200),
    }[protocol]
    make = getattr(module, name)

    def counting(*args: Any, **options: Any) -> Any:
        nonlocal learned
        learned += 1
        return make(*args, **options)

    monkeypatch.setattr(module, name, counting)
    records = []
    for number, names in enumerate(islice(permutations(recipient(0)), 0, 4000, 100)):
        # JSON does not mind the order of members, but new ones.
        member = {f"NEW_{number}": "x"} if protocol == "json" else {}
        records += [{name: recipient(n)[name] for name in names} | member for n in range(count)]
    outcome = decode(protocol, encode(protocol, records))
    assert outcome.error is None
    assert len(outcome.rows) == 40 * count
    assert outcome.rows[-1]["EMAIL"] == f"person{count - 1}@example.com"
    assert learned == expected
