"""A report's declaration for decoders: the column of each member, and its kind."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any

from airflow_provider_mailkit.catalogue.columns import (
    ADDRESS,
    DECIMAL,
    INTEGER,
    NESTED,
    TEXT,
    Column,
)
from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.protocol.members import unique


class Schema:
    """The members of a report's records.

    :param report: the declaration.
    """

    def __init__(self, report: Report) -> None:
        self.function = report.name
        #: The word for a record, for messages.
        self.row = report.row
        self.columns: Mapping[str, Column] = {column.name: column for column in report.columns}
        #: The names of the columns, in the order of the file.
        self.names = tuple(self.columns)
        #: The columns that are direct members of a record, by upper-case name.
        self.members: Mapping[str, str] = {
            name: column.name for column in report.columns if column.inside is None for name in column.members
        }
        self._inner: dict[str, dict[str, str]] = {}
        for column in report.columns:
            if column.inside is not None:
                self._inner.setdefault(column.inside.upper(), {})[column.member.upper()] = column.name
        outer = [column for column in report.columns if column.inside is None]
        keys = [column.name for column in outer if column.key]
        #: The column that every record must have. If objects hold all columns, no record is recognised by it.
        self.anchor = [*keys, *(column.name for column in outer), *self.names][0]
        #: Whether records have only texts and numbers.
        self.is_flat = not self._inner and not any(column.kind == NESTED for column in report.columns)
        self._marks = {*keys, self.anchor, *(column.name for column in report.columns if column.usual)}
        #: The member of an answer that holds the rows, in upper case; None if it holds none.
        self.rows_in = report.rows_in.upper() if report.rows_in else None

    def column_of(self, member: str) -> str | None:
        """Return the column that a member belongs to, whatever its letter case; None if it is unknown."""
        return self.members.get(member.upper())

    def inner(self, member: str) -> Mapping[str, str]:
        """Return the columns inside a member, by their upper-case names in it."""
        return self._inner.get(member.upper(), {})

    def is_record(self, value: Mapping[str, Any], *, whole_answer: bool = False) -> bool:
        """Tell whether an object is a record. A record may have a member called ``error``.

        :param whole_answer: whether it is the whole answer. Then only the key of a record counts.
        """
        marks = {self.anchor} if whole_answer else self._marks
        return any(self.column_of(name) in marks for name in value)

    def rows_of(self, answer: Mapping[str, Any]) -> tuple[bool, Any]:
        """Return whether an object is an envelope around the rows, and the rows.

        :raises AmbiguousMemberError: it holds two different lists of rows.
        """
        found = unique((name.upper(), rows) for name, rows in answer.items() if name.upper() == self.rows_in)
        return bool(found), found.get(self.rows_in or "")

    def of_kind(self, kind: str, names: Collection[str]) -> tuple[str, ...]:
        """Return the columns of these names that have a kind, in the declared order."""
        return tuple(name for name in self.names if name in names and self.columns[name].kind == kind)

    def takes_other_values(self, name: str) -> bool:
        """Tell whether a text column may have a number or a boolean.

        Nobody has seen all of Mailkit's types. An address, or one of few known texts, is never a number,
        unless the column says that it may be a phone number.
        """
        column = self.columns[name]
        return column.may_be_number or (
            column.kind == TEXT and column.personal != ADDRESS and not column.usual
        )

    def usual(self, names: Iterable[str]) -> frozenset[str]:
        """Return the columns that have few different texts."""
        return frozenset(name for name in names if name in self.columns and self.columns[name].usual)

    def often_empty(self, names: Iterable[str]) -> frozenset[str]:
        """Return the columns that are empty in most records."""
        return frozenset(name for name in names if name in self.columns and self.columns[name].often_empty)

    def is_integer(self, name: str) -> bool:
        """Tell whether a column holds whole numbers."""
        return self.columns[name].kind == INTEGER

    def is_decimal(self, name: str) -> bool:
        """Tell whether a column holds numbers with a fraction."""
        return self.columns[name].kind == DECIMAL


@lru_cache(maxsize=64)
def schema_of(report: Report) -> Schema:
    """Return the schema of a report; made once."""
    return Schema(report)
