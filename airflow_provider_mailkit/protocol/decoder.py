"""The way from bytes to batches of records, without I/O.

A decoder is fed with bytes as they come, in pieces of any size, and yields batches. What comes before a
fault is yielded, then the fault is raised: rows and error are the same however the bytes were cut.

The buffer is cut after the last end of a record and the front is decoded at once. That it decodes proves that
the cut was right. If it does not, the records at the front are decoded one by one.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import tzinfo
from typing import Any

from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.protocol.answers import UTF8_BOM, cut_answer, unexpected
from airflow_provider_mailkit.protocol.buffer import Buffer
from airflow_provider_mailkit.protocol.dates import Extremes
from airflow_provider_mailkit.protocol.elements import Elements
from airflow_provider_mailkit.protocol.excerpt import Redactor
from airflow_provider_mailkit.protocol.json_framing import JsonFraming
from airflow_provider_mailkit.protocol.json_reader import JsonReader
from airflow_provider_mailkit.protocol.json_shape import Learned
from airflow_provider_mailkit.protocol.markup import MAX_MARKUP_BYTES
from airflow_provider_mailkit.protocol.records import Batch, wanted_of
from airflow_provider_mailkit.protocol.request import Protocol
from airflow_provider_mailkit.protocol.state import (
    MAX_RECORD_BYTES,
    Due,
    MalformedPieceError,
    State,
    Taken,
    UnexpectedError,
)
from airflow_provider_mailkit.protocol.xmlrpc_framing import XmlRpcFraming
from airflow_provider_mailkit.protocol.xmlrpc_reader import XmlRpcReader

#: How many bytes are collected before they are decoded: enough for speed, little enough for a triggerer,
#: whose event loop stands still meanwhile (about a millisecond).
PIECE_BYTES = 2**17
# How many ends of records are tried in one piece: an end may be inside a string or an inner object, and a
# text full of them must not cost the square of its length.
_CUTS = 4
_MAX_WINDOW_BYTES = MAX_RECORD_BYTES + MAX_MARKUP_BYTES
# An answer that is not a list may be a record, with a little around it.
_MAX_WHOLE_BYTES = MAX_RECORD_BYTES + 4096
_LARGE_RECORD = "a record is malformed, or larger than 1 MiB"
_TOO_LARGE = (
    "the answer is not a list of records, and larger than 1 MiB: ask for less at a time, such as fewer "
    "days, or use MailkitHook.call(), which takes 64 MiB"
)


class Decoder:
    """Decodes the answer of a report's function.

    Every failure is a :class:`MailkitError`; anything else that comes out is a bug here. After a failure
    the decoder raises the same error for ever.

    :param columns: the columns that records have; None for all of the answer. Without the key of a record,
        other members are not looked at.
    :param constants: columns that do not come from the answer, and the value that they have in every record.
    :param zone: the zone that the dates are in.
    :param as_is: columns of text or instants whose values may stay as they come, which saves time: empty
        texts need not become None, and dates are not read.
    :param may_lack: columns that records need not have as fields if they are constants, or if no record of
        the answer has them. This saves time. Reading such a column gives None.
    :param learned: what earlier decoders of the same columns have learned.
    :param extremes: are shown the dates of a column.
    :param redactor: cleans the excerpts that error messages show.
    """

    def __init__(
        self,
        protocol: Protocol,
        report: Report,
        columns: Sequence[str] | None = None,
        *,
        constants: Mapping[str, Any] | None = None,
        zone: tzinfo | None = None,
        as_is: Collection[str] = (),
        may_lack: Collection[str] = (),
        learned: Learned | None = None,
        extremes: Mapping[str, Extremes] | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        self.received_bytes = 0
        self.records = 0
        self._function = report.name
        self._redactor = (redactor or Redactor()).hiding(report.personal_members)
        wanted = wanted_of(report, columns, constants or {}, zone, as_is, may_lack, extremes or {})
        self._elements = Elements(wanted, report.function, self._redactor)
        self._framing: JsonFraming | XmlRpcFraming
        self._reader: JsonReader | XmlRpcReader
        if protocol == "json":
            self._framing = JsonFraming(report.rows_in)
            self._reader = JsonReader(wanted, self._elements, learned or Learned())
        else:
            self._framing = XmlRpcFraming(report.rows_in)
            self._reader = XmlRpcReader(wanted, self._elements)
        self._buffer = Buffer()
        self._state = State.OPENING
        self._opening = b""
        # How much there must be for another look. It grows twofold, or small pieces would cost its square.
        self._window = 0
        self._failure: MailkitError | None = None

    def feed(self, data: bytes) -> Iterator[Batch]:
        """Take the next bytes of the answer and yield the batches that they complete.

        :raises MailkitError: after the batches before the fault.
        """
        self.received_bytes += len(data)
        self._buffer.add(data)
        return self._guarded(self._advance())

    def finish(self) -> Iterator[Batch]:
        """Say that the answer has ended, and yield the last batches.

        :raises MailkitTransportError: the answer is not complete.
        :raises MailkitResponseError: the answer is not of the documented shape.
        """
        return self._guarded(self._complete())

    def _guarded(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        if self._failure is None:
            try:
                for batch in batches:
                    self.records += len(batch)
                    yield batch
            except MailkitError as error:
                self._failure = error
            except UnexpectedError as error:
                self._failure = self._unexpected(error)
        if self._failure is not None:
            self._buffer.clear()
            raise self._failure

    def _advance(self) -> Iterator[Batch]:
        if self._state is State.OPENING and len(self._buffer) >= self._window:
            self._open()
        while self._state is State.RECORDS and len(self._buffer) >= self._window and self._at_record():
            if (yield from self._take(self._window)):
                self._window = PIECE_BYTES
            elif self._window < _MAX_WINDOW_BYTES:
                self._window = min(2 * self._window, _MAX_WINDOW_BYTES)
            else:
                raise UnexpectedError(_LARGE_RECORD)
        if self._state is State.WHOLE and len(self._buffer) >= self._window:
            self._squeeze()
        if self._state is State.CLOSED:
            self._is_complete()

    def _complete(self) -> Iterator[Batch]:
        if self._state is State.OPENING:
            self._open()
        while self._state is State.RECORDS and self._at_record():
            if not (yield from self._take(_MAX_WINDOW_BYTES)):
                break
        if self._state in (State.OPENING, State.WHOLE):
            yield from self._whole()
        elif self._state is State.RECORDS or not self._is_complete():
            self._check_rest()
            raise cut_answer(self._function, self.received_bytes)

    def _check_rest(self) -> None:
        try:
            self._framing.check_rest(self._opening, self._buffer.text)
        except UnexpectedError:
            if self._state is State.RECORDS and len(self._buffer) > MAX_RECORD_BYTES:
                raise UnexpectedError(_LARGE_RECORD) from None
            raise

    def _open(self) -> None:
        """Find out what kind of answer comes, as far as that shows."""
        text = self._buffer.text
        if len(text) == self.received_bytes:
            # Before all else a byte order mark may come.
            if UTF8_BOM.startswith(text):
                return
            text = text.removeprefix(UTF8_BOM)
        self._buffer.replace_front(len(self._buffer) - len(text.lstrip(b" \t\r\n")))
        self._drop_gaps()
        self._state, length = self._framing.opening(self._buffer.text)
        if self._state is State.OPENING:
            self._window = 2 * len(self._buffer)
        elif self._state is State.WHOLE:
            self._window = _MAX_WHOLE_BYTES + 1
        else:
            self._window = PIECE_BYTES
            self._opening = bytes(self._buffer.front(length))
            if around := self._framing.around(self._opening):
                # It may already say that there is an error.
                self._elements.inside(self._reader.read_whole(around, self.received_bytes), is_whole=False)
            self._reader.begin(self._opening)
            separator = self._framing.separator if self._state is State.RECORDS else b""
            self._buffer.replace_front(length, separator)

    def _drop_gaps(self) -> None:
        for begin, end in reversed(self._framing.gaps(self._buffer.text, self._state)):
            self._buffer.cut(begin, end)

    def _at_record(self) -> bool:
        """Tell whether a record is at the front, and note the end of the list.

        If the list is inside an object, that object is then read as if the list were empty.
        """
        self._drop_gaps()
        due = self._framing.due(self._buffer.text)
        if due is Due.END:
            self._state = State.CLOSED
            if around := self._framing.around(self._opening, self._buffer.text):
                self._buffer.replace_front(len(self._buffer), around)
                self._state, self._window = State.WHOLE, _MAX_WHOLE_BYTES + 1
        return due is Due.RECORD

    def _take(self, window: int) -> Generator[Batch, None, bool]:
        """Remove records from the front, within the first bytes, and yield them; tell whether there were any.

        :raises MailkitError: after the records before the fault.
        """
        size, (batch, fault) = self._read_front(window)
        failure = self._unexpected(fault) if isinstance(fault, UnexpectedError) else fault
        self._buffer.replace_front(size)
        if batch is not None:
            yield batch
        if failure is not None:
            raise failure
        return batch is not None

    def _read_front(self, window: int) -> tuple[int, Taken]:
        for cut in self._buffer.ends(self._framing.record_end, min(window, MAX_RECORD_BYTES), _CUTS):
            with suppress(MalformedPieceError):
                return cut, self._reader.read(self._buffer.front(cut))
        return self._reader.read_one_by_one(self._buffer.front(window))

    def _is_complete(self) -> bool:
        """Tell whether the document has ended after the list; anything else after it is a fault."""
        self._drop_gaps()
        return self._framing.is_complete(self._buffer.text)

    def _squeeze(self) -> None:
        """Drop the white space of a whole answer: it is not part of its size."""
        self._buffer.replace_front(len(self._buffer), self._framing.without_space(self._buffer.text))
        if len(self._buffer) > _MAX_WHOLE_BYTES:
            raise UnexpectedError(_TOO_LARGE)
        self._window = max(_MAX_WHOLE_BYTES + 1, 2 * len(self._buffer))

    def _whole(self) -> Iterator[Batch]:
        """Yield what a complete answer that was not streamed holds: an error, one record, a few, none."""
        if self.received_bytes > _MAX_WHOLE_BYTES:
            self._squeeze()
        answer = self._reader.read_whole(self._buffer.text, self.received_bytes)
        batch, fault = self._elements.read(self._elements.inside(answer))
        if batch is not None:
            yield batch
        if fault is not None:
            raise fault

    def _unexpected(self, error: UnexpectedError) -> MailkitError:
        where = f"after {self.records} record{'s' if self.records > 1 else ''}, " if self.records else ""
        return unexpected(self._function, f"{where}{error}", self._buffer.text[error.at :], self._redactor)
