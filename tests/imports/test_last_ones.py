"""Which of many keys come again later, whatever their number and order."""

from __future__ import annotations

from hashlib import blake2b

import pytest
from hypothesis import given, strategies as st

from airflow_provider_mailkit.imports import last_ones
from airflow_provider_mailkit.imports.last_ones import LastOnes


def repeated(values: list[int]) -> list[int]:
    with LastOnes() as keys:
        for value in values:
            keys.add(blake2b(value.to_bytes(8), digest_size=16).digest())
        marks = keys.repeated_later()
    found = [number for number in range(len(values)) if number in marks]
    assert marks.count == len(found)
    return found


def expected(values: list[int]) -> list[int]:
    last = {value: number for number, value in enumerate(values)}
    return [number for number, value in enumerate(values) if last[value] != number]


@given(st.lists(st.integers(0, 30), max_size=200))
def test_like_a_dict(values: list[int]) -> None:
    assert repeated(values) == expected(values)


@pytest.mark.parametrize("size", [1, 7, 8, 9, 16, 1000])
def test_parts_and_blocks_of_every_size(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(last_ones, "_PART_KEYS", 8)
    monkeypatch.setattr(last_ones, "_BLOCK_KEYS", 5)
    values = [number * 7 % (size // 2 + 1) for number in range(size)]
    assert repeated(values) == expected(values)


def test_a_hundred_thousand_of_which_every_third_comes_again() -> None:
    values = [*range(100_000), *range(0, 100_000, 3)]
    assert repeated(values) == list(range(0, 100_000, 3))
