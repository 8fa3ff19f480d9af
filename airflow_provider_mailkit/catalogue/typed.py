"""Answers of functions in one form, whichever protocol they came in.

Values that the table of functions or the reports give a type have that type in both protocols. Others are
returned unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from airflow_provider_mailkit.catalogue import columns as kinds
from airflow_provider_mailkit.catalogue.function import ENVELOPE, Function
from airflow_provider_mailkit.catalogue.functions import FUNCTIONS
from airflow_provider_mailkit.catalogue.reports import REPORTS

_WHOLE = re.compile(r"-?[0-9]{1,19}")
_DECIMAL = re.compile(r"-?[0-9]{1,300}(?:\.[0-9]{1,300})?")
_SIXTY_FOUR_BITS = range(-(2**63), 2**63)
_EMPTY: tuple[Any, ...] = ("", None, {})
# Far more than any documented answer has. Deeper values have no type in the table.
_LEVELS = 20


def typed_answer(function: Function, answer: Any) -> Any:
    """Return a decoded answer in a form that is the same over JSON and XML-RPC.

    IDs and counts are int, amounts float, texts str. Rows are a list, even if it is empty or has one row. An
    empty text stays empty.
    """
    answer = _shaped(function, answer)
    return _typed(answer, _kinds(function.name), _LEVELS)


def _shaped(function: Function, answer: Any) -> Any:
    inside = function.answer.inside
    if inside is not None:
        if isinstance(answer, list):
            answer = {inside: answer}
        if isinstance(answer, dict) and inside in answer:
            # Over XML-RPC the status of the whole answer is called like the error text.
            renamed = {"error_status": answer["error"]} if isinstance(answer.get("error"), int) else {}
            kept = {name: value for name, value in answer.items() if not (renamed and name == "error")}
            answer = renamed | kept | {inside: _rows(answer[inside])}
        return answer
    return _rows(answer) if function.answer.kind == "rows" else answer


def _rows(answer: Any) -> Any:
    if isinstance(answer, dict) and {name.lower() for name in answer} <= {*ENVELOPE}:
        return []
    return [] if answer in _EMPTY else [answer] if isinstance(answer, dict) else answer


def _typed(value: Any, types: Mapping[str, str], levels: int) -> Any:
    if not levels:
        return value
    if isinstance(value, list):
        return [_typed(item, types, levels - 1) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: _member(item, types.get(name.upper()), types, levels) for name, item in value.items()}


def _member(value: Any, kind: str | None, types: Mapping[str, str], levels: int) -> Any:
    if isinstance(value, dict | list):
        return value if kind == kinds.NESTED else _typed(value, types, levels - 1)
    if isinstance(value, bool) or kind is None:
        return value
    if kind == kinds.INTEGER and isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        number = int(value)
        return number if number in _SIXTY_FOUR_BITS else value
    if kind == kinds.DECIMAL:
        is_number = value in _SIXTY_FOUR_BITS if isinstance(value, int) else _is_decimal(value)
        return float(value) if is_number else value
    return str(value) if kind == kinds.TEXT and isinstance(value, int | float) else value


def _is_decimal(value: Any) -> bool:
    return isinstance(value, str) and _DECIMAL.fullmatch(value.strip()) is not None


@cache
def _kinds(name: str) -> Mapping[str, str]:
    """Return the kinds of a function's members, by their names in upper case."""
    types = {"ERROR_STATUS": kinds.INTEGER} | dict.fromkeys(
        (member.upper() for member in FUNCTIONS[name].answer.integers), kinds.INTEGER
    )
    report = REPORTS.get(name)
    return types | {column.member.upper(): column.kind for column in report.columns} if report else types
