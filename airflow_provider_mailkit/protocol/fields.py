"""Loops over one field of many records, generated for its name.

Python reads ``record.STATUS`` from a struct in a third of the time that ``getattr(record, name)`` takes, and
these loops run for every record of a report. Names come from the catalogue only, never from an answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping, Sequence
from functools import cache
from itertools import islice
from operator import lt
from typing import Any

_NAME = re.compile(r"[A-Z][A-Z0-9_]*")

_TEMPLATES = {
    "values": "def loop(records):\n    return [record.FIELD for record in records]",
    "filled": "def loop(records):\n    return [value for record in records if (value := record.FIELD)]",
    "clear": """
def loop(records):
    for record in records:
        if record.FIELD == "":
            record.FIELD = None
""",
    "replace": """
def loop(records, by):
    for record in records:
        record.FIELD = by[record.FIELD]
""",
    "change": """
def loop(records, change):
    for record in records:
        if record.FIELD is not None:
            record.FIELD = change(record.FIELD)
""",
    "dates": """
def loop(records, hours, times, read):
    for record in records:
        text = record.FIELD or ""
        hour, time = hours.get(text[:13]), text[13:]
        record.FIELD = f"{hour[0]}{time}{hour[1]}" if hour and time in times else read(text)
""",
}


@cache
def _loop(template: str, name: str) -> Callable[..., Any]:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a column")
    made: dict[str, Any] = {}
    exec(_TEMPLATES[template].replace("FIELD", name), made)  # noqa: S102 - the name has just been checked
    loop: Callable[..., Any] = made["loop"]
    return loop


def values(records: Sequence[Any], name: str) -> list[Any]:
    """Return the values of a field."""
    found: list[Any] = _loop("values", name)(records)
    return found


def filled_values(records: Sequence[Any], name: str) -> list[Any]:
    """Return the values of a field, except None, 0 and empty texts."""
    found: list[Any] = _loop("filled", name)(records)
    return found


def ascend(numbers: Sequence[Any]) -> bool:
    """Tell whether each number is greater than the one before."""
    return all(map(lt, numbers, islice(numbers, 1, None)))


def clear_empty(records: Sequence[Any], name: str) -> None:
    """Make empty texts of a field None, in place."""
    _loop("clear", name)(records)


def replace(records: Sequence[Any], name: str, by: Any) -> None:
    """Look every value of a field up in something that has ``[]``, in place."""
    _loop("replace", name)(records, by)


def change(records: Sequence[Any], name: str, by: Callable[[Any], Any]) -> None:
    """Change every value of a field but None by a function, in place."""
    _loop("change", name)(records, by)


def read_dates(
    records: Sequence[Any],
    name: str,
    hours: Mapping[str, tuple[str, str]],
    times: Container[str],
    read: Callable[[str], str | None],
) -> None:
    """Make dates of a field ISO 8601, in place.

    :param hours: what dates of an hour have in common in ISO 8601, before and after their ``times``, by their
        first 13 characters.
    :param read: reads those of other hours.
    """
    _loop("dates", name)(records, hours, times, read)
