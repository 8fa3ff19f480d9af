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
from airflow_provider_mailkit.catalogue.function import Function
from airflow_provider_mailkit.catalogue.parameters import Parameter, first_doubled

#: Columns that every export may add after those of the report.
EXPORTED_AT: Final = "EXPORTED_AT"
EXTRA: Final = "EXTRA"


class Context(NamedTuple):
    """A column at the beginning of the rows, whose value comes from the call and not from the answer.

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
    def names(self) -> tuple[str, ...]:
        """The members that it adds to the summary."""
        return (self.name,)


class Total(NamedTuple):
    """Adds up a column of whole numbers. What several rows of one record repeat counts once.

    :param name: the member of the summary that has the sum.
    :param rows_name: the member for the number of rows above 0, if it is counted.
    """

    column: str
    name: str
    rows_name: str | None = None

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
    def names(self) -> tuple[str, ...]:
        """The members that it adds to the summary."""
        return (self.first, self.last)


Measure = CountBy | Total | Range
_MEASURED: dict[type, tuple[str, ...]] = {CountBy: (TEXT,), Total: (INTEGER,), Range: (INSTANT, DAY)}


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
        if not self.function.reads or self.function.uncallable:
            raise self._wrong("a report needs a function that only reads")
        if not self.row or not self.columns:
            raise self._wrong("a report needs a word for its row, and columns")
        self._check_columns()
        for name in self.meanings:
            self.column(name)
        self._check_measures()
        self._check_paging()
        self._check_days()
        for every in self.every:
            self._parameter(every.parameter, parameters.ID)
            if every.function is self.function or not every.function.reads:
                raise self._wrong(f"all for {every.parameter} needs another function that only reads")

    def _check_columns(self) -> None:
        for context in self.context:
            self._parameter(context.parameter)
            if context.column.inside or context.column.spelling:
                raise self._wrong(
                    f"{context.column.name} is not in the answer, so it is not inside of anything"
                )
        if again := first_doubled([*self.column_names, EXPORTED_AT, EXTRA]):
            raise self._wrong(f"the column {again} is there twice, or reserved")
        if again := first_doubled(f"{column.inside}.{column.member.upper()}" for column in self.columns):
            raise self._wrong(f"two columns of the member {again.removeprefix('None.')}")
        holders = {column.inside for column in self.columns}
        if both := [
            column.name for column in self.columns if column.inside is None and column.member in holders
        ]:
            raise self._wrong(f"{both[0]} is a column and holds columns")
        if not self.key:
            raise self._wrong("no column is a key")

    def _check_measures(self) -> None:
        if again := first_doubled(name for measure in self.measures for name in measure.names):
            raise self._wrong(f"two measures are called {again}")
        for measure in self.measures:
            column = self.column(measure.column)
            if column.kind not in _MEASURED[type(measure)] or column.personal:
                raise self._wrong(f"{measure.column} cannot be measured like that, or is personal data")

    def _check_paging(self) -> None:
        if self.paging is None:
            if self.is_log:
                raise self._wrong("a log comes in pages")
            return
        if self.is_log and any(column.inside for column in self.columns):
            raise self._wrong("a record of a log is one row, so it holds no object")
        self._parameter(self.paging.start, parameters.ID)
        limit = self._parameter(self.paging.limit, parameters.INTEGER)
        column = self.column(self.paging.column)
        if column.kind != INTEGER or not column.key or column.inside:
            raise self._wrong("pages go by a key that is a whole number, and not inside of anything")
        # A page of one row would only repeat the row before, and never get further.
        if not 2 <= self.paging.page_size <= (limit.maximum or self.paging.page_size):
            raise self._wrong(f"a page has from 2 to {limit.maximum} rows")

    def _check_days(self) -> None:
        if self.days is not None:
            self._parameter(self.days.first, parameters.DAY)
            if self.days.last is not None:
                self._parameter(self.days.last, parameters.DAY)
            elif self.days.look_back_days is not None:
                raise self._wrong("days are counted back from a last day")
            if (self.days.look_back_days or 0) < 0:
                raise self._wrong("days are counted back by 0 or more")

    def _parameter(self, name: str, kind: str | None = None) -> Parameter:
        parameter = self.function.parameter(name)
        if parameter is None or (kind is not None and parameter.kind != kind):
            raise self._wrong(f"{name} is not a parameter of the function, or not of that kind")
        return parameter

    def _wrong(self, what: str) -> ValueError:
        return ValueError(f"{self.function.name}: {what}")

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
        """The names of members with personal data, or around it; addresses included, in any letter case."""
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
        ids = (parameters.ID, parameters.ID_OR_ADDRESS)
        return tuple(
            context.parameter
            for context in self.context
            if (parameter := self.function.parameter(context.parameter)) and parameter.kind in ids
        )

    def column(self, name: str) -> Column:
        """Return a column by its name.

        :raises ValueError: there is none.
        """
        for column in self.all_columns:
            if column.name == name:
                return column
        raise self._wrong(f"{name} is not a column")
