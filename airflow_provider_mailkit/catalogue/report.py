"""A report: a function that reads, and the columns that its rows become.

A declaration holds everything that is known about a report. The code that reads, writes, counts and hides
follows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from airflow_provider_mailkit.catalogue import parameters
from airflow_provider_mailkit.catalogue.columns import DAY, INSTANT, INTEGER, TEXT, Column
from airflow_provider_mailkit.catalogue.declaring import check_report
from airflow_provider_mailkit.catalogue.function import Function

#: Columns that every export may add after those of the report.
EXPORTED_AT: Final = "EXPORTED_AT"
EXTRA: Final = "EXTRA"


class Context(NamedTuple):
    """A column at the beginning of the rows, whose value comes from the call and not from the answer.

    Its value is never hidden. So it is an ID, a number or one of the choices of a text, and never personal.

    :param column: where it is written.
    :param parameter: the parameter of the call with its value; without one, its documented default.
    """

    column: Column
    parameter: str


class CountBy(NamedTuple):
    """Counts rows by the value of a text column.

    :param name: the member of the summary: a dict from value to number.
    """

    column: str
    name: str

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of columns that it measures."""
        return (TEXT,)

    @property
    def names(self) -> tuple[str, ...]:
        """The members that it adds to the summary."""
        return (self.name,)


class Total(NamedTuple):
    """Adds up a column of whole numbers.

    :param name: the member of the summary that has the sum.
    :param rows_name: the member for the number of rows above 0, if it is counted.
    """

    column: str
    name: str
    rows_name: str | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of columns that it measures."""
        return (INTEGER,)

    @property
    def names(self) -> tuple[str, ...]:
        """The members that it adds to the summary."""
        return (self.name, self.rows_name) if self.rows_name else (self.name,)


class Range(NamedTuple):
    """Finds the first and the last instant or day of a column.

    :param first: the member of the summary for the first one.
    :param last: the member for the last one.
    """

    column: str
    first: str = "first_date"
    last: str = "last_date"

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of columns that it measures."""
        return (INSTANT, DAY)

    @property
    def names(self) -> tuple[str, ...]:
        """The members that it adds to the summary."""
        return (self.first, self.last)


Measure = CountBy | Total | Range


class Paging(NamedTuple):
    """How a report comes in pages: rows ascend by an ID, and a call says the ID that its page begins with.

    :param start: the parameter for that ID. The row with this ID belongs to the page, so each page repeats
        the last row of the page before.
    :param column: the column that has the ID.
    :param limit: the parameter for the number of rows of a page. A shorter page is the last one.
    :param page_size: the rows of a page, which is also Mailkit's maximum.
    """

    start: str
    column: str
    limit: str = "limit"
    page_size: int = 25000


class DayRange(NamedTuple):
    """The range of days of a report.

    :param first: the parameter for the first day.
    :param last: the parameter for the last day. None: the report always ends now.
    :param look_back_days: how many days before the last day the range begins by default. Both ends are always
        sent. None: only given days are sent.
    """

    first: str
    last: str | None = None
    look_back_days: int | None = None


class Every(NamedTuple):
    """What ``all`` means for an ID: one call for each ID that another function lists.

    :param parameter: the parameter that may be ``all``.
    :param function: the function that lists the IDs. It gets the parameters that have the same name, and the
        days.
    :param column: the member of its rows that has the ID.
    :param may_vanish: whether an ID is skipped with a warning if Mailkit then calls it invalid.
    """

    parameter: str
    function: Function
    column: str
    may_vanish: bool = False

    def listing(self) -> Report:
        """Return the report of the IDs."""
        return Report(self.function, row="ID", columns=(Column(self.column, INTEGER, key=True),))


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
        check_report(self, (EXPORTED_AT, EXTRA))

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
        """The names of members that hold personal data, addresses included, in any letter case."""
        columns = [column for column in self.columns if column.personal]
        return frozenset(name for column in columns for name in (column.name, column.member))

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
            if (parameter := self.function.parameter(context.parameter)) and parameter.kind == parameters.ID
        )

    def column(self, name: str) -> Column:
        """Return a column by its name.

        :raises ValueError: there is none.
        """
        for column in self.all_columns:
            if column.name == name:
                return column
        raise ValueError(f"{self.name}: {name} is not a column")
