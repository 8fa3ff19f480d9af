"""Records that a declaration allows, and the rows that they must become, worked out in the obvious way."""

from __future__ import annotations

import json
import random
import xmlrpc.client
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, tzinfo
from itertools import product
from typing import Any

from airflow_provider_mailkit.catalogue.columns import (
    ADDRESS,
    DAY,
    DECIMAL,
    INSTANT,
    INTEGER,
    NESTED,
    TEXT,
    Column,
)
from airflow_provider_mailkit.catalogue.report import CountBy, Range, Report, Total

_TEXTS = (
    "plain", "Žluťoučký kůň", 'said "no", twice', "two\nlines", "a, b; c", "", None, " blanks ", "null",
    "[1]", "<b>&amp;</b>", "back\\slash", "🐎", "0", "-", "O'Neill", "tab\there",
)  # fmt: skip
_INSTANTS = (
    "2026-03-01 08:00:00", "2026-03-29 02:30:00", "2026-10-25 02:30:00", "2025-12-31 23:59:59", "", None,
    "0000-00-00 00:00:00", "2026-07-04T12:15", "2026-07-04",
)  # fmt: skip
_DAYS = ("2026-03-01", "2026-07-04 10:20:30", "2024-02-29", "", None, "0000-00-00")
_DECIMALS = ("12.50", 12.5, 3, "0", -0.25, "", None, "1234567.875", 0)
_NESTED: tuple[Any, ...] = (
    [1, {"a": "b"}],
    {"name": "řeka", "list": []},
    [],
    "plain",
    "",
    None,
    [["x", 2.5]],
)
#: Other values than texts, which a column of text may have.
_OTHERS = (12, True, False, 1.5, 0)


def records_of(
    report: Report, count: int, *, seed: int = 1, mixed: bool = True, several: bool = False
) -> list[dict[str, Any]]:
    """Return records with all members: texts as the reference shows them, or of all types that may occur.

    The ID that pages go by ascends, whatever its type is.

    :param several: whether one of the objects in a record may be a list of up to three.
    """
    chance = random.Random(f"{report.name} {seed}")
    records = [_record(report, None, number, chance, mixed=mixed) for number in range(count)]
    with_key = {column.inside for column in report.columns if column.key}
    holders = dict.fromkeys(column.inside for column in report.columns if column.inside)
    for holder in [holder for holder in holders if holder not in with_key][: int(several)]:
        for number, record in enumerate(records):
            others = [
                _record(report, holder, number, chance, mixed=mixed) for _ in range((number + count) % 3)
            ]
            record[holder] = [record[holder], *others] if others else record[holder]
    return records


def _record(
    report: Report, inside: str | None, number: int, chance: random.Random, *, mixed: bool
) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for column in report.columns:
        if column.inside == inside:
            record[column.member] = _value(column, number, chance, mixed=mixed)
        elif inside is None and column.inside not in record:
            record[str(column.inside)] = _record(report, column.inside, number, chance, mixed=mixed)
    return record


def _value(column: Column, number: int, chance: random.Random, *, mixed: bool) -> Any:
    match column.kind:
        case "integer" if column.key:
            id_ = 5_000_000_000 + 7 * number
            return chance.choice((id_, str(id_))) if mixed else str(id_)
        case "integer":
            return chance.choice((number, str(number), 0, "", None, 2**62)) if mixed else str(number)
        case "decimal":
            return chance.choice(_DECIMALS) if mixed else f"{number}.25"
        case "instant":
            # A key is never absent, and no two are the same.
            day = f"2026-03-{number % 28 + 1:02} 08:{number % 60:02}:00"
            return day if column.key or not mixed else chance.choice(_INSTANTS)
        case "day":
            return chance.choice(_DAYS) if mixed else f"2026-03-{number % 28 + 1:02}"
        case "nested":
            return chance.choice(_NESTED)
    if column.key or column.personal == ADDRESS:
        unique = f"{column.name.lower()}{number}@example.com"
        return unique if column.key or not mixed else chance.choice((unique, unique, "", None))
    if column.usual:
        return chance.choice((*column.usual, "other", None) if mixed else column.usual)
    return chance.choice((*_TEXTS, *_OTHERS) if mixed else [text for text in _TEXTS if text])


def single_or_list(report: Report, records: Sequence[Any], protocol: str) -> Any:
    """Return an answer that holds these records, as the report's function would give it."""
    if report.rows_in is not None and (protocol == "json" or report.function.answer.xmlrpc != "rows"):
        return {"error_status": "0", "error": "", report.rows_in: list(records)}
    return (records[0] if records else {}) if report.single else list(records)


