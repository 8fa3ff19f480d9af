"""The members of an object or struct, one of which may come twice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class AmbiguousMemberError(ValueError):
    """A member comes twice, with different values."""


def unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return members as a dict; of one that comes twice, the value that is not null.

    :raises AmbiguousMemberError: there are two such values, and they differ.
    """
    members: dict[str, Any] = {}
    for name, value in pairs:
        known = members.get(name)
        if known is None:
            members[name] = value
        elif value is not None and (type(value), value) != (type(known), known):
            raise AmbiguousMemberError
    return members
