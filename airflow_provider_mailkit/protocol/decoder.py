"""The way from bytes to batches of records, without I/O: what both protocols have in common.

A decoder is fed with bytes as they come, in pieces of any size, and yields batches. What comes before a
fault is yielded, then the fault is raised: rows and error are the same however the bytes were cut.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Any, ClassVar

from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.exceptions import MailkitError, MailkitResponseError
from airflow_provider_mailkit.protocol.answers import (
    ENVELOPE,
    UTF8_BOM,
    cut_answer,
    error_in,
    says_success,
    unexpected,
)
from airflow_provider_mailkit.protocol.dates import Extremes, date_readers
from airflow_provider_mailkit.protocol.excerpt import Redactor
from airflow_provider_mailkit.protocol.markup import MAX_MARKUP_BYTES
from airflow_provider_mailkit.protocol.records import Batch, RecordReader
from airflow_provider_mailkit.protocol.schema import schema_of
from airflow_provider_mailkit.protocol.state import MalformedPieceError, State

#: The largest record, in bytes. Usual ones have about 200 (JSON) or 700 (XML-RPC).
MAX_RECORD_BYTES = 2**20
#: How many bytes are collected before they are decoded: enough for speed, little enough for a triggerer,
#: whose event loop stands still meanwhile (about a millisecond).
PIECE_BYTES = 2**17
# How many ends of records are tried in one piece: an end may be inside a string or an inner object, and a
# text full of them must not cost the square of its length.
_CUTS = 4
_MAX_WINDOW_BYTES = MAX_RECORD_BYTES + MAX_MARKUP_BYTES
# An answer that is not a list may be a record, with a little around it.
_MAX_WHOLE_BYTES = MAX_RECORD_BYTES + 4096

#: Decoded records, and the fault that follows them.
Taken = tuple[Batch | None, MailkitError | None]


class Decoder(ABC):
    """Decodes the answer of a report's function.

    Every failure is a :class:`MailkitError`; anything else that comes out is a bug here. After a failure
    the decoder raises the same error for ever.

    :param columns: the columns that records have; None for all of the answer. Without the key of a record,
        other members are not looked at.
    :param constants: columns that do not come from the answer, and the value that they have in every record.
    :param zone: the zone that the dates are in.
    :param as_is: columns of text or instants whose values may stay as they come, which saves time: empty
        texts need not become None, and dates are not read.
    :param extremes: are shown the dates of a column.
    :param redactor: cleans the excerpts that error messages show.
    """

    #: The bytes that end a record.
    record_end: ClassVar[bytes]

    def __init__(
        self,
        report: Report,
        columns: Sequence[str] | None = None,
        *,
        constants: Mapping[str, Any] | None = None,
        zone: tzinfo | None = None,
        as_is: Collection[str] = (),
        extremes: Mapping[str, Extremes] | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        self.received_bytes = 0
        self.records = 0
        self._schema = schema_of(report)
        self._function = report.function
        self._columns = self._schema.names if columns is None else tuple(columns)
        self._constants = dict(constants or {})
        self._as_is = frozenset(as_is)
        read = [name for name in self._columns if name not in self._constants and name not in self._as_is]
        # Where empty texts stay, an absent date may be one too.
        self._dates = date_readers(self._schema, read, zone, "" if self._as_is else None, extremes or {})
        self._reader = RecordReader(self._schema, self._columns, self._constants, self._dates, self._as_is)
        self._redactor = (redactor or Redactor()).hiding(report.personal_members)
        self._buffer = bytearray()
        self._state = State.OPENING
        self._past_mark = False
        self._window = PIECE_BYTES
        # From which sizes on the buffer is looked at again: it must double, or small pieces cost its square.
        self._look_at = 0
        self._squeeze_at = _MAX_WHOLE_BYTES + 1
        self._failure: MailkitError | None = None
        self._prepare()

    def feed(self, data: bytes) -> Iterator[Batch]:
        """Take the next bytes of the answer and yield the batches that they complete.

        :raises MailkitError: after the batches before the fault.
        """
        self.received_bytes += len(data)
        self._buffer += data
        return self._guarded(self._advance())

    def finish(self) -> Iterator[Batch]:
        """Say that the answer has ended, and yield the last batches.

        :raises MailkitTransportError: the answer is not complete.
        :raises MailkitResponseError: the answer is not of the documented shape.
        """
        return self._guarded(self._complete())

    def _guarded(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        if self._failure is not None:
            self._buffer.clear()
            raise self._failure
        try:
            for batch in batches:
                self.records += len(batch)
                yield batch
        except MailkitError as error:
            self._failure = error
            self._buffer.clear()
            raise

    def _advance(self) -> Iterator[Batch]:
        if self._state is State.OPENING and len(self._buffer) >= self._look_at:
            self._open()
            self._look_at = 2 * len(self._buffer)
        while self._state is State.RECORDS and len(self._buffer) >= self._window and self._at_record():
            batch, failure = self._take_front()
            if batch is not None:
                yield batch
            if failure is not None:
                raise failure
        if self._state is State.WHOLE and len(self._buffer) >= self._squeeze_at:
            self._squeeze()
        if self._state is State.CLOSED:
            self._check_tail()

    def _squeeze(self) -> None:
        """Drop the white space of a whole answer: it is not part of its size."""
        self._buffer = self._without_space(self._buffer)
        if len(self._buffer) > _MAX_WHOLE_BYTES:
            raise self._unexpected("the answer is not a list of records, and larger than 1 MiB")
        self._squeeze_at = max(_MAX_WHOLE_BYTES + 1, 2 * len(self._buffer))

    def _take_front(self) -> Taken:
        """Remove records from the front of the buffer, or widen the window in which their end is sought."""
        batch, failure = self._take_fast(min(self._window, MAX_RECORD_BYTES))
        if batch is None and failure is None:
            batch, failure = self._take_slowly(self._window)
        if batch is None and failure is None:
            if self._window < _MAX_WINDOW_BYTES:
                self._window = min(2 * self._window, _MAX_WINDOW_BYTES)
                return None, None
            failure = self._unexpected("a record is malformed, or larger than 1 MiB")
        self._window = PIECE_BYTES
        return batch, failure

    def _complete(self) -> Iterator[Batch]:
        if self._state is State.OPENING:
            self._open()
        if self._state in (State.OPENING, State.WHOLE):
            if self.received_bytes > _MAX_WHOLE_BYTES:
                self._squeeze()
            yield from self._single(self._decode_whole())
            return
        while self._state is State.RECORDS and self._at_record():
            batch, failure = self._take_fast(MAX_RECORD_BYTES)
            if batch is None and failure is None:
                batch, failure = self._take_slowly(_MAX_WINDOW_BYTES)
            if batch is not None:
                yield batch
            if failure is not None:
                raise failure
            if batch is None:
                raise self._broken_rest()
        if self._state is not State.CLOSED:
            raise self._broken_rest()
        self._check_tail(final=True)

    def _skip_front(self) -> bool:
        """Remove a byte order mark, which may come once, and white space; tell whether that is done."""
        if not self._past_mark:
            if len(self._buffer) < len(UTF8_BOM) and UTF8_BOM.startswith(self._buffer):
                return False
            self._past_mark = True
            self._buffer = self._buffer.removeprefix(UTF8_BOM)
        self._buffer = self._buffer.lstrip(b" \t\r\n")
        return True

    def _take_fast(self, window: int) -> Taken:
        """Remove as many whole records as end in the first bytes of the buffer; none if that fails."""
        end = min(window, len(self._buffer))
        for _ in range(_CUTS):
            end = self._buffer.rfind(self.record_end, 0, end)
            if end < 0:
                break
            cut = end + len(self.record_end)
            try:
                taken = self._decode_piece(self._buffer[:cut])
            except MalformedPieceError:
                continue
            del self._buffer[:cut]
            return taken
        return None, None

    def _single(self, answer: Any) -> Iterator[Batch]:
        """Yield what a complete answer that was not streamed holds: an error, one record, a few, none."""
        if isinstance(answer, dict):
            answer = self._rows_in(answer)
        if answer == "" and self._schema.rows_in is not None:
            answer = []
        if not isinstance(answer, list):
            raise self._unexpected("the answer is not a list of records")
        batch, failure = self._read_dicts(answer)
        if batch is not None:
            yield batch
        if failure is not None:
            raise failure

    def _rows_in(self, answer: dict[str, Any]) -> Any:
        """Return the rows in an object: those that it holds, or itself."""
        is_record = self._schema.is_record(answer, whole_answer=True)
        error = error_in(self._function, answer, self._redactor)
        if error and not is_record:
            raise error
        has_rows, rows = self._schema.rows_of(answer)
        if has_rows:
            return [] if rows in (None, "", {}) else [rows] if isinstance(rows, dict) else rows
        record = answer
        if not is_record or (says_success(answer) and not error):
            record = {name: value for name, value in answer.items() if name.lower() not in ENVELOPE}
        if not record and "error" in map(str.lower, answer) and not says_success(answer):
            raise self._unexpected("the answer is neither a list nor a documented error")
        return [record] if record else []

    def _read_dicts(self, records: list[Any]) -> Taken:
        for position, record in enumerate(records):
            if error := self._error_of(record):
                batch, failure = self._reader.read(records[:position])
                # A bad record before it comes first, as it does when the two arrive apart.
                return batch, failure or error
        return self._reader.read(records)

    def _error_of(self, element: Any) -> MailkitError | None:
        """Return the error that an element of the list is instead of a record, if it is one."""
        if not isinstance(element, dict) or self._schema.is_record(element):
            return None
        return error_in(self._function, element, self._redactor)

    def _cut(self) -> MailkitError:
        return cut_answer(self._schema.function, self.received_bytes)

    def _unexpected(self, what: str) -> MailkitResponseError:
        where = f" (after {self.records} records)" if self.records else ""
        return unexpected(self._schema.function, what + where, self._buffer, self._redactor)

    @abstractmethod
    def _prepare(self) -> None:
        """Set up what the protocol needs."""

    @abstractmethod
    def _open(self) -> None:
        """Find out what the answer is; leave the state as it is if more bytes are needed."""

    @abstractmethod
    def _at_record(self) -> bool:
        """Tell whether a separator and then a record is due, and note the end of the list."""

    @abstractmethod
    def _decode_piece(self, piece: bytearray) -> Taken:
        """Decode a piece that begins with a separator and ends with the end of a record.

        :raises MalformedPieceError: it is malformed, maybe just because the cut was wrong.
        """

    @abstractmethod
    def _take_slowly(self, window: int) -> Taken:
        """Remove whole records from the first bytes of the buffer, one by one up to the first bad one."""

    @abstractmethod
    def _broken_rest(self) -> MailkitError:
        """Say whether the rest of an answer that ended without its end was cut or is malformed."""

    @abstractmethod
    def _check_tail(self, *, final: bool = False) -> None:
        """See that nothing but the end of the document follows the list."""

    @abstractmethod
    def _without_space(self, answer: bytearray) -> bytearray:
        """Return a whole answer, which may have come in part, without the white space that means nothing."""

    @abstractmethod
    def _decode_whole(self) -> Any:
        """Decode the complete document in the buffer."""
