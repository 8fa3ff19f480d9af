"""Records that hold objects: which rows they make, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from support.declared import CALLS, PARCELS, VISITS
from support.decoding import Decoded, decoded
from support.wire import PROTOCOLS, Protocol, answer_of

from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.exceptions import MailkitApiError, MailkitResponseError
from airflow_provider_mailkit.protocol.decoder import Decoder
from airflow_provider_mailkit.protocol.records import Batch, joined

EACH = pytest.mark.parametrize("protocol", PROTOCOLS)
WHO = {"NAME": "Jan", "EMAIL": "jan@example.cz", "IP": "192.0.2.7"}


def read(protocol: Protocol, *records: dict[str, Any], report: Report = CALLS) -> Decoded:
    return decoded(protocol, report, answer_of(protocol, list(records)))


@EACH
def test_two_objects_of_a_record_are_columns_and_nothing_of_them_is_unknown(protocol: Protocol) -> None:
    found = read(protocol, {"ID_CALL": 5, "GEO": {"CITY": "Brno", "NEW": 1}, "who": WHO, "X": 2})
    assert found.error is None
    ((row,), (unknown,)) = found.rows, found.unknown
    assert (row["GEO_CITY"], row["WHO_NAME"], row["WHO_IP"]) == ("Brno", "Jan", "192.0.2.7")
    assert unknown == {"X": 2, "GEO.NEW": 1}


@EACH
@pytest.mark.parametrize("several", ["GEO", "WHO"])
def test_one_list_of_objects_makes_rows(protocol: Protocol, several: str) -> None:
    record = {"ID_CALL": 5, "GEO": {"CITY": "Brno"}, "WHO": WHO}
    found = read(protocol, record | {several: [record[several], {}, {"NEW": 1}]}, {"ID_CALL": 6, "X": 2})
    other = {"GEO": "WHO_NAME", "WHO": "GEO_CITY"}[several]
    assert [row["ID_CALL"] for row in found.rows] == [5, 5, 5, 6]
    assert len({row[other] for row in found.rows[:3]} - {None}) == 1
    assert found.unknown == [{}, {}, {f"{several}.NEW": 1}, {"X": 2}]


@EACH
def test_two_lists_in_a_record_are_refused_however_long_they_are(protocol: Protocol) -> None:
    fine = {"ID_CALL": 4, "GEO": [{"HOPS": 1}] * 2, "WHO": [WHO]}
    wrong = {"ID_CALL": 5, "GEO": [{"HOPS": 1}] * 3000, "WHO": [{"IP": "x"}] * 3000}
    found = read(protocol, fine, wrong)
    assert isinstance(found.error, MailkitResponseError)
    assert "two lists" in str(found.error)
    assert len(found.rows) == 2


@EACH
def test_an_object_that_comes_twice_must_be_the_same(protocol: Protocol) -> None:
    found = read(protocol, {"ID_CALL": 5, "WHO": WHO, "Who": WHO, "GEO": None, "geo": {"CITY": "Brno"}})
    assert (found.error, found.rows[0]["WHO_NAME"], found.rows[0]["GEO_CITY"]) == (None, "Jan", "Brno")
    found = read(protocol, {"ID_CALL": 5, "WHO": WHO, "Who": WHO | {"NAME": "Eva"}})
    assert "twice" in str(found.error)


@EACH
def test_rows_before_a_bad_record_keep_what_is_unknown_of_each(protocol: Protocol) -> None:
    """They are read one by one."""
    found = read(
        protocol,
        {"ID_CALL": 4, "GEO": [{"HOPS": 1}, {"HOPS": 2}, {"HOPS": 3}]},
        {"ID_CALL": 5, "X": 1},
        {"ID_CALL": "five"},
    )
    assert "ID_CALL of a record" in str(found.error)
    assert [row["ID_CALL"] for row in found.rows] == [4, 4, 4, 5]
    assert found.unknown == [{}, {}, {}, {"X": 1}]


@EACH
def test_an_object_that_is_a_text_is_not_quoted(protocol: Protocol) -> None:
    found = read(protocol, {"ID_CALL": 5, "WHO": "Jan Novotny"})
    assert "WHO of a record is not an object" in str(found.error)
    body = answer_of(protocol, [{"ID_CALL": 5, "WHO": ["Jan Novotny", {"PET": "Alik"}], "GEO": "Brno"}])
    for size in range(len(body) - 30, len(body)):
        found = decoded(protocol, CALLS, body[:size] + b"?!")
        assert found.error is not None
        assert not any(word in str(found.error) for word in ("Novotny", "Alik", "Brno"))


@EACH
def test_a_record_whose_key_is_in_an_object_is_known_by_a_column_outside(protocol: Protocol) -> None:
    """So it may have members with the names of an error's."""
    error = {"error_status": 3, "error": "Internal failure"}
    record = {"WEIGHT": "1.5", "LABEL": {"NUMBER": 7}}
    found = read(protocol, record | error, record, error, report=PARCELS)
    assert isinstance(found.error, MailkitApiError)
    assert [(row["WEIGHT"], row["LABEL_NUMBER"]) for row in found.rows] == [(1.5, 7), (1.5, 7)]


