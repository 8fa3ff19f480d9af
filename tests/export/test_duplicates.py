"""The duplicates among millions of keys."""

from __future__ import annotations

import random
import subprocess
import sys

import pyarrow as pa
import pytest

from airflow_provider_mailkit.export.duplicates import DuplicateCounter


@pytest.mark.parametrize(
    "add",
    [DuplicateCounter.add, lambda counter, ids: counter.add_column(pa.array(ids))],
    ids=["listed", "in a column"],
)
@pytest.mark.parametrize("order", [list, sorted], ids=["as they come", "sorted"])
@pytest.mark.parametrize(
    ("count", "spread"),
    [
        (0, 1),
        (1, 1),
        (1000, 40),
        (65_536, 9_000),
        (100_003, 60_000),
        (131_071, 10**17),
        (250_000, 100_000),
        (300_000, 10**17),
        (200_000, 2),
    ],
)
def test_doubles_are_counted_exactly(count, spread, order, add):
    rng = random.Random(count)
    ids = order(rng.randrange(-spread, spread) for _ in range(count))
    with DuplicateCounter() as counter:
        for start in range(0, count, 1301):
            add(counter, ids[start : start + 1301])
        assert counter.count() == count - len(set(ids))


@pytest.mark.parametrize("parts", [([1, 2, 2, 5],), ([1, 2], [2, 5]), ([3, 4, 2, 9], [9])], ids=str)
def test_one_double_is_found_within_and_across_parts(parts):
    ids = [id_ for part in parts for id_ in part]
    with DuplicateCounter() as listed, DuplicateCounter() as sliced:
        for part in parts:
            listed.add(part)
            # A part of a larger array begins somewhere in its memory.
            sliced.add_column(pa.array([7, *part, 7]).slice(1, len(part)))
        assert listed.count() == sliced.count() == len(ids) - len(set(ids)) == 1


def test_the_ends_of_the_number_range_are_ids_too():
    with DuplicateCounter() as counter:
        for _ in range(2):
            counter.add([2**63 - 1, -(2**63), 7] * 40_000)
        assert counter.count() == 240_000 - 3


MEASURE = """
import random, resource, sys
from airflow_provider_mailkit.export.duplicates import DuplicateCounter
rng = random.Random(1)
def run(count):
    with DuplicateCounter() as counter:
        for _ in range(count // 1000):
            counter.add([rng.getrandbits(62) for _ in range(1000)])
        return counter.count()
run(600_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
run(3_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_memory_does_not_grow_with_the_report():
    grown_kib = int(
        subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, check=True, text=True).stdout
    )
    assert grown_kib < 4096
