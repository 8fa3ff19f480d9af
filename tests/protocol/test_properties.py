"""Properties that hold for any report, found out with made-up ones; the oracle is the standard library."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any

from hypothesis import given, settings, strategies as st
from support.reports import (
    CLIENT_ID,
    PROTOCOLS,
    Protocol,
    assert_discreet,
    decode,
    decoder,
    encode,
    oracle,
    random_pieces,
    recipient,
    recipients,
)

from airflow_provider_mailkit.exceptions import MailkitError

# The same examples in every run; too few would be reported as a failure of their own.
PROFILE = settings(max_examples=120, derandomize=True, deadline=None, database=None)

# What XML can hold. White space is left out where the two parsers of the standard library would differ.
TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=12
) | st.sampled_from(["", "}", "},{", "</struct>", "</value><value>", "&amp;", "]]>", '"', "\\", "[", "0"])
COUNTER = st.none() | st.just("") | st.integers(-(2**63), 2**63 - 1) | st.integers(0, 10**18).map(str)
DATE = (
    st.none()
    | st.sampled_from(["", "0000-00-00 00:00:00"])
    | st.datetimes(allow_imaginary=False).map(lambda date: f"{date.replace(microsecond=0)}")
)
JSON_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT.map(str.strip), inner, max_size=3),
    max_leaves=6,
)
MEMBERS: dict[str, st.SearchStrategy[Any]] = {
    "ID_SEND_MESSAGE": COUNTER,
    "ID_EMAIL": COUNTER,
    "EMAIL": st.none() | TEXT,
    "STATUS": st.none() | TEXT,
    "AB_VERSION": st.none() | TEXT,
    "DATE": DATE,
    "READ_COUNT": COUNTER,
    "CLICK_COUNT": COUNTER,
}


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    """One record: some of the members, in any order and letter case, and now and then an unknown one."""
    names = draw(st.permutations(list(MEMBERS)))
    names = names[: draw(st.integers(1, len(names)))]
    change = draw(st.sampled_from([str, str, str.lower, str.title]))
    record = {change(name): draw(MEMBERS[name]) for name in names}
    if draw(st.integers(0, 5)) == 0:
        record[draw(st.sampled_from(["PHONE", "x", "Ž}"]))] = draw(JSON_VALUE)
    return record


REPORTS = st.lists(records(), max_size=9)


@PROFILE
@given(REPORTS, st.integers(0, 10**6))
def test_any_report_in_any_pieces_over_both_protocols(answer: list[dict[str, Any]], seed: int) -> None:
    outcomes = []
    for protocol in PROTOCOLS:
        body = encode(protocol, answer)
        outcome = decode(protocol, random_pieces(body, seed))
        assert outcome.error is None
        assert outcome.rows == oracle(protocol, body)
        counted = decode(protocol, body, columns=("STATUS",))
        assert counted.error is None
        assert [row["STATUS"] for row in counted.rows] == [row["STATUS"] for row in outcome.rows]
        outcomes.append(outcome)
    assert outcomes[0].rows == outcomes[1].rows
    assert outcomes[0].unknown == outcomes[1].unknown


@PROFILE
@given(REPORTS.filter(bool), st.sampled_from(PROTOCOLS), st.data())
def test_any_cut_gives_a_part_of_the_rows_and_one_error(
    answer: list[dict[str, Any]], protocol: Protocol, data: st.DataObject
) -> None:
    body = encode(protocol, answer)
    end = data.draw(st.integers(0, len(body) - 1))
    outcome = decode(protocol, body[:end])
    assert outcome.error is not None
    assert outcome.error.retryable, outcome.error
    assert outcome.rows == oracle(protocol, body)[: len(outcome.rows)]
    assert_discreet_for(outcome.error)


GOOD = {
    protocol: encode(protocol, [*recipients(3), recipient(3, EMAIL="ž}@example.cz")])
    for protocol in PROTOCOLS
}
MUTATIONS = st.sampled_from(["replace", "insert", "delete", "double", "swap"])


@settings(PROFILE, max_examples=500)
@given(
    st.sampled_from(PROTOCOLS),
    MUTATIONS,
    st.integers(0, 10**6),
    st.binary(min_size=1, max_size=3),
    st.integers(0, 99),
)
def test_any_mutation_gives_rows_or_a_mailkit_error(
    protocol: Protocol, how: str, where: int, filling: bytes, seed: int
) -> None:
    """Anything else fails inside of decode(). However it arrives, the outcome is one and the same."""
    body = GOOD[protocol]
    at = where % len(body)
    mutant = {
        "replace": body[:at] + filling + body[at + len(filling) :],
        "insert": body[:at] + filling + body[at:],
        "delete": body[:at] + body[at + len(filling) :],
        "double": body[:at] + body[at : at + 40] + body[at:],
        "swap": body[at:] + body[:at],
    }[how]
    whole, pieces = decode(protocol, mutant), decode(protocol, random_pieces(mutant, seed))
    assert (whole.rows, whole.unknown, whole.kind) == (pieces.rows, pieces.unknown, pieces.kind)
    # What the error quotes may be less when less has arrived.
    assert str(whole.error).partition(" begins with")[0] == str(pieces.error).partition(" begins with")[0]
    assert len(whole.rows) <= 5
    if whole.error is not None:
        assert_discreet(whole.error, "person")


LARGE = {protocol: encode(protocol, recipients(1500)) for protocol in PROTOCOLS}


@settings(PROFILE, max_examples=25)
@given(st.sampled_from(PROTOCOLS), st.integers(0, 10**7), st.binary(max_size=3), st.integers(1, 2000))
def test_any_mutation_of_a_large_report_is_decoded_in_bounded_time_and_memory(
    protocol: Protocol, where: int, filling: bytes, repeated: int
) -> None:
    """A few bytes, many times, anywhere in a report of several pieces."""
    body = LARGE[protocol]
    at = where % len(body)
    mutant = body[:at] + filling * repeated + body[at:]
    reader = decoder(protocol)
    began = time.process_time()
    tracemalloc.start()
    try:
        for start in range(0, len(mutant), 2**16):
            for batch in reader.feed(mutant[start : start + 2**16]):
                assert len(batch)
        for batch in reader.finish():
            assert len(batch)
    except MailkitError as error:
        assert_discreet(error, "person")
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    # An undamaged report takes a tenth of it; some faults are looked for in windows of up to a megabyte.
    assert time.process_time() - began < 5
    assert peak < 32 * 2**20


@PROFILE
@given(
    st.sampled_from(PROTOCOLS),
    st.binary(max_size=60) | st.text(max_size=60).map(lambda t: t.encode("utf-8", "replace")),
)
def test_any_rubbish_gives_a_mailkit_error(protocol: Protocol, body: bytes) -> None:
    outcome = decode(protocol, body)
    if outcome.error is None:
        assert outcome.rows == oracle(protocol, body)
    else:
        assert_discreet_for(outcome.error)


@PROFILE
@given(st.sampled_from(PROTOCOLS), st.text("ab@.<>{}[]\"'&;: \\/%40x", max_size=80))
def test_no_excerpt_ever_shows_an_address(protocol: Protocol, noise: str) -> None:
    hidden = f"{noise} person@example.com {noise}"
    for body in (hidden.encode(), b"[1," + hidden.encode(), b"<html>" + hidden.encode()):
        outcome = decode(protocol, body)
        assert outcome.error is not None
        assert_discreet(outcome.error, "person", "example.com", CLIENT_ID)


def assert_discreet_for(error: MailkitError) -> None:
    """Addresses of the made-up reports are all at example.com or example.cz."""
    assert_discreet(error, "example.com", "example.cz", "person")
