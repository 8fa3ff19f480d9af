"""The records of a report: what is wanted of them, and the batches of records in which they are handed on."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from operator import attrgetter
from typing import Any, TypeVar

from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.protocol import fields
from airflow_provider_mailkit.protocol.dates import DateReader, DayReader, Extremes, date_readers
from airflow_provider_mailkit.protocol.record_type import UNKNOWN
from airflow_provider_mailkit.protocol.schema import Schema, schema_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The columns that records get, and where their values come from.

    :param columns: all of them, in their order.
    :param constants: the value, in every record, of those that do not come from the answer.
    :param as_is: those whose values may stay as they come.
    :param may_lack: those that records lack if no record of the answer has them, or if they are constants.
    :param dates: what reads the dates of a column.
    """

    schema: Schema
    columns: tuple[str, ...]
    constants: Mapping[str, Any]
    as_is: frozenset[str]
    may_lack: frozenset[str]
    dates: Mapping[str, DateReader | DayReader]

    @property
    def answered(self) -> tuple[str, ...]:
        """The columns that come from the answer."""
        return tuple(name for name in self.columns if name not in self.constants)

    @property
    def ignores_others(self) -> bool:
        """Whether members that are not wanted are left unseen, as the key of a record is not wanted."""
        return self.schema.anchor not in self.columns

    def absent(self, members: Container[str]) -> frozenset[str]:
        """Return the columns to leave out of records that have members for these columns only."""
        return frozenset(name for name in self.may_lack if name in self.constants or name not in members)

    def cleared(self, may_be_empty: Collection[str]) -> tuple[str, ...]:
        """Return those of some columns in which an empty text becomes None."""
        return tuple(name for name in may_be_empty if name not in self.as_is and name not in self.dates)


def wanted_of(
    report: Report,
    columns: Sequence[str] | None,
    constants: Mapping[str, Any],
    zone: tzinfo | None,
    as_is: Collection[str],
    may_lack: Collection[str],
    extremes: Mapping[str, Extremes],
) -> Wanted:
    """Return what is wanted of a report; the arguments are those of :class:`Decoder`."""
    schema = schema_of(report)
    names = schema.names if columns is None else tuple(columns)
    read = [name for name in names if name not in constants and name not in as_is]
    # Where empty texts stay, an absent date may be one too.
    dates = date_readers(schema, read, zone, "" if as_is else None, extremes)
    # Without the key, a member that comes late would be left unseen.
    lacking = frozenset(may_lack) - {schema.anchor, *dates} if schema.anchor in names else frozenset()
    return Wanted(schema, names, dict(constants), frozenset(as_is), lacking, dates)


@dataclass(slots=True)
class Batch:
    """Some records in the order of the report. A record with a list of objects is a row for each of them.

    :param records: one msgspec struct per row, all of one type, with the wanted columns as attributes.
        Columns that records may lack need not be fields of the type; they are then None.
        Counts and IDs are int, amounts float, the others str; an absent value is None (a column that is read
        alone may have empty strings). Instants are ISO 8601, with an offset if the account has a time zone.
    :param unknown: for each row the members that are not declared; None if no row has any.
    :param repeats: for each row of the same record as the row before, the member whose list has an object for
        each of them, in upper case; an empty text for the other rows; None if there are only those.
    """

    records: list[Any]
    unknown: list[dict[str, Any]] | None = None
    repeats: list[str] | None = None

    def __len__(self) -> int:
        return len(self.records)

    def column(self, name: str) -> Iterator[Any]:
        """Yield the value of a column for every record."""
        return map(attrgetter(name), self.records)

    def once(self, members: Collection[str] = ()) -> Batch:
        """Return the batch with only the first row of each record, for values that all its rows repeat.

        :param members: those (in upper case) that hold the values. Rows that differ in them all stay.
        """
        if self.repeats is None:
            return self
        return self.pick([i for i, member in enumerate(self.repeats) if not member or member in members])

    def rest(self) -> Batch:
        """Return the batch without its first record."""
        size = 1 if self.repeats is None else [*self.repeats[1:], ""].index("") + 1
        return self.pick(range(size, len(self)))

    def pick(self, indexes: Sequence[int]) -> Batch:
        """Return the batch with some of its rows: of each record all of them, the first one, or none."""
        unknown = [self.unknown[index] for index in indexes] if self.unknown is not None else None
        repeats = [self.repeats[index] for index in indexes] if self.repeats is not None else None
        unknown = unknown if unknown and any(unknown) else None
        return Batch([self.records[index] for index in indexes], unknown, repeats)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield one dict per record, from column name to value."""
        from msgspec.structs import asdict

        names = self.records[0].__struct_fields__ if self.records else ()
        columns = [name for name in names if not name.startswith(UNKNOWN)]
        if len(columns) == len(names):
            return map(asdict, self.records)
        return ({name: getattr(record, name) for name in columns} for record in self.records)


def joined(batches: Sequence[Batch]) -> Batch | None:
    """Join batches into one; return None if they have no rows."""
    records = [record for batch in batches for record in batch.records]
    unknown = [members for batch in batches for members in batch.unknown or [{}] * len(batch)]
    repeats = [repeats for batch in batches for repeats in batch.repeats or [""] * len(batch)]
    if not records:
        return None
    return Batch(records, unknown if any(unknown) else None, repeats if any(repeats) else None)


def drain(held: list[T]) -> Iterator[T]:
    """Yield batches, or what was made of them, and forget each: the memory used last is used next."""
    held.reverse()
    while held:
        yield held.pop()


@dataclass(frozen=True, slots=True)
class Cleaning:
    """What is done to decoded records, column by column.

    :param empty: columns in which there may be empty strings, which become None.
    :param dates: what reads the dates of a column.
    :param others: columns of text in which there may be other values.
    """

    empty: tuple[str, ...] = ()
    dates: Mapping[str, DateReader | DayReader] = field(default_factory=dict)
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
