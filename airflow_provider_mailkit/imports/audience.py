"""All rows of a source, checked and stored before anything is sent. The last row of each address counts."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple, Self

from airflow_provider_mailkit._worker import close_unwanted, explained, open_temporary
from airflow_provider_mailkit.exceptions import MailkitArgumentError
from airflow_provider_mailkit.imports.addresses import make_key
from airflow_provider_mailkit.imports.last_ones import LastOnes, Marks
from airflow_provider_mailkit.imports.readers import RowFormat, SourceRow
from airflow_provider_mailkit.imports.rows import EMAIL, Recipient, RecipientBuilder, Rejection
from airflow_provider_mailkit.storage.source import SourceFile

_BUFFER_BYTES = 2**20
# Mailkit takes requests of up to 128 MB.
_BATCH_BYTES = 16 * 1024 * 1024
_LOG_EVERY_ROWS = 1_000_000

#: Called for each rejected row: its file, its number in it, the reason, and the row as far as it was read.
OnRejected = Callable[[str, int, Rejection, Mapping[str, Any] | None], object]

log = logging.getLogger(__name__)


class Placed(NamedTuple):
    """A recipient and its origin: the number of the file, and of the row in it."""

    file: int
    row: int
    recipient: Recipient


class Audience:
    """The recipients of a source, in a temporary file without a name. Use it as a context manager.

    :param builder: turns rows into recipients.
    :param on_rejected: called for each rejected row.
    :param max_rows: the maximum number of rows; None for no limit.
    """

    def __init__(
        self, builder: RecipientBuilder, on_rejected: OnRejected, max_rows: int | None = None
    ) -> None:
        import msgspec

        self._builder = builder
        self._on_rejected = on_rejected
        self._max_rows = max_rows
        self._encode = msgspec.json.Encoder().encode
        self._decode = msgspec.json.Decoder(tuple[int, int, dict[str, str]]).decode
        self._file, self._place = open_temporary(_BUFFER_BYTES)
        self._last_ones = LastOnes()
        self._key = make_key()
        self._repeated = Marks(0)
        #: The files, or other names of sources.
        self.places: list[str] = []
        #: How many rows were read, and how many of them are recipients.
        self.rows = self.valid = 0
        #: The number of rejected rows by reason.
        self.reasons: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._last_ones.__exit__()
        close_unwanted(self._file)

    @property
    def rejected(self) -> int:
        """How many rows were rejected."""
        return self.reasons.total()

    @property
    def duplicates(self) -> int:
        """How many rows are left out because a later one has the same address."""
        return self._repeated.count

    @property
    def size(self) -> int:
        """How many recipients there are."""
        return self.valid - self.duplicates

    def read_files(self, files: Sequence[SourceFile], row_format: RowFormat) -> None:
        """Read files, one after the other.

        :raises MailkitError: a file cannot be read or has wrong columns, or there are too many rows.
        :raises WorkerError: the worker's disk is full.
        :raises OSError: a file cannot be read.
        """
        for file in files:
            row_format.check(file)
        have_header = False
        for file in files:

            def on_header(names: Sequence[str], where: str = file.uri) -> None:
                nonlocal have_header
                have_header = True
                self._builder.check_header(where, names)

            self._add(file.uri, row_format.rows(file, on_header, self._builder.wanted))
        self._finish("" if have_header else "source")

    def read_rows(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Read rows that are passed directly.

        :raises MailkitError: as in :meth:`read_files`.
        """
        self._add("rows", (SourceRow(number, values) for number, values in enumerate(rows, 1)))
        self._finish("rows")

    def _add(self, place: str, rows: Iterator[SourceRow]) -> None:
        number_of_file = len(self.places)
        self.places.append(place)
        for number, values, fault in rows:
            self.rows += 1
            if self._max_rows is not None and self.rows > self._max_rows:
                raise MailkitArgumentError(
                    f"The source has more than {self._max_rows} rows (max_rows). Nothing was sent."
                )
            built = Rejection(fault) if values is None else self._builder.build(place, values)
            if isinstance(built, Rejection):
                self.reasons[built.reason] += 1
                self._on_rejected(place, number, built, values)
                continue
            self._last_ones.add(self._key(built[EMAIL]))
            with explained(self._place, self._file.tell()):
                self._file.write(self._encode((number_of_file, number, built)) + b"\n")
            self.valid += 1
            if self.rows % _LOG_EVERY_ROWS == 0:
                log.info("%d rows read; nothing was sent yet.", self.rows)

    def _finish(self, without_header: str) -> None:
        """Find the duplicates.

        :param without_header: a name for the source, if each row has its own columns.
        """
        if without_header:
            self._builder.check_end(without_header, self.rows)
        with explained(self._place, self._file.tell()):
            self._file.flush()
        self._repeated = self._last_ones.repeated_later()

    def batches(self, rows: int) -> Iterator[list[Placed]]:
        """Yield the recipients in their order.

        :param rows: how many at a time; fewer if they are very large.
        """
        batch: list[Placed] = []
        size = 0
        self._file.seek(0)
        for number, line in enumerate(islice(self._file, self.valid)):
            if number in self._repeated:
                continue
            if len(batch) == rows or (batch and size + len(line) > _BATCH_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(Placed(*self._decode(line)))
            size += len(line)
        if batch:
            yield batch
