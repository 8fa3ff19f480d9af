"""Kinds of arguments, shared by operators, sensors, triggers and connections.

A :data:`Kind` reads one argument: it returns the normalised value, or raises an error that names the
argument, shows the value and says what is allowed.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import PurePath
from typing import Any, TypeVar

from airflow_provider_mailkit._shown import is_harmless, shown
from airflow_provider_mailkit.exceptions import MailkitArgumentError, MailkitError

T = TypeVar("T")
Kind = Callable[[str, Any], Any]

#: The longest time of an argument, in seconds. Longer times, including infinity, mean never.
CENTURY_S = 36_525 * 86_400.0

_TEMPLATE_MARKS = ("{{", "{%", "{#")
_END_OF_TEMPLATE = re.compile(r"\}\}|%\}|#\}")
_WHOLE = re.compile(r"(-?[0-9]{1,18})(?:\.0{1,18})?")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_DAY = re.compile(r"[0-9]{4}(?:-[0-9]{2}-[0-9]{2}|[0-9]{4})(?![0-9-])")


def wrong(name: str, must: str, value: Any, hint: str = "") -> MailkitError:
    """Return the error for an argument that cannot be used.

    :param must: what it must be, such as ``a whole number above 0``.
    :param hint: a sentence that follows.
    """
    if not is_known(value):
        hint = hint or "No template is rendered here."
    return MailkitArgumentError(f"{name} must be {must}, not {shown(value)}." + (f" {hint}" if hint else ""))


def nearest(value: Any, allowed: Iterable[str]) -> str:
    """Return a sentence that names the allowed text that was probably meant; empty if there is none."""
    from difflib import get_close_matches

    by_letters = {text.casefold(): text for text in allowed}
    found = get_close_matches(value.strip().casefold(), by_letters, 1) if isinstance(value, str) else []
    return f"Did you mean {by_letters[found[0]]!r}?" if found else ""


def is_known(value: Any) -> bool:
    """Tell whether a value is final: neither a template nor something that Airflow fills in later."""
    if isinstance(value, str):
        return not any(mark in value for mark in _TEMPLATE_MARKS)
    if isinstance(value, list | tuple | set | frozenset):
        return all(map(is_known, value))
    # Airflow renders neither bytes nor a Path, but its own ObjectStoragePath, which has a scheme.
    if hasattr(value, "protocol"):
        return is_known(str(value))
    return isinstance(value, PurePath) or not hasattr(value, "resolve")


def known_end(text: str) -> str:
    """Return what follows the last template in a text; the whole text if it has none."""
    return _END_OF_TEMPLATE.split(text)[-1]


def whole_number(value: Any) -> int:
    """Return a whole number. The text of a number and 5.0 are accepted too.

    :raises ValueError: it is not one.
    """
    if isinstance(value, str) and (match := _WHOLE.fullmatch(value.strip())):
        return int(match[1])
    if isinstance(value, float) and value.is_integer():
        return int(value)
    with suppress(TypeError):
        if not isinstance(value, bool):
            return operator.index(value)
    raise ValueError("not a whole number")


def number(value: Any) -> float:
    """Return a number, or the seconds of a timedelta. The text of a number is accepted too.

    :raises ValueError: it is not one.
    """
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value)
    with suppress(TypeError, OverflowError):
        if not isinstance(value, bool | str) and not math.isnan(value):
            return float(value)
    raise ValueError("not a number")


def optional(kind: Callable[[str, Any], T]) -> Callable[[str, Any], T | None]:
    """Return the kind that also accepts None."""
    return lambda name, value: None if value is None else kind(name, value)


def choice(*allowed: str) -> Callable[[str, Any], str]:
    """Return the kind of an argument that is one of these texts."""

    def read(name: str, value: Any) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise wrong(name, f"one of {', '.join(allowed)}", value, nearest(value, allowed))
        return value

    return read


def whole(least: int, what: str = "number", most: int | None = None) -> Callable[[str, Any], int]:
    """Return the kind of an argument that is a whole number, not below a minimum.

    :param most: the maximum.
    """
    bounds = f"from {least} on" if most is None else f"from {least} to {most}"

    def read(name: str, value: Any) -> int:
        try:
            read_value = whole_number(value)
        except ValueError:
            read_value = least - 1
        if read_value < least or (most is not None and read_value > most):
            raise wrong(name, f"a {what}: a whole number {bounds}", value)
        return read_value

    return read


def identifier(what: str) -> Callable[[str, Any], int]:
    """Return the kind of an argument that is an ID: a whole number above 0 or its text, never a float."""

    def read(name: str, value: Any) -> int:
        with_float = isinstance(value, float) or (isinstance(value, str) and "." in value)
        try:
            id_number = 0 if with_float else whole_number(value)
        except ValueError:
            id_number = 0
        if not 0 < id_number < 2**63:
            hint = "Check its template." if value is None or str(value).strip() in ("", "None") else ""
            raise wrong(name, f"the ID of a {what}: a whole number above 0", value, hint)
        return id_number

    return read


def identifiers(what: str) -> Callable[[str, Any], tuple[int, ...]]:
    """Return the kind of an argument that is one ID or a list: in order, without duplicates."""
    read_one = identifier(what)

    def read(name: str, value: Any) -> tuple[int, ...]:
        values = value if isinstance(value, list | tuple) else [value]
        return tuple(dict.fromkeys(read_one(name, each) for each in values))

    return read


def seconds(name: str, value: Any) -> float:
    """Read a time above 0, in seconds or as a timedelta."""
    try:
        read_value = number(value)
    except ValueError:
        read_value = 0.0
    if not 0 < read_value <= CENTURY_S:
        raise wrong(name, "a time above 0 and below a century, in seconds or as a timedelta", value)
    return read_value


def bounded(name: str, value: Any) -> float:
    """Read a time of 0 or more, as Airflow's sensors accept it. A time above a century becomes a century."""
    try:
        read_value = min(number(value), CENTURY_S)
    except ValueError:
        read_value = -1.0
    if read_value < 0:
        raise wrong(name, "a time from 0 on, in seconds or as a timedelta", value)
    return read_value


