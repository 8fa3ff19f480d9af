"""Recipients are counted by status, and no further than a wait asks for."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from support.batches import batch_of

from airflow_provider_mailkit.protocol.records import Batch
from airflow_provider_mailkit.waiting.tally import StatusTally


def batches_of(statuses: list[str | None], sizes: list[int]) -> list[Batch]:
    found, start = [], 0
    for size in sizes:
        if statuses[start : start + size]:
            found.append(batch_of({"STATUS": statuses[start : start + size]}))
        start += size
    return found


def test_a_tally_counts_by_status() -> None:
    tally = StatusTally()
    stops = [
        tally.add(batch)
        for batch in batches_of(["sent", None, "wait", "sent", None, "odd", "sent"], [3, 1, 3])
    ]
    assert stops == [False] * 3
    assert tally.counts == {"sent": 3, "": 2, "wait": 1, "odd": 1}


@pytest.mark.parametrize("seed", range(20))
def test_where_a_tally_stops_does_not_depend_on_the_batches(seed: int) -> None:
    chance = random.Random(seed)
    statuses: list[str | None] = [
        chance.choice(["sent", "sent", "sent", None, "failed", "wait", "wait_ab"]) for _ in range(50)
    ]
    first = next((n for n, status in enumerate(statuses) if status in ("wait", "wait_ab")), len(statuses))
    expected = Counter(status or "" for status in statuses[: first + 1])
    for sizes in ([50], [1] * 50, [chance.randint(1, 9) for _ in range(50)]):
        tally = StatusTally(("wait", "wait_ab"))
        stopped = False
        for batch in batches_of(statuses, sizes):
            if stopped := tally.add(batch):
                break
        assert tally.counts == expected
        assert stopped is (first < 50)
