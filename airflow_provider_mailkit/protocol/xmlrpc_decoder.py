"""The recipients report over XML-RPC: an array of structs, decoded while it arrives.

Records of one report look alike. The first ones are parsed as XML and show the order of the members; from
then on a regular expression of exactly that shape reads a record at a time, many times faster than an XML
parser calls back. Whatever it does not match goes to the XML parser again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from itertools import pairwise, repeat
from typing import Any

from airflow_provider_mailkit.catalogue.functions import RECIPIENTS
from airflow_provider_mailkit.exceptions import MailkitError, MailkitResponseError
from airflow_provider_mailkit.protocol.answers import decode_xmlrpc, may_become_xmlrpc
from airflow_provider_mailkit.protocol.decoder import (
    MAX_MARKUP_BYTES,
    MAX_RECORD_BYTES,
    MalformedPieceError,
    RecipientsDecoder,
    State,
    Taken,
)
from airflow_provider_mailkit.protocol.records import (
    DATE,
    INTEGER_COLUMNS,
    ROW_KEY,
    Batch,
    clean,
    column_of,
    record_type,
)
from airflow_provider_mailkit.protocol.xml_values import (
    FOREIGN_ENCODING,
    IncompleteXmlError,
    MalformedXmlError,
    cut_behind_struct,
    parse_response,
    parse_value,
    parse_xml,
)

_SEPARATOR = b"</value><value>"
# White space as XML has it; what \s stands for is more.
_DECLARATION = (
    rb"<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:\"1\.[0-9]+\"|'1\.[0-9]+')"
    rb"(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:\"[\w.-]+\"|'[\w.-]+'))?"
    rb"(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:\"(?:yes|no)\"|'(?:yes|no)'))?[ \t\r\n]*\?>"
)
_OPENING = re.compile(
    rb"(?:%b)?[ \t\r\n]*<methodResponse>[ \t\r\n]*<params>[ \t\r\n]*<param>[ \t\r\n]*<value>[ \t\r\n]*<array>"
    rb"[ \t\r\n]*<data>[ \t\r\n]*<value>[ \t\r\n]*(?=<struct)" % _DECLARATION
)
_NEXT_RECORD = re.compile(rb"[ \t\r\n]*</value>[ \t\r\n]*<value>[ \t\r\n]*<struct")
_NO_RECORD = re.compile(rb"[ \t\r\n]*(?:</value>[ \t\r\n]*)?[^< \t\r\n]")
_END_OF_LIST = re.compile(rb"[ \t\r\n]*</value>[ \t\r\n]*</data>")
# What was removed from the front of the buffer; with it the rest is a document again.
_REMOVED = b"<methodResponse><params><param><value><array><data><value>"
# Where structs begin and end; not in CDATA, not in comments.
_STRUCT = re.compile(
    rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|<(?P<closing>/?)struct\s*(?P<empty>/?)>", re.DOTALL
)


class XmlRpcRecipientsDecoder(RecipientsDecoder):
    """Decodes the report from an XML-RPC response in UTF-8."""

    record_end = b"</struct>"

    def _prepare(self) -> None:
        self._pattern: re.Pattern[str] | None = None
        self._groups: dict[str, int] = {}
        self._record = record_type(self._columns, self._constants, may_be_empty=self._columns)

    def _open(self) -> None:
        if not self._skip_front():
            return
        if opening := _OPENING.match(self._buffer):
            if FOREIGN_ENCODING.match(self._buffer):
                raise self._unexpected("the XML is not in UTF-8")
            self._state = State.RECORDS
            self._buffer[: opening.end()] = _SEPARATOR
        elif not may_become_xmlrpc(self._buffer):
            raise self._unexpected("the answer is not XML-RPC")
        elif len(self._buffer) > MAX_MARKUP_BYTES:
            self._state = State.WHOLE

    def _at_record(self) -> bool:
        if _NEXT_RECORD.match(self._buffer):
            return True
        if _END_OF_LIST.match(self._buffer):
            self._state = State.CLOSED
        elif len(self._buffer) > MAX_MARKUP_BYTES or _NO_RECORD.match(self._buffer):
            raise self._unexpected("the list holds something that is no struct")
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
        # Without its key it may be no record at all; the slow way looks closer.
        if None in columns[ROW_KEY]:
            return None
        escaped = "&" in text
        values = [self._values(name, columns.get(name), len(rows), escaped) for name in self._columns]
        records = list(map(self._record, *values))
        if DATE in self._columns and DATE not in self._as_is:
            clean(records, (DATE,), self.dates)
        return Batch(records)

    def _values(
        self, name: str, found: tuple[str | None, ...] | None, count: int, escaped: bool
    ) -> Iterable[Any]:
        if found is None:
            return repeat(self._constants.get(name), count)
        if name in INTEGER_COLUMNS:
            if None in found or "" in found:
                return [int(value) if value else None for value in found]
            return map(int, found)  # type: ignore[arg-type]
        if escaped:
            found = tuple([_unescape(value) if value and "&" in value else value for value in found])
        return [value or None for value in found] if "" in found else found

    def _parse_piece(self, piece: bytes) -> Taken:
        # A cut behind an inner struct is seen without parsing.
        if piece.count(b"<struct") != piece.count(b"</struct"):
            raise MalformedPieceError
        return self._read_values(*self._parse_values(piece))

    def _parse_values(self, piece: bytes) -> tuple[list[Any], MailkitError | None]:
        """Return the values in a piece up to the first bad one, and what is wrong with that one."""
        try:
            elements = list(parse_xml(b"<data><value>" + piece + b"</value></data>"))
        except (MalformedXmlError, IncompleteXmlError):
            raise MalformedPieceError from None
        values: list[Any] = []
        # The first element is the one that the separator at the front closes.
        for before, element in pairwise(elements):
            if element.tag != "value" or (before.tail and before.tail.strip()):
                return values, self._unexpected("the list holds something that is no struct")
            rest = cut_behind_struct(element)
            try:
                values.append(parse_value(element))
            except MalformedXmlError as error:
                return values, self._unexpected(str(error))
            if rest:
                return values, self._unexpected("the list holds something that is no struct")
        return values, None

    def _read_values(self, values: list[Any], failure: MailkitError | None) -> Taken:
        if values:
            self._learn(values[-1])
        batch, earlier_failure = self._read_dicts(values)
        return batch, earlier_failure or failure

    def _learn_from_first(self, piece: bytearray) -> None:
        """Learn from one record only: to parse a whole piece would hold up an event loop."""
        end = piece.find(self.record_end) + len(self.record_end)
        # Else it is no record by itself; the piece as a whole will tell.
        with suppress(MalformedPieceError):
            values, _ = self._parse_values(bytes(piece[:end]))
            if values:
                self._learn(values[0])

    def _learn(self, record: Any) -> None:
        names = tuple(record) if isinstance(record, dict) else ()
        columns = [column_of(name) for name in names]
        # Of a single member, match.group() would give a text instead of a tuple.
        if ROW_KEY in columns and None not in columns and len(set(columns)) == len(columns) > 1:
            self._pattern, self._groups = _record_pattern(names)

    def _take_slowly(self, window: int) -> Taken:
        front = bytes(self._buffer[:window])
        records: list[Any] = []
        taken = 0
        failure: MailkitError | None = None
        for start, end in _structs(front):
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
        return self._fault_of_rest() or self._unexpected("the list holds something that is no struct")

    def _check_tail(self, *, final: bool = False) -> None:
        self._buffer = self._buffer.rstrip()
        if final and (fault := self._fault_of_rest()):
            raise fault
        if len(self._buffer) > MAX_MARKUP_BYTES:
            raise self._unexpected("there is something behind the end of the list")

    def _fault_of_rest(self) -> MailkitError | None:
        try:
            parse_response(_REMOVED + self._buffer)
        except IncompleteXmlError:
            return self._cut()
        except MalformedXmlError as error:
            return self._unexpected(str(error))
        return None

    def _decode_whole(self) -> Any:
        return decode_xmlrpc(RECIPIENTS, self._buffer, self._redactor)


def _structs(text: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the outermost structs begin and end."""
    depth = start = 0
    for mark in _STRUCT.finditer(text):
        if mark["closing"] is None:
            continue
        if depth == 0:
            start = mark.start()
        depth += (mark["closing"] == b"") - (mark["closing"] == b"/" or mark["empty"] == b"/")
        if depth < 0:
            return
        if depth == 0:
            yield start, mark.end()


