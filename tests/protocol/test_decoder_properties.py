"""Properties that hold for every declared report, found out with made-up answers."""

from __future__ import annotations

import re
import tracemalloc
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from support.declared import EVERY_REPORT, ORDERS, VISITS
from support.declared_rows import expected, in_terms, read_by_others, records_of, single_or_list
from support.made_up import TEXT, answers
from support.process import within_s
from support.reports import (
    CLIENT_ID,
    PROTOCOLS,
    Outcome,
    Protocol,
    assert_discreet,
    decode,
    decoder,
    encode,
    random_pieces,
    recipient,
    recipients,
)

from airflow_provider_mailkit.catalogue.columns import ADDRESS, OTHER
from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.catalogue.reports.deliveries import RECIPIENTS
from airflow_provider_mailkit.exceptions import MailkitError

# The same examples in every run, of each report; too few would be reported as a failure of their own.
PROFILE = settings(max_examples=25, derandomize=True, deadline=None, database=None)

EACH = pytest.mark.parametrize("report", EVERY_REPORT.values(), ids=list(EVERY_REPORT))


def as_expected(report: Report, outcome: Outcome) -> list[dict[str, Any]]:
    return [in_terms(report, row) for row in outcome.rows]


@EACH
@PROFILE
@given(st.data(), st.integers(0, 10**6))
def test_any_records_in_any_pieces_over_both_protocols(
    report: Report, data: st.DataObject, seed: int
) -> None:
    records = data.draw(answers(report))
    rows = expected(report, records, {})
    alone = data.draw(st.sampled_from([column.name for column in report.columns if column.inside is None]))
    unknown = []
    for protocol in PROTOCOLS:
        body = encode(protocol, single_or_list(report, records, protocol))
        outcome = decode(protocol, random_pieces(body, seed), report=report)
        assert outcome.error is None
        assert as_expected(report, outcome) == rows
        unknown.append(outcome.unknown)
        counted = decode(protocol, body, columns=(alone,), report=report)
        assert counted.error is None
        assert [in_terms(report, row)[alone] for row in counted.rows] == [row[alone] for row in rows]
    assert unknown[0] == unknown[1]


@EACH
@PROFILE
@given(st.sampled_from(PROTOCOLS), st.data())
def test_any_cut_gives_a_part_of_the_rows_and_one_error(
    report: Report, protocol: Protocol, data: st.DataObject
) -> None:
    records = data.draw(answers(report, least=1))
    body = encode(protocol, single_or_list(report, records, protocol))
    outcome = decode(protocol, body[: data.draw(st.integers(0, len(body) - 1))], report=report)
    assert outcome.error is not None
    assert outcome.error.retryable, outcome.error
    assert as_expected(report, outcome) == expected(report, records, {})[: len(outcome.rows)]
    assert_discreet_for(outcome.error)


@cache
def good(report: Report, protocol: Protocol, count: int = 4) -> bytes:
    records = records_of(report, 1 if report.single else count, mixed=False)
    if report is RECIPIENTS:
        records = [*recipients(count - 1), recipient(count - 1, EMAIL="ž}@example.cz")]
    return encode(protocol, single_or_list(report, records, protocol))


def addresses(report: Report) -> list[str]:
    """Return the beginnings of the addresses of a good answer."""
    names = {column.name.lower() for column in report.columns if column.personal == ADDRESS}
    return ["person", *(f"{name}{number}" for name in names for number in range(4))]


MUTATIONS = st.sampled_from(["replace", "insert", "delete", "double", "swap"])


@EACH
@PROFILE
@given(
    st.sampled_from(PROTOCOLS),
    MUTATIONS,
    st.integers(0, 10**6),
    st.binary(min_size=1, max_size=3),
    st.integers(0, 99),
)
def test_any_mutation_gives_rows_or_a_mailkit_error(
    report: Report, protocol: Protocol, how: str, where: int, filling: bytes, seed: int
) -> None:
    """Anything else fails inside of decode(). However it arrives, the outcome is one and the same."""
    body = good(report, protocol)
    at = where % len(body)
    mutant = {
        "replace": body[:at] + filling + body[at + len(filling) :],
        "insert": body[:at] + filling + body[at:],
        "delete": body[:at] + body[at + len(filling) :],
        "double": body[:at] + body[at : at + 40] + body[at:],
        "swap": body[at:] + body[:at],
    }[how]
    whole, pieces = (
        decode(protocol, given, report=report) for given in (mutant, random_pieces(mutant, seed))
    )
    assert (whole.rows, whole.unknown, whole.kind) == (pieces.rows, pieces.unknown, pieces.kind)
    # What the error quotes may be less when less has arrived.
    assert str(whole.error).partition(" begins with")[0] == str(pieces.error).partition(" begins with")[0]
    assert len(whole.rows) <= 5
    if whole.error is not None:
        assert_discreet(whole.error, *addresses(report))


