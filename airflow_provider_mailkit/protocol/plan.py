"""The calls of an export: one, one for each of several IDs, or page after page. Makes none itself."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, Protocol

from airflow_provider_mailkit._arguments import is_several, names_and_values
from airflow_provider_mailkit._shown import HIDDEN
from airflow_provider_mailkit.catalogue import parameters as kinds
from airflow_provider_mailkit.catalogue.calls import check_call
from airflow_provider_mailkit.catalogue.parameters import ALL, nearest, shown
from airflow_provider_mailkit.catalogue.report import Context, Every, Report, listing_of
from airflow_provider_mailkit.catalogue.reports import REPORTS
from airflow_provider_mailkit.exceptions import MailkitApiError, MailkitArgumentError, MailkitError
from airflow_provider_mailkit.protocol import fields
from airflow_provider_mailkit.protocol.days import complete_days, days_in
from airflow_provider_mailkit.protocol.json_shape import Learned
from airflow_provider_mailkit.protocol.paging import Pages, TakesPages
from airflow_provider_mailkit.protocol.records import Batch

#: How many rows of one of several calls are held, so that it can be repeated without the others.
HELD_ROWS = 50_000
_NUMBERS = (kinds.ID, kinds.ID_OR_ADDRESS, kinds.INTEGER)

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Call:
    """One call of a plan.

    :param report: the report.
    :param parameters: its parameters.
    :param context: the values of the report's context columns.
    :param pages: picks the new rows, if this is a page.
    :param is_listing: whether the rows are IDs for further calls, and not rows of the export.
    :param may_vanish: whether it is skipped if Mailkit no longer knows the ID.
    """

    report: Report
    parameters: dict[str, Any]
    context: dict[str, Any] = field(default_factory=dict)
    pages: TakesPages | None = None
    is_listing: bool = False
    may_vanish: bool = False


class Calls(Protocol):
    """Yields the calls that a client makes, one after the other."""

    @property
    def is_one_answer(self) -> bool:
        """Whether there is only one call, whose answer may be too large to hold."""

    def calls(self) -> Generator[Call, Sequence[int] | None]:
        """Yield the calls."""

    def skip(self, call: Call, error: MailkitError) -> bool:
        """Tell whether a failed call is left out."""


class Plan:
    """All calls of one reading of a report.

    Iterate over it, and :meth:`send` the rows of each listing. It can be iterated over again.

    :param parameters: of the report's function. An ID may be a list, or ``all`` if the report allows it. Days
        are complete (see :func:`complete_days`).
    """

    def __init__(self, report: Report, parameters: Mapping[str, Any]) -> None:
        self.report = report
        self._names = [context.parameter for context in report.context]
        self._every = {every.parameter: every for every in report.every}
        self.parameters = {name: self._read_value(name, value) for name, value in parameters.items()}
        #: How many pages were read; None if the report does not come in pages.
        self.pages: int | None = None
        #: How many IDs of ``all`` were skipped, since Mailkit no longer knew them; None if none can be.
        self.skipped: int | None = None

    @property
    def is_one_answer(self) -> bool:
        """Whether there is only one call, whose answer may be too large to hold."""
        return self.report.paging is None and not any(map(self._has_several, self._names))

    def constant_context(self) -> dict[str, Any]:
        """Return the context columns that have one value in all rows, and that value."""
        return {
            context.column.name: self._in_rows(context, self.parameters)
            for context in self.report.context
            if not self._has_several(context.parameter)
        }

    def decoders(self, endpoint: Any) -> Callable[[Call], Any]:
        """Return a function that makes a decoder for a try of a call. Its records have all columns.

        :param endpoint: makes decoders, see :class:`Endpoint`.
        """
        learned = Learned()

        def decoder(call: Call) -> Any:
            if call.is_listing:
                return endpoint.decoder(call.report, call.report.column_names)
            return endpoint.decoder(
                call.report, call.report.column_names, constants=call.context, learned=learned
            )

        return decoder

    def asked(self) -> dict[str, Any]:
        """Return what may be shown of the context columns, by lower-case name: a value, a list or ``all``."""
        return {name.lower(): self._shown(name) for name in self._names}

    def _shown(self, name: str) -> Any:
        value = ALL if self._is_all(name) else self._value(name, self.parameters)
        return value if self.report.may_show(name, value) else HIDDEN

    def calls(self) -> Generator[Call, Sequence[int] | None]:
        """Yield the calls. The IDs of a listing are sent back by the caller."""
        self.pages = None if self.report.paging is None else 0
        self.skipped = 0 if any(every.may_vanish for every in self.report.every) else None
        yield from self._expand(self.parameters, self._names, may_vanish=False)

    def skip(self, call: Call, error: MailkitError) -> bool:
        """Tell whether a failed call is left out, and count that."""
        if call.may_vanish and isinstance(error, MailkitApiError) and error.is_unknown_id:
            self.skipped = (self.skipped or 0) + 1
            log.warning("%s It has vanished since the IDs were listed, and is skipped.", error)
            return True
        return False

    def _expand(
        self, parameters: dict[str, Any], names: list[str], *, may_vanish: bool
    ) -> Generator[Call, Sequence[int] | None]:
        """Yield the calls for all combinations of the remaining parameters with several values."""
        if not names:
            yield from self._read(parameters, may_vanish)
            return
        name, *rest = names
        value = parameters.get(name)
        if self._is_all(name):
            every = self._every[name]
            found = yield _listing(every, parameters)
            for id_ in dict.fromkeys(found or ()):
                yield from self._expand(parameters | {name: id_}, rest, may_vanish=every.may_vanish)
        elif isinstance(value, list):
            for id_ in value:
                yield from self._expand(parameters | {name: id_}, rest, may_vanish=may_vanish)
        else:
            yield from self._expand(parameters, rest, may_vanish=may_vanish)

    def _read(self, parameters: dict[str, Any], may_vanish: bool) -> Generator[Call, Sequence[int] | None]:
        context = {each.column.name: self._in_rows(each, parameters) for each in self.report.context}
        if self.report.paging is None:
            yield Call(self.report, parameters, context, may_vanish=may_vanish)
            return
        pages = Pages(self.report.name, self.report.paging, parameters)
        while not pages.is_done:
            number = pages.count
            yield Call(self.report, pages.parameters(), context, pages, may_vanish=may_vanish)
            if pages.count == number:
                # It was skipped, and has no further calls.
                return
            self.pages = (self.pages or 0) + 1

    def _has_several(self, name: str) -> bool:
        return isinstance(self.parameters.get(name), list) or self._is_all(name)

    def _is_all(self, name: str) -> bool:
        return name in self._every and _is_all(self.parameters.get(name))

    def _in_rows(self, context: Context, parameters: Mapping[str, Any]) -> Any:
        """Return the value of a context column."""
        value = self._value(context.parameter, parameters)
        # An ID in place of an address is a number for the call.
        return str(value) if context.column.is_text and isinstance(value, int) else value

    def _value(self, name: str, parameters: Mapping[str, Any]) -> Any:
        value = parameters.get(name)
        declared = self.report.function.parameter(name)
        return declared.default if value is None and declared is not None else value

    def _read_value(self, name: str, value: Any) -> Any:
        """Read the values of a parameter. Digits become numbers, so that no ID is called twice."""
        if is_several(value) and name in self.report.id_lists:
            return list(dict.fromkeys(self._read_value(name, item) for item in value))
        if name in self._every and _is_all(value):
            return ALL
        declared = self.report.function.parameter(name)
        is_number = declared is not None and declared.kind in _NUMBERS
        return _as_number(value) if is_number else value


def plan_for(
    function: str,
    parameters: Mapping[str, Any] | None,
    zone: tzinfo | None,
    look_back_days: int | None = None,
) -> Plan:
    """Check the parameters, and return the plan for a function's rows.

    :param zone: the zone of the account.
    :param look_back_days: the length of a range of days, if none is given.
    :raises MailkitError: the function has no rows, or a parameter is wrong.
    """
    report = exportable(function)
    names_and_values("parameters", parameters or {})
    asked = complete_days(report, parameters or {}, zone, look_back_days)
    check_parameters(report, asked, zone)
    return Plan(report, asked)


def exportable(function: Any) -> Report:
    """Return the report of a function.

    :raises MailkitError: the function is unknown, or its answer has no rows. The message names the nearest
        one.
    """
    if report := REPORTS.get(function) if isinstance(function, str) else None:
        return report
    meant = nearest(function, REPORTS) if isinstance(function, str) else None
    raise MailkitArgumentError(
        f"function must be one whose answer has rows, not {shown(function)}. "
        f"The nearest is {meant or next(iter(REPORTS))}; all others are for MailkitHook.call."
    )


def check_parameters(
    report: Report, parameters: Mapping[str, Any], zone: tzinfo | None = None, unknown: Collection[str] = ()
) -> None:
    """Check the parameters of a report.

    :param unknown: names whose values are not known yet, such as those of templates.
    :raises MailkitError: a name is unknown, one is missing, or a value is not of its kind.
    """
    every = {every.parameter for every in report.every}
    # Check one call for all, with one value for each parameter.
    sample = dict(parameters) | {name: _sample(report, name) for name in unknown}
    sample |= days_in(report, sample, zone)
    lists = {name: sample[name] for name in report.id_lists if is_several(sample.get(name))}
    for name in report.id_lists:
        if name in lists and not lists[name]:
            raise MailkitArgumentError(f"{report.name}: {name} is an empty list: give at least one ID.")
        if name in lists or (name in every and _is_all(sample.get(name))):
            sample[name] = "1"
    check_call(report.function, sample, zone)
    for name, ids in lists.items():
        for id_ in ids:
            check_call(report.function, sample | {name: id_}, zone)
    if report.paging is not None and report.paging.limit not in unknown:
        Pages(report.name, report.paging, sample)


def ids_in(call: Call, rows: Iterable[Batch]) -> list[int]:
    """Return the IDs of a listing's rows."""
    (name,) = call.report.column_names
    return [id_ for batch in rows for id_ in fields.values(batch.records, name) if id_ is not None]


def _is_all(value: Any) -> bool:
    return isinstance(value, str) and value.strip().lower() == ALL


def _as_number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.strip().isdecimal() else value


_SAMPLES = {kinds.DAY: "2026-03-01", kinds.INSTANT: "2026-03-01 08:00:00", kinds.BOOLEAN: "TRUE"}


def _sample(report: Report, name: str) -> str:
    """Return a placeholder for a value that is not known yet."""
    parameter = report.function.parameter(name)
    if parameter and parameter.choices:
        return parameter.choices[0]
    return _SAMPLES.get(parameter.kind, str(max(1, parameter.smallest))) if parameter else "1"


def _listing(every: Every, parameters: Mapping[str, Any]) -> Call:
    asked = {
        parameter.name: parameters[parameter.name]
        for parameter in every.function.parameters
        if parameter.name in parameters and parameter.name != every.parameter
    }
    return Call(listing_of(every), asked, is_listing=True)
