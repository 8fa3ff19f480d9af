from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import pytest

from support.tally import PROPERTY, Tally, describe


@pytest.mark.parametrize("landed", [[1, 2], [1, 2, 2, 3], [1, 2, 3, 4]], ids=["lost", "double", "unknown"])
def test_it_judges(landed: list[int]) -> None:
    with pytest.raises(AssertionError):
        Tally().compare({1, 2, 3}, Counter(landed))


def test_the_sums_over_tests() -> None:
    good, bad = Tally(), Tally()
    good.kill(2)
    good.compare({1, 2, 3}, Counter([1, 2, 3]))
    bad.kill()
    with pytest.raises(AssertionError):
        bad.compare([1, 2], Counter([2, 2]))
    reports = [
        SimpleNamespace(user_properties=[(PROPERTY, each.counts), ("other", 1)]) for each in (good, bad)
    ]
    assert describe(reports) == "3 kills, 5 IDs: 1 lost, 1 double"
    assert describe([SimpleNamespace(user_properties=[])]) == ""
