"""How a report over JSON is framed: an array of objects with commas between them."""

from __future__ import annotations

import re

from airflow_provider_mailkit.protocol.answers import is_cut_json
from airflow_provider_mailkit.protocol.state import MAX_OPENING_BYTES, Due, Span, State, Text, UnexpectedError

# The white space before a sign of the list, and after it; after the last one only if nothing follows.
_GAPS = re.compile(rb"([ \t\r\n]*+)(?:[\[,]([ \t\r\n]*+)|\]([ \t\r\n]*+)\Z)?")
# Members that hold no more than a text, a number or the like, then the member with the rows.
_AROUND_ROWS = (
    rb"\{(?:\s*+\"(?:[^\"\\]|\\.)*+\"\s*+:\s*+(?:\"(?:[^\"\\]|\\.)*+\"|[^\s\"{}\[\],:]++)\s*+,)*"
    rb"\s*+\"(?i:%b)\"\s*+:\s*+\[\s*+(?=[^\s\]])"
)
_TEXT_OR_SPACE = re.compile(rb"(\"(?:[^\"\\]|\\.)*+(?:\"|\\?\Z))|[ \t\r\n]++", re.DOTALL)


class JsonFraming:
    """Says what the bytes at the front of the buffer are.

    :param rows_in: the member that holds the rows, if the answer is an object around them.
    """

    #: What ends a record.
    record_end = b"}"
    #: What stands before each record. Before the first one it takes the place of the bracket.
    separator = b","

    def __init__(self, rows_in: str | None = None) -> None:
        self._around = rows_in and re.compile(_AROUND_ROWS % re.escape(rows_in).encode())

    def gaps(self, text: Text, state: State) -> list[Span]:
        """Return where white space stands around the sign at the front."""
        found = _GAPS.match(text)
        return [found.span(group) for group in (1, 2, 3) if found and found[group]]

    def opening(self, text: Text) -> tuple[State, int]:
        """Tell what kind of answer this is and, of a list, how much stands before it.

        :raises UnexpectedError: it is neither; so for all questions about what is not as documented.
        """
        begin = bytes(text[:2])
        if begin in (b"", b"["):
            return State.OPENING, 0
        if begin[:1] == b"[":
            return State.CLOSED if begin == b"[]" else State.RECORDS, 1
        if begin[:1] == b"{":
            found = self._around and self._around.match(text, 0, MAX_OPENING_BYTES)
            if found:
                return State.RECORDS, found.end()
            # The result must not depend on how much has arrived.
            is_open = self._around and len(text) < MAX_OPENING_BYTES
            return State.OPENING if is_open else State.WHOLE, 0
        raise UnexpectedError("the answer is neither a list nor an object")

    def due(self, text: Text) -> Due:
        """Tell what comes after a record."""
        begin = bytes(text[:2])
        if begin[:1] == b"]":
            return Due.END
        if begin[:1] not in (b"", b","):
            raise UnexpectedError("a comma or the end of the list is missing")
        return Due.RECORD if len(begin) > 1 else Due.MORE

    def is_complete(self, text: Text) -> bool:
        """Tell whether the answer is complete after the last record."""
        if text != b"]":
            raise UnexpectedError("there is something after the end of the list")
        return True

    def check_rest(self, opening: bytes, rest: Text) -> None:
        """See that the rest of an answer that is not complete was cut, rather than malformed.

        :param opening: what stood before the list.
        """
        import msgspec

        answer = opening + rest[len(self.separator) :]
        try:
            msgspec.json.decode(answer)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            if is_cut_json(error, answer):
                return
        raise UnexpectedError("the list is malformed")

    def around(self, opening: bytes, rest: Text | None = None) -> bytes | None:
        """Return the object around the rows, as if it held no rows. None: the answer is a list.

        :param opening: what stood before the rows.
        :param rest: what came after the last one. None: only what stood before matters.
        """
        return opening + (b"]}" if rest is None else rest) if opening[:1] == b"{" else None

    def without_space(self, answer: Text) -> bytearray:
        """Return an object, or the beginning of one, without the white space that means nothing."""
        return bytearray(_TEXT_OR_SPACE.sub(lambda match: match[1] or b" ", answer))
