"""A report: a function that reads, and the columns that its rows become.

A declaration holds everything that is known about a report. The code that reads, writes, counts and hides
follows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from airflow_provider_mailkit.catalogue import parameters
from airflow_provider_mailkit.catalogue.checks import check_tuple, first_doubled
from airflow_provider_mailkit.catalogue.columns import INTEGER, UTC_INSTANT, Column
from airflow_provider_mailkit.catalogue.function import ENVELOPE, Function
from airflow_provider_mailkit.catalogue.parts import (
    Context,
    CountBy,
    DayRange,
    Every,
    Measure,
    Paging,
    Range,
    Total,
)

# A declaration can import the report and its parts from here.
__all__ = [
    "EXPORTED_AT",
    "EXTRA",
    "SUMMARY",
    "Context",
    "CountBy",
    "DayRange",
    "Every",
    "Measure",
    "Paging",
    "Range",
    "Report",
    "Total",
    "listing_of",
]

#: Columns that every export may add after those of the report.
EXPORTED_AT: Final = "EXPORTED_AT"
EXTRA: Final = "EXTRA"
#: The members of every export's summary.
SUMMARY: Final = (
    "function", "uri", "file_format", "compression", "rows", "bytes", "sha256", "duplicates", "pages",
    "skipped", "exported_at", "seconds",
)  # fmt: skip
_SUMMARY_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
# What nobody has seen is read as it comes.
_ANSWERS = ("rows", "object", None)


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """A report that can be exported.

    :param function: the function that answers it; it must only read.
    :param row: a word or two for a row, for messages.
    :param columns: all columns of the answer, in the order of the file. A missing member is null. An
        undeclared member is an unknown field.
    :param context: columns before these, from the parameters of the call.
    :param measures: what the summary has besides the number of rows.
    :param paging: None: the report comes whole, in one answer.
    :param days: None: the report has no range of days.
    :param every: IDs that may be ``all``.
    :param meanings: descriptions of columns whose names do not explain them, for the pages about reports.
    :param is_log: whether rows are only added, with growing IDs, so that an export can continue later.
    :raises ValueError: the declaration contradicts itself or the function.
    """

    function: Function
    row: str
    columns: tuple[Column, ...]
    context: tuple[Context, ...] = ()
    measures: tuple[Measure, ...] = ()
    paging: Paging | None = None
    days: DayRange | None = None
    every: tuple[Every, ...] = ()
    meanings: Mapping[str, str] = field(default_factory=dict)
    is_log: bool = False

    def __post_init__(self) -> None:
        try:
            self._check_tuples()
            self._check_function()
            self._check_columns()
            self._check_members()
            self._check_calls()
            self._check_pages()
            self._check_measures()
            self._check_summary()
        except ValueError as error:
            raise ValueError(f"{self.name}: {error}") from error

    def _check_tuples(self) -> None:
        check_tuple("columns", self.columns, Column)
        check_tuple("context", self.context, Context)
        check_tuple("measures", self.measures, CountBy, Total, Range)
        check_tuple("every", self.every, Every)

    def _check_function(self) -> None:
        answer = self.function.answer
        if not self.function.reads or self.function.uncallable:
            raise ValueError("a report needs a function that only reads")
        if answer.kind not in _ANSWERS or answer.xmlrpc not in _ANSWERS:
            raise ValueError("its answer must be rows or an object, in both protocols")
        if not self.row.strip() or not self.columns:
            raise ValueError("a report needs a word for its row, and columns")

    def _check_columns(self) -> None:
        if again := first_doubled([*self.column_names, EXPORTED_AT, EXTRA]):
            raise ValueError(f"the column {again} is declared twice, or its name is reserved")
        for column in self.all_columns:
            if column.kind == UTC_INSTANT:
                raise ValueError(f"{column.name}: an instant in UTC is for {EXPORTED_AT} only")
        if not self.key:
            raise ValueError("no column is a key")
        for name in self.meanings:
            self.column(name)

    def _check_members(self) -> None:
        # A record in a list may have a member called error.
        envelope = ENVELOPE if self.single else ("error_status",)
        reserved = {
            **{name.upper(): "is for Mailkit's errors" for name in envelope},
            (self.rows_in or "").upper(): "holds the rows",
        }
        members = [member for column in self.columns for member in column.members]
        holders = [column.inside for column in self.columns if column.inside]
        if wrong := next((member for member in (*members, *holders) if member in reserved), None):
            raise ValueError(
                f"the member {wrong} {reserved[wrong]}, so it cannot be a column or hold columns"
            )
        if wrong := next((member for member in members if member in holders), None):
            raise ValueError(f"the member {wrong} is a column and holds columns")
        if again := first_doubled(members):
            raise ValueError(f"two columns of the member {again}")

    def _check_calls(self) -> None:
        """Check what decides which calls are made."""
        context = [each.parameter for each in self.context]
        if again := first_doubled(context):
            raise ValueError(f"two context columns of {again}")
        for each in self.context:
            each.check(self.function)
        if self.days is not None:
            self.days.check(self.function)
        if again := first_doubled(every.parameter for every in self.every):
            raise ValueError(f"all is declared twice for {again}")
        for every in self.every:
            every.check(self.function, context)
            listing_of(every)

    def _check_pages(self) -> None:
        if self.paging is None:
            if self.is_log:
                raise ValueError("a log comes in pages")
            return
        if self.single:
            raise ValueError("one object has no pages")
        if self.is_log and any(column.inside for column in self.columns):
            raise ValueError("a record of a log is one row, so it holds no object")
        self.paging.check(self.function, self.columns, [each.parameter for each in self.context])

    def _check_measures(self) -> None:
        for measure in self.measures:
            column = self.column(measure.column)
            if column.kind not in measure.kinds or column.personal:
                raise ValueError(f"{measure.column} cannot be measured like that, or is personal data")

    def _check_summary(self) -> None:
        taken = [*SUMMARY, *(context.parameter.lower() for context in self.context)]
        names = [name for measure in self.measures for name in measure.names]
        for name in names:
            if not _SUMMARY_NAME.fullmatch(name):
                raise ValueError(f"{name!r} is not a name for a measure: use letters, digits and _")
        if again := first_doubled(names):
            raise ValueError(f"two measures are called {again}")
        if again := first_doubled([*taken, *names]):
            raise ValueError(f"the summary has {again} already: choose another name")

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.function.name

    @property
    def all_columns(self) -> Iterator[Column]:
        """The context columns, then those of the answer, in the order of the file."""
        yield from (context.column for context in self.context)
        yield from self.columns

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of all columns, except those that every export adds."""
        return tuple(column.name for column in self.all_columns)

    @property
    def personal_members(self) -> frozenset[str]:
        """The names of members whose values no excerpt may show: personal data, or objects that hold it."""
        columns = [column for column in self.columns if column.personal]
        return frozenset(name for c in columns for name in (c.name, c.member, c.inside) if name)

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that together identify a row."""
        return tuple(column.name for column in self.all_columns if column.key)

    @property
    def single(self) -> bool:
        """Whether the answer is one object that is the only row."""
        return self.function.answer.kind == "object" and self.rows_in is None

    @property
    def rows_in(self) -> str | None:
        """The member of the answer that holds the rows. None: the answer is the list, or the row.

        Over XML-RPC the answer may still be the list, see :attr:`Answer.xmlrpc`.
        """
        return self.function.answer.inside

    @property
    def id_lists(self) -> tuple[str, ...]:
        """The parameters that may be a list of IDs: those that have a context column."""
        return tuple(
            context.parameter
            for context in self.context
            if (parameter := self.function.parameter(context.parameter))
            and parameter.kind in (parameters.ID, parameters.ID_OR_ADDRESS)
        )

    def may_show(self, name: str, value: Any) -> bool:
        """Tell whether the value of a parameter may be stored and shown, outside the rows."""
        is_personal = any(each.column.personal for each in self.context if each.parameter == name)
        return not is_personal and self.function.may_show(name, value)

    def column(self, name: str) -> Column:
        """Return a column by its name.

        :raises ValueError: there is none.
        """
        for column in self.all_columns:
            if column.name == name:
                return column
        raise ValueError(f"{name} is not a column of {self.name}")


def listing_of(every: Every) -> Report:
    """Return the report of the IDs that ``all`` stands for.

    :raises ValueError: they cannot be listed.
    """
    try:
        return Report(every.function, row="ID", columns=(Column(every.column, INTEGER, key=True),))
    except ValueError as error:
        raise ValueError(f"all for {every.parameter}: {error}") from error
