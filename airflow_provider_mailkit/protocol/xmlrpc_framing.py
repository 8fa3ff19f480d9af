"""How a report over XML-RPC is framed: an array of structs, each of which is a value."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import NamedTuple

from airflow_provider_mailkit.protocol.markup import (
    GAP,
    MARKUP,
    MAX_MARKUP_BYTES,
    closing_tag,
    may_become,
    opening_tag,
    without_space,
)
from airflow_provider_mailkit.protocol.state import MAX_OPENING_BYTES, Due, Span, State, Text, UnexpectedError
from airflow_provider_mailkit.protocol.xml_values import (
    IncompleteXmlError,
    MalformedXmlError,
    parse_response,
    parse_xml,
)

NO_STRUCT = "the list holds something that is not a struct"
# The elements around the records, from the outermost to the innermost.
_AROUND = ("methodResponse", "params", "param", "value", "array", "data")
_END = "".join(f"</{name}>" for name in reversed(_AROUND)).encode()
_END_OF_OBJECT = _END.replace(b"</array>", b"</array></value></member></struct>")
# Members that hold no more than a text, a number or the like, then the member with the rows.
_AROUND_ROWS = (
    rb"<struct\s*+>\s*+(?:<member\s*+>\s*+<name\s*+>[^<]*+</name\s*+>\s*+<value\s*+(?:/>|>\s*+"
    rb"(?:<[\w.:]++\s*+/>|<([\w.:]++)\s*+>[^<]*+</\1\s*+>|[^<]*+)\s*+</value\s*+>)\s*+</member\s*+>\s*+)*"
    rb"<member\s*+>\s*+<name\s*+>\s*+(?i:%b)\s*+</name\s*+>\s*+<value\s*+>\s*+<array\s*+>\s*+<data\s*+>"
)
_DECLARATION = re.compile(rb"<\?xml(?=[ \t\r\n]).*?\?>", re.DOTALL)
_DATA_END = re.compile(rb"</data(?=[ \t\r\n>])")


#: A tag, and how it, or what may be there instead, begins.
_Step = tuple[re.Pattern[bytes], tuple[bytes, ...]]


def _closing(name: str) -> _Step:
    return closing_tag(name), (f"</{name}".encode(),)


# The tags that are looked for, one after the other, with gaps between them.
_PATHS: dict[State, list[_Step]] = {
    State.OPENING: [(opening_tag(name), (f"<{name}".encode(), b"<?xml")) for name in _AROUND],
    State.RECORDS: [
        _closing("value"),
        (opening_tag("value"), (b"<value", b"</data")),
        (re.compile(rb"<struct(?=[ \t\r\n/>])"), (b"<struct",)),
    ],
    State.CLOSED: [*map(_closing, ("value", *reversed(_AROUND))), (re.compile(rb"\Z"), ())],
}


class _Walk(NamedTuple):
    """What of a path stands at the front of a text.

    :param passed: how many of its tags.
    :param gaps: what is before and between them.
    :param at: where what follows begins.
    :param may_go_on: whether that is nothing, or may become the next tag or a gap.
    """

    passed: int
    gaps: list[Span]
    at: int
    may_go_on: bool


def _walk(text: Text, state: State) -> _Walk:
    declaration = _DECLARATION.match(text) if state is State.OPENING else None
    at = declaration.end() if declaration else 0
    gaps = []
    for passed, (tag, begins) in enumerate(_PATHS[state]):
        if (gap := GAP.match(text, at)) and gap[0]:
            gaps.append(gap.span())
            at = gap.end()
        if not (found := tag.match(text, at)):
            rest = text[at : at + MAX_MARKUP_BYTES + 1]
            return _Walk(passed, gaps, at, not rest or may_become(rest, *begins))
        at = found.end()
    return _Walk(len(_PATHS[state]), gaps, at, may_go_on=True)


def _check_gap(gap: Text, begin: int) -> None:
    """See that comments and instructions are well-formed; the first one that is not is the fault."""
    with suppress(MalformedXmlError, IncompleteXmlError):
        parse_xml(b"<a>" + gap + b"</a>")
        return
    for markup in MARKUP.finditer(gap):
        try:
            parse_xml(b"<a>" + markup[0] + b"</a>")
        except (MalformedXmlError, IncompleteXmlError) as error:
            raise UnexpectedError(str(error), begin + markup.start()) from None


class XmlRpcFraming:
    """Says what the bytes at the front of the buffer are; the questions are those of :class:`JsonFraming`."""

    record_end = b"</struct>"
    #: As if there were a value before the first record.
    separator = b"</value>"
    without_space = staticmethod(without_space)

    def __init__(self, rows_in: str | None = None) -> None:
        self._around = rows_in and re.compile(_AROUND_ROWS % re.escape(rows_in).encode())

    def gaps(self, text: Text, state: State) -> list[Span]:
        """Return where white space, comments and instructions stand around the tags at the front."""
        gaps = _walk(text, state).gaps
        for begin, end in gaps:
            if b"<" in text[begin:end]:
                _check_gap(text[begin:end], begin)
        return gaps

    def opening(self, text: Text) -> tuple[State, int]:
        """Tell what kind of answer this is and, of a list, how much stands before it."""
        passed, _, at, may_go_on = _walk(text, State.OPENING)
        if at > MAX_OPENING_BYTES:
            raise UnexpectedError("the tags before the list are too long")
        if passed == len(_AROUND):
            try:
                parse_response(bytes(text[:at]) + _END)
            except MalformedXmlError as error:
                raise UnexpectedError(str(error)) from None
            return State.RECORDS, at
        if not may_go_on and at == 0:
            raise UnexpectedError("the answer is not XML-RPC")
        if self._around and not may_go_on:
            found = self._around.match(text, at, MAX_OPENING_BYTES)
            if found:
                return State.RECORDS, found.end()
            # The result must not depend on how much has arrived.
            may_go_on = len(text) < MAX_OPENING_BYTES
        return State.OPENING if may_go_on else State.WHOLE, 0

    def due(self, text: Text) -> Due:
        """Tell what comes after a record."""
        passed, _, at, may_go_on = _walk(text, State.RECORDS)
        if passed == len(_PATHS[State.RECORDS]):
            return Due.RECORD
        if passed == 1 and _DATA_END.match(text, at):
            return Due.END
        if not may_go_on:
            raise UnexpectedError(NO_STRUCT)
        return Due.MORE

    def is_complete(self, text: Text) -> bool:
        """Tell whether the answer is complete after the last record; False if the tags may still come."""
        passed, _, at, may_go_on = _walk(text, State.CLOSED)
        if not may_go_on:
            raise UnexpectedError("there is something after the end of the list", at)
        return passed == len(_PATHS[State.CLOSED])

    def around(self, opening: bytes, rest: Text | None = None) -> bytes | None:
        """Return the object around the rows, as if it held no rows. None: the answer is a list."""
        if b"<struct" not in opening:
            return None
        if rest is None:
            return opening + _END_OF_OBJECT
        separator = closing_tag("value").match(rest)
        return opening + rest[separator.end() if separator else 0 :]

    def check_rest(self, opening: bytes, rest: Text) -> None:
        """See that the rest of an answer that is not complete was cut, rather than malformed."""
        try:
            parse_xml(opening + b"<value>" + rest)
        except IncompleteXmlError:
            return
        except MalformedXmlError as error:
            raise UnexpectedError(str(error)) from None
        raise UnexpectedError(NO_STRUCT)