#: Flat, flat with what others do not have, and with objects inside.
LARGE = {report.name: report for report in (RECIPIENTS, ORDERS, VISITS)}


@pytest.mark.parametrize("report", LARGE.values(), ids=list(LARGE))
@settings(PROFILE, max_examples=10)
@given(st.sampled_from(PROTOCOLS), st.integers(0, 10**7), st.binary(max_size=3), st.integers(1, 2000))
def test_any_mutation_of_a_large_report_is_decoded_in_bounded_time_and_memory(
    report: Report, protocol: Protocol, where: int, filling: bytes, repeated: int
) -> None:
    """A few bytes, many times, anywhere in a report of several pieces."""
    body = good(report, protocol, 1500)
    at = where % len(body)
    mutant = body[:at] + filling * repeated + body[at:]
    # An undamaged report takes a tenth of it; some faults are looked for in windows of up to a megabyte.
    # Timed without tracemalloc, under which each allocation takes several times longer.
    with within_s(3):
        decode_in_pieces(report, protocol, mutant)
    tracemalloc.start()
    try:
        decode_in_pieces(report, protocol, mutant)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 32 * 2**20


def decode_in_pieces(report: Report, protocol: Protocol, body: bytes) -> None:
    """Decode as a client does, keeping nothing; a fault must be an error that names nobody."""
    reader = decoder(protocol, report=report)
    try:
        for start in range(0, len(body), 2**16):
            for batch in reader.feed(body[start : start + 2**16]):
                assert len(batch)
        for batch in reader.finish():
            assert len(batch)
    except MailkitError as error:
        assert_discreet(error, *addresses(report))


@EACH
@PROFILE
@given(
    st.sampled_from(PROTOCOLS),
    st.binary(max_size=60) | st.text(max_size=60).map(lambda t: t.encode("utf-8", "replace")),
)
def test_any_rubbish_gives_a_mailkit_error(report: Report, protocol: Protocol, body: bytes) -> None:
    outcome = decode(protocol, body, report=report)
    if outcome.error is None:
        assert as_expected(report, outcome) == read_by_others(report, protocol, body)
    else:
        assert_discreet_for(outcome.error)


@EACH
@PROFILE
@given(st.sampled_from(PROTOCOLS), st.text("ab@.<>{}[]\"'&;: \\/%40x", max_size=80))
def test_no_excerpt_ever_shows_an_address(report: Report, protocol: Protocol, noise: str) -> None:
    hidden = f"{noise} person@example.com {noise}"
    for body in (hidden.encode(), b"[1," + hidden.encode(), b"<html>" + hidden.encode()):
        outcome = decode(protocol, body, report=report)
        assert outcome.error is not None
        assert_discreet(outcome.error, "person", "example.com", CLIENT_ID)


PRIVATE = {
    name: report for name, report in EVERY_REPORT.items() if any(c.personal == OTHER for c in report.columns)
}


@pytest.mark.parametrize("report", PRIVATE.values(), ids=list(PRIVATE))
@PROFILE
@given(st.sampled_from(PROTOCOLS), TEXT, st.sampled_from(["cut", "unclosed", "followed"]), st.data())
def test_no_excerpt_ever_shows_personal_data(
    report: Report, protocol: Protocol, noise: str, how: str, data: st.DataObject
) -> None:
    (record,) = records_of(report, 1, mixed=False)
    for column in report.columns:
        if column.personal == OTHER and column.kind == "text":
            holder = record[column.inside] if column.inside else record
            holder[column.member] = f"{noise}Karolina{noise}"
    body = encode(protocol, single_or_list(report, [record], protocol))
    at = [match.start() for match in re.finditer(b"Karolina", body)]
    end = data.draw(st.sampled_from(at)) + len(b"Karolina")
    body = {
        "cut": body[:end],
        "unclosed": body[:end] + b"\0" + body[end:],
        "followed": body + b"x",
    }[how]
    outcome = decode(protocol, body, report=report)
    assert outcome.error is not None
    assert_discreet(outcome.error, "Karolina")


def assert_discreet_for(error: MailkitError) -> None:
    """Addresses of the made-up reports are all at example.com or example.cz."""
    assert_discreet(error, "example.com", "example.cz", "person")
