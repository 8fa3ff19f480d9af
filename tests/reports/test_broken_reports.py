"""Every report: answers that end too early, errors of the API, and errors of HTTP."""

from __future__ import annotations

import asyncio
import gzip
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.declared import parameters_of
from support.declared_rows import expected, in_terms, records_of, single_or_list
from support.decoding import decoded
from support.exports import ZONE, client_of, export_to, report_server, rows_of
from support.server import plain
from support.wire import PROTOCOLS, Failure, Protocol, answer_of

from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.exceptions import (
    MailkitAccessError,
    MailkitApiError,
    MailkitError,
    MailkitResponseError,
    MailkitTransportError,
)
from airflow_provider_mailkit.protocol.content import ContentDecoder
from airflow_provider_mailkit.protocol.plan import Plan
from airflow_provider_mailkit.transport.async_client import AsyncClient

OFFSETS = 25


def body_of(report: Report, protocol: Protocol, count: int, seed: int = 31) -> tuple[list[Any], bytes]:
    records = records_of(report, 1 if report.single else count, seed=seed)
    return records, answer_of(protocol, single_or_list(report, records, protocol))


def test_an_answer_in_any_pieces_gives_the_same_rows(report: Report, protocol: Protocol) -> None:
    records, body = body_of(report, protocol, 6)
    rows = expected(report, records, {}, ZONE)
    chance = random.Random(report.name)
    cuts = sorted(chance.sample(range(len(body)), 40))
    for pieces in (
        [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)],
        [body[start : start + 7] for start in range(0, len(body), 7)],
    ):
        found = decoded(protocol, report, pieces)
        assert found.error is None
        assert [in_terms(report, row) for row in found.rows] == rows


def test_an_answer_that_is_cut_anywhere_is_no_whole_one(report: Report, protocol: Protocol) -> None:
    records, body = body_of(report, protocol, 5)
    rows = expected(report, records, {}, ZONE)
    chance = random.Random(report.name)
    for cut in [*chance.sample(range(len(body)), OFFSETS), 0, 1, len(body) - 1]:
        found = decoded(protocol, report, body[:cut])
        assert isinstance(found.error, MailkitTransportError), (cut, body[:cut][-60:])
        before = [in_terms(report, row) for row in found.rows]
        assert before == rows[: len(before)], cut


def test_a_compressed_answer_that_is_cut_anywhere_is_no_whole_one(report: Report, protocol: Protocol) -> None:
    _, body = body_of(report, protocol, 5)
    packed = gzip.compress(body, mtime=0)
    chance = random.Random(report.name)
    for cut in [*chance.sample(range(1, len(packed)), OFFSETS), len(packed) - 1]:
        coding = ContentDecoder("gzip", report.name)
        with pytest.raises(MailkitTransportError):
            _unpack(coding, packed[:cut])


def _unpack(coding: ContentDecoder, data: bytes) -> bytes:
    unpacked = b"".join(coding.feed(data))
    coding.finish()
    return unpacked


def test_nothing_is_published_of_an_answer_that_is_cut(
    report: Report, protocol: Protocol, tmp_path: Path
) -> None:
    _, body = body_of(report, protocol, 5)
    packed = gzip.compress(body, mtime=0)
    half = len(body) * 2 // 3
    for answer in (plain(body[:half]), plain(packed[: len(packed) * 2 // 3], content_encoding="gzip")):
        with report_server([answer]) as server, pytest.raises(MailkitTransportError):
            export_to(tmp_path / "report.jsonl", client_of(server.base_url, protocol), report)
    assert not list(tmp_path.iterdir())


Raised = Callable[[Protocol, list[Any]], MailkitError]


@pytest.fixture
def raised(report: Report) -> Raised:
    """Return the error of reading a report, which must be the same with both clients."""

    async def read_all(base_url: str, protocol: Protocol) -> None:
        plan = Plan(report, parameters_of(report))
        async with AsyncClient(client_of(base_url, protocol).endpoint) as client:
            async for _ in client.read(plan, plan.decoders(client.endpoint), hold_rows=1):
                pass

    def run(protocol: Protocol, answer: list[Any]) -> MailkitError:
        with report_server([answer]) as server:
            with pytest.raises(MailkitError) as error:
                rows_of(client_of(server.base_url, protocol), report)
            with pytest.raises(MailkitError) as awaited:
                asyncio.run(read_all(server.base_url, protocol))
        assert (type(awaited.value), str(awaited.value)) == (type(error.value), str(error.value))
        return error.value

    return run


def test_error_answers_are_the_same_in_both_protocols(report: Report, raised: Raised) -> None:
    for text, kind in (("Unauthorized", MailkitAccessError), ("Invalid ID_send", MailkitApiError)):
        errors = [raised(protocol, plain(answer_of(protocol, Failure(text)))) for protocol in PROTOCOLS]
        errors.append(raised("xmlrpc", plain(answer_of("xmlrpc", Failure(text, as_fault=True)))))
        assert {type(error) for error in errors} == {kind}
        assert len({str(error) for error in errors}) == 1
        assert report.name in str(errors[0])
        assert not any(error.retryable for error in errors)


def test_an_error_after_rows_is_an_error(report: Report, protocol: Protocol) -> None:
    records = records_of(report, 3, seed=32, mixed=False)
    # Of a report of one object the error stands alone.
    answer = [*records, {"error_status": 2, "error": "Internal failure"}]
    found = decoded(protocol, report, answer_of(protocol, answer))
    assert isinstance(found.error, MailkitApiError)
    assert [in_terms(report, row) for row in found.rows] == expected(report, records, {}, ZONE)


def test_an_error_in_the_object_around_the_rows_is_an_error(report: Report, protocol: Protocol) -> None:
    """Also where XML-RPC has its number under another name."""
    if report.rows_in is None:
        return
    for error in ({"error_status": 3, "error": "Internal failure"}, {"error": 3}):
        if protocol == "json" and "error_status" not in error:
            continue
        found = decoded(protocol, report, answer_of(protocol, {**error, report.rows_in: []}))
        assert isinstance(found.error, MailkitApiError), error


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (500, MailkitTransportError),
        (429, MailkitTransportError),
        (302, MailkitResponseError),
        (404, MailkitResponseError),
        (403, MailkitAccessError),
    ],
)
def test_errors_of_http_are_the_same_in_both_protocols(
    report: Report, raised: Raised, status: int, kind: type[MailkitError]
) -> None:
    """Whatever the body is: even one that looks like rows is not data."""
    records = records_of(report, 2, seed=33, mixed=False)
    errors = []
    for protocol in PROTOCOLS:
        body = answer_of(protocol, single_or_list(report, records, protocol))
        errors.append(raised(protocol, plain(body, status)))
    assert {type(error) for error in errors} == {kind}
    assert len({str(error).partition("begins with")[0] for error in errors}) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Service unavailable</html>",
        b"null",
        b"12",
        b'"text"',
        b"[1, 2]",
        b"[[]]",
        b"[null]",
        b"\xff\xfe",
    ],
    ids=["page", "null", "number", "text", "numbers", "lists", "nulls", "no UTF-8"],
)
def test_what_is_no_report_is_an_error(report: Report, protocol: Protocol, body: bytes) -> None:
    found = decoded(protocol, report, body)
    assert found.error is not None
    assert not found.rows
    assert isinstance(found.error, MailkitResponseError | MailkitApiError | MailkitTransportError)
