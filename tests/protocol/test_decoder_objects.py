"""Rows in an object around them come out as those of a list do: one by one, however many there are."""

from __future__ import annotations

from typing import Any

import pytest
from support.declared import PARCELS, STAFF
from support.declared_rows import expected, in_terms, records_of, single_or_list
from support.decoding import Decoded, decoded
from support.exports import ZONE
from support.process import within_s
from support.wire import PROTOCOLS, Protocol, answer_of

from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.catalogue.reports import REPORTS
from airflow_provider_mailkit.exceptions import (
    MailkitApiError,
    MailkitError,
    MailkitResponseError,
    MailkitTransportError,
)
from airflow_provider_mailkit.protocol.decoder import Decoder

MIB = 2**20
QUERIES = REPORTS["mailkit.profile.queries.list"]
SCHEDULED = REPORTS["mailkit.campaigns.schedule.list"]
EACH = pytest.mark.parametrize("protocol", PROTOCOLS)
INTERNAL = {"error_status": 3, "error": "Internal failure"}


def body_of(protocol: Protocol, report: Report, records: list[Any], **around: Any) -> bytes:
    """Return an answer with other members before the rows, and one after them."""
    return answer_of(protocol, {**around, str(report.rows_in): records, "total": len(records)})


def read(protocol: Protocol, body: bytes, size: int = 2**16, report: Report = QUERIES) -> Decoded:
    return decoded(protocol, report, [body[start : start + size] for start in range(0, len(body), size)])


@EACH
@pytest.mark.parametrize("report", [QUERIES, SCHEDULED, PARCELS], ids=lambda report: report.name)
def test_ten_thousand_rows_come_in_little_memory(protocol: Protocol, report: Report) -> None:
    records = records_of(report, 10_000, mixed=False)
    body = body_of(protocol, report, records, error_status="0", error="")
    assert len(body) > MIB
    reader, rows, largest = Decoder(protocol, report, zone=ZONE), [], 0
    for start in range(0, len(body), 2**16):
        for batch in reader.feed(body[start : start + 2**16]):
            rows += batch.rows()
        largest = max(largest, len(reader._buffer))
    for batch in reader.finish():
        rows += batch.rows()
    assert largest < MIB // 2
    assert [in_terms(report, row) for row in rows] == expected(report, records, {}, ZONE)


@EACH
def test_an_object_in_any_pieces_gives_the_same_rows_or_the_same_fault(protocol: Protocol) -> None:
    records = records_of(QUERIES, 4)
    rows = expected(QUERIES, records, {}, ZONE)
    fine = body_of(protocol, QUERIES, records, error="", error_status=0, note='a "quoted", {text}')
    if protocol == "json":
        fine = b" " + fine.replace(b'":', b'" :\n').replace(b"[{", b"[ {")
    for size in (1, 2, 3, 7, 100, 5000):
        found = read(protocol, fine, size)
        assert found.error is None
        assert [in_terms(QUERIES, row) for row in found.rows] == rows
    for cut in range(0, len(fine) - 1, 17):
        told = {
            (str(found.error), len(found.rows))
            for size in (1, 9, 5000)
            if (found := read(protocol, fine[:cut], size))
        }
        assert len(told) == 1
        assert isinstance(read(protocol, fine[:cut]).error, MailkitTransportError)


@EACH
@pytest.mark.parametrize("wrong", [b"?", b"]", b"}", b"<x>", b",{}"])
def test_what_follows_the_object_is_a_fault(protocol: Protocol, wrong: bytes) -> None:
    records = records_of(QUERIES, 3)
    found = read(protocol, body_of(protocol, QUERIES, records) + wrong)
    assert isinstance(found.error, MailkitResponseError)
    assert len(found.rows) == 3


@EACH
def test_an_error_before_the_rows_comes_before_them_and_one_after_them_is_not_missed(
    protocol: Protocol,
) -> None:
    records = records_of(QUERIES, 3)
    before = read(protocol, body_of(protocol, QUERIES, records, **INTERNAL))
    assert isinstance(before.error, MailkitApiError)
    assert before.rows == []
    after = read(protocol, answer_of(protocol, {"data": records, **INTERNAL}))
    assert isinstance(after.error, MailkitApiError)
    assert len(after.rows) == 3


@EACH
@pytest.mark.parametrize("size", [1, 7, 2**16])
def test_an_error_whose_text_comes_after_the_rows_keeps_it(protocol: Protocol, size: int) -> None:
    records = records_of(QUERIES, 3)
    said = {"error": "Invalid ID_message"}
    found = read(protocol, answer_of(protocol, {"error_status": 5, "data": records, **said}), size)
    assert isinstance(found.error, MailkitApiError)
    assert (found.error.error_status, found.error.is_unknown_id, len(found.rows)) == (5, True, 3)
    assert "Invalid ID_message" in str(found.error)
    # An empty text before the rows is not the text yet.
    both = {"error_status": 5, "error": "", "data": records, "Error": said["error"]}
    assert "Invalid ID_message" in str(read(protocol, answer_of(protocol, both), size).error)
    # A text does not make it an error: the number decides, even if it comes later.
    found = read(protocol, answer_of(protocol, {**said, "data": records, "error_status": 0}), size)
    assert (found.error, len(found.rows)) == (None, 3)


