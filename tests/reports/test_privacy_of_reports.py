"""Every report: with hidden addresses and without personal data, no byte of either is written anywhere."""

from __future__ import annotations

import hmac
import json
import logging
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.declared import parameters_of
from support.declared_rows import single_or_list
from support.decoding import decoded
from support.exports import Mailkit, client_of, export_to, report_server
from support.planted import ADDRESS_OF_ONE, OF_THE_ADDRESS, OF_THE_PERSON, found_in, planted, told_by
from support.read_back import FORMATS, everything_in, rows_in
from support.server import plain
from support.wire import Protocol, answer_of

from airflow_provider_mailkit.catalogue.columns import ADDRESS, OTHER
from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.export import duplicates
from airflow_provider_mailkit.export.pipeline import Export
from airflow_provider_mailkit.export.rows import RowOptions
from airflow_provider_mailkit.storage.spool import Spool

NEEDLES = (*OF_THE_ADDRESS, *OF_THE_PERSON)
SECRET = "a secret key"
HASH = hmac.digest(SECRET.encode(), ADDRESS_OF_ONE.lower().encode(), "sha256").hex()
UNKNOWN = {"BRAND_NEW": {"mail": [ADDRESS_OF_ONE]}, f"of {ADDRESS_OF_ONE}": 1}


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[bytearray]:
    """Return all that goes to the spool, and to the file that duplicates are counted in."""
    copy = bytearray()
    write, open_temporary = Spool.write, duplicates.open_temporary

    def spooled(self: Spool, data: Any) -> int:
        copy.extend(data)
        return write(self, data)

    class Copied:
        def __init__(self, file: Any) -> None:
            self._file = file

        def write(self, data: Any) -> Any:
            copy.extend(bytes(data))
            return self._file.write(data)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._file, name)

    def opened(size: int) -> Any:
        file, place = open_temporary(size)
        return Copied(file), place

    monkeypatch.setattr(Spool, "write", spooled)
    monkeypatch.setattr(duplicates, "open_temporary", opened)
    return copy


def options(addresses: Any, personal: Any = "drop", unknown_fields: Any = "keep") -> RowOptions:
    return RowOptions(None, addresses, unknown_fields, SECRET, personal)


def records_of(report: Report) -> list[dict[str, Any]]:
    return [record | UNKNOWN for record in planted(report, 1 if report.single else 5)]


def cut_at_first(mailkit: Mailkit) -> Any:
    def script(number: int, request: Any) -> Any:
        answer = mailkit(number, request)
        return plain(answer[1][:-30]) if number == 0 else answer

    return script


