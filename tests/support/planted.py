"""Records with one person's data wherever a declaration allows it, and where to look for it."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from typing import Any

from airflow_provider_mailkit.catalogue.columns import ADDRESS, OTHER, Column
from airflow_provider_mailkit.catalogue.report import Report

ADDRESS_OF_ONE = "Quentin.Zweibel@example.org"
PHONE_OF_ONE = "+420 777 zqx-phone"
#: What is left of the address, in lower case.
OF_THE_ADDRESS = ("quentin", "zweibel", "zqx-phone")
#: What is left of the other data.
OF_THE_PERSON = ("zqx-personal", "1933-03-03", "1933, 3, 3", "987654321987", "4711.0815")

_QUOTES = (
    f"550 5.1.1 <{ADDRESS_OF_ONE}>: user unknown",
    "https://example.com/off?email=quentin.zweibel%40example.org&x=1",
    f"{ADDRESS_OF_ONE}",
    "quentin.zweibel (at) example.org",
)
_PERSONAL = {
    "text": 'Zqx-personal O\'Hara, "the" 2nd',
    "day": "1933-03-03",
    "instant": "1933-03-03 08:00:00",
    "integer": "987654321987",
    "decimal": "4711.0815",
    "nested": {"who": ["Zqx-personal"], "mail": ADDRESS_OF_ONE},
}


def planted(report: Report, count: int) -> list[dict[str, Any]]:
    """Return records in which every personal value is one person's, and every text quotes the address."""
    records = []
    for number in range(count):
        record: dict[str, Any] = {}
        for column in report.columns:
            value = _value(column, number)
            if column.inside is None:
                record[column.member] = value
            else:
                record.setdefault(column.inside, {})[column.member] = value
        records.append(record)
    return records


def _value(column: Column, number: int) -> Any:
    if column.personal == ADDRESS:
        return PHONE_OF_ONE if number % 4 == 3 and not column.key else ADDRESS_OF_ONE
    if column.personal == OTHER:
        value = _PERSONAL[column.kind]
        return f"{value} {_QUOTES[number % 4]}" if column.kind == "text" and number % 2 else value
    match column.kind:
        case "integer":
            return str(5_000_000_000 + number)
        case "decimal":
            return "1.5"
        case "instant" | "day":
            return f"2026-03-{number % 28 + 1:02}"
        case "nested":
            return [{"mail": ADDRESS_OF_ONE, ADDRESS_OF_ONE: 1}, _QUOTES[number % 4]]
    if not column.is_searched:
        return "red"
    # A text that tells rows apart does so here, too.
    return f"{number} {_QUOTES[number % 4]}"


def found_in(text: str | bytes, needles: Iterable[str]) -> list[str]:
    """Return what is left of somebody in a text."""
    searched = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    searched = searched.lower()
    return [needle for needle in needles if needle in searched]


def told_by(error: BaseException) -> str:
    """Return all that an error shows: in a log, in a traceback, and in what hangs on it."""
    told = []
    link: BaseException | None = error
    while link is not None:
        told += [repr(link), str(link), repr(vars(link)), *getattr(link, "__notes__", ())]
        link = link.__cause__ or link.__context__
    return "\n".join([*told, *traceback.format_exception(error)])