def read_by_others(
    report: Report,
    protocol: str,
    body: bytes,
    context: Mapping[str, Any] | None = None,
    zone: tzinfo | None = None,
) -> list[dict[str, Any]]:
    """Return the rows of a good answer, read with the standard library."""
    if protocol == "json":
        answer = json.loads(body.decode("utf-8-sig"))
    else:
        (answer,), _ = xmlrpc.client.loads(body.decode("utf-8-sig"), use_builtin_types=False)
    if isinstance(answer, dict) and report.rows_in in answer:
        answer = answer[report.rows_in]
    if isinstance(answer, dict):
        answer = [answer] if answer else []
    return expected(report, answer, context or {}, zone)


def expected(
    report: Report,
    records: Iterable[Mapping[str, Any]],
    context: Mapping[str, Any],
    zone: tzinfo | None = None,
) -> list[dict[str, Any]]:
    """Return the rows that records become: ints, floats, texts, days, instants in ISO 8601, and
    what is nested."""
    rows = []
    for record in records:
        by_name = {name.upper(): value for name, value in record.items()}
        holders = list(dict.fromkeys(column.inside for column in report.columns if column.inside))
        for objects in product(*(_objects(by_name.get(holder.upper())) for holder in holders)):
            inside: dict[str | None, dict[str, Any]] = {None: by_name}
            for holder, held in zip(holders, objects, strict=True):
                inside[holder] = {name.upper(): value for name, value in held.items()}
            row = dict(context)
            for column in report.columns:
                members = inside[column.inside]
                found = [members.get(name.upper()) for name in (column.member, column.name)]
                row[column.name] = read(
                    column, next((value for value in found if value is not None), None), zone
                )
            rows.append(row)
    return rows


def _objects(value: Any) -> list[dict[str, Any]]:
    if not value:
        return [{}]
    return value if isinstance(value, list) else [value]


def read(column: Column, value: Any, zone: tzinfo | None) -> Any:
    """Return what a value in an answer means in a column."""
    if value is None or value == "":
        return None
    if column.kind == INTEGER:
        return int(value)
    if column.kind == DECIMAL:
        return float(value)
    if column.kind in (INSTANT, DAY):
        if value.startswith("0000"):
            return None
        instant = datetime.fromisoformat(value)
        return instant.date() if column.kind == DAY else _at(instant, zone).isoformat()
    if column.kind == NESTED:
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return str(value)


def _at(instant: datetime, zone: tzinfo | None) -> datetime:
    if zone is None:
        return instant
    # A time that summer time skips is meant as it would have been without it.
    return datetime.fromtimestamp(instant.replace(tzinfo=zone).timestamp(), zone)


def as_read(column: Column, value: Any) -> Any:
    """Return a value out of a file, a row or a hook in the same terms as :func:`expected`."""
    if value is None or value == "":
        return None
    match column.kind:
        case "integer":
            assert not isinstance(value, float)
            return int(value)
        case "decimal":
            return float(value)
        case "instant" | "utc instant":
            instant = value if isinstance(value, datetime) else datetime.fromisoformat(value)
            return instant.isoformat()
        case "day":
            return value if isinstance(value, date) else date.fromisoformat(value)
        case "nested":
            try:
                return json.loads(value)
            except ValueError:
                return value
    assert column.kind == TEXT
    assert isinstance(value, str)
    return value


def in_terms(report: Report, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row that was read in the terms of :func:`expected`."""
    columns = {column.name: column for column in report.all_columns}
    return {name: as_read(columns[name], value) for name, value in row.items() if name in columns}


def counted(report: Report, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the summary that rows must have."""
    told: dict[str, Any] = {"rows": len(rows)}
    outside = [column.name for column in report.all_columns if column.inside is None]
    # No two records are the same outside their objects.
    records = list({repr([row[name] for name in outside]): row for row in rows}.values())
    for measure in report.measures:
        is_repeated = isinstance(measure, Total) and measure.column in outside
        values = [row[measure.column] for row in (records if is_repeated else rows)]
        known = [value for value in values if value not in (None, "")]
        match measure:
            case Total():
                told[measure.name] = sum(known)
                if measure.rows_name:
                    told[measure.rows_name] = sum(value > 0 for value in known)
            case Range():
                told[measure.first] = str(min(known)) if known else None
                told[measure.last] = str(max(known)) if known else None
            case CountBy():
                texts = (
                    known if "" in report.column(measure.column).usual else [value or "" for value in values]
                )
                # White space is shown as a blank.
                texts = [" ".join(text.split()) for text in texts]
                told[measure.name] = {text: texts.count(text) for text in sorted(set(texts))}
    return told