@pytest.mark.parametrize("addresses", ["hash", "drop"])
def test_nothing_is_left_of_anybody(
    report: Report,
    protocol: Protocol,
    addresses: Any,
    tmp_path: Path,
    written: bytearray,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The first try breaks off, after rows that were spooled."""
    caplog.set_level(logging.DEBUG)
    records = records_of(report)
    for file_format in FORMATS:
        path = tmp_path / f"report.{file_format}"
        with report_server(cut_at_first(Mailkit(report, protocol, records))) as server:
            client = client_of(server.base_url, protocol, attempts=2)
            summary = export_to(path, client, report, options(addresses))
            assert len(server.requests) > 1
        with report_server([plain(answer_of(protocol, records)[:-30] + b"?")]) as server:
            client = client_of(server.base_url, protocol)
            with pytest.raises(MailkitError) as broken:
                export_to(tmp_path / f"broken.{file_format}", client, report, options(addresses))
        columns, rows = rows_in(path.read_bytes(), file_format)
        assert len(rows) >= 1
        assert not found_in(everything_in(path.read_bytes()), NEEDLES)
        assert not found_in(json.dumps(summary), NEEDLES)
        assert not found_in(told_by(broken.value), NEEDLES)
        gone = [c.name for c in report.columns if c.personal == OTHER or (addresses == "drop" and c.personal)]
        assert not set(gone) & set(columns)
        if addresses == "hash":
            hashed = [column.name for column in report.columns if column.personal == ADDRESS]
            assert all(rows[0][name] == HASH for name in hashed)
    with report_server(Mailkit(report, protocol, records)) as server:
        client = client_of(server.base_url, protocol)
        export = Export(client, report, parameters_of(report), options(addresses))
        assert not found_in(json.dumps(export.to_rows(10**7)), NEEDLES)
    assert len(written) > 100
    assert not found_in(bytes(written), NEEDLES)
    assert not found_in(caplog.text, NEEDLES)


@pytest.mark.parametrize("file_format", FORMATS)
def test_what_is_kept_is_found(report: Report, file_format: str, tmp_path: Path, written: bytearray) -> None:
    """Otherwise the search above would prove nothing."""
    path = tmp_path / f"report.{file_format}"
    with report_server(Mailkit(report, "json", records_of(report))) as server:
        export_to(path, client_of(server.base_url, "json"), report, options("keep", "keep"))
    found = found_in(everything_in(path.read_bytes()), NEEDLES)
    assert {"quentin", "zweibel"} <= set(found)
    if any(column.personal == OTHER for column in report.columns):
        assert set(found) & set(OF_THE_PERSON)
    if file_format == "jsonl":
        assert found_in(bytes(written), NEEDLES) == found


def test_dropping_one_kind_of_data_keeps_the_other(report: Report, tmp_path: Path) -> None:
    path = tmp_path / "report.jsonl"
    with report_server(Mailkit(report, "json", records_of(report))) as server:
        client = client_of(server.base_url, "json")
        export_to(path, client, report, options("drop", "keep"))
        assert not found_in(path.read_bytes(), OF_THE_ADDRESS)
        columns, _ = rows_in(path.read_bytes(), "jsonl")
        assert {c.name for c in report.columns if c.personal == OTHER} <= set(columns)
        export_to(path, client, report, options("keep", "drop", "warn"))
        assert not found_in(path.read_bytes(), OF_THE_PERSON)
        columns, _ = rows_in(path.read_bytes(), "jsonl")
        assert {c.name for c in report.columns if c.personal == ADDRESS} <= set(columns)


def broken_forms(report: Report, body: bytes) -> Iterator[tuple[bytes, tuple[str, ...]]]:
    """Yield broken forms of an answer in which the members still have their names, and what none may show.

    Half an address in a free text is not an address, and cannot be recognised.
    """
    chance = random.Random(report.name)
    names = "|".join(map(re.escape, report.personal_members | {"BRAND_NEW"})).encode()
    named = {at for m in re.finditer(names, body) for at in range(m.start() - 1, m.end() + 1)}
    in_address = {
        at for m in re.finditer(rb"(?i)quentin[^ ]+org", body) for at in range(m.start(), m.end() + 1)
    }
    yield body + b" and more", NEEDLES
    yield b"<html><p>" + body, NEEDLES
    yield json.dumps({"quoted": body.decode()}).encode() + b"]", NEEDLES
    yield body.decode().encode("utf-16"), NEEDLES
    for at in chance.sample(range(len(body)), min(25, len(body))):
        needles = OF_THE_PERSON if at in in_address else NEEDLES
        yield body[:at] + b"}]</struct> garbage", needles
        if at not in named:
            yield body[:at] + body[at + 1 :], needles


def test_errors_about_broken_answers_show_nobody(report: Report, protocol: Protocol) -> None:
    records = planted(report, 1 if report.single else 3)
    body = answer_of(protocol, single_or_list(report, records, protocol))
    errors = 0
    for answer, needles in broken_forms(report, body):
        found = decoded(protocol, report, [answer[:50], answer[50:]])
        if found.error is not None:
            errors += 1
            assert not found_in(told_by(found.error), needles), answer
    assert errors > 25


def test_errors_of_http_and_of_other_calls_show_nobody(report: Report, protocol: Protocol) -> None:
    records = planted(report, 1 if report.single else 3)
    body = answer_of(protocol, single_or_list(report, records, protocol))
    for answer in (plain(body, 404), plain(body, 403), plain(b"?" + body), plain(body[:-20] + b"?")):
        with report_server([answer]) as server:
            client = client_of(server.base_url, protocol)
            with pytest.raises(MailkitError) as error:
                client.call(report.name, parameters_of(report))
        assert not found_in(told_by(error.value), NEEDLES)
