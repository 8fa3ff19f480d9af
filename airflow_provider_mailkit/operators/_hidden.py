"""What Airflow shows of arguments that may be about a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_mailkit._shown import HIDDEN


def parameters_shown(operator: Any, parameters: Any) -> Any:
    """Return the parameters of ``operator.function`` with :data:`HIDDEN` for what may be personal."""
    from airflow_provider_mailkit.catalogue.functions import find
    from airflow_provider_mailkit.catalogue.reports import REPORTS

    if not isinstance(parameters, Mapping):
        return HIDDEN if parameters else parameters
    name = operator.function if isinstance(operator.function, str) else ""
    declared = REPORTS.get(name) or find(name)
    return {
        name: value if declared is not None and declared.may_show(name, value) else HIDDEN
        for name, value in parameters.items()
    }


def size_shown(operator: Any, value: Any) -> Any:
    """Return how many values there are."""
    if value is None:
        return None
    size = 1 if isinstance(value, str) or not hasattr(value, "__len__") else len(value)
    return f"({size} {'value' if size == 1 else 'values'}, not shown)"


def text_shown(operator: Any, value: Any) -> Any:
    """Return a text without addresses."""
    from airflow_provider_mailkit.export.privacy import AddressHider

    return AddressHider(lambda address: HIDDEN).hide(value)
