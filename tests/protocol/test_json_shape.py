"""What a decoder learns of the records: it is faster then, and gives the same values."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from airflow_provider_mailkit.catalogue.reports.raw import RESPONSES
from airflow_provider_mailkit.protocol import decoder as decoding, json_reader
from airflow_provider_mailkit.protocol.decoder import Decoder
from airflow_provider_mailkit.protocol.json_shape import Learned
from airflow_provider_mailkit.protocol.records import Batch

# Some columns of the report, some of which the records below do not have.
COLUMNS = ("ID_LOG", "ID_URL", "TYPE", "EMAIL", "CONTINENT", "REGION", "CITY")
LACKING = ("ID_URL", "EMAIL", "CONTINENT", "REGION", "CITY")


def record(number: int, **more: Any) -> dict[str, Any]:
    return {"ID_log": str(number), "type": "read", "city": "Praha", **more}


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have about four records decoded at a time."""
    monkeypatch.setattr(decoding, "PIECE_BYTES", 200)


def decode(records: Iterable[dict[str, Any]], **options: Any) -> list[Batch]:
    """Return the batches of an answer with these records."""
    decoder = Decoder("json", RESPONSES, COLUMNS, **options)
    answer = json.dumps([*records]).encode()
    # One byte at a time, so that every piece is as small as it can be.
    batches = [batch for byte in answer for batch in decoder.feed(bytes([byte]))]
    return [*batches, *decoder.finish()]


def fields(batches: Iterable[Batch]) -> list[tuple[str, ...]]:
    """Return the fields that records have one after the other, each change once."""
    found: list[tuple[str, ...]] = []
    for batch in batches:
        names = batch.records[0].__struct_fields__
        if names not in found[-1:]:
            found.append(names)
    return found


def values(batches: Iterable[Batch], name: str) -> list[Any]:
    return [value for batch in batches for value in batch.column(name)]


def test_records_lack_what_none_of_them_has() -> None:
    batches = decode(map(record, range(20)), may_lack=LACKING)
    assert len(batches) > 3
    assert fields(batches) == [("ID_LOG", "TYPE", "CITY")]
    assert values(batches, "ID_LOG") == [*range(20)]
    assert values(batches, "REGION") == [None] * 20
    assert values(batches, "CITY") == ["Praha"] * 20


def test_without_leave_records_have_all_columns() -> None:
    assert fields(decode(map(record, range(20)))) == [COLUMNS]


@pytest.mark.parametrize("value", ["Zlín", "", None, 7, True], ids=repr)
def test_a_column_that_comes_late_is_not_lost(value: Any) -> None:
    late = [record(number, region=value) if number == 13 else record(number) for number in range(20)]
    plain, lacking = decode(late), decode(late, may_lack=LACKING)
    assert values(lacking, "REGION") == values(plain, "REGION")
    # Then all are there: the others may come too.
    assert fields(lacking) == [("ID_LOG", "TYPE", "CITY"), COLUMNS]


def test_a_column_that_is_there_may_end() -> None:
    records = [record(number, region="Zlín") if number < 9 else record(number) for number in range(20)]
    batches = decode(records, may_lack=LACKING)
    assert values(batches, "REGION") == ["Zlín"] * 9 + [None] * 11


def test_odd_records_lack_the_same() -> None:
    """A member that comes twice, which is read one record after the other."""
    text = json.dumps([*map(record, range(20))]).replace('"ID_log": "13"', '"ID_log": "13", "ID_LOG": "13"')
    decoder = Decoder("json", RESPONSES, COLUMNS, may_lack=LACKING)
    batches = [*decoder.feed(text.encode()), *decoder.finish()]
    assert values(batches, "ID_LOG") == [*range(20)]
    assert values(batches, "CITY") == ["Praha"] * 20


def test_the_constants_of_a_writer_are_no_fields() -> None:
    batches = decode(map(record, range(9)), constants={"EMAIL": None}, may_lack=(*LACKING, "EMAIL"))
    assert "EMAIL" not in fields(batches)[0]
    kept = decode(map(record, range(9)), constants={"EMAIL": "anna@example.com"}, may_lack=("REGION",))
    assert values(kept, "EMAIL") == ["anna@example.com"] * 9


def test_without_its_key_a_record_has_all_columns() -> None:
    """Members that are not wanted are left unseen then, and one that comes late would be too."""
    records = [record(number, region="Zlín") if number == 13 else record(number) for number in range(20)]
    decoder = Decoder("json", RESPONSES, ("REGION",), may_lack=("REGION",))
    batches = [*decoder.feed(json.dumps(records).encode()), *decoder.finish()]
    assert values(batches, "REGION") == [None] * 13 + ["Zlín"] + [None] * 6


def test_what_a_decoder_has_learned_serves_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    lessons: list[Any] = []
    learn = json_reader.learn
    monkeypatch.setattr(json_reader, "learn", lambda *of: lessons.append(of) or learn(*of))
    records = [record(number, unknown="x") for number in range(20)]
    shared = Learned()
    for expected in (1, 1, 1):
        batches = decode(records, learned=shared, may_lack=LACKING)
        assert [members for batch in batches for members in batch.unknown or ()] == [{"unknown": "x"}] * 20
        assert len(lessons) == expected
    decode(records, may_lack=LACKING)
    assert len(lessons) == 2


@pytest.mark.parametrize("odd", [7, True], ids=repr)
def test_a_text_is_none_if_it_is_empty_after_texts_that_were_numbers(odd: Any) -> None:
    records = [record(number, continent=odd if number < 9 else "") for number in range(20)]
    assert values(decode(records), "CONTINENT")[9:] == [None] * 11
