"""Loops over one field: what they do, and that a name cannot become code."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from support.batches import records_of

from airflow_provider_mailkit.protocol import fields


def texts() -> list[Any]:
    return records_of({"STATUS": ["sent", "", None, "wait"], "READ_COUNT": [0, 3, None, 5]})


def test_values_and_filled_values() -> None:
    records = texts()
    assert fields.values(records, "STATUS") == ["sent", "", None, "wait"]
    assert fields.filled_values(records, "STATUS") == ["sent", "wait"]
    assert fields.filled_values(records, "READ_COUNT") == [3, 5]
    assert fields.values([], "STATUS") == fields.filled_values([], "STATUS") == []


def test_empty_texts_become_none_and_nothing_else_does() -> None:
    records = texts()
    fields.clear_empty(records, "STATUS")
    fields.clear_empty(records, "READ_COUNT")
    assert fields.values(records, "STATUS") == ["sent", None, None, "wait"]
    assert fields.values(records, "READ_COUNT") == [0, 3, None, 5]


def test_every_value_is_replaced_but_only_those_that_are_there_are_changed() -> None:
    records = texts()
    fields.replace(records, "STATUS", {"sent": "a", "": "b", None: "c", "wait": "d"})
    assert fields.values(records, "STATUS") == ["a", "b", "c", "d"]
    fields.change(records, "READ_COUNT", lambda number: -number)
    assert fields.values(records, "READ_COUNT") == [0, -3, None, -5]


def test_dates_of_known_hours_are_put_together_and_others_are_read() -> None:
    dates = ["2026-03-01 08:15:30", "2026-03-01 08:99:00", "2026-03-02 08:15:30", "", None]
    records = [SimpleNamespace(CHANGE_DATE=date) for date in dates]
    hours = {"2026-03-01 08": ("2026-03-01T08", "+01:00")}
    read: list[str] = []
    fields.read_dates(records, "CHANGE_DATE", hours, {":15:30"}, lambda date: read.append(date) or "read")  # type: ignore[func-returns-value]
    assert fields.values(records, "CHANGE_DATE") == ["2026-03-01T08:15:30+01:00", *["read"] * 4]
    assert read == ["2026-03-01 08:99:00", "2026-03-02 08:15:30", "", ""]


@pytest.mark.parametrize("name", ["", "status", "A B", "A.B", "1A", "A\n", "A;B", "__class__", "Ž", "A()"])
def test_what_is_not_the_name_of_a_column_never_becomes_code(name: str) -> None:
    with pytest.raises(ValueError, match="not the name of a column"):
        fields.values([], name)


def test_a_loop_is_made_once() -> None:
    assert fields._loop("values", "CUSTOM_25") is fields._loop("values", "CUSTOM_25")
