"""Refuses the declaration of a report that would only fail, lose data or show it when it is exported."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Final

from airflow_provider_mailkit.catalogue import parameters
from airflow_provider_mailkit.catalogue.columns import INTEGER, TEXT, UTC_INSTANT, Column
from airflow_provider_mailkit.catalogue.parameters import Parameter, first_doubled

if TYPE_CHECKING:
    from airflow_provider_mailkit.catalogue.report import Context, Every, Report

#: What the summary of every export has.
SUMMARY: Final = (
    "function", "uri", "file_format", "compression", "rows", "bytes", "sha256", "duplicates", "pages",
    "skipped", "exported_at", "seconds",
)  # fmt: skip
_SUMMARY_NAME = re.compile(r"[a-z][a-z0-9_]*")
_ERROR_STATUS = "ERROR_STATUS"
_ANSWERS = ("rows", "object")
# The kinds of parameters that a context column may have its value from, and its kind then.
_FROM = {parameters.ID: INTEGER, parameters.INTEGER: INTEGER, parameters.TEXT: TEXT}


def check_report(report: Report, added: Collection[str]) -> None:
    """Check a declaration.

    :param added: the columns that every export may add.
    :raises ValueError: it is wrong; the message says what to change.
    """
    _check_function(report)
    _check_columns(report, added)
    _check_context(report)
    _check_members(report)
    _check_measures(report)
    _check_summary(report)
    _check_paging(report)
    _check_days(report)
    _check_every(report)


def _check_function(report: Report) -> None:
    function, answer = report.function, report.function.answer
    if not function.reads or function.uncallable:
        raise _wrong(report, "a report needs a function that only reads")
    if answer.kind not in _ANSWERS or answer.xmlrpc not in (None, *_ANSWERS):
        raise _wrong(report, "its answer must be rows or an object, in both protocols")
    if not report.row or not report.columns:
        raise _wrong(report, "a report needs a word for its row, and columns")


def _check_columns(report: Report, added: Collection[str]) -> None:
    if again := first_doubled([*report.column_names, *added]):
        raise _wrong(report, f"the column {again} is there twice, or reserved")
    for column in report.all_columns:
        if column.kind == UTC_INSTANT:
            raise _wrong(report, f"{column.name}: an instant in UTC is for EXPORTED_AT only")
    if not report.key:
        raise _wrong(report, "no column is a key")
    for name in report.meanings:
        report.column(name)


def _check_context(report: Report) -> None:
    if again := first_doubled(context.parameter for context in report.context):
        raise _wrong(report, f"two context columns of {again}")
    for context in report.context:
        _check_context_column(report, context)


def _check_context_column(report: Report, context: Context) -> None:
    column = context.column
    parameter = _parameter(report, context.parameter)
    if column.inside or column.spelling:
        raise _wrong(report, f"{column.name} is not in the answer, so it is not inside of anything")
    # The rows, the summary and the log have its value unchanged, whatever addresses= and personal= say.
    if column.personal or parameter.kind == parameters.ID_OR_ADDRESS:
        raise _wrong(report, f"{column.name} is personal: leave it out of context, which is never hidden")
    if parameter.kind == parameters.TEXT and not parameter.choices:
        raise _wrong(
            report,
            f"{column.name}: the text {parameter.name} may be an address: give it choices, or leave it out "
            "of context, which is never hidden",
        )
    if column.kind != _FROM.get(parameter.kind):
        raise _wrong(
            report,
            f"{column.name}: a context column is an integer from an ID or a number, or a text from a text",
        )


def _check_members(report: Report) -> None:
    rows_in = (report.rows_in or "").upper()
    holders = {column.inside for column in report.columns if column.inside}
    for column in report.columns:
        own = {name.upper() for name in (column.name, column.member)} if column.inside is None else set()
        if rows_in in own:
            raise _wrong(report, f"{column.name} is a column and holds the rows")
        if holders & own:
            raise _wrong(report, f"{column.name} is a column and holds columns")
        if _ERROR_STATUS in own:
            raise _wrong(report, f"the member {_ERROR_STATUS} is for Mailkit's errors")
    if again := first_doubled(member for column in report.columns for member in _members(column)):
        raise _wrong(report, f"two columns of the member {again}")


def _members(column: Column) -> Iterator[str]:
    """Yield the members that become a column, in upper case."""
    if column.inside is not None:
        yield f"{column.inside}.{column.member.upper()}"
        return
    # Mailkit may correct its spelling some day, so the column's own name is accepted too.
    yield from dict.fromkeys((column.name, column.member.upper()))


def _check_measures(report: Report) -> None:
    for measure in report.measures:
        column = report.column(measure.column)
        if column.kind not in measure.kinds or column.personal:
            raise _wrong(report, f"{measure.column} cannot be measured like that, or is personal data")


def _check_summary(report: Report) -> None:
    taken = [*SUMMARY, *(context.parameter.lower() for context in report.context)]
    if again := first_doubled(taken):
        raise _wrong(report, f"the summary has {again} already, so it cannot have this parameter")
    names = [name for measure in report.measures for name in measure.names]
    for name in names:
        if not _SUMMARY_NAME.fullmatch(name):
            raise _wrong(report, f"{name!r} is not a name for a measure: lower-case letters, digits and _")
        if name in taken:
            raise _wrong(report, f"the summary has {name} already: call the measure something else")
    if again := first_doubled(names):
        raise _wrong(report, f"two measures are called {again}")


def _check_paging(report: Report) -> None:
    paging = report.paging
    if paging is None:
        if report.is_log:
            raise _wrong(report, "a log comes in pages")
        return
    if report.single:
        raise _wrong(report, "one object has no pages")
    _parameter(report, paging.start, parameters.ID)
    limit = _parameter(report, paging.limit, parameters.INTEGER)
    for name in (paging.start, paging.limit):
        if name in [context.parameter for context in report.context]:
            raise _wrong(report, f"{name} is a context column, and says where pages begin or end")
    column = report.column(paging.column)
    if column.kind != INTEGER or not column.key or column.inside or column not in report.columns:
        raise _wrong(report, "pages go by a key that is a whole number of the row itself")
    # A page of one row would only repeat the row before, and never get further.
    least = max(2, limit.smallest)
    if not least <= paging.page_size <= (limit.maximum or paging.page_size):
        raise _wrong(report, f"a page has from {least} to {limit.maximum} rows")


def _check_days(report: Report) -> None:
    days = report.days
    if days is None:
        return
    if days.first == days.last:
        raise _wrong(report, f"{days.first} cannot be both the first and the last day")
    for name in (days.first, days.last):
        if name is not None:
            _parameter(report, name, parameters.DAY)
    if days.last is None and days.look_back_days is not None:
        raise _wrong(report, "days are counted back from a last day")
    if (days.look_back_days or 0) < 0:
        raise _wrong(report, "days are counted back by 0 or more")


def _check_every(report: Report) -> None:
    for name, count in Counter(every.parameter for every in report.every).items():
        _parameter(report, name, parameters.ID)
        if count > 1:
            raise _wrong(report, f"all is declared twice for {name}")
        if name not in report.id_lists:
            raise _wrong(report, f"all for {name} needs a context column, which tells the rows apart")
    for every in report.every:
        _check_listing(report, every)


def _check_listing(report: Report, every: Every) -> None:
    listing = every.function
    if listing is report.function or not listing.reads:
        raise _wrong(report, f"all for {every.parameter} needs another function that only reads")
    try:
        every.listing()
    except ValueError as error:
        raise _wrong(report, f"all for {every.parameter}: {error}") from error
    given = {parameter.name for parameter in report.function.parameters if parameter.required}
    for parameter in listing.parameters:
        if parameter.required and parameter.name not in given - {every.parameter}:
            raise _wrong(report, f"all for {every.parameter}: {listing.name} needs {parameter.name}")


def _parameter(report: Report, name: str, kind: str | None = None) -> Parameter:
    parameter = report.function.parameter(name)
    if parameter is None or (kind is not None and parameter.kind != kind):
        raise _wrong(report, f"{name} is not a parameter of the function, or not of that kind")
    if not any(name in place.parameters for place in report.function.order):
        raise _wrong(report, f"{name} has no place in an XML-RPC call")
    return parameter


def _wrong(report: Report, what: str) -> ValueError:
    return ValueError(f"{report.name}: {what}")