@EACH
@pytest.mark.parametrize("again", ["DATA", "Data"])
def test_two_lists_of_rows_are_refused(protocol: Protocol, again: str) -> None:
    """Also where the first one is empty, so that nothing is streamed."""
    records = records_of(QUERIES, 3)
    for first in (records, []):
        found = read(protocol, answer_of(protocol, {"data": first, again: records[:2]}))
        assert isinstance(found.error, MailkitResponseError)
        assert "twice" in str(found.error)


@EACH
@pytest.mark.parametrize("empty", [[], "", None, {}])
def test_an_object_without_rows_has_none(protocol: Protocol, empty: Any) -> None:
    for size in (1, 5000):
        found = read(protocol, answer_of(protocol, {"error_status": 0, "data": empty, "note": ""}), size)
        assert (found.error, found.rows) == (None, [])


@EACH
@pytest.mark.parametrize("empty", ["", " "])
@pytest.mark.parametrize("report", [QUERIES, STAFF], ids=lambda report: report.name)
def test_an_empty_text_is_not_an_empty_report(protocol: Protocol, report: Report, empty: str) -> None:
    """Only the member with the rows may be empty: nothing says what a whole answer means that is."""
    for size in (1, 5000):
        found = read(protocol, answer_of(protocol, empty), size, report)
        assert isinstance(found.error, MailkitError)
        assert found.rows == []


def test_over_xml_rpc_members_before_the_rows_may_be_spelled_in_other_ways() -> None:
    records = records_of(QUERIES, 9_000, mixed=False)
    spellings = [
        "<value/>",
        "<value></value>",
        "<value><string/></value>",
        "<value> <ex:nil /> </value>",
        "<value><nil/></value>",
        "<value><dateTime.iso8601>20260309T01:02:03</dateTime.iso8601></value>",
        "<value><ex:i8>7</ex:i8></value>",
    ]
    body = answer_of("xmlrpc", {"data": records}).replace(
        b"<methodResponse", b'<methodResponse xmlns:ex="http://ws.apache.org/xmlrpc/namespaces/extensions"', 1
    )
    assert len(body) > MIB
    for spelling in spellings:
        member = f"<struct><member><name>note</name>{spelling}</member>".encode()
        found = read("xmlrpc", body.replace(b"<struct>", member, 1))
        assert (found.error, len(found.rows)) == (None, 9_000), spelling


@EACH
def test_members_that_hold_more_than_a_text_may_come_before_few_rows(protocol: Protocol) -> None:
    """Then the answer is read when it is complete, and may have a mebibyte."""
    few, many = records_of(QUERIES, 5), records_of(QUERIES, 12_000, mixed=False)
    found = read(protocol, body_of(protocol, QUERIES, few, paging={"total": 5}))
    assert (found.error, len(found.rows)) == (None, 5)
    found = read(protocol, body_of(protocol, QUERIES, few, note="x" * 5000))
    assert (found.error, len(found.rows)) == (None, 5)
    for around in ({"paging": {"total": 5}}, {"note": "x" * 5000}):
        # However much of it has come when it is looked at.
        for size in (1000, 2**16):
            found = read(protocol, body_of(protocol, QUERIES, many, **around), size)
            for said in ("larger than 1 MiB: ask for less at a time", "MailkitHook.call()"):
                assert said in str(found.error)
            assert found.rows == []


@EACH
def test_what_follows_the_rows_may_have_a_mebibyte_and_not_more(protocol: Protocol) -> None:
    records = records_of(QUERIES, 3)
    for size, is_fine in ((MIB - 500, True), (MIB + 5000, False)):
        body = answer_of(protocol, {"data": records, "note": "x" * size})
        with within_s(5):
            found = read(protocol, body)
        assert len(found.rows) == 3
        assert (found.error is None) is is_fine
    assert "after 3 records, the answer is not a list of records, and larger" in str(found.error)


@EACH
def test_one_record_that_is_too_large_is_refused_after_those_before_it(protocol: Protocol) -> None:
    records = records_of(QUERIES, 3, mixed=False)
    records[2]["NAME"] = "x" * (MIB + 5000)
    found = read(protocol, body_of(protocol, QUERIES, records))
    assert isinstance(found.error, MailkitResponseError)
    assert len(found.rows) == 2


def test_over_xml_rpc_the_rows_may_still_be_the_answer() -> None:
    records = records_of(STAFF, 3)
    for answer in (single_or_list(STAFF, records, "xmlrpc"), {"people": records}):
        found = read("xmlrpc", answer_of("xmlrpc", answer), report=STAFF)
        assert found.error is None
        assert [in_terms(STAFF, row) for row in found.rows] == expected(STAFF, records, {}, ZONE)


def test_a_report_without_such_a_member_takes_no_object_for_rows() -> None:
    bounces = REPORTS["mailkit.report.message.bounces"]
    for protocol in PROTOCOLS:
        found = read(protocol, answer_of(protocol, {"data": records_of(bounces, 2)}), report=bounces)
        assert isinstance(found.error, MailkitError)
        assert found.rows == []