@lru_cache(maxsize=32)
def _record_pattern(names: tuple[str, ...]) -> tuple[re.Pattern[str], dict[str, int]]:
    """Return the regular expression of a record with these members, and the group that holds each column.

    Members may be missing, but come in this order. It matches well-formed XML only. What has matched is never
    tried otherwise (the possessive quantifiers), which saves a third of the time.
    """
    gap = r"[ \t\r\n]*+"
    text = r"<string>([^<\x00-\x08\x0b-\x1f\ufffe\uffff]*+)</string>"
    members = []
    groups: dict[str, int] = {}
    group = 0
    for name in names:
        column = column_of(name) or name
        if column in INTEGER_COLUMNS:
            group += 2
            # 18 digits always fit into 64 bits; longer numbers take the slow way, which checks.
            value = rf"<(i4|i8|int|string)>(0|-?[1-9][0-9]{{0,17}}+|)</\{group - 1}>"
        else:
            group += 1
            value = text
        groups[column] = group
        members.append(
            rf"(?:<member>{gap}<name>{re.escape(name)}</name>{gap}"
            rf"<value>{gap}(?:{value}|<nil/>){gap}</value>{gap}</member>{gap})?+"
        )
    return re.compile(f"{gap}</value>{gap}<value>{gap}<struct>{gap}{''.join(members)}</struct>"), groups


def _unescape(text: str) -> str:
    try:
        return parse_xml(f"<v>{text}</v>".encode()).text or ""
    except (MalformedXmlError, IncompleteXmlError):
        raise MalformedPieceError from None
