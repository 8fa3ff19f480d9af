"""One recipient of a delivery, and the batches of recipients in which a report is handed on.

Member names, types and statuses are those of Mailkit's reference for
``mailkit.report.message.recipients``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Annotated, Any, Literal

from airflow_provider_mailkit.catalogue.functions import RECIPIENTS
from airflow_provider_mailkit.exceptions import MailkitResponseError
from airflow_provider_mailkit.protocol.dates import DateReader
from airflow_provider_mailkit.protocol.members import AmbiguousMemberError, unique

STATUS = "STATUS"
DATE = "DATE"
ROW_KEY = "ID_SEND_MESSAGE"
INTEGER_COLUMNS = (ROW_KEY, "ID_EMAIL", "READ_COUNT", "CLICK_COUNT")
#: The members of a record, in the order in which they are written.
RECIPIENT_COLUMNS = (ROW_KEY, "ID_EMAIL", "EMAIL", STATUS, "AB_VERSION", DATE, "READ_COUNT", "CLICK_COUNT")
#: The columns of text; the others are numbers, and ``DATE``.
TEXT_COLUMNS = ("EMAIL", STATUS, "AB_VERSION")
#: Columns that are empty in most reports; others are expected to have a value or null.
USUALLY_EMPTY = ("AB_VERSION", DATE)

#: The texts of columns that have few; a decoder that expects them need not make a string each time.
USUAL_TEXTS = {STATUS: ("sent", "failed", "wait", "wait_ab"), "AB_VERSION": ("", "A", "B")}

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


def clean(records: Sequence[Any], may_be_empty: Collection[str], dates: DateReader) -> None:
    """Turn empty strings into None and dates into ISO 8601, in place.

    :param may_be_empty: the columns in which there may be empty strings, and ``DATE`` if it is there.
    :raises MailkitResponseError: a date is not a date.
    """
    # Plain loops: Python reads and sets the attributes of a struct faster than functions in C do.
    for name in may_be_empty:
        if name == DATE:
            dates.read_all(records)
        elif name == "AB_VERSION":
            for record in records:
                if record.AB_VERSION == "":
                    record.AB_VERSION = None
        else:
            for record in records:
                if getattr(record, name) == "":
                    setattr(record, name, None)


class RecordReader:
    """Makes records of dicts: slower than the decoders' own way, but forgiving.

    Members are found in any letter case, numbers may be strings, members may be missing or unknown.

    :param columns: the columns wanted, and ``constants`` as in :func:`record_type`.
    :param as_is: those of them that are not cleaned, see :func:`clean`.
    """

    def __init__(
        self,
        columns: Sequence[str],
        constants: Mapping[str, Any],
        dates: DateReader,
        as_is: Collection[str] = (),
    ) -> None:
        import msgspec

        self._columns = tuple(name for name in columns if name not in constants)
        self._to_clean = tuple(name for name in self._columns if name not in as_is)
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
        clean(typed, self._to_clean, self._dates)
        unknown = [others for _, others in parted]
        return Batch(typed, unknown if any(unknown) else None)


def _part(record: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a record's documented members by column, and its other members."""
    if not isinstance(record, dict):
        raise MailkitResponseError(f"{RECIPIENTS}: a record is not an object.", function=RECIPIENTS)
    try:
        known = unique((column, value) for name, value in record.items() if (column := column_of(name)))
    except AmbiguousMemberError:
        known = None
    if known is None:
        raise ambiguous_member()
    if not known:
        raise MailkitResponseError(f"{RECIPIENTS}: a record has no known member.", function=RECIPIENTS)
    return known, {name: value for name, value in record.items() if not column_of(name)}


def ambiguous_member() -> MailkitResponseError:
    """Make the exception for a record with two different values for one column."""
    return MailkitResponseError(
        f"{RECIPIENTS}: a record has the same member twice, with different values.", function=RECIPIENTS
    )


def names_recipient(record: Mapping[str, Any], *columns: str) -> bool:
    """Tell whether an object is a record, which may well have a member that is called ``error``.

    :param columns: have the same effect as the key of a recipient.
    """
    return any(column_of(name) in (ROW_KEY, *columns) for name in record)


def column_of(member: str) -> str | None:
    """Return the column that a member belongs to, whatever its letter case; None if it is unknown."""
    column = member.upper()
    return column if column in RECIPIENT_COLUMNS else None


def record_type(
    columns: Sequence[str],
    constants: Mapping[str, Any],
    *,
    may_be_empty: Collection[str],
    usual: Collection[str] = (),
    spelling: Mapping[str, str] | None = None,
    required: str | None = None,
    unknown: Sequence[str] = (),
    strict: bool = False,
) -> Any:
    """Return the msgspec struct of a record.

    :param columns: the attributes, in this order.
    :param constants: those of them that are not read from the answer, and their value in every record.
    :param may_be_empty: columns in which an empty string is accepted.
    :param usual: columns in which only their :data:`USUAL_TEXTS` are accepted.
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
        if name in usual:
            # Without null: msgspec would take the text "null" for it, unless any text is allowed.
            fields.append((name, Literal[USUAL_TEXTS[name]], *(() if name == required else (None,))))
            continue
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
