"""Every report: answers that are not as the reference shows them, and nothing is lost without a word."""

from __future__ import annotations

import json
import logging
import random
from pathlib import Path
from typing import Any

import pytest
from support.declared import parameters_of
from support.declared_rows import expected, in_terms, records_of, single_or_list
from support.decoding import decoded
from support.exports import ZONE, Mailkit, client_of, context_of, export_to, report_server
from support.read_back import FORMATS, rows_in
from support.server import plain
from support.wire import Protocol, answer_of

from airflow_provider_mailkit.catalogue.report import EXTRA, Report
from airflow_provider_mailkit.exceptions import MailkitError, MailkitResponseError
from airflow_provider_mailkit.export.rows import RowOptions

UNKNOWN = {"BRAND_NEW": {"deep": [1, "dva"]}, "another_one": "text", "third": 3}


def key_of(report: Report) -> str:
    """Return the member that every record of an answer has."""
    outside = [column for column in report.columns if column.inside is None]
    return next((column.member for column in outside if column.key), outside[0].member)


def spelled(report: Report, record: dict[str, Any], how: Any) -> dict[str, Any]:
    """Return a record with other names of its members, also of those inside."""
    holders = {column.inside for column in report.columns}
    return {
        how(name): {how(inner): item for inner, item in value.items()} if name in holders else value
        for name, value in record.items()
    }


def read(report: Report, protocol: Protocol, records: list[dict[str, Any]]) -> Any:
    return decoded(protocol, report, answer_of(protocol, single_or_list(report, records, protocol)))


def count_of(report: Report) -> int:
    return 1 if report.single else 11


@pytest.mark.parametrize("how", ["lower", "title", "swapped one by one"])
def test_members_in_another_letter_case(report: Report, protocol: Protocol, how: str) -> None:
    records = records_of(report, count_of(report), seed=21)
    rows = expected(report, records, {}, ZONE)
    chance = random.Random(how)

    def rename(name: str) -> str:
        if how == "swapped one by one":
            return "".join(chance.choice((c, c.lower())) for c in name)
        return name.lower() if how == "lower" else name.title()

    read_rows = read(report, protocol, [spelled(report, record, rename) for record in records])
    assert read_rows.error is None
    assert [in_terms(report, row) for row in read_rows.rows] == rows
    assert not any(read_rows.unknown)


def test_a_misspelling_that_mailkit_mends(report: Report, protocol: Protocol) -> None:
    mended = {column.member: column.name for column in report.columns if column.inside is None}
    records = records_of(report, count_of(report), seed=22)
    rows = expected(report, records, {}, ZONE)
    found = read(report, protocol, [{mended.get(k, k): v for k, v in record.items()} for record in records])
    assert [in_terms(report, row) for row in found.rows] == rows
    assert not any(found.unknown)


def test_members_that_are_missing(report: Report, protocol: Protocol) -> None:
    chance = random.Random(report.name)
    key = key_of(report)
    records = [
        {name: value for name, value in record.items() if name == key or chance.random() < 0.6}
        for record in records_of(report, count_of(report), seed=23)
    ]
    found = read(report, protocol, records)
    assert found.error is None
    assert [in_terms(report, row) for row in found.rows] == expected(report, records, {}, ZONE)


def test_members_in_another_order_in_every_record(report: Report, protocol: Protocol) -> None:
    chance = random.Random(report.name)
    records = [
        dict(chance.sample(list(record.items()), len(record)))
        for record in records_of(report, count_of(report), seed=24)
    ]
    found = read(report, protocol, records)
    assert [in_terms(report, row) for row in found.rows] == expected(report, records, {}, ZONE)


