"""The numbers of a summary, and the doubles among millions of keys."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from support.batches import batch_of

from airflow_provider_mailkit.export.duplicates import DuplicateCounter
from airflow_provider_mailkit.export.summary import ReportSummary
from airflow_provider_mailkit.protocol.dates import DateReader


def summarize(*parts, tables=False, zone=None):
    """Summarize reports, given as columns, out of batches or out of tables."""
    dates = DateReader(zone)
    with DuplicateCounter() as duplicates:
        summary = ReportSummary(duplicates)
        for part in parts:
            # Reading them is how the reader gets to know the first and the last.
            list(map(dates.__getitem__, part["DATE"]))
            if tables:
                summary.add_table(pa.table(part, schema=SCHEMA))
            else:
                summary.add(batch_of(part))
        return summary.result(dates)


SCHEMA = pa.schema(
    [
        ("ID_SEND_MESSAGE", pa.int64()),
        ("STATUS", pa.string()),
        ("AB_VERSION", pa.string()),
        ("DATE", pa.string()),
        ("READ_COUNT", pa.int64()),
        ("CLICK_COUNT", pa.int64()),
    ]
)


def a_part(keys, statuses, versions, dates, reads, clicks):
    return dict(zip(SCHEMA.names, (keys, statuses, versions, dates, reads, clicks), strict=True))


@pytest.mark.parametrize("tables", [False, True])
def test_numbers_of_two_batches(tables):
    result = summarize(
        a_part([1, 2, 3], ["sent", "sent", None], ["A", "B", None], ["2026-03-01 08:00:00", None, None],
                [2, 0, None], [1, 0, None]),
        a_part([3, None], ["wait", "sent"], [None, "A"], ["2026-02-28 23:59:59", "2026-03-02 00:00:00"],
                [5, 1], [0, 3]),
        tables=tables,
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


def test_dates_are_compared_as_instants_when_summer_time_begins():
    # Half past two does not exist that night, and is read as half past three.
    dates = ["2026-03-29 02:30:00", "2026-03-29 03:10:00"]
    part = a_part([1, 2], ["sent"] * 2, ["A"] * 2, dates, [0] * 2, [0] * 2)
    result = summarize(part, zone=ZoneInfo("Europe/Prague"))
    assert (result["first_date"], result["last_date"]) == (
        "2026-03-29T03:10:00+02:00", "2026-03-29T03:30:00+02:00",
    )  # fmt: skip


@pytest.mark.parametrize("tables", [False, True])
def test_any_number_of_kinds_is_added_up(tables):
    count = 10_007
    part = a_part(range(count), ["sent"] * count, [None] * count, [None] * count, range(count), [1] * count)
    result = summarize({name: list(values) for name, values in part.items()}, tables=tables)
    assert (result["rows"], result["read_total"], result["read_recipients"]) == (
        count, count * (count - 1) // 2, count - 1,
    )  # fmt: skip
    assert (result["click_total"], result["click_recipients"]) == (count, count)


@pytest.mark.parametrize("tables", [False, True])
def test_any_number_of_statuses_and_versions_is_counted_in_little_memory(tables):
    count = 4001
    statuses = [f"status {number}" if number % 3 else "sent" for number in range(count)]
    versions = [f"{number}" * 300 if number % 2 else "A" for number in range(count)]
    part = a_part([*range(count)], statuses, versions, [None] * count, [0] * count, [0] * count)
    with DuplicateCounter() as duplicates:
        summary = ReportSummary(duplicates)
        if tables:
            summary.add_table(pa.table(part, schema=SCHEMA))
        else:
            summary.add(batch_of(part))
        assert len(summary._statuses) <= 1001
        assert len(summary._versions) <= 2
        result = summary.result(DateReader())
    assert result["rows"] == count
    assert result["status_counts"]["sent"] == statuses.count("sent")
    assert sum(result["status_counts"].values()) == count
    assert result["ab_counts"] == {"A": count - count // 2, "(others)": count // 2}


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
