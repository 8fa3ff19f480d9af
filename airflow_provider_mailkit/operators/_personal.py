"""Arguments that hold personal data. Airflow shows and stores only their size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_mailkit._arguments import Kind, is_known


class Personal:
    """A value whose repr does not show it. Airflow shows the repr among the rendered templates."""

    # Airflow renders what is inside.
    template_fields: Sequence[str] = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        size = len(self.value) if isinstance(self.value, list) else 1
        return f"({size} {'value' if size == 1 else 'values'}, not shown)"


class PersonalArgument:
    """An attribute that hides its value once it is more than a template."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = f"_{name}"

    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else getattr(instance, self._name)

    def __set__(self, instance: Any, value: Any) -> None:
        # The first value comes from the DAG file, and may be a template. Later values were rendered from it,
        # and may only look like templates.
        is_new = self._name not in instance.__dict__
        shows = isinstance(value, Personal | None) or _is_resolved_later(value)
        if not shows and not (is_new and isinstance(value, str) and not is_known(value)):
            value = Personal(list(value) if _is_several(value) else value)
        # Airflow's operators have a __setattr__ of their own, which has been called already.
        instance.__dict__[self._name] = value


def personal(kind: Kind) -> Kind:
    """Return the kind of an argument that may be hidden."""
    return lambda name, value: kind(name, value.value if isinstance(value, Personal) else value)


def _is_several(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _is_resolved_later(value: Any) -> bool:
    """Tell whether a value is, or contains, the result of another task."""
    if isinstance(value, Mapping):
        return any(map(_is_resolved_later, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_is_resolved_later, value))
    return hasattr(value, "resolve")
