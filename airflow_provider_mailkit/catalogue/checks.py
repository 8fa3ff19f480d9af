"""Checks that several parts of a declaration share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeGuard


def first_doubled(names: Iterable[str]) -> str | None:
    """Return the first repeated name; None if all are different."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def check_tuple(what: str, values: Any, *kinds: type) -> None:
    """Check that values are a tuple. Without its comma, a tuple of one is the value itself.

    :param kinds: the types of its values.
    :raises ValueError: it is something else, such as a text or a list, or has values of other types.
    """
    if not isinstance(values, tuple) or not all(isinstance(value, kinds) for value in values):
        names = " or ".join(kind.__name__ for kind in kinds)
        raise ValueError(f"{what} must be a tuple of {names}: one value needs a comma after it, as in (x,)")


def is_number(value: Any) -> TypeGuard[int]:
    """Tell whether a value is a whole number. A boolean is not one here."""
    return isinstance(value, int) and not isinstance(value, bool)