@pytest.mark.parametrize("mode", ["warn", "keep", "fail"])
def test_unknown_members(
    report: Report, protocol: Protocol, mode: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    records = [
        record | (UNKNOWN if number % 3 == 0 else {})
        for number, record in enumerate(records_of(report, count_of(report), seed=25))
    ]
    rows = expected(report, records, context_of(report, parameters_of(report)), ZONE)
    path = tmp_path / "report.jsonl"
    with report_server(Mailkit(report, protocol, records)) as server, caplog.at_level(logging.WARNING):
        client = client_of(server.base_url, protocol)
        if mode == "fail":
            with pytest.raises(MailkitResponseError, match="BRAND_NEW, another_one, third"):
                export_to(path, client, report, RowOptions(unknown_fields=mode))
            assert not list(tmp_path.iterdir())
            return
        export_to(path, client, report, RowOptions(unknown_fields=mode))
    _, found = rows_in(path.read_bytes(), "jsonl")
    assert [in_terms(report, row) for row in found] == rows
    if mode == "keep":
        extras = [json.loads(row[EXTRA]) if row[EXTRA] else {} for row in found]
        assert extras == [UNKNOWN if number % 3 == 0 else {} for number in range(len(found))]
    else:
        assert EXTRA not in found[0]
        assert caplog.text.count("BRAND_NEW, another_one, third") == 1


@pytest.mark.parametrize("file_format", FORMATS)
def test_no_rows_at_all(report: Report, protocol: Protocol, file_format: str, tmp_path: Path) -> None:
    columns = [*report.column_names, "EXPORTED_AT"]
    for number, answer in enumerate(({} if report.single else [], {})):
        path = tmp_path / f"{number}.{file_format}"
        with report_server([plain(answer_of(protocol, answer))]) as server:
            summary = export_to(path, client_of(server.base_url, protocol), report)
        assert summary["rows"] == summary["duplicates"] == 0
        found, rows = rows_in(path.read_bytes(), file_format)
        assert rows == []
        assert found == ([] if file_format == "jsonl" else columns)


def test_one_object_instead_of_a_list_of_one(report: Report, protocol: Protocol) -> None:
    (record,) = records_of(report, 1, seed=26, mixed=False)
    found = decoded(protocol, report, answer_of(protocol, record))
    assert found.error is None
    assert [in_terms(report, row) for row in found.rows] == expected(report, [record], {}, ZONE)


def test_a_value_of_another_type_is_refused_by_its_column_s_name(report: Report, protocol: Protocol) -> None:
    """Alike in both protocols, with the rows before it, and without the value."""
    wrong = {
        "integer": "12 pieces",
        "decimal": "12,5",
        "instant": "yesterday",
        "day": "1. 3. 2026",
        "text": ["a"],
    }
    tried = 0
    for column in report.columns:
        if column.kind == "nested" or (report.single and column.inside):
            continue
        first, second = records_of(report, 2, seed=27, mixed=False)
        holder = second[column.inside] if column.inside else second
        holder[column.member] = wrong[column.kind]
        found = decoded(protocol, report, answer_of(protocol, [first, second]))
        assert isinstance(found.error, MailkitResponseError), column.name
        assert column.name in str(found.error)
        assert str(wrong[column.kind]) not in str(found.error)
        assert [in_terms(report, row) for row in found.rows] == expected(report, [first], {}, ZONE)
        tried += 1
    assert tried


def test_a_member_twice_with_different_values_is_refused(report: Report, protocol: Protocol) -> None:
    (record,) = records_of(report, 1, seed=28, mixed=False)
    key = key_of(report)
    twice = [{**record, key.lower(): f"{record[key]}1"}]
    twice += [
        {**record, column.inside: {**record[column.inside], column.member.lower(): "another"}}
        for column in report.columns
        if column.inside and column.kind == "text" and record[column.inside][column.member] != "another"
    ][:1]
    for again in twice:
        found = decoded(protocol, report, answer_of(protocol, [record, again]))
        assert isinstance(found.error, MailkitError)
        assert "twice" in str(found.error)
        assert [in_terms(report, row) for row in found.rows] == expected(report, [record], {}, ZONE)
