"""Arguments of which Airflow shows and stores only what is not about a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_mailkit._arguments import is_known

#: Returns what is shown of an argument: gets the operator and the value.
Show = Callable[[Any, Any], Any]


class HiddenArgument:
    """An attribute that reads as what may be shown of its value. :func:`given` returns the value itself.

    Airflow reads the attribute to render it, sets it again with the rendered value, and then stores what it
    reads. So a value with templates reads as it is written in the DAG file until it is set again.

    :param show: returns what may be shown. A template in it would be rendered.
    """

    def __init__(self, show: Show) -> None:
        self._show = show

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = f"_{name}"

    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else instance.__dict__[self._name][1]

    def __set__(self, instance: Any, value: Any) -> None:
        before = instance.__dict__.get(self._name)
        if before is not None:
            value = _restored(value, *before)
        # Later values were rendered, and may only look like templates.
        is_written = before is None and not is_final(value)
        # Airflow's operators have a __setattr__ of their own, which has been called already.
        instance.__dict__[self._name] = (value, value if is_written else self._show(instance, value))

    def value_of(self, instance: Any) -> Any:
        """Return the value itself."""
        return instance.__dict__[self._name][0]


def given(operator: Any, name: str) -> Any:
    """Return the value of an argument, even if it is hidden."""
    argument = getattr(type(operator), name, None)
    return argument.value_of(operator) if isinstance(argument, HiddenArgument) else getattr(operator, name)


def is_final(value: Any) -> bool:
    """Tell whether a value is known, and all that it contains."""
    if isinstance(value, Mapping):
        return all(map(is_final, value.values()))
    return all(map(is_final, value)) if isinstance(value, list | tuple) else is_known(value)


def _restored(value: Any, before: Any, shown: Any) -> Any:
    """Return a rendered value, with what it was before in place of what was shown of that."""
    if all(isinstance(each, Mapping) for each in (value, before, shown)):
        return {name: _restored(item, before.get(name), shown.get(name)) for name, item in value.items()}
    return before if isinstance(value, str) and value == shown else value
