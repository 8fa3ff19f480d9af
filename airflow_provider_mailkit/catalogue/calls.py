"""Checks calls before anything is sent, and encodes them for each protocol."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from airflow_provider_mailkit.catalogue.function import Function, Place
from airflow_provider_mailkit.catalogue.functions import callable_function
from airflow_provider_mailkit.catalogue.parameters import NOT_SENT
from airflow_provider_mailkit.catalogue.times import WrongValueError
from airflow_provider_mailkit.catalogue.values import read_members, write_value
from airflow_provider_mailkit.exceptions import MailkitArgumentError, MailkitError


@dataclass(frozen=True, slots=True)
class CheckedCall:
    """A checked call.

    :param values: the given values by parameter, in one Python type for each kind.
    """

    function: Function
    values: dict[str, Any]

    def for_json(self) -> dict[str, Any]:
        """Return the parameters as the JSON interface wants them."""
        sent = {}
        for parameter in self.function.parameters:
            if parameter.name in self.values:
                sent[parameter.name] = write_value(parameter, self.values[parameter.name], "json")
            elif parameter.when_absent is not NOT_SENT:
                sent[parameter.name] = parameter.when_absent
        return sent

    def for_xmlrpc(self) -> list[Any]:
        """Return the values as XML-RPC wants them, each in its place. Unused places at the end are left out.

        :raises MailkitError: a given parameter has no place.
        """
        places = self.function.order
        placed = {name for place in places for name in place.parameters}
        if homeless := [name for name in self.values if name not in placed]:
            raise _wrong(
                self.function,
                f"{homeless[0]} has no place in an XML-RPC call: leave it out, or use a connection whose "
                "protocol is json.",
            )
        filled = [self._fill(place) for place in places]
        while filled and filled[-1] == []:
            filled.pop()
        return [
            value for place, values in zip(places, filled, strict=False) for value in (values or [place.fill])
        ]

    def _fill(self, place: Place) -> list[Any]:
        """Return the values of a place: none, one, or several at the end of a call."""
        sent: dict[str, Any] = {}
        for name in place.parameters:
            parameter = self.function.parameter(name)
            if parameter is not None and name in self.values:
                sent[name] = write_value(parameter, self.values[name], "xmlrpc")
            elif parameter is not None and parameter.when_absent not in (NOT_SENT, None):
                sent[name] = parameter.when_absent
        if not sent:
            return []
        match place.shape:
            case "struct":
                return [sent]
            case "list":
                return [[sent]]
        value = next(iter(sent.values()))
        return value if place.shape == "each" and isinstance(value, list) else [value]


def check_call(
    name: Any,
    parameters: Mapping[str, Any] | None,
    zone: tzinfo | None = None,
    unknown: Collection[str] = (),
) -> CheckedCall:
    """Check a call against the table of functions.

    :param name: the full name of the function, or its declaration.
    :param parameters: names and values. None counts as not given.
    :param zone: the time zone of the account, for times that are given with an offset.
    :param unknown: names in ``parameters`` whose values are not known yet, such as templates. Only their
        names are checked.
    :raises MailkitError: the function or a parameter is unknown, a required one is missing, or a value is not
        of the documented kind. The message shows no value.
    """
    function = callable_function(name)
    if parameters is not None and not isinstance(parameters, Mapping):
        raise _wrong(function, "the parameters must be a dict from names to values.")
    failure: MailkitError | None = None
    try:
        values = _read(function, parameters or {}, zone, unknown)
    except WrongValueError as error:
        failure = _wrong(function, str(error))
    if failure is not None:
        # Raised outside the except clause, so that its context has no exception that holds a value.
        raise failure
    _check_alternatives(function, {*values, *unknown})
    return CheckedCall(function, values)


def _read(
    function: Function, parameters: Mapping[str, Any], zone: tzinfo | None, unknown: Collection[str]
) -> dict[str, Any]:
    declared = tuple(parameter for parameter in function.parameters if parameter.name not in unknown)
    later = {parameter.name for parameter in function.parameters}.intersection(unknown)
    known = {name: value for name, value in parameters.items() if name not in later}
    return read_members(declared, known, "", zone)


def _check_alternatives(function: Function, names: Collection[str]) -> None:
    if function.one_of and not any(name in names for name in function.one_of):
        raise _wrong(function, f"one of {', '.join(function.one_of)} must be given.")
    for place in function.order:
        given = [name for name in place.parameters if name in names]
        if place.shape == "one" and len(given) > 1:
            raise _wrong(function, f"give either {' or '.join(given)}: they mean the same recipient.")


def _wrong(function: Function, what: str) -> MailkitError:
    return MailkitArgumentError(f"{function.name}: {what}", function=function.name)
