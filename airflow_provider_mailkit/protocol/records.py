"""One recipient of a delivery, and the batches of recipients in which a report is handed on.

Member names, types and statuses are those of Mailkit's reference for
``mailkit.report.message.recipients``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import repeat
from operator import attrgetter
from typing import Annotated, Any, Literal

from airflow_provider_mailkit.exceptions import MailkitResponseError
from airflow_provider_mailkit.protocol.functions import RECIPIENTS

STATUS = "STATUS"
DATE = "DATE"
ROW_KEY = "ID_SEND_MESSAGE"
INTEGER_COLUMNS = (ROW_KEY, "ID_EMAIL", "READ_COUNT", "CLICK_COUNT")
#: The members of a record, in the order in which they are written.
RECIPIENT_COLUMNS = (ROW_KEY, "ID_EMAIL", "EMAIL", STATUS, "AB_VERSION", DATE, "READ_COUNT", "CLICK_COUNT")
#: Columns that are empty in most reports; others are expected to have a value or null.
USUALLY_EMPTY = ("AB_VERSION", DATE)

#: How a recipient without a status is counted.
NO_STATUS = ""

# Recipients that follow each other have few different dates; the bound is for reports that are not like that.
_MAX_CACHED_DATES = 8192

# Begins the names of attributes for members that are not documented.
_UNKNOWN = "unknown_"


@dataclass(slots=True)
class Batch:
    """Some recipients in the order of the report.

    :param records: one msgspec struct per recipient, all of one type, with the wanted columns as attributes.
        Counts and IDs are int, the others str; an absent value is None (a status that is read alone may be
        an empty string). ``DATE`` is ISO 8601, with an offset if the account has a time zone.
    :param unknown: for each recipient the members that are not documented; None if no recipient has any.
    """

    records: list[Any]
    unknown: list[dict[str, Any]] | None = None

    def __len__(self) -> int:
        return len(self.records)

    def column(self, name: str) -> Iterator[Any]:
        """Yield the value of a column for every recipient."""
        return map(attrgetter(name), self.records)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield one dict per recipient, from column name to value."""
        from msgspec.structs import asdict

        fields = self.records[0].__struct_fields__ if self.records else ()
        columns = [name for name in fields if not name.startswith(_UNKNOWN)]
        if len(columns) == len(fields):
            return map(asdict, self.records)
        return ({name: getattr(record, name) for name in columns} for record in self.records)


class DateReader(dict[str | None, str | None]):
    """Turns Mailkit's dates, which carry no offset, into ISO 8601, and keeps what it has read.

    Absent, empty and ``0000-00-00`` dates become ``absent``.

    :param zone: the zone that the account's dates are in; None leaves them without offset. A time that a
        change to summer time skips is read with the offset before the change and so lands after it; one
        that comes twice is read as the first of the two.
    :param absent: None or an empty text.
    :param function: whose dates they are, for the error.
    """

    def __init__(
        self, zone: tzinfo | None = None, absent: str | None = None, function: str = RECIPIENTS
    ) -> None:
        super().__init__()
        self._zone = zone
        self._function = function
        self._absent = absent
        #: The first and the last date that were read.
        self.first: str | None = None
        self.last: str | None = None
        self._bounds: tuple[datetime, datetime] | None = None

    def __missing__(self, text: str | None) -> str | None:
        if len(self) >= _MAX_CACHED_DATES:
            self.clear()
        self[text] = iso = self._read(text)
        return iso

    def _read(self, text: str | None) -> str | None:
        if not text or text.startswith("0000-00-00"):
            return self._absent
        date = None
        # A date at the very end of the calendar overflows in some zones.
        with suppress(ValueError, OverflowError):
            date = self._parse(text.strip())
        if date is None:
            raise MailkitResponseError(
                f"{self._function}: a DATE of the report is not of the form YYYY-MM-DD HH:MM:SS.",
                function=self._function,
            )
        iso = date.isoformat()
        self._note(date, iso)
        return iso

    def _parse(self, text: str) -> datetime | None:
        date = datetime.fromisoformat(text)
        if date.tzinfo is not None:
            return None
        if self._zone is None:
            return date
        # By way of UTC, since a skipped local time is no point in time of its own.
        return date.replace(tzinfo=self._zone).astimezone(UTC).astimezone(self._zone)

    def _note(self, date: datetime, iso: str) -> None:
        # Not as text, which would sort wrongly in the hour that comes twice when summer time ends; and in
        # UTC, since Python compares two times of the same zone by their clocks.
        date = date.astimezone(UTC) if date.tzinfo else date
        first, last = self._bounds or (date, date)
        if self._bounds is None or date < first:
            first, self.first = date, iso
        if self._bounds is None or date > last:
            last, self.last = date, iso
        self._bounds = first, last


class _Absent(dict[Any, Any]):
    """Maps what stands for an absent value to None, and everything else to itself."""

    def __missing__(self, value: Any) -> Any:
        return value


_ABSENT = _Absent({"": None, "A": "A", "B": "B"})


