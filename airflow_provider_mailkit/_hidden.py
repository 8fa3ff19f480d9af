"""Arguments that may be about a person. Airflow shows and stores only the part that is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_mailkit._arguments import is_known
from airflow_provider_mailkit._shown import HIDDEN
from airflow_provider_mailkit.exceptions import MailkitError

#: Gets the operator and the value of an argument; returns what may be shown of it.
Show = Callable[[Any, Any], Any]


class HiddenArgument:
    """An attribute that gives only what may be shown of its value. :func:`given` returns the value itself.

    Airflow reads the attribute, renders that, and sets the attribute to the result. Then it reads the
    attribute again, and stores that. So until the second step a value with templates is given as it is
    written in the DAG file.

    :param show: returns what may be shown. Airflow renders this, too, if it looks like a template.
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
        # Later values have been rendered already. What looks like a template in them is not one.
        is_written = before is None and not is_final(value)
        # setattr() would call the __setattr__ of Airflow's operators a second time.
        instance.__dict__[self._name] = (value, value if is_written else self._show(instance, value))

    def value_of(self, instance: Any) -> Any:
        """Return the value itself."""
        return instance.__dict__[self._name][0]


class CheckedArgument(HiddenArgument):
    """An argument that is shown if it is right, without blanks around it.

    Anything may be wrong in it, such as an address in place of an ID. Templates that refer to the argument
    get what is shown.
    """

    def __init__(self) -> None:
        super().__init__(self._checked)

    def __set_name__(self, owner: type, name: str) -> None:
        super().__set_name__(owner, name)
        self._argument = name

    def _checked(self, operator: Any, value: Any) -> Any:
        try:
            operator.argument_kinds()[self._argument](self._argument, value)
        except MailkitError:
            return HIDDEN
        return value.strip() if isinstance(value, str) else value


def given(operator: Any, name: str) -> Any:
    """Return the value of an argument, even if it is hidden."""
    argument = getattr(type(operator), name, None)
    return argument.value_of(operator) if isinstance(argument, HiddenArgument) else getattr(operator, name)


def is_final(value: Any) -> bool:
    """Tell whether a value and everything in it is known: no templates, no results of other tasks."""
    if isinstance(value, Mapping):
        return all(map(is_final, value.values()))
    return all(map(is_final, value)) if isinstance(value, list | tuple) else is_known(value)


def _restored(value: Any, before: Any, shown: Any) -> Any:
    """Return a value that was set again. Where it is only what was shown, it gets the old value back."""
    if all(isinstance(each, Mapping) for each in (value, before, shown)):
        return {name: _restored(item, before.get(name), shown.get(name)) for name, item in value.items()}
    return before if isinstance(value, str) and value == shown else value
