"""A report over XML-RPC: an array of structs, decoded while it arrives.

Records of one report look alike. The first ones are parsed as XML and show the order of the members; from
then on a regular expression of exactly that shape reads a record at a time, many times faster than an XML
parser calls back. Whatever it does not match goes to the XML parser again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from itertools import pairwise, repeat
from typing import Any

from airflow_provider_mailkit.exceptions import MailkitError, MailkitResponseError
from airflow_provider_mailkit.protocol.answers import decode_xmlrpc
from airflow_provider_mailkit.protocol.decoder import MAX_RECORD_BYTES, Decoder, Taken
from airflow_provider_mailkit.protocol.markup import (
    GAP,
    MAX_MARKUP_BYTES,
    closing_tag,
    may_become,
    opening_tag,
    structs,
    without_space,
)
from airflow_provider_mailkit.protocol.record_pattern import record_pattern, unescape
from airflow_provider_mailkit.protocol.record_type import record_type
from airflow_provider_mailkit.protocol.records import Batch, Cleaning
from airflow_provider_mailkit.protocol.state import MAX_LESSONS, MalformedPieceError, State
from airflow_provider_mailkit.protocol.xml_values import (
    IncompleteXmlError,
    MalformedXmlError,
    cut_behind_struct,
    namespaces,
    parse_response,
    parse_value,
    parse_xml,
)

# The elements around the records, from the outermost to the innermost.
_AROUND = ("methodResponse", "params", "param", "value", "array", "data")
_MAX_OPENING_BYTES = 4096
_DECLARATION = re.compile(rb"<\?xml(?=[ \t\r\n]).*?\?>", re.DOTALL)
_NO_STRUCT = "the list holds something that is not a struct"
_STRUCT_BEGIN = re.compile(rb"<struct(?=[ \t\r\n/>])")
_DATA_END = re.compile(rb"</data(?=[ \t\r\n>])")


class XmlRpcDecoder(Decoder):
    """Decodes the report from an XML-RPC response in UTF-8."""

    record_end = b"</struct>"

    def _prepare(self) -> None:
        self._pattern: re.Pattern[str] | None = None
        self._groups: dict[str, int] = {}
        self._lessons = 0
        self._shape: tuple[tuple[str, ...], frozenset[str]] | None = None
        # The tags that were removed from the front, and how many of those around the list they are.
        self._opening = b""
        self._depth = 0
        # The elements that are still to be closed after the list.
        self._unclosed = list(_AROUND)
        self._names = b""
        self._record = record_type(self._schema, self._columns, self._constants, may_be_empty=self._columns)
        self._cleaning = Cleaning(dates=self._dates)

    def _open(self) -> None:
        if not self._skip_front():
            return
        if not self._opening and (declaration := _DECLARATION.match(self._buffer)):
            self._move_to_opening(declaration)
        while self._depth < len(_AROUND):
            self._drop_gap()
            if not (tag := opening_tag(_AROUND[self._depth]).match(self._buffer)):
                break
            self._move_to_opening(tag)
            self._depth += 1
        else:
            self._begin_list()
            return
        if self._buffer and not may_become(self._buffer, f"<{_AROUND[self._depth]}".encode(), b"<?xml"):
            if not self._opening:
                raise self._unexpected("the answer is not XML-RPC")
            self._buffer[:0] = self._opening
            self._state = State.WHOLE

    def _move_to_opening(self, markup: re.Match[bytes]) -> None:
        self._opening += markup[0]
        del self._buffer[: markup.end()]
        if len(self._opening) > _MAX_OPENING_BYTES:
            raise self._unexpected("the tags before the list are too long")

    def _begin_list(self) -> None:
        closing = b"".join(b"</%b>" % name.encode() for name in reversed(_AROUND))
        try:
            parse_response(self._opening + closing)
        except MalformedXmlError as error:
            raise self._unexpected(str(error)) from None
        self._names = namespaces(self._opening)
        self._state = State.RECORDS
        # As if there were a value before the first one, so that all records look alike.
        self._buffer[:0] = b"</value>"

    def _drop_gap(self, begin: int = 0) -> None:
        """Remove white space, comments and processing instructions, which may be there without end."""
        gap: bytearray = GAP.match(self._buffer, begin)[0]  # type: ignore[index, assignment]
        if b"<" in gap:
            try:
                parse_xml(b"<a>" + gap + b"</a>")
            except (MalformedXmlError, IncompleteXmlError) as error:
                raise self._unexpected(str(error)) from None
        del self._buffer[begin : begin + len(gap)]

    def _at_record(self) -> bool:
        self._drop_gap()
        closed = closing_tag("value").match(self._buffer)
        if not closed:
            return self._not_yet(0, b"</value")
        self._drop_gap(closed.end())
        begun = opening_tag("value").match(self._buffer, closed.end())
        if begun:
            self._drop_gap(begun.end())
            is_record = _STRUCT_BEGIN.match(self._buffer, begun.end()) is not None
            return is_record or self._not_yet(begun.end(), b"<struct")
        if _DATA_END.match(self._buffer, closed.end()):
            self._state = State.CLOSED
            del self._buffer[: closed.end()]
            return False
        return self._not_yet(closed.end(), b"<value", b"</data")

    def _not_yet(self, begin: int, *due: bytes) -> bool:
        """Return False, having seen that one of these tags may still come."""
        rest = self._buffer[begin : begin + MAX_MARKUP_BYTES + 1]
        if rest and not may_become(rest, *due):
            raise self._unexpected(_NO_STRUCT)
        return False

    def _decode_piece(self, piece: bytearray) -> Taken:
        try:
            text = piece.decode()
        except UnicodeDecodeError:
            raise MalformedPieceError from None
        if self._pattern is None:
            self._learn_from_first(piece)
        if self._pattern is not None:
            try:
                batch = self._match_all(self._pattern, text)
            except MailkitResponseError:
                batch = None
            if batch is not None:
                return batch, None
        return self._parse_piece(bytes(piece))

    def _match_all(self, pattern: re.Pattern[str], text: str) -> Batch | None:
        """Read a piece with the regular expression; None if it does not match from end to end."""
        rows = []
        position = 0
        groups = tuple(self._groups.values())
        # Not finditer, which looks for the next record from every position behind one that does not match.
        while match := pattern.match(text, position):
            position = match.end()
            rows.append(match.group(*groups))
        # XML does not allow the end of CDATA in a text. Looking for a single sign first is much faster.
        if position != len(text) or ("]" in text and "]]>" in text):
            return None
        columns = dict(zip(self._groups, zip(*rows, strict=True), strict=True))
        if None in columns[self._schema.anchor]:
            return None  # without its key it may not be a record at all; the slow way looks closer
        escaped = "&" in text
        values = [self._values(name, columns.get(name), len(rows), escaped) for name in self._columns]
        records = list(map(self._record, *values))
        self._cleaning.clean(records)
        return Batch(records)

    def _values(
        self, name: str, found: tuple[str | None, ...] | None, count: int, escaped: bool
    ) -> Iterable[Any]:
        if found is None:
            return repeat(self._constants.get(name), count)
        if self._schema.is_integer(name):
            if None in found or "" in found:
                return [int(value) if value else None for value in found]
            return map(int, found)  # type: ignore[arg-type]
        if self._schema.is_decimal(name):
            return [float(value) if value else None for value in found]
        if escaped:
            found = tuple([unescape(value) if value and "&" in value else value for value in found])
        return [value or None for value in found] if "" in found else found

    def _parse_piece(self, piece: bytes) -> Taken:
        # A cut after an inner struct is seen without parsing.
        if piece.count(b"<struct") != piece.count(b"</struct"):
            raise MalformedPieceError
        return self._read_values(*self._parse_values(piece))

    def _parse_values(self, piece: bytes) -> tuple[list[Any], MailkitError | None]:
        """Return the values in a piece up to the first bad one, and what is wrong with that one."""
        try:
            elements = list(parse_xml(b"<data%b><value>%b</value></data>" % (self._names, piece)))
        except (MalformedXmlError, IncompleteXmlError):
            raise MalformedPieceError from None
        values: list[Any] = []
        # The first element is the one that the separator at the front closes.
        for before, element in pairwise(elements):
            if element.tag != "value" or (before.tail and before.tail.strip()):
                return values, self._unexpected(_NO_STRUCT)
            rest = cut_behind_struct(element)
            try:
                values.append(parse_value(element))
            except MalformedXmlError as error:
                return values, self._unexpected(str(error))
            if rest:
                return values, self._unexpected(_NO_STRUCT)
        return values, None

    def _read_values(self, values: list[Any], failure: MailkitError | None) -> Taken:
        if values:
            self._learn(values[-1])
        batch, earlier_failure = self._read_dicts(values)
        return batch, earlier_failure or failure

    def _learn_from_first(self, piece: bytearray) -> None:
        """Learn from one record only: to parse a whole piece would hold up an event loop."""
        end = piece.find(self.record_end) + len(self.record_end)
        # Otherwise it is not a record by itself; the piece as a whole will tell.
        with suppress(MalformedPieceError):
            values, _ = self._parse_values(bytes(piece[:end]))
            if values:
                self._learn(values[0])

    def _learn(self, record: Any) -> None:
        names = tuple(record) if isinstance(record, dict) and self._schema.is_flat else ()
        columns = [self._schema.column_of(name) for name in names]
        # Of a single member, match.group() would give a text instead of a tuple.
        if self._schema.anchor in columns and None not in columns and len(set(columns)) == len(columns) > 1:
            numbers = frozenset(
                name for name, column in zip(names, columns, strict=True)
                if type(record[name]) is int and self._schema.takes_other_values(column)  # type: ignore[arg-type]
            )  # fmt: skip
            shape = (names, numbers)
            if shape != self._shape and self._lessons < MAX_LESSONS:
                self._lessons += 1
                self._shape = shape
                self._pattern, self._groups = record_pattern(self._schema, names, numbers)

    def _take_slowly(self, window: int) -> Taken:
        front = bytes(self._buffer[:window])
        records: list[Any] = []
        taken = 0
        failure: MailkitError | None = None
        for start, end in structs(front):
            if end - start > MAX_RECORD_BYTES:
                break
            try:
                values, failure = self._parse_values(front[taken:end])
            except MalformedPieceError:
                break
            records += values
            taken = end
            if failure is not None:
                break
        del self._buffer[:taken]
        return self._read_values(records, failure)

    def _broken_rest(self) -> MailkitError:
        return self._fault_of(b"<value>" + self._buffer) or self._unexpected(_NO_STRUCT)

    def _check_tail(self, *, final: bool = False) -> None:
        self._drop_gap()
        while self._unclosed and (tag := closing_tag(self._unclosed[-1]).match(self._buffer)):
            del self._buffer[: tag.end()]
            self._unclosed.pop()
            self._drop_gap()
        if self._buffer and not may_become(self._buffer, *(f"</{n}".encode() for n in self._unclosed[-1:])):
            raise self._unexpected("there is something after the end of the list")
        if final and (self._unclosed or self._buffer):
            raise self._fault_of(self._buffer) or self._cut()

    def _fault_of(self, rest: bytes | bytearray) -> MailkitError | None:
        """Say whether the rest of an answer that has no end was cut or is malformed."""
        opened = "".join(f"<{name}>" for name in self._unclosed).encode()
        try:
            parse_xml((opened.replace(b">", self._names + b">", 1) or b"<a/>") + rest)
        except IncompleteXmlError:
            return self._cut()
        except MalformedXmlError as error:
            return self._unexpected(str(error))
        return None

    def _without_space(self, answer: bytearray) -> bytearray:
        return without_space(answer)

    def _decode_whole(self) -> Any:
        if self._state is State.OPENING:
            self._buffer[:0] = self._opening
        return decode_xmlrpc(self._function, self._buffer, self._redactor, self.received_bytes)
