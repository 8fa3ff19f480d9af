"""Hides parameters of a call that may be personal from the view of rendered templates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

HIDDEN: Final = "***"


class Parameters:
    """The public attribute ``parameters`` of an operator.

    Airflow sets it again with the rendered values, and then stores what it reads here. From then on texts,
    addresses and IDs that lead to a person read as :data:`HIDDEN`. :meth:`of` returns the real values.
    """

    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else instance.__dict__["_shown_parameters"]

    def __set__(self, instance: Any, value: Any) -> None:
        was_set = "_sent_parameters" in instance.__dict__
        sent = _restored(value, instance.__dict__["_sent_parameters"]) if was_set else value
        instance.__dict__["_sent_parameters"] = sent
        # The text of a DAG file is not hidden, and Airflow still has to render it.
        instance.__dict__["_shown_parameters"] = _hidden(instance.function, sent) if was_set else sent

    @staticmethod
    def of(instance: Any) -> Any:
        """Return the parameters that are sent."""
        return instance.__dict__["_sent_parameters"]


def _hidden(function: str, parameters: Any) -> Any:
    from airflow_provider_mailkit.catalogue.functions import find

    declared = find(function)
    if declared is None or not isinstance(parameters, Mapping):
        return HIDDEN if parameters else parameters
    harmless = {parameter.name for parameter in declared.parameters if not parameter.may_be_personal}
    return {
        name: value if name in harmless and _is_plain(value) else HIDDEN for name, value in parameters.items()
    }


def _is_plain(value: Any) -> bool:
    """Tell whether a value looks like a number, a day or a choice, and not like somebody's address."""
    if isinstance(value, str):
        return re.fullmatch(r"[\w .:+-]{0,40}", value, re.ASCII) is not None
    return value is None or isinstance(value, int | date)


def _restored(parameters: Any, before: Any) -> Any:
    """Return parameters that were rendered again, with real values in place of hidden ones."""
    if not isinstance(parameters, Mapping) or not isinstance(before, Mapping):
        return parameters
    return {
        name: before[name] if value == HIDDEN and name in before else value
        for name, value in parameters.items()
    }
