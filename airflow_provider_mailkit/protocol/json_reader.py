"""The records of a report over JSON, out of pieces of the answer."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any

from airflow_provider_mailkit.exceptions import MailkitError, MailkitResponseError
from airflow_provider_mailkit.protocol.answers import decode_json, valid_text
from airflow_provider_mailkit.protocol.elements import Elements, ambiguous_member
from airflow_provider_mailkit.protocol.json_shape import Learned, ShapeDecoder, first_shape, learn
from airflow_provider_mailkit.protocol.members import AmbiguousMemberError, unique
from airflow_provider_mailkit.protocol.records import Wanted
from airflow_provider_mailkit.protocol.schema import Schema
from airflow_provider_mailkit.protocol.state import (
    MAX_LESSONS,
    MAX_RECORD_BYTES,
    MalformedPieceError,
    Taken,
    Text,
)

_NEXT_RECORD = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")
# How much of a report is looked through for members that come twice; all of it would take too long.
_SEEN_BYTES = 2**13


class JsonReader:
    """Decodes pieces with msgspec, as records of the expected shape or else as any JSON.

    :param learned: what shape to expect, if earlier decoders have found out.
    """

    def __init__(self, wanted: Wanted, elements: Elements, learned: Learned) -> None:
        import msgspec

        self._wanted = wanted
        self._schema = wanted.schema
        self._elements = elements
        self._any = msgspec.json.Decoder()
        self._invalid = msgspec.ValidationError
        # Before msgspec 0.21 its error is not a ValueError.
        self._malformed = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
        self._learned = learned
        self._expected = ShapeDecoder(wanted, learned.shape or first_shape(wanted))
        self._lessons = 0
        # Whether records have a member twice, of which msgspec takes the last one.
        self._has_twins = False
        self._unseen_bytes = _SEEN_BYTES

    def begin(self, opening: bytes) -> None:
        """Ignore it: it is a bracket."""

    def read(self, piece: bytearray) -> Taken:
        """Decode a piece, from a separator to the end of a record; the piece is changed.

        :raises MalformedPieceError: it is malformed, maybe just because the cut was wrong.
        """
        if self._unseen_bytes > 0 and _has_twins(self._schema, piece, self._unseen_bytes):
            self._has_twins = True
        if self._has_twins:
            # Those are taken one by one.
            raise MalformedPieceError
        taken = self._read_list(piece)
        self._unseen_bytes -= len(piece)
        return taken

    def _read_list(self, piece: bytearray) -> Taken:
        piece[:1] = b"["
        piece += b"]"
        try:
            # Of records that hold objects there are few.
            if self._schema.is_flat:
                return self._expected.decode(piece), None
        except (self._invalid, MailkitResponseError):
            # Not what was expected, or not JSON: the decoder stops at whichever comes first.
            pass
        except self._malformed:
            raise MalformedPieceError from None
        try:
            records = self._any.decode(piece)
        except self._malformed:
            raise MalformedPieceError from None
        if self._learn(records):
            with suppress(self._invalid, MailkitResponseError):
                return self._expected.decode(piece), None
        return self._elements.read(records)

    def _learn(self, records: list[Any]) -> bool:
        """Expect records as these are, so that they and those after them take the fast way."""
        if self._lessons >= MAX_LESSONS or not self._schema.is_flat:
            return False
        shape = learn(self._wanted, self._expected.shape, records)
        if shape == self._expected.shape:
            return False
        self._lessons += 1
        # What msgspec cannot expect goes slowly.
        with suppress(ValueError):
            self._expected = ShapeDecoder(self._wanted, shape)
            self._learned.shape = shape
            return True
        return False

    def read_one_by_one(self, front: bytearray) -> tuple[int, Taken]:
        """Decode whole records up to the first bad one; return how many bytes they are, and them."""
        text = valid_text(bytes(front))
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
                if not self._elements.error_of(value):
                    checked = self._any.decode(record)
                    value = value if self._has_twins else checked
                records.append(value)
            except AmbiguousMemberError:
                failure = ambiguous_member(self._schema.function)
                break
            except (*self._malformed, ValueError):
                break
            taken = end
        batch, earlier_failure = self._elements.read(records)
        return len(text[:taken].encode()), (batch, earlier_failure or failure)

    def read_whole(self, answer: Text, received_bytes: int) -> Any:
        """Decode an answer that is not a list.

        :param received_bytes: how many bytes have come, of which white space may be gone.
        """
        value = decode_json(self._elements.function, answer, self._elements.redactor, received_bytes)
        if not _has_twins(self._schema, answer, 1):
            return value
        try:
            return json.loads(answer, object_pairs_hook=unique)
        except AmbiguousMemberError:
            failure = ambiguous_member(self._schema.function)
        except ValueError:
            return value
        raise failure


def _has_twins(schema: Schema, text: Text, seen_bytes: int) -> bool:
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
