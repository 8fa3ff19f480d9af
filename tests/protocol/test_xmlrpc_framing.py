"""What the bytes of an answer over XML-RPC mean, without a decoder."""

from __future__ import annotations

import pytest

from airflow_provider_mailkit.protocol.state import Due, State, UnexpectedError
from airflow_provider_mailkit.protocol.xmlrpc_framing import XmlRpcFraming

FRAMING = XmlRpcFraming()
OPENING = b'<?xml version="1.0"?><methodResponse><params><param><value><array><data a="1">'
END = b"</value></data></array></value></param></params></methodResponse>"


def test_the_opening_tells_what_kind_of_answer_comes() -> None:
    for size in range(len(OPENING)):
        assert FRAMING.opening(OPENING[:size]) == (State.OPENING, 0), size
    assert FRAMING.opening(OPENING) == (State.RECORDS, len(OPENING))
    assert FRAMING.opening(OPENING + b"<value><struct>") == (State.RECORDS, len(OPENING))
    assert FRAMING.opening(b"<methodResponse><fault>") == (State.WHOLE, 0)
    assert FRAMING.opening(b"<methodResponse><params><param><value><string>") == (State.WHOLE, 0)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"<html>", "not XML-RPC"),
        (b"<methodResponse" + b" a='1'" * 800 + b">", "too long"),
        (OPENING.replace(b'"1.0"', b"1"), "not well-formed"),
    ],
)
def test_an_opening_that_cannot_be_one(text: bytes, what: str) -> None:
    with pytest.raises(UnexpectedError, match=what):
        FRAMING.opening(text)


def test_after_a_record_comes_another_value_or_the_end() -> None:
    record, end = b"</value><value><struct>", b"</value></data>"
    for size in range(len(record) - 1):
        assert FRAMING.due(record[:size]) is Due.MORE, size
    assert FRAMING.due(record) is Due.RECORD
    assert FRAMING.due(end) is Due.END
    for text in (b"<value>", b"</value>x", b"</value><value><array>", b"</value><value><structure>"):
        with pytest.raises(UnexpectedError, match="not a struct"):
            FRAMING.due(text)


def test_gaps_are_found_before_and_between_the_tags_at_the_front() -> None:
    parts = [b" ", b"</value>", b"<!-- x -->\n", b"<value>", b"<?y?>", b"<struct>", b" "]
    text = b"".join(parts)
    gaps = FRAMING.gaps(text, State.RECORDS)
    assert [text[begin:end] for begin, end in gaps] == [parts[0], parts[2], parts[4]]
    # A declaration looks like an instruction, but is only at the very front.
    opening = OPENING.replace(b"?>", b"?> ").replace(b"<param>", b"<param>\n")
    assert [opening[begin:end] for begin, end in FRAMING.gaps(opening, State.OPENING)] == [b" ", b"\n"]
    with pytest.raises(UnexpectedError, match="not XML") as caught:
        FRAMING.gaps(b"</value><!-- a -- b -->", State.RECORDS)
    assert caught.value.at == len(b"</value>")


def test_the_first_fault_in_a_gap_counts_however_much_of_it_has_come() -> None:
    begin, first, second = b"<!-- x --> ", b"<?xml+1?>", b"<?\0?>"
    for text in (begin + first, begin + first + second):
        with pytest.raises(UnexpectedError, match="not XML") as caught:
            FRAMING.gaps(text, State.OPENING)
        assert caught.value.at == len(begin)
    with pytest.raises(UnexpectedError, match="a character that is not allowed"):
        FRAMING.gaps(second + first, State.OPENING)


def test_the_answer_is_complete_when_all_is_closed_and_nothing_follows() -> None:
    for size in range(len(END)):
        assert not FRAMING.is_complete(END[:size]), size
    assert FRAMING.is_complete(END)
    assert FRAMING.is_complete(END + b" <!-- x -->\n")
    for text in (END + b"x", END[:-1] + b"s>", b"</value></data><value>"):
        with pytest.raises(UnexpectedError, match="after the end of the list"):
            FRAMING.is_complete(text)


def test_a_rest_was_cut_if_more_could_follow() -> None:
    for rest in (b"", b"</value", b"</value><value><struct><member>", END[:-1]):
        FRAMING.check_rest(OPENING, rest)
    for rest in (b"</value></array>", b"</value><value><struct><member></struct>", END):
        with pytest.raises(UnexpectedError):
            FRAMING.check_rest(OPENING, rest)
