"""The records of a report over XML-RPC, out of pieces of the answer.

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

from airflow_provider_mailkit.exceptions import MailkitResponseError
from airflow_provider_mailkit.protocol.answers import decode_xmlrpc
from airflow_provider_mailkit.protocol.elements import Elements
from airflow_provider_mailkit.protocol.markup import structs
from airflow_provider_mailkit.protocol.record_pattern import record_pattern, unescape
from airflow_provider_mailkit.protocol.record_type import record_type
from airflow_provider_mailkit.protocol.records import Batch, Cleaning, Wanted
from airflow_provider_mailkit.protocol.state import (
    MAX_LESSONS,
    MAX_RECORD_BYTES,
    MalformedPieceError,
    Taken,
    Text,
    UnexpectedError,
)
from airflow_provider_mailkit.protocol.xml_values import (
    IncompleteXmlError,
    MalformedXmlError,
    cut_behind_struct,
    namespaces,
    parse_value,
    parse_xml,
)
from airflow_provider_mailkit.protocol.xmlrpc_framing import NO_STRUCT, XmlRpcFraming


class XmlRpcReader:
    """Reads pieces with the expression of the records that came last, or else as XML."""

    def __init__(self, wanted: Wanted, elements: Elements) -> None:
        self._wanted = wanted
        self._schema = wanted.schema
        self._elements = elements
        # The namespaces that are declared around the list, as attributes.
        self._names = b""
        self._record = record_type(
            wanted.schema, wanted.columns, wanted.constants, may_be_empty=wanted.columns
        )
        self._cleaning = Cleaning(dates=wanted.dates)
        # The members of a record, and which of them are numbers; what matches it, and the group of a column.
        self._shape: tuple[tuple[str, ...], frozenset[str]] | None = None
        self._expression: tuple[re.Pattern[str], dict[str, int]] | None = None
        self._lessons = 0

    def begin(self, opening: bytes) -> None:
        """Get to know what stands before the list."""
        self._names = namespaces(opening)

    def read(self, piece: bytearray) -> Taken:
        """Read a piece, from a separator to the end of a record.

        :raises MalformedPieceError: it is malformed, maybe just because the cut was wrong.
        """
        try:
            text = piece.decode()
        except UnicodeDecodeError:
            raise MalformedPieceError from None
        if self._expression is None:
            self._learn_from_first(piece)
        if self._expression is not None:
            with suppress(MailkitResponseError):
                if (batch := self._match_all(*self._expression, text)) is not None:
                    return batch, None
        # A cut after an inner struct is seen without parsing.
        if piece.count(b"<struct") != piece.count(b"</struct"):
            raise MalformedPieceError
        return self._read_values(*self._parse_values(piece))

    def _match_all(self, pattern: re.Pattern[str], groups: dict[str, int], text: str) -> Batch | None:
        """Read a piece with the regular expression; None if it does not match from end to end."""
        rows = []
        position = 0
        numbers = tuple(groups.values())
        # Not finditer, which looks for the next record from every position behind one that does not match.
        while match := pattern.match(text, position):
            position = match.end()
            rows.append(match.group(*numbers))
        # XML does not allow the end of CDATA in a text. Looking for a single sign first is much faster.
        if position != len(text) or ("]" in text and "]]>" in text):
            return None
        columns = dict(zip(groups, zip(*rows, strict=True), strict=True))
        if None in columns[self._schema.anchor]:
            return None  # without its key it may not be a record at all; the slow way looks closer
        escaped = "&" in text
        values = [self._values(name, columns.get(name), len(rows), escaped) for name in self._wanted.columns]
        records = list(map(self._record, *values))
        self._cleaning.clean(records)
        return Batch(records)

    def _values(
        self, name: str, found: tuple[str | None, ...] | None, count: int, escaped: bool
    ) -> Iterable[Any]:
        if found is None:
            return repeat(self._wanted.constants.get(name), count)
        if self._schema.is_integer(name):
            if None in found or "" in found:
                return [int(value) if value else None for value in found]
            return map(int, found)  # type: ignore[arg-type]
        if self._schema.is_decimal(name):
            return [float(value) if value else None for value in found]
        if escaped:
            found = tuple([unescape(value) if value and "&" in value else value for value in found])
        return [value or None for value in found] if "" in found else found

    def _parse_values(self, piece: Text) -> tuple[list[Any], UnexpectedError | None]:
        """Return the values in a piece up to the first bad one, and what is wrong with that one."""
        try:
            elements = list(parse_xml(b"<data%b><value>%b</value></data>" % (self._names, bytes(piece))))
        except (MalformedXmlError, IncompleteXmlError):
            raise MalformedPieceError from None
        values: list[Any] = []
        # The first element is the one that the separator at the front closes.
        for before, element in pairwise(elements):
            if element.tag != "value" or (before.tail and before.tail.strip()):
                return values, UnexpectedError(NO_STRUCT)
            rest = cut_behind_struct(element)
            try:
                values.append(parse_value(element))
            except MalformedXmlError as error:
                return values, UnexpectedError(str(error))
            if rest:
                return values, UnexpectedError(NO_STRUCT)
        return values, None

    def _read_values(self, values: list[Any], failure: UnexpectedError | None) -> Taken:
        if values:
            self._learn(values[-1])
        batch, earlier_failure = self._elements.read(values)
        return batch, earlier_failure or failure

    def _learn_from_first(self, piece: bytearray) -> None:
        """Learn from one record only: to parse a whole piece would hold up an event loop."""
        end = piece.find(XmlRpcFraming.record_end) + len(XmlRpcFraming.record_end)
        # Otherwise it is not a record by itself; the piece as a whole will tell.
        with suppress(MalformedPieceError):
            values, _ = self._parse_values(piece[:end])
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
                self._expression = record_pattern(self._schema, names, numbers)

    def read_one_by_one(self, front: bytearray) -> tuple[int, Taken]:
        """Read whole records up to the first bad one; return how many bytes they are, and them."""
        records: list[Any] = []
        taken = 0
        failure: UnexpectedError | None = None
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
        return taken, self._read_values(records, failure)

    def read_whole(self, answer: Text, received_bytes: int) -> Any:
        """Read an answer that is not a list."""
        return decode_xmlrpc(self._elements.function, answer, self._elements.redactor, received_bytes)
