"""Reading on in a log: the window that is kept, and the pages that are asked for."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, strategies as st
from support.batches import batch_of, of_page

from airflow_provider_mailkit.catalogue.reports import REPORTS
from airflow_provider_mailkit.protocol.increments import NewRows, Window
from airflow_provider_mailkit.protocol.records import Batch

KEY = "ID_UNDELIVERED_LOG"
LOG = REPORTS["mailkit.report.raw.bounces"]
Row = msgspec.defstruct("Row", [(KEY, int)])


def taken(new: NewRows, log: list[int], after_call: Any = lambda number: None) -> list[int]:
    """Read a log to its end; return what was new, in the order of its coming."""
    found: list[int] = []
    for number, call in enumerate(new.calls(), 1):
        assert number < 500
        start, limit = call.parameters.get("ID_undelivered_log", 0), call.parameters["limit"]
        page = [id_ for id_ in sorted(log) if id_ >= start][:limit]
        found += [
            row.ID_UNDELIVERED_LOG
            for batch in of_page(new, [Batch([*map(Row, page)])])
            for row in batch.records
        ]
        after_call(number)
    return found


@pytest.mark.parametrize("overlap", [0, 1, 3, 9])
def test_a_window_lists_one_row_more_than_may_be_late(overlap: int) -> None:
    window = Window(None).add([5, 2], overlap).add([9, 7, 1], overlap)
    known = [1, 2, 5, 7, 9]
    assert [*window.ids] == known[-overlap - 1 :]
    assert window.start == (None if overlap == 9 else window.ids[0])
    assert window.next_id == 10


def test_a_larger_overlap_does_not_read_again_what_is_not_listed() -> None:
    small = Window(None).add(range(1, 101), 3)
    assert (small.start, small.ids) == (97, (97, 98, 99, 100))
    larger = small.add([101, 102], 50)
    assert (larger.start, larger.ids) == (97, (97, 98, 99, 100, 101, 102))
    assert taken(NewRows(LOG, {}, larger, 10, 50), [*range(1, 104)]) == [103]


def test_a_window_of_nothing_begins_at_the_start() -> None:
    assert (Window(7).next_id, Window().next_id) == (7, None)
    assert taken(NewRows(LOG, {}, Window(7), 5, 2), [*range(1, 12)]) == [7, 8, 9, 10, 11]


@given(
    ids=st.sets(st.integers(1, 200), max_size=80),
    known=st.integers(0, 80),
    page_size=st.integers(2, 20),
    overlap=st.integers(0, 30),
)
def test_all_that_is_new_is_taken_once(ids: set[int], known: int, page_size: int, overlap: int) -> None:
    log = sorted(ids)
    window = Window().add(log[:known], overlap)
    assert taken(NewRows(LOG, {}, window, page_size, overlap), log) == log[known:]


@given(data=st.data(), page_size=st.integers(2, 15), overlap=st.integers(0, 12), rows=st.integers(1, 60))
def test_a_row_as_late_as_the_overlap_is_found(data: Any, page_size: int, overlap: int, rows: int) -> None:
    late = data.draw(st.integers(max(1, rows - overlap), rows))
    log = [id_ for id_ in range(1, rows + 1) if id_ != late]
    found = taken(NewRows(LOG, {}, Window(), page_size, overlap), log)
    window = Window().add(found, overlap)
    assert taken(NewRows(LOG, {}, window, page_size, overlap), [*log, late]) == [late]


@pytest.mark.parametrize(("page_size", "overlap"), [(9, 4), (9, 3), (4, 1), (9, 20)])
def test_a_row_that_comes_after_a_page_was_read_is_found_by_the_next(page_size: int, overlap: int) -> None:
    """If it is as late as the overlap, or as half a page if that is less."""
    late = page_size + 1 - min(overlap, (page_size - 1) // 2)
    log = [id_ for id_ in range(1, page_size + 2) if id_ != late]

    def grow(number: int) -> None:
        if number == 1:
            log.extend([late, *range(page_size + 2, page_size + 60)])

    assert sorted(taken(NewRows(LOG, {}, Window(), page_size, overlap), log, grow)) == sorted(log)


def test_a_reading_may_end_at_an_id() -> None:
    assert taken(NewRows(LOG, {}, Window(), 4, 1, end=6), [*range(1, 30)]) == [1, 2, 3, 4, 5, 6]
    assert taken(NewRows(LOG, {}, Window(), 4, 1, end=60), [*range(1, 9)]) == [*range(1, 9)]


def test_the_filter_goes_with_every_page() -> None:
    new = NewRows(LOG, {"ID_send": 5001}, Window(), 3, 0)
    asked = []
    for call in new.calls():
        asked.append(call.parameters)
        page = [1, 2, 3] if len(asked) == 1 else [3, 4]
        of_page(new, [Batch([*map(Row, page)])])
    assert asked == [{"ID_send": 5001, "limit": 3}, {"ID_send": 5001, "limit": 3, "ID_undelivered_log": 3}]


def test_members_that_are_not_known_stay_with_their_rows() -> None:
    batch = Batch([*map(Row, [1, 2, 3])], [{"A": 1}, {}, {"A": 3}])
    (kept,) = of_page(NewRows(LOG, {}, Window(2, (2,)), 9, 1), [batch.pick([1, 2])])
    assert (kept.records, kept.unknown) == ([Row(3)], [{"A": 3}])


@given(data=st.data(), rows=st.integers(1, 40), page_size=st.integers(2, 12), overlap=st.integers(0, 12))
def test_pages_that_break_off_bring_nothing_twice_and_lose_nothing(
    data: Any, rows: int, page_size: int, overlap: int
) -> None:
    new, log, found = NewRows(LOG, {}, Window(), page_size, overlap), [*range(1, rows + 1)], list[int]()
    for call in new.calls():
        start = call.parameters.get("ID_undelivered_log", 0)
        page = [batch_of({KEY: [id_]}) for id_ in log if id_ >= start][:page_size]
        for length in data.draw(st.lists(st.integers(0, len(page)), max_size=2)):
            new.begin()
            for part in page[:length]:
                new.accept(part)
        found += [getattr(row, KEY) for batch in of_page(new, page) for row in batch.records]
    assert found == log
