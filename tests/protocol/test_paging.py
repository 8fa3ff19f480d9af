"""Pages: each repeats a row of the one before, and what does not lead on ends the reading."""

from __future__ import annotations

from typing import Any

import pytest
from support.batches import batch_of, of_page

from airflow_provider_mailkit.catalogue.report import Paging
from airflow_provider_mailkit.exceptions import MailkitError, MailkitResponseError
from airflow_provider_mailkit.protocol.paging import Pages
from airflow_provider_mailkit.protocol.records import Batch

PAGING = Paging("ID_log", "ID_LOG", page_size=4)
NAME = "mailkit.report.raw.responses"


def page(*parts: list[int | None], unknown: bool = False) -> list[Batch]:
    """Return a page of several batches with these IDs."""
    return [batch_of({"ID_LOG": ids}, [{"N": id_} for id_ in ids] if unknown else None) for ids in parts]


def ids(batches: list[Batch]) -> list[Any]:
    return [record.ID_LOG for batch in batches for record in batch.records]


def pages(**parameters: Any) -> Pages:
    return Pages(NAME, PAGING, parameters)


def test_each_page_begins_with_the_last_row_of_the_one_before() -> None:
    reading = pages(type_log="click")
    assert reading.parameters() == {"type_log": "click", "limit": 4}
    assert ids(of_page(reading, page([3, 5], [7, 8]))) == [3, 5, 7, 8]
    assert reading.parameters() == {"type_log": "click", "limit": 4, "ID_log": 8}
    assert ids(of_page(reading, page([8], [9, 10, 12]))) == [9, 10, 12]
    assert not reading.is_done
    # A shorter page is the last one: an empty one may never come.
    assert ids(of_page(reading, page([12, 13]))) == [13]
    assert (reading.is_done, reading.count) == (True, 3)


@pytest.mark.parametrize("last", [[], [[8]], [[9, 11]], [[8], [9]], [[8], [], [9]]], ids=str)
def test_the_last_page_in_all_its_forms(last: list[list[int | None]]) -> None:
    reading = pages()
    of_page(reading, page([3, 5, 7, 8]))
    accepted = of_page(reading, page(*last))
    assert ids(accepted) == [id_ for part in last for id_ in part if id_ != 8]
    assert all(len(batch) for batch in accepted)
    assert reading.is_done


def test_a_row_that_has_vanished_in_the_meantime_loses_no_other() -> None:
    reading = pages()
    of_page(reading, page([3, 5, 7, 8]))
    assert ids(of_page(reading, page([9, 10, 11, 12]))) == [9, 10, 11, 12]
    assert reading.parameters()["ID_log"] == 12


def test_unknown_members_are_dropped_with_their_row() -> None:
    reading = pages()
    of_page(reading, page([3, 5, 7, 8], unknown=True))
    (batch,) = of_page(reading, page([8, 9], unknown=True))
    assert (ids([batch]), batch.unknown) == ([9], [{"N": 9}])


def test_a_start_and_a_limit_that_were_asked_for() -> None:
    reading = pages(ID_log=5, limit="3")
    assert reading.parameters() == {"ID_log": 5, "limit": 3}
    # Nobody has had the row that the first page begins with.
    assert ids(of_page(reading, page([5, 6, 7]))) == [5, 6, 7]
    assert reading.parameters() == {"ID_log": 7, "limit": 3}
    assert not reading.is_done


@pytest.mark.parametrize("limit", [1, "1", -5])
def test_pages_of_one_row_would_repeat_for_ever(limit: Any) -> None:
    with pytest.raises(MailkitError, match="limit must be 2 or more"):
        pages(limit=limit)


REFUSED = {
    "ignored start": ([3, 5, 7, 8], "page 2 does not lead beyond page 1: ID_log seems ignored"),
    "begins before the start": ([7, 8, 9, 10], "does not lead beyond"),
    "short, but before the start": ([3], "does not lead beyond"),
    "unordered": ([8, 10, 9, 11], "page 2 do not ascend by ID_LOG"),
    "descending": ([11, 10, 9, 8], "do not ascend"),
    "the same row twice": ([8, 9, 9, 10], "do not ascend"),
    "the same row throughout": ([8, 8, 8, 8], "do not ascend"),
    "a missing ID": ([8, None, 10, 11], "a row of page 2 has no ID_LOG"),
    "only a missing ID": ([None], "a row of page 2 has no ID_LOG"),
}


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("cut", [1, 4])
def test_a_page_that_does_not_lead_on_is_refused(what: str, cut: int) -> None:
    found, message = REFUSED[what]
    reading = pages()
    of_page(reading, page([3, 5, 7, 8]))
    with pytest.raises(MailkitResponseError, match=message) as caught:
        of_page(reading, page(found[:cut], found[cut:]))  # type: ignore[arg-type, index]
    assert str(caught.value).startswith(f"{NAME}: ")
    assert not caught.value.retryable
    assert reading.count == 1


@pytest.mark.parametrize("found", [[5, 3], [3, 3], [None, 3]], ids=str)
def test_the_first_page_must_ascend_too(found: list[int | None]) -> None:
    with pytest.raises(MailkitResponseError, match="page 1"):
        of_page(pages(), page(found))


def test_an_empty_report() -> None:
    reading = pages()
    assert of_page(reading, []) == []
    assert (reading.is_done, reading.count) == (True, 1)


def test_a_page_that_breaks_off_counts_for_nothing() -> None:
    reading = pages()
    of_page(reading, page([3, 5, 7, 8]))
    asked = reading.parameters()
    reading.begin()
    assert [ids([reading.accept(part)]) for part in page([8, 9], [], [10], [11])] == [[9], [], [10], [11]]
    assert (reading.parameters(), reading.count, reading.is_done) == (asked, 1, False)
    # Meanwhile one row has vanished, and another one has come late.
    assert ids(of_page(reading, page([8], [10, 11]))) == [10, 11]
    assert (reading.count, reading.is_done) == (2, True)


def test_a_record_of_several_rows_repeats_with_all_of_them() -> None:
    reading = Pages(NAME, PAGING, {"limit": 2})
    of_page(reading, [Batch(batch_of({"ID_LOG": [3, 3, 5, 5]}).records, None, ["", "AT"] * 2)])
    again = batch_of({"ID_LOG": [5, 5, 7, 7]}).records
    assert ids(of_page(reading, [Batch(again, None, ["", "AT"] * 2)])) == [7, 7]
    assert not reading.is_done