@EACH
def test_a_batch_tells_rows_of_one_record(protocol: Protocol) -> None:
    records = [
        {"ID_VISIT": 1, "AT": [{"COUNT": 1}, {"COUNT": 2}]},
        {"ID_VISIT": 2, "AT": {"COUNT": 3}},
        {"ID_VISIT": 3, "AT": [{"COUNT": 4}, {"COUNT": 5}, {"COUNT": 6}], "NEW": 7},
    ]
    decoder = Decoder(protocol, VISITS)
    (batch,) = [*decoder.feed(answer_of(protocol, records)), *decoder.finish()]
    assert counts(batch) == [1, 2, 3, 4, 5, 6]
    assert counts(batch.once()) == [1, 3, 4]
    assert counts(batch.rest()) == [3, 4, 5, 6]
    assert counts(batch.rest().rest()) == [4, 5, 6]
    assert counts(batch.rest().rest().rest()) == []
    assert batch.rest().unknown == [{}, {"NEW": 7}, {"NEW": 7}, {"NEW": 7}]
    assert counts(batch.rest().once()) == [3, 4]


@EACH
def test_a_batch_tells_in_which_list_the_rows_of_a_record_differ(protocol: Protocol) -> None:
    records = [
        {"ID_CALL": 1, "GEO": {"HOPS": 5}, "WHO": [{"NAME": "A"}, {"NAME": "B"}, {"NAME": "C"}]},
        {"ID_CALL": 2, "WHO": {"NAME": "D"}, "GEO": [{"HOPS": 6}, {"HOPS": 7}]},
        {"ID_CALL": 3, "GEO": [{"HOPS": 8}], "WHO": [{"NAME": "E"}, {"NAME": "F"}]},
    ]
    decoder = Decoder(protocol, CALLS)
    (batch,) = [*decoder.feed(answer_of(protocol, records)), *decoder.finish()]
    for held, members in ((batch, {"GEO"}), (batch, {"", "GEO"}), (joined([batch]), {"GEO"})):
        assert [*held.once(members).column("GEO_HOPS")] == [5, 6, 7, 8]
    assert [*batch.once({"WHO"}).column("WHO_NAME")] == [*"ABCDEF"]
    assert [*batch.once({"WHO"}).column("ID_CALL")] == [1, 1, 1, 2, 3, 3]
    assert [*batch.once({"GEO", "WHO"}).column("ID_CALL")] == [1, 1, 1, 2, 2, 3, 3]
    assert [*batch.once().column("ID_CALL")] == [1, 2, 3]


def counts(batch: Batch) -> list[int]:
    return list(batch.column("AT_COUNT"))
