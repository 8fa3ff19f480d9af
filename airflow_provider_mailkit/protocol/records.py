"""The records of a report, and the batches of records in which it is handed on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Protocol

from airflow_provider_mailkit.catalogue.columns import NESTED
from airflow_provider_mailkit.exceptions import MailkitResponseError
from airflow_provider_mailkit.protocol import fields
from airflow_provider_mailkit.protocol.members import AmbiguousMemberError, unique
from airflow_provider_mailkit.protocol.record_type import UNKNOWN, record_type
from airflow_provider_mailkit.protocol.schema import Schema


class Dates(Protocol):
    """Reads the dates of one column."""

    def read_all(self, records: Sequence[Any], /) -> None:
        """Make the column's values ISO 8601, in place."""


@dataclass(slots=True)
class Batch:
    """Some records in the order of the report.

    :param records: one msgspec struct per record, all of one type, with the wanted columns as attributes.
        Counts and IDs are int, amounts float, the others str; an absent value is None (a column that is read
        alone may have empty strings). Instants are ISO 8601, with an offset if the account has a time zone.
    :param unknown: for each record the members that are not declared; None if no record has any.
    """

    records: list[Any]
    unknown: list[dict[str, Any]] | None = None

    def __len__(self) -> int:
        return len(self.records)

    def column(self, name: str) -> Iterator[Any]:
        """Yield the value of a column for every record."""
        return map(attrgetter(name), self.records)

    def rest(self) -> Batch:
        """Return the batch without its first record."""
        return Batch(self.records[1:], self.unknown[1:] if self.unknown is not None else None)

    def pick(self, indexes: Sequence[int]) -> Batch:
        """Return the batch with some of its records."""
        unknown = [self.unknown[index] for index in indexes] if self.unknown is not None else None
        return Batch([self.records[index] for index in indexes], unknown)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield one dict per record, from column name to value."""
        from msgspec.structs import asdict

        names = self.records[0].__struct_fields__ if self.records else ()
        columns = [name for name in names if not name.startswith(UNKNOWN)]
        if len(columns) == len(names):
            return map(asdict, self.records)
        return ({name: getattr(record, name) for name in columns} for record in self.records)


@dataclass(frozen=True, slots=True)
class Cleaning:
    """What is done to decoded records, column by column.

    :param empty: columns in which there may be empty strings, which become None.
    :param dates: what reads the dates of a column.
    :param others: columns of text in which there may be other values.
    """

    empty: tuple[str, ...] = ()
    dates: Mapping[str, Dates] = field(default_factory=dict)
    others: tuple[str, ...] = ()

    def clean(self, records: Sequence[Any]) -> None:
        """Do it, in place.

        :raises MailkitResponseError: a date is not a date.
        """
        for name in self.others:
            fields.change(records, name, as_text)
        for name in self.empty:
            fields.clear_empty(records, name)
        for dates in self.dates.values():
            dates.read_all(records)


def as_text(value: Any) -> str:
    """Return a value of a column of text as a text: a boolean is TRUE or FALSE, what is nested is JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, dict | list):
        import msgspec

        return msgspec.json.encode(value).decode()
    return str(value)


class RecordReader:
    """Makes records of dicts: slower than the decoders' own way, but forgiving.

    Members are found in any letter case, numbers may be strings, members may be missing or unknown, or hold
    an object whose members are columns.

    :param columns: the columns wanted, and ``constants`` as in :func:`record_type`.
    :param dates: what reads the dates of a column.
    :param as_is: those of the columns whose empty texts stay.
    """

    def __init__(
        self,
        schema: Schema,
        columns: Sequence[str],
        constants: Mapping[str, Any],
        dates: Mapping[str, Dates],
        as_is: Collection[str] = (),
    ) -> None:
        import msgspec

        self._schema = schema
        self._columns = tuple(name for name in columns if name not in constants)
        empty = tuple(name for name in self._columns if name not in as_is and name not in dates)
        self._cleaning = Cleaning(empty, dates)
        self._type = record_type(schema, columns, constants, may_be_empty=columns)
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
        parted = [part for record in records for part in _parts(self._schema, record)]
        wrong = None
        try:
            typed = self._convert([known for known, _ in parted], list[self._type], strict=False)  # type: ignore[name-defined]
        except self._invalid as error:
            # The text of the error quotes the value, which may be an address; its end is the place.
            place = str(error)
            wrong = next((name for name in self._columns if place.endswith(f".{name}`")), "a member")
        if wrong is not None:
            raise _refused(self._schema, f"{wrong} of a record is not of its documented type")
        self._cleaning.clean(typed)
        unknown = [others for _, others in parted]
        return Batch(typed, unknown if any(unknown) else None)


#: A record's known members by column, and its other members.
_Part = tuple[dict[str, Any], dict[str, Any]]


def _parts(schema: Schema, record: Any) -> list[_Part]:
    """Return the rows that a record makes: one, or one for each object in a list that holds columns."""
    if not isinstance(record, dict):
        raise _refused(schema, "a record is not an object")
    known = _known(schema, schema.members, record)
    unknown = {name: value for name, value in record.items() if not schema.column_of(name)}
    parts = [(known, unknown)]
    if not schema.is_flat:
        for member in list(unknown):
            if (inner := schema.inner(member)) is not None:
                objects = _objects(schema, member, unknown.pop(member))
                parts = [_joined(schema, part, member, inner, each) for part in parts for each in objects]
    if not any(values for values, _ in parts):
        raise _refused(schema, "a record has no known field")
    return parts


def _known(schema: Schema, members: Mapping[str, str], record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an object has of these members, by column."""
    pairs = ((c, value) for name, value in record.items() if (c := members.get(name.upper())))
    with suppress(AmbiguousMemberError):
        return {column: _value(schema, column, value) for column, value in unique(pairs).items()}
    raise ambiguous_member(schema.function)


def _value(schema: Schema, name: str, value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value
    is_other = isinstance(value, int | float) and schema.takes_other_values(name)
    return as_text(value) if is_other or schema.columns[name].kind == NESTED else value


def _objects(schema: Schema, member: str, value: Any) -> list[dict[str, Any]]:
    """Return the objects that a member holds, of which one may stand for a list of one."""
    if value in (None, "", [], {}):
        return [{}]
    objects = value if isinstance(value, list) else [value]
    if not all(isinstance(each, dict) for each in objects):
        raise _refused(schema, f"{member.upper()} of a record is not an object")
    return objects


def _joined(
    schema: Schema, part: _Part, member: str, inner: Mapping[str, str], value: dict[str, Any]
) -> _Part:
    known = _known(schema, inner, value)
    unknown = {f"{member}.{name}": item for name, item in value.items() if name.upper() not in inner}
    return part[0] | known, part[1] | unknown


def ambiguous_member(function: str) -> MailkitResponseError:
    """Make the exception for a record with two different values for one column."""
    return MailkitResponseError(
        f"{function}: a record has the same field twice, with different values.", function=function
    )


def _refused(schema: Schema, what: str) -> MailkitResponseError:
    return MailkitResponseError(f"{schema.function}: {what}.", function=schema.function)