def flag(name: str, value: Any) -> bool:
    """Read True or False: the text "False" would count as true."""
    if not isinstance(value, bool):
        raise wrong(name, "True or False", value)
    return value


def text(name: str, value: Any) -> str:
    """Read a text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise wrong(name, "a text that is not empty", value)
    return value


def any_text(name: str, value: Any) -> str:
    """Read a text, which may be empty."""
    if not isinstance(value, str):
        raise wrong(name, "a text", value)
    return value


def texts(name: str, value: Any) -> tuple[str, ...]:
    """Read several texts in their order. A single text is refused, since it would be split into letters."""
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise wrong(name, "a list of texts", value, f"Write [{value!r}]." if _is_name(value) else "")
    return tuple(value)


def is_several(value: Any) -> bool:
    """Tell whether a value is a list, or Airflow's sequence of the results of a mapped task."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def names_and_values(name: str, value: Any) -> Mapping[str, Any]:
    """Read a dict whose keys are texts."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise wrong(name, "a dict from names to values", value)
    return value


def statuses(name: str, value: Any) -> tuple[str, ...]:
    """Read statuses of recipients. A set is sorted, since its order changes from run to run."""
    if isinstance(value, set | frozenset) and all(isinstance(item, str) for item in value):
        value = sorted(value)
    return texts(name, value)


def check_statuses(waiting: Sequence[str], final: Sequence[str]) -> None:
    """Check the two arguments about statuses against each other.

    :raises MailkitError: a status is in both, or none is final.
    """
    if not final:
        raise MailkitArgumentError("final_statuses must name at least one status.")
    if both := sorted(set(waiting).intersection(final)):
        raise MailkitArgumentError(
            f"{', '.join(map(shown, both))} must be in waiting_statuses or in final_statuses, not in both. "
            "Give both arguments, without it in one of them."
        )


def day(name: str, value: Any) -> date | datetime | None:
    """Read a day, or an instant within it. None and an empty text are None.

    Native rendering turns ``{{ ds_nodash }}`` into an int.
    """
    read_value = value
    if isinstance(value, int) and not isinstance(value, bool):
        read_value = f"{value:08d}"
    if isinstance(read_value, str):
        stripped = read_value.strip()
        if not stripped:
            return None
        try:
            read_value = datetime.fromisoformat(stripped) if _DAY.match(stripped) else value
        except ValueError:
            read_value = value
    if read_value is None or isinstance(read_value, date):
        return read_value
    raise wrong(name, "a day: a date, or a text such as 2026-03-01", value)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"\w{1,40}", value) is not None and is_harmless(value)
