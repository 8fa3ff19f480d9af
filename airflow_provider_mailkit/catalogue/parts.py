"""The parts of a report's declaration besides its columns. Each checks that it fits the function."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from airflow_provider_mailkit.catalogue import parameters
from airflow_provider_mailkit.catalogue.checks import is_number
from airflow_provider_mailkit.catalogue.columns import DAY, INSTANT, INTEGER, TEXT, Column
from airflow_provider_mailkit.catalogue.function import Function
from airflow_provider_mailkit.catalogue.parameters import Parameter

# The kinds of parameters that can fill a context column, and the kind that the column then has.
_FROM = {
    parameters.ID: INTEGER,
    parameters.INTEGER: INTEGER,
    parameters.TEXT: TEXT,
    parameters.ID_OR_ADDRESS: TEXT,
}


class Context(NamedTuple):
    """A column at the beginning of the rows, whose value comes from the call and not from the answer.

    The export's arguments hide addresses in it, as in any other column. The summary never shows a value that
    may be personal.

    :param column: where it is written.
    :param parameter: the parameter whose value it has; Mailkit's documented default if the call has none.
    """

    column: Column
    parameter: str

    def check(self, function: Function) -> None:
        """Check that the parameter can fill the column.

        :raises ValueError: it cannot.
        """
        column = self.column
        parameter = parameter_of(function, self.parameter)
        if column.inside or column.spelling:
            raise ValueError(
                f"{column.name} is not in the answer, so it has no spelling there and is not inside anything"
            )
        if column.kind != _FROM.get(parameter.kind):
            raise ValueError(
                f"{column.name}: a context column is an integer from an ID or a number, or a text from a text"
            )


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
    """Adds up a column of whole numbers. A number that all rows of a record repeat counts once.

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

    def check(self, function: Function, columns: Collection[Column], context: Collection[str]) -> None:
        """Check that pages can be requested, and that each leads to the next one.

        :param columns: those of the answer.
        :param context: the parameters that have a context column.
        :raises ValueError: they cannot, or it does not.
        """
        parameter_of(function, self.start, parameters.ID)
        limit = parameter_of(function, self.limit, parameters.INTEGER)
        if both := {self.start, self.limit}.intersection(context):
            raise ValueError(
                f"{both.pop()} says where pages begin or end, so it cannot have a context column"
            )
        if not any(
            column.name == self.column and column.kind == INTEGER and column.key and not column.inside
            for column in columns
        ):
            raise ValueError(
                f"pages need a key that is a whole number of the row itself: {self.column} is not one"
            )
        # A page of one row would only repeat the row before, and never get further.
        least = max(2, limit.smallest)
        if not is_number(self.page_size):
            raise ValueError("page_size must be a whole number")
        if not least <= self.page_size <= (limit.maximum or self.page_size):
            raise ValueError(f"page_size must be from {least} to {limit.maximum or 'any number'}")


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

    def check(self, function: Function) -> None:
        """Check that the range can be requested.

        :raises ValueError: it cannot.
        """
        parameter_of(function, self.first, parameters.DAY)
        if self.last is not None:
            parameter_of(function, self.last, parameters.DAY)
        elif self.look_back_days is not None:
            raise ValueError("look_back_days counts back from a last day, so name a parameter for that")
        if self.first == self.last:
            raise ValueError(f"{self.first} cannot be both the first and the last day")
        days = self.look_back_days
        if days is not None and (not is_number(days) or days < 0):
            raise ValueError("look_back_days counts back by 0 or more, and is a whole number")


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

    def check(self, function: Function, context: Collection[str]) -> None:
        """Check that the IDs can be listed, and that their rows can be told apart.

        :param context: the parameters that have a context column.
        :raises ValueError: they cannot.
        """
        parameter_of(function, self.parameter, parameters.ID)
        if self.parameter not in context:
            raise ValueError(f"all for {self.parameter} needs a context column, which tells the rows apart")
        if self.function is function or not self.function.reads:
            raise ValueError(f"all for {self.parameter} needs another function that only reads")
        given = {each.name for each in function.parameters if each.required} - {self.parameter}
        for needed in self.function.parameters:
            if needed.required and needed.name not in given:
                raise ValueError(f"all for {self.parameter}: {self.function.name} needs {needed.name}")


def parameter_of(function: Function, name: str, kind: str | None = None) -> Parameter:
    """Return a parameter that both protocols can send.

    :raises ValueError: there is none, it is of another kind, or XML-RPC has no place for it.
    """
    parameter = function.parameter(name)
    if parameter is None or (kind is not None and parameter.kind != kind):
        raise ValueError(
            f"{name} is not a parameter of the function{f', or not of the kind {kind}' if kind else ''}"
        )
    if not any(name in place.parameters for place in function.order):
        raise ValueError(f"{name} has no place in an XML-RPC call")
    return parameter
