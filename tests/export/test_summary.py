"""The numbers of a summary, and the doubles among millions of keys."""

from __future__ import annotations

import json
import random
import subprocess
import sys

import pytest

from airflow_provider_mailkit.export.duplicates import DuplicateCounter
from airflow_provider_mailkit.export.summary import ReportSummary
from airflow_provider_mailkit.protocol.records import Batch


def summarize(*batches):
    with DuplicateCounter() as duplicates:
        summary = ReportSummary(duplicates)
        for batch in batches:
            summary.add(batch)
        return summary.result()


def a_batch(keys, statuses, versions, dates, reads, clicks):
    return Batch(
        {
            "ID_SEND_MESSAGE": keys,
            "STATUS": statuses,
            "AB_VERSION": versions,
            "DATE": dates,
            "READ_COUNT": reads,
            "CLICK_COUNT": clicks,
        }
    )


def test_numbers_of_two_batches():
    result = summarize(
        a_batch([1, 2, 3], ["sent", "sent", None], ["A", "B", None], ["2026-03-01T08:00:00", None, None],
                [2, 0, None], [1, 0, None]),
        a_batch([3, None], ["wait", "sent"], [None, "A"], ["2026-02-28T23:59:59", "2026-03-02T00:00:00"],
                [5, 1], [0, 3]),
    )  # fmt: skip
    assert result == {
        "rows": 5,
        "status_counts": {"": 1, "sent": 3, "wait": 1},
        "ab_counts": {"A": 2, "B": 1},
        "read_recipients": 3,
        "read_total": 8,
        "click_recipients": 2,
        "click_total": 4,
        "first_date": "2026-02-28T23:59:59",
        "last_date": "2026-03-02T00:00:00",
        "duplicates": 1,
    }
    assert json.loads(json.dumps(result)) == result


def test_an_empty_report_has_zeros_and_no_dates():
    result = summarize()
    assert (result["rows"], result["duplicates"], result["first_date"], result["last_date"]) == (
        0,
        0,
        None,
        None,
    )
    assert (result["status_counts"], result["ab_counts"]) == ({}, {})


def test_dates_are_compared_as_instants_when_summer_time_ends():
    dates = ["2026-10-25T02:30:00+01:00", "2026-10-25T02:45:00+02:00"]
    result = summarize(a_batch([1, 2], ["sent"] * 2, ["A"] * 2, dates, [0] * 2, [0] * 2))
    assert (result["first_date"], result["last_date"]) == (dates[1], dates[0])


@pytest.mark.parametrize(
    ("count", "spread"), [(0, 1), (1, 1), (1000, 40), (250_000, 100_000), (300_000, 10**17), (200_000, 2)]
)
def test_doubles_are_counted_exactly(count, spread):
    rng = random.Random(count)
    ids = [rng.randrange(-spread, spread) for _ in range(count)]
    with DuplicateCounter() as counter:
        for start in range(0, count, 1301):
            counter.add(ids[start : start + 1301])
        assert counter.count() == count - len(set(ids))


def test_the_ends_of_the_number_range_are_ids_too():
    with DuplicateCounter() as counter:
        for _ in range(2):
            counter.add([2**63 - 1, -(2**63), None] * 40_000)
        assert counter.count() == 160_000 - 2


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
