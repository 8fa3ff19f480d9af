"""A report over JSON: an array of objects, decoded while it arrives.

The buffer is cut after the last closing brace and the front is decoded at once. That it decodes proves that
the cut was right: a cut inside a string or an inner object leaves a text that is not JSON.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from airflow_provider_mailkit.exceptions import MailkitError, MailkitResponseError
from airflow_provider_mailkit.protocol.answers import decode_json, is_cut_json, valid_text
from airflow_provider_mailkit.protocol.decoder import MAX_RECORD_BYTES, Decoder, Taken
from airflow_provider_mailkit.protocol.members import AmbiguousMemberError, unique
from airflow_provider_mailkit.protocol.record_type import UNKNOWN, record_type
from airflow_provider_mailkit.protocol.records import Batch, Cleaning, ambiguous_member
from airflow_provider_mailkit.protocol.schema import Schema
from airflow_provider_mailkit.protocol.state import MAX_LESSONS, MalformedPieceError, State

_SPACE = b" \t\r\n"
_GAP = re.compile(rb"[ \t\r\n]*+")
_TEXT_OR_SPACE = re.compile(rb"(\"(?:[^\"\\]|\\.)*+(?:\"|\\?\Z))|[ \t\r\n]++", re.DOTALL)
_NEXT_RECORD = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")
# A record with more unknown members than any interface has is read the slow way.
_MAX_UNKNOWN = 100
# How much of a report is looked through for members that come twice; all of it would take too long.
_SEEN_BYTES = 2**13


@dataclass(frozen=True, slots=True)
class _Shape:
    """What records are expected to look like; see :func:`record_type`."""

    spelling: dict[str, str]
    unknown: tuple[str, ...]
    may_be_empty: frozenset[str]
    usual: frozenset[str]
    others: frozenset[str] = frozenset()


class JsonDecoder(Decoder):
    """Decodes the report from JSON text in UTF-8, with or without a byte order mark."""

    record_end = b"}"

    def _prepare(self) -> None:
        import msgspec

        self._any = msgspec.json.Decoder()
        self._invalid = msgspec.ValidationError
        # Before msgspec 0.21 its error is not a ValueError.
        self._malformed = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
        self._lessons = 0
        # Whether records have a member twice, of which msgspec takes the last one.
        self._has_twins = False
        self._unseen_bytes = _SEEN_BYTES
        # Without the key, the members that are left out must not count as unknown ones.
        self._counting = self._schema.anchor not in self._columns
        wanted = [name for name in self._columns if name not in self._constants]
        self._wanted = tuple(wanted)
        empty = frozenset(wanted) if self._counting else self._schema.often_empty(wanted)
        self._expect(_Shape({}, (), empty, self._schema.usual(wanted)))

    def _expect(self, shape: _Shape) -> None:
        import msgspec

        kind = record_type(
            self._schema,
            self._columns,
            self._constants,
            may_be_empty=shape.may_be_empty,
            usual=shape.usual,
            others=shape.others,
            spelling=shape.spelling,
            required=self._wanted[0] if self._counting else self._schema.anchor,
            unknown=shape.unknown,
            strict=not self._counting,
        )
        self._shape = shape
        empty = () if self._counting else tuple(shape.may_be_empty - self._as_is - self._dates.keys())
        self._cleaning = Cleaning(empty, self._dates, tuple(shape.others))
        self._typed = msgspec.json.Decoder(list[kind], strict=False)  # type: ignore[valid-type]

    def _open(self) -> None:
        if not self._skip_front():
            return
        head = bytes(self._buffer[:1])
        if head == b"[":
            self._drop_gap_behind_head()
            if self._buffer[1:2] == b"]":
                self._state = State.CLOSED
                del self._buffer[:1]
            elif len(self._buffer) > 1:
                self._state = State.RECORDS
                # The bracket becomes the separator before the first record, so that all records look alike.
                self._buffer[:1] = b","
        elif head == b"{":
            self._state = State.WHOLE
        elif head:
            raise self._unexpected("the answer is neither a list nor an object")

    def _drop_gap_behind_head(self) -> None:
        if gap := len(_GAP.match(self._buffer, 1)[0]):  # type: ignore[index]
            # Rather than out of the middle, which would move all that follows.
            self._buffer[gap] = self._buffer[0]
            del self._buffer[:gap]

    def _at_record(self) -> bool:
        head = bytes(self._buffer[:1])
        if head and head in _SPACE:
            self._buffer = self._buffer.lstrip(_SPACE)
            head = bytes(self._buffer[:1])
        if head == b"]":
            self._state = State.CLOSED
        elif head == b",":
            self._drop_gap_behind_head()
        elif head:
            raise self._unexpected("a comma or the end of the list is missing")
        return len(self._buffer) > 1 and head == b","

    def _decode_piece(self, piece: bytearray) -> Taken:
        if self._unseen_bytes > 0 and _has_twins(self._schema, piece, self._unseen_bytes):
            self._has_twins = True
        if self._has_twins:
            # Those are taken one by one.
            raise MalformedPieceError
        taken = self._decode_list(piece)
        self._unseen_bytes -= len(piece)
        return taken

    def _decode_list(self, piece: bytearray) -> Taken:
        piece[:1] = b"["
        piece += b"]"
        try:
            # Of records that hold objects there are few.
            if self._schema.is_flat:
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
        self._cleaning.clean(records)
        return Batch(records, self._unknown_members(records) if self._shape.unknown else None)

    def _unknown_members(self, records: list[Any]) -> list[dict[str, Any]] | None:
        import msgspec

        getters = [(name, attrgetter(f"{UNKNOWN}{i}")) for i, name in enumerate(self._shape.unknown)]
        unknown = [
            {name: value for name, getter in getters if (value := getter(record)) is not msgspec.UNSET}
            for record in records
        ]
        return unknown if any(unknown) else None

    def _learn(self, records: list[Any]) -> None:
        """Expect records as these are, so that those after them take the fast way."""
        last = records[-1]
        if not isinstance(last, dict) or self._lessons >= MAX_LESSONS or not self._schema.is_flat:
            return
        column_of = self._schema.column_of
        columns = {column: name for name in last if (column := column_of(name))}
        news = [name for name in last if not column_of(name)]
        if len(columns) + len(news) != len(last):
            return
        members = {c: columns.get(c) or self._shape.spelling.get(c, c) for c in self._wanted}
        values = {
            column: [value for record in records if _is_plain(value := _value(record, name))]
            for column, name in members.items()
        }
        empty = {column for column, texts in values.items() if "" in texts}
        usual = {c for c in self._shape.usual if set(values[c]) <= set(self._schema.columns[c].usual)}
        others = {
            c for c in self._wanted
            if self._schema.takes_other_values(c) and not all(v is None or type(v) is str for v in values[c])
        }  # fmt: skip
        spelling = {c: name for c, name in members.items() if name != c}
        unknown = () if self._counting else tuple(dict.fromkeys((*self._shape.unknown, *news)))
        if len(unknown) > _MAX_UNKNOWN:
            return
        shape = _Shape(
            spelling,
            unknown,
            self._shape.may_be_empty | empty,
            frozenset(usual),
            self._shape.others | others,
        )
        if shape != self._shape:
            self._lessons += 1
            # msgspec knows no names with quotes, backslashes or control characters; such records go slowly.
            with suppress(ValueError):
                self._expect(shape)

    def _take_slowly(self, window: int) -> Taken:
        text = valid_text(bytes(self._buffer[:window]))
        skip = json.JSONDecoder(object_pairs_hook=unique)
        records: list[Any] = []
        taken = 0
        failure: MailkitError | None = None
        while separator := _NEXT_RECORD.match(text, taken):
            try:
                value, end = skip.raw_decode(text, separator.end())
                record = text[separator.end() : end].encode()
                if len(record) > MAX_RECORD_BYTES:
                    break
                # What msgspec refuses, such as half a surrogate pair, may be in an error all the same.
                if not (self._error_of(value)):
                    checked = self._any.decode(record)
                    value = value if self._has_twins else checked
                records.append(value)
            except AmbiguousMemberError:
                failure = ambiguous_member(self._schema.function)
                break
            except (*self._malformed, ValueError):
                break
            taken = end
        if not records and failure is None:
            return None, None
        del self._buffer[: len(text[:taken].encode())]
        batch, earlier_failure = self._read_dicts(records)
        return batch, earlier_failure or failure

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
            raise self._unexpected("there is something after the end of the list")

    def _without_space(self, answer: bytearray) -> bytearray:
        return bytearray(_TEXT_OR_SPACE.sub(lambda match: match[1] or b" ", answer))

    def _decode_whole(self) -> Any:
        answer = decode_json(self._function, self._buffer, self._redactor, self.received_bytes)
        try:
            return (
                json.loads(self._buffer, object_pairs_hook=unique)
                if _has_twins(self._schema, self._buffer, 1)
                else answer
            )
        except AmbiguousMemberError:
            failure = ambiguous_member(self._schema.function)
        except ValueError:
            return answer
        raise failure


def _value(record: Any, member: str) -> Any:
    return record.get(member) if isinstance(record, dict) else None


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)


def _has_twins(schema: Schema, text: bytearray, seen_bytes: int) -> bool:
    """Tell whether one of the first records in a text, or the only one, has a member twice."""
    found = False

    def look(pairs: list[tuple[str, Any]]) -> None:
        nonlocal found
        found = found or len({schema.column_of(name) or name for name, _ in pairs}) < len(pairs)

    # Beyond the bound is a record that begins before it.
    records = text[: seen_bytes + MAX_RECORD_BYTES].decode(errors="ignore").lstrip(", \t\r\n")
    decode, at = json.JSONDecoder(object_pairs_hook=look).raw_decode, 0
    with suppress(ValueError, RecursionError):
        while not found and at < seen_bytes:
            _, at = decode(records, at)
            if (separator := _NEXT_RECORD.match(records, at)) is None:
                break
            at = separator.end()
    return found
