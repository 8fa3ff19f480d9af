"""One recipient of a delivery, and the batches of recipients in which a report is handed on.

Member names, types and statuses are those of Mailkit's reference for
``mailkit.report.message.recipients``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Annotated, Any, Literal

from airflow_provider_mailkit.exceptions import MailkitResponseError
from airflow_provider_mailkit.protocol.functions import RECIPIENTS

STATUS = "STATUS"
DATE = "DATE"
ROW_KEY = "ID_SEND_MESSAGE"
INTEGER_COLUMNS = (ROW_KEY, "ID_EMAIL", "READ_COUNT", "CLICK_COUNT")
#: The members of a record, in the order in which they are written.
RECIPIENT_COLUMNS = (ROW_KEY, "ID_EMAIL", "EMAIL", STATUS, "AB_VERSION", DATE, "READ_COUNT", "CLICK_COUNT")

#: How a recipient without a status is counted.
NO_STATUS = ""

# A delivery lasts hours, so its dates repeat; the bound is for reports that are not like that.
_MAX_CACHED_DATES = 65536


@dataclass(slots=True)
class Batch:
    """Some recipients in the order of the report, column by column.

    :param columns: for each column one value a recipient. Counts and IDs are int, the others
        str; an absent value is None. ``DATE`` is ISO 8601, with an offset if the account has a time zone.
    :param unknown: for each recipient the members that are not documented; None if no recipient has any.
    """

    columns: dict[str, Sequence[Any]]
    unknown: list[dict[str, Any]] | None = None

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield one dict per recipient, from column name to value."""
        names = tuple(self.columns)
        return (dict(zip(names, row, strict=True)) for row in zip(*self.columns.values(), strict=True))


class DateReader:
    """Reads Mailkit's dates, which carry no offset.

    :param zone: the zone that the account's dates are in; None leaves them without offset. A time that a
        change to summer time skips is read with the offset before the change and so lands after it; one
        that comes twice is read as the first of the two.
    :param function: whose dates they are, for the error.
    """

    def __init__(self, zone: tzinfo | None = None, function: str = RECIPIENTS) -> None:
        self._zone = zone
        self._function = function
        self._known = _Known(self._iso)

    def read(self, dates: Sequence[str | None]) -> list[str | None]:
        """Return the dates in ISO 8601; None for those that are absent, empty or ``0000-00-00``.

        :raises MailkitResponseError: one of them is no date.
        """
        if len(self._known) > _MAX_CACHED_DATES:
            self._known.clear()
        return list(map(self._known.__getitem__, dates))

    def _iso(self, text: str | None) -> str | None:
        if not text or text.startswith("0000-00-00"):
            return None
        try:
            date = datetime.fromisoformat(text.strip())
            if date.tzinfo is None and self._zone is not None:
                # By way of UTC, since a skipped local time is no point in time of its own.
                return date.replace(tzinfo=self._zone).astimezone(UTC).astimezone(self._zone).isoformat()
        except (ValueError, OverflowError):
            # A date at the very end of the calendar overflows in some zones.
            date = None
        if date is None or date.tzinfo is not None:
            raise MailkitResponseError(
                f"{self._function}: a DATE of the report is not of the form YYYY-MM-DD HH:MM:SS.",
                function=self._function,
            )
        return date.isoformat()


class _Known(dict[str | None, str | None]):
    """Dates that were read before, and a way to read others."""

    def __init__(self, read: Callable[[str | None], str | None]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, date: str | None) -> str | None:
        self[date] = known = self._read(date)
        return known


def make_batch(
    columns: dict[str, Sequence[Any]],
    dates: DateReader,
    unknown: list[dict[str, Any]] | None = None,
) -> Batch:
    """Make a batch of decoded columns: empty strings become None, dates ISO 8601.

    :raises MailkitResponseError: a date is not a date.
    """
    for name, values in columns.items():
        if name == DATE:
            columns[name] = dates.read(values)
        elif "" in values:
            columns[name] = [None if value == "" else value for value in values]
    return Batch(columns, unknown if unknown and any(unknown) else None)


class RecordReader:
    """Makes batches of records that came as dicts: slower than the decoders' own way, but forgiving.

    Members are found in any letter case, numbers may be strings, members may be missing or unknown.

    :param columns: the columns wanted.
    """

    def __init__(self, columns: Sequence[str], dates: DateReader) -> None:
        import msgspec

        self._columns = columns
        self._dates = dates
        self._type = record_type({name: name for name in columns})
        self._convert = msgspec.convert
        self._invalid = msgspec.ValidationError

    def read(self, records: Iterable[Any]) -> tuple[Batch | None, MailkitResponseError | None]:
        """Return the records before the first bad one, and what is wrong with that one."""
        rows: list[list[Any]] = []
        unknown: list[dict[str, Any]] = []
        failure = None
        for record in records:
            try:
                values, others = self._read_one(record)
            except MailkitResponseError as error:
                failure = error
                break
            rows.append([values[name] for name in self._columns])
            unknown.append(others)
        if not rows:
            return None, failure
        columns: dict[str, Sequence[Any]] = dict(zip(self._columns, zip(*rows, strict=True), strict=True))
        return Batch(columns, unknown if any(unknown) else None), failure

    def _read_one(self, record: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        if not isinstance(record, dict):
            raise MailkitResponseError(f"{RECIPIENTS}: a record is not an object.", function=RECIPIENTS)
        known = {column: value for name, value in record.items() if (column := column_of(name))}
        if not known:
            raise MailkitResponseError(f"{RECIPIENTS}: a record has no known member.", function=RECIPIENTS)
        wrong = None
        try:
            typed = self._convert(known, self._type, strict=False)
        except self._invalid as error:
            # The text of the error quotes the value, which may be an address; its end is the place.
            place = str(error)
            wrong = next((name for name in self._columns if place.endswith(f"`$.{name}`")), "a member")
        if wrong is not None:
            raise MailkitResponseError(
                f"{RECIPIENTS}: {wrong} of a record is not of its documented type.", function=RECIPIENTS
            )
        one = make_batch({name: [getattr(typed, name)] for name in self._columns}, self._dates)
        values = {name: column[0] for name, column in one.columns.items()}
        return values, {name: value for name, value in record.items() if not column_of(name)}


def column_of(member: str) -> str | None:
    """Return the column that a member belongs to, whatever its letter case; None if it is unknown."""
    column = member.upper()
    return column if column in RECIPIENT_COLUMNS else None


def record_type(
    spelling: Mapping[str, str],
    *,
    required: str | None = None,
    unknown: Sequence[str] = (),
    strict: bool = False,
) -> Any:
    """Return the msgspec struct of a record.

    :param spelling: the columns, and how the members are spelled in the answer.
    :param required: a column that must be there; all others default to None.
    :param unknown: members that are not documented; they become the fields ``unknown_0`` and so on.
    :param strict: whether any further member fails the decoding.
    """
    import msgspec

    # The columns are 64-bit integers in every file: a larger number must not get further than here.
    integer = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | Literal[""] | None
    fields: list[Any] = []
    for name in spelling:
        kind = integer if name in INTEGER_COLUMNS else str | None
        fields.append((name, kind) if name == required else (name, kind, None))
    fields += [(f"unknown_{i}", Any, msgspec.UNSET) for i in range(len(unknown))]
    rename = dict(spelling) | {f"unknown_{i}": name for i, name in enumerate(unknown)}
    return msgspec.defstruct("Record", fields, rename=rename, forbid_unknown_fields=strict, gc=False)
