"""What the decoder holds: bytes are taken from the front, and from near the front."""

from __future__ import annotations

import pytest

from airflow_provider_mailkit.protocol.buffer import Buffer


def filled(*pieces: bytes) -> Buffer:
    buffer = Buffer()
    for piece in pieces:
        buffer.add(piece)
    return buffer


@pytest.mark.parametrize(("begin", "end"), [(0, 0), (0, 3), (1, 1), (1, 3), (2, 9), (7, 10), (0, 10)])
def test_what_is_cut_out_leaves_the_rest_in_its_order(begin: int, end: int) -> None:
    text = b"0123456789"
    buffer = filled(text[:4], text[4:])
    buffer.cut(begin, end)
    assert buffer.text == text[:begin] + text[end:]


def test_other_bytes_take_the_place_of_the_front() -> None:
    buffer = filled(b"[  {}")
    buffer.replace_front(3, b",")
    assert (buffer.text, len(buffer)) == (b",{}", 3)
    buffer.replace_front(1)
    buffer.replace_front(0, b"<value>")
    assert buffer.text == b"<value>{}"
    buffer.clear()
    assert len(buffer) == 0


def test_the_front_is_a_copy() -> None:
    buffer = filled(b"abc")
    front = buffer.front(2)
    front += b"x"
    assert (front, buffer.text) == (b"abx", b"abc")


def test_ends_are_looked_for_from_the_last_one_back_and_only_in_the_first_bytes() -> None:
    buffer = filled(b"a}}b}c}d")
    assert list(buffer.ends(b"}", 99, 99)) == [7, 5, 3, 2]
    assert list(buffer.ends(b"}", 6, 2)) == [5, 3]
    assert list(buffer.ends(b"}}", 2, 9)) == []
    assert list(filled(b"a</s></s").ends(b"</s>", 99, 9)) == [5]
