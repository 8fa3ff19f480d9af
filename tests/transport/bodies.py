"""Answers that the tests of both clients use."""

from __future__ import annotations

from collections.abc import Iterator

from support.reports import encode, recipients
from support.server import Step, head

COUNT = 137
JSON_BODY = encode("json", recipients(COUNT))


def endless(number: int, request: object) -> Iterator[Step]:
    yield head()
    yield JSON_BODY[:-1]
    while True:
        yield b"," + JSON_BODY[1:-1]
