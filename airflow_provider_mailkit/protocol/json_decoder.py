"""The recipients report over JSON: an array of objects, decoded while it arrives.

The buffer is cut behind the last closing brace and the front is decoded at once. That it decodes proves that
the cut was right: a cut inside a string or an inner object leaves a text that is no JSON.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from airflow_provider_mailkit.catalogue.functions import RECIPIENTS
from airflow_provider_mailkit.exceptions import MailkitError, MailkitResponseError
from airflow_provider_mailkit.protocol.answers import decode_json, is_cut_json
from airflow_provider_mailkit.protocol.decoder import (
    MAX_RECORD_BYTES,
    MalformedPieceError,
    RecipientsDecoder,
    State,
    Taken,
)
from airflow_provider_mailkit.protocol.records import (
    ROW_KEY,
    STATUS,
    USUAL_TEXTS,
    USUALLY_EMPTY,
    Batch,
    clean,
    column_of,
    record_type,
)

_SPACE = b" \t\r\n"
_OPENING = re.compile(rb"\[[ \t\r\n]*(?=[^ \t\r\n])")
_NEXT_RECORD = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")
# Learning takes about a millisecond; a report whose records all differ must not learn for ever.
_MAX_LESSONS = 16


@dataclass(frozen=True, slots=True)
class _Shape:
    """What records are expected to look like; see :func:`record_type`."""

    spelling: dict[str, str]
    unknown: tuple[str, ...]
    may_be_empty: frozenset[str]
    usual: frozenset[str]


class JsonRecipientsDecoder(RecipientsDecoder):
    """Decodes the report from JSON text in UTF-8, with or without a byte order mark."""

    record_end = b"}"

    def _prepare(self) -> None:
        import msgspec

        self._any = msgspec.json.Decoder()
        self._invalid = msgspec.ValidationError
        self._malformed = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
        self._lessons = 0
        # With the status alone, the members that are left out must not count as unknown ones.
        self._counting = self._columns == (STATUS,)
        empty = frozenset(self._columns if self._counting else USUALLY_EMPTY)
        columns = frozenset(self._columns)
        self._expect(_Shape({}, (), empty & columns, columns & USUAL_TEXTS.keys()))

    def _expect(self, shape: _Shape) -> None:
        import msgspec

        kind = record_type(
            self._columns,
            self._constants,
            may_be_empty=shape.may_be_empty,
            usual=shape.usual,
            spelling=shape.spelling,
            required=STATUS if self._counting else ROW_KEY,
            unknown=shape.unknown,
            strict=not self._counting,
        )
        self._shape = shape
        self._to_clean = shape.may_be_empty - self._as_is
        self._typed = msgspec.json.Decoder(list[kind], strict=False)  # type: ignore[valid-type]

    def _open(self) -> None:
        if not self._skip_front():
            return
        head = bytes(self._buffer[:1])
        if opening := _OPENING.match(self._buffer):
            empty = self._buffer[opening.end() : opening.end() + 1] == b"]"
            self._state = State.CLOSED if empty else State.RECORDS
            del self._buffer[: opening.end()]
            if not empty:
                # The bracket becomes the separator before the first record, so that all records look alike.
                self._buffer[:0] = b","
        elif head == b"{":
            self._state = State.WHOLE
        elif head not in (b"", b"["):
            raise self._unexpected("the answer is neither a list nor an object")

    def _at_record(self) -> bool:
        head = bytes(self._buffer[:1])
        if head and head in _SPACE:
            self._buffer = self._buffer.lstrip(_SPACE)
            head = bytes(self._buffer[:1])
        if head == b"]":
            self._state = State.CLOSED
        elif head not in (b"", b","):
            raise self._unexpected("a comma or the end of the list is missing")
        return head == b","

    def _decode_piece(self, piece: bytearray) -> Taken:
        piece[:1] = b"["
        piece += b"]"
        try:
            return self._decode_typed(piece), None
        except (self._invalid, MailkitResponseError):
            # Not what was expected, or not JSON: the decoder stops at whichever comes first.
            pass
        except self._malformed:
            raise MalformedPieceError from None
        try:
            records = self._any.decode(piece)
        except self._malformed:
            raise MalformedPieceError from None
        self._learn(records)
        return self._read_dicts(records)

    def _decode_typed(self, piece: bytearray) -> Batch:
        records = self._typed.decode(piece)
        if not self._counting:
            clean(records, self._to_clean, self.dates)
        return Batch(records, self._unknown_members(records) if self._shape.unknown else None)

    def _unknown_members(self, records: list[Any]) -> list[dict[str, Any]] | None:
        import msgspec

        getters = [(name, attrgetter(f"unknown_{i}")) for i, name in enumerate(self._shape.unknown)]
        unknown = [
            {name: value for name, getter in getters if (value := getter(record)) is not msgspec.UNSET}
            for record in records
        ]
        return unknown if any(unknown) else None

    def _learn(self, records: list[Any]) -> None:
        """Expect records as these are, so that those after them take the fast way."""
        last = records[-1]
        if not isinstance(last, dict) or self._lessons >= _MAX_LESSONS:
            return
        columns = {column: name for name in last if (column := column_of(name))}
        news = [name for name in last if not column_of(name)]
        if len(columns) + len(news) != len(last):
            return
        members = {c: columns.get(c) or self._shape.spelling.get(c, c) for c in self._columns}
        values = {
            column: {value for record in records if isinstance(value := _value(record, name), str)}
            for column, name in members.items()
        }
        empty = {column for column, texts in values.items() if "" in texts}
        usual = {column for column in self._shape.usual if values[column] <= set(USUAL_TEXTS[column])}
        spelling = {c: name for c, name in members.items() if name != c}
        unknown = () if self._counting else tuple(dict.fromkeys((*self._shape.unknown, *news)))
        shape = _Shape(spelling, unknown, self._shape.may_be_empty | empty, frozenset(usual))
        if shape != self._shape:
            self._lessons += 1
            # msgspec knows no names with quotes, backslashes or control characters; such records go slowly.
            with suppress(ValueError):
                self._expect(shape)

    def _take_slowly(self, window: int) -> Taken:
        text = _valid_text(bytes(self._buffer[:window]))
        skip = json.JSONDecoder()
        records: list[Any] = []
        taken = 0
        while separator := _NEXT_RECORD.match(text, taken):
            try:
                _, end = skip.raw_decode(text, separator.end())
                record = text[separator.end() : end].encode()
                if len(record) > MAX_RECORD_BYTES:
                    break
                records.append(self._any.decode(record))
            except (ValueError, RecursionError):
                break
            taken = end
        if not records:
            return None, None
        del self._buffer[: len(text[:taken].encode())]
        return self._read_dicts(records)

    def _broken_rest(self) -> MailkitError:
        rest = b"[" + self._buffer[1:]
        try:
            self._any.decode(rest)
        except self._malformed as error:
            if is_cut_json(error, rest):
                return self._cut()
        return self._unexpected("the list is malformed")

    def _check_tail(self, *, final: bool = False) -> None:
        self._buffer = self._buffer.strip(_SPACE)
        if self._buffer != b"]":
            raise self._unexpected("there is something behind the end of the list")

    def _decode_whole(self) -> Any:
        return decode_json(RECIPIENTS, self._buffer, self._redactor)


def _value(record: Any, member: str) -> Any:
    return record.get(member) if isinstance(record, dict) else None


def _valid_text(data: bytes) -> str:
    """Decode UTF-8 up to the first byte that is none, or is the beginning of a cut character."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        return data[: error.start].decode()
