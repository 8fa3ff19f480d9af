"""The members of an object or struct, in which a name may be repeated."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class AmbiguousMemberError(ValueError):
    """A member comes twice, with different values."""


def unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return members as a dict. Of a repeated member the value that is not null counts.

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
