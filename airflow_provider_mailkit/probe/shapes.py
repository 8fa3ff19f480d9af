"""Describes the form of an answer: fields, kinds and patterns, without any address, ID, name or other text.

A text without letters is described by its pattern, with ``d`` for a digit. A few fields are known to be
choices, such as a status. Only their values are shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

#: How many rows are looked at.
ROWS = 2
_MOST_MEMBERS = 120
_LONGEST_WORD = 24
_DEPTH = 4
# A member's name is shown if no address and no ID can be in it.
_NAME = re.compile(r"(?!.*[0-9]{3})[A-Za-z_][A-Za-z0-9_]{0,39}")
_WORD = re.compile(r"[A-Za-z]+(?:_[A-Za-z]+)*")
_WITHOUT_LETTERS = re.compile(r"[0-9 .,:;/%+\-()]{1,24}")
#: The members whose words are shown: each has few, and none is about one person.
CHOICES = frozenset({
    "AB_VERSION", "BOUNCE_CAT", "CAMPAIGN_TYPE", "DEVICE", "EMAIL_STATUS", "LINK_TYPE", "MESSAGE_STATUS",
    "MSG_TYPE", "PERIOD", "REPEAT", "SPF", "STATUS", "TEST_MODE", "TYPE", "TYPE_MESSAGE", "UNSUBSCRIBE",
    "USE_AB",
})  # fmt: skip


def describe(answer: Any) -> Any:
    """Return the form of a decoded answer, ready for JSON.

    :return: a text such as ``text (digits, empty)``. A dict or a list becomes a dict with its ``form``, and
        ``members`` or ``elements``. The first two elements of a list are examined. The form says whether the
        list has none, one or more.
    """
    return _describe([answer], "", _DEPTH)


def _describe(values: list[Any], name: str, depth: int) -> Any:
    """Return the form of one field over several rows."""
    form = ", ".join(sorted({_form(value, name) for value in values}))
    inner = [item for value in values if isinstance(value, list) for item in value[:ROWS]]
    objects = [value for value in [*values, *inner] if isinstance(value, dict)]
    plain = [item for item in inner if not isinstance(item, dict)]
    told: dict[str, Any] = {"form": form}
    if any(objects) and depth:
        told["members"] = dict(_members(objects, depth - 1))
    if plain and depth:
        told["elements"] = _describe(plain, "", depth - 1)
    return told if len(told) > 1 else form


def _members(objects: list[dict[Any, Any]], depth: int) -> Iterator[tuple[str, Any]]:
    names = list(dict.fromkeys(str(name) for each in objects for name in each))
    shown = [name for name in names if _NAME.fullmatch(name)][:_MOST_MEMBERS]
    for name in shown:
        yield name, _describe([each[name] for each in objects if name in each], name, depth)
    if hidden := [name for name in names if name not in shown]:
        values = [each[name] for each in objects for name in hidden if name in each]
        yield "(names that are not shown)", _describe(values[:ROWS], "", depth)


def _form(value: Any, name: str) -> str:
    if isinstance(value, list):
        return f"list ({('none', 'one')[len(value)] if len(value) < 2 else 'more'})"
    if not isinstance(value, str):
        return _kind(value)
    is_choice = name.upper() in CHOICES and len(value) <= _LONGEST_WORD and _WORD.fullmatch(value)
    return f"text ({value if is_choice else _pattern(value)})"


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "decimal"
        case dict():
            return "object"
    return type(value).__name__


def _pattern(text: str) -> str:
    if not text.strip():
        return "empty" if not text else "blanks"
    if text.isascii() and text.isdigit():
        return "digits"
    if _WITHOUT_LETTERS.fullmatch(text):
        # The length of a long number is left out.
        return re.sub(r"d{5,}", "d..d", re.sub(r"[0-9]", "d", text))
    if text.upper() in ("TRUE", "FALSE", "YES", "NO", "NULL"):
        return text
    return "an address" if "@" in text else "a link" if "://" in text else "words"