def clean(records: Sequence[Any], may_be_empty: Collection[str], dates: DateReader) -> None:
    """Turn empty strings into None and dates into ISO 8601, in place.

    :param may_be_empty: the columns in which there may be empty strings, and ``DATE`` if it is there.
    :raises MailkitResponseError: a date is not a date.
    """
    for name in may_be_empty:
        known: Mapping[Any, Any] = dates if name == DATE else _ABSENT
        values = map(known.__getitem__, map(attrgetter(name), records))
        # A loop that never leaves C.
        deque(map(setattr, records, repeat(name), values), maxlen=0)


class RecordReader:
    """Makes records of dicts: slower than the decoders' own way, but forgiving.

    Members are found in any letter case, numbers may be strings, members may be missing or unknown.

    :param columns: the columns wanted, and ``constants`` as in :func:`record_type`.
    """

    def __init__(self, columns: Sequence[str], constants: Mapping[str, Any], dates: DateReader) -> None:
        import msgspec

        self._columns = tuple(name for name in columns if name not in constants)
        self._dates = dates
        self._type = record_type(columns, constants, may_be_empty=columns)
        self._convert: Callable[..., list[Any]] = msgspec.convert
        self._invalid = msgspec.ValidationError

    def read(self, records: Sequence[Any]) -> tuple[Batch | None, MailkitResponseError | None]:
        """Return the records before the first bad one, and what is wrong with that one."""
        if not records:
            return None, None
        try:
            return self._read_all(records), None
        except MailkitResponseError:
            # Which one it is shows when they are read one by one.
            pass
        batch = Batch([], [])
        failure = None
        for record in records:
            try:
                one = self._read_all([record])
            except MailkitResponseError as error:
                failure = error
                break
            batch.records += one.records
            batch.unknown += one.unknown or [{}]  # type: ignore[operator]
        if not any(batch.unknown or ()):
            batch.unknown = None
        return batch if batch.records else None, failure

    def _read_all(self, records: Sequence[Any]) -> Batch:
        parted = [_part(record) for record in records]
        wrong = None
        try:
            typed = self._convert([known for known, _ in parted], list[self._type], strict=False)  # type: ignore[name-defined]
        except self._invalid as error:
            # The text of the error quotes the value, which may be an address; its end is the place.
            place = str(error)
            wrong = next((name for name in self._columns if place.endswith(f".{name}`")), "a member")
        if wrong is not None:
            raise MailkitResponseError(
                f"{RECIPIENTS}: {wrong} of a record is not of its documented type.", function=RECIPIENTS
            )
        clean(typed, self._columns, self._dates)
        unknown = [others for _, others in parted]
        return Batch(typed, unknown if any(unknown) else None)


def _part(record: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a record's documented members by column, and its other members."""
    if not isinstance(record, dict):
        raise MailkitResponseError(f"{RECIPIENTS}: a record is not an object.", function=RECIPIENTS)
    known = {column: value for name, value in record.items() if (column := column_of(name))}
    if not known:
        raise MailkitResponseError(f"{RECIPIENTS}: a record has no known member.", function=RECIPIENTS)
    return known, {name: value for name, value in record.items() if not column_of(name)}


def column_of(member: str) -> str | None:
    """Return the column that a member belongs to, whatever its letter case; None if it is unknown."""
    column = member.upper()
    return column if column in RECIPIENT_COLUMNS else None


def record_type(
    columns: Sequence[str],
    constants: Mapping[str, Any],
    *,
    may_be_empty: Collection[str],
    spelling: Mapping[str, str] | None = None,
    required: str | None = None,
    unknown: Sequence[str] = (),
    strict: bool = False,
) -> Any:
    """Return the msgspec struct of a record.

    :param columns: the attributes, in this order.
    :param constants: those of them that are not read from the answer, and their value in every record.
    :param may_be_empty: columns in which an empty string is accepted.
    :param spelling: how members are spelled in the answer, where that is not the column's name.
    :param required: a column that must be there; all others default to None.
    :param unknown: members that are not documented; they become the attributes ``unknown_0`` and so on.
    :param strict: whether any further member fails the decoding.
    """
    import msgspec

    # The columns are 64-bit integers in every file: a larger number must not get further than here.
    integer = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
    text = Annotated[str, msgspec.Meta(min_length=1)]
    # No value of the answer is taken for a constant: this type has no values.
    nothing = Annotated[int, msgspec.Meta(gt=0, lt=0)]
    fields: list[Any] = []
    for name in columns:
        if name in constants:
            fields.append((name, nothing, constants[name]))
            continue
        kind: Any = integer if name in INTEGER_COLUMNS else text
        if name in may_be_empty:
            kind = integer | Literal[""] if name in INTEGER_COLUMNS else str
        fields.append((name, kind | None) if name == required else (name, kind | None, None))
    fields += [(f"unknown_{i}", Any, msgspec.UNSET) for i in range(len(unknown))]
    rename = dict(spelling or {}) | {f"unknown_{i}": name for i, name in enumerate(unknown)}
    return msgspec.defstruct(
        "Record",
        fields,
        rename=rename,
        forbid_unknown_fields=strict,
        # Only then may a required column follow others.
        kw_only=required is not None,
        gc=False,
    )
