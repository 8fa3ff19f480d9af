"""What the bytes of an answer over JSON mean, without a decoder."""

from __future__ import annotations

import pytest

from airflow_provider_mailkit.protocol.json_framing import JsonFraming
from airflow_provider_mailkit.protocol.state import Due, State, UnexpectedError

FRAMING = JsonFraming()


@pytest.mark.parametrize(
    ("text", "state", "size"),
    [
        (b"", State.OPENING, 0),
        (b"[", State.OPENING, 0),
        (b"[]", State.CLOSED, 1),
        (b"[{", State.RECORDS, 1),
        (b"[x", State.RECORDS, 1),
        (b"{", State.WHOLE, 0),
    ],
)
def test_the_opening_tells_what_kind_of_answer_comes(text: bytes, state: State, size: int) -> None:
    assert FRAMING.opening(text) == (state, size)


@pytest.mark.parametrize(
    ("text", "due"),
    [
        (b"", Due.MORE),
        (b",", Due.MORE),
        (b",{", Due.RECORD),
        (b",]", Due.RECORD),
        (b"]", Due.END),
        (b"]x", Due.END),
    ],
)
def test_after_a_record_comes_a_comma_or_the_end(text: bytes, due: Due) -> None:
    assert FRAMING.due(text) is due


@pytest.mark.parametrize(
    ("text", "gaps"),
    [
        (b"", []),
        (b"[{} ]", []),
        (b" [", [(0, 1)]),
        (b" \n,\t {", [(0, 2), (3, 5)]),
        (b"] \r\n", [(1, 4)]),
        (b" ] x", [(0, 1)]),
        (b"{ }", []),
    ],
)
def test_white_space_around_the_first_sign_means_nothing(text: bytes, gaps: list[tuple[int, int]]) -> None:
    assert FRAMING.gaps(text, State.RECORDS) == gaps


def test_what_is_not_as_documented_is_said_without_quoting_it() -> None:
    for ask, text in ((FRAMING.opening, b"<html>"), (FRAMING.due, b"{}"), (FRAMING.is_complete, b"]x")):
        with pytest.raises(UnexpectedError) as caught:
            ask(text)
        assert text.decode() not in str(caught.value)
    assert FRAMING.is_complete(b"]")


def test_a_rest_was_cut_if_more_could_follow() -> None:
    for rest in (b"", b",", b',{"a', b',{"a":1}', b',{"a":-'):
        FRAMING.check_rest(b"[", rest)
    for rest in (b",x", b',{"a" 1', b",]"):
        with pytest.raises(UnexpectedError, match="the list is malformed"):
            FRAMING.check_rest(b"[", rest)
