"""What a summary counts, out of batches and out of tables."""

from __future__ import annotations

import json
from dataclasses import replace
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from support.batches import batch_of
from support.declared import CALLS

from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.catalogue.reports import REPORTS
from airflow_provider_mailkit.catalogue.reports.deliveries import RECIPIENTS
from airflow_provider_mailkit.export.measures import Measures
from airflow_provider_mailkit.protocol.dates import DateReader


def summarize(*parts, tables=False, zone=None):
    """Summarize reports, given as columns, out of batches or out of tables."""
    measures = Measures(RECIPIENTS)
    dates = DateReader(zone, function="f", extremes=measures.extremes["DATE"])
    for part in parts:
        # Reading them is how the first and the last get known.
        list(map(dates.__getitem__, part["DATE"]))
        if tables:
            measures.add_table(pa.table(part, schema=SCHEMA))
        else:
            measures.add(batch_of(part))
    return {"rows": measures.rows, **measures.result()}


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
    }
    assert json.loads(json.dumps(result)) == result


@pytest.mark.parametrize("tables", [False, True])
def test_rows_with_a_negative_number_are_not_above_zero(tables):
    part = a_part([1, 2, 3, 4], ["sent"] * 4, [None] * 4, [None] * 4, [0, -1, 2, -3], [-1, -1, -1, None])
    summary = summarize(part, tables=tables)
    assert (summary["read_recipients"], summary["read_total"]) == (1, -2)
    assert (summary["click_recipients"], summary["click_total"]) == (0, -3)


def test_an_empty_report_has_zeros_and_no_dates():
    result = summarize()
    assert (result["rows"], result["first_date"], result["last_date"]) == (0, None, None)
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
    measures = Measures(RECIPIENTS)
    if tables:
        measures.add_table(pa.table(part, schema=SCHEMA))
    else:
        measures.add(batch_of(part))
    statuses_counted, versions_counted = measures._counted[:2]
    assert len(statuses_counted._counts) <= 1001
    assert len(versions_counted._counts) <= 2
    result = measures.result()
    assert measures.rows == count
    assert result["status_counts"]["sent"] == statuses.count("sent")
    assert sum(result["status_counts"].values()) == count
    assert result["ab_counts"] == {"A": count - count // 2, "(others)": count // 2}


def test_members_come_in_the_declared_order():
    assert list(Measures(RECIPIENTS).result()) == [
        "status_counts", "ab_counts", "read_recipients", "read_total", "click_recipients", "click_total",
        "first_date", "last_date",
    ]  # fmt: skip


def a_report(values: dict[str, list], name: str) -> Report:
    """Return a report, having seen that it declares these columns."""
    assert set(values) <= set(REPORTS[name].column_names)
    return REPORTS[name]


@pytest.mark.parametrize("tables", [False, True])
def test_a_report_with_a_sum_alone_and_two_counts(tables):
    totals = {"SEND_COUNT": [10, None, 5], "DELIVERED_COUNT": [9, 0, 5]}
    kinds = {"STATUS": ["soft", "hard", "soft"], "BOUNCE_CAT": [None, "a", None]}
    found = []
    for values, name in ((totals, "mailkit.report"), (kinds, "mailkit.report.raw.bounces")):
        measures = Measures(a_report(values, name))
        assert measures.columns == set(values)
        if tables:
            measures.add_table(pa.table(values))
        else:
            measures.add(batch_of(values))
        assert measures.rows == 3
        found.append(measures.result())
    assert found == [
        {"send_total": 15, "delivered_total": 14},
        {"status_counts": {"hard": 1, "soft": 2}, "bounce_counts": {"": 2, "a": 1}},
    ]


@pytest.mark.parametrize("report", REPORTS.values(), ids=list(REPORTS))
def test_no_rows_of_any_report(report):
    result = Measures(report).result()
    assert list(result) == [name for measure in report.measures for name in _in_order(measure)]
    assert not any(result.values())
    assert json.loads(json.dumps(result)) == result


def _in_order(measure):
    # Of a total the rows come first.
    return measure.names[::-1] if hasattr(measure, "rows_name") else measure.names


@pytest.mark.parametrize("tables", [False, True])
def test_empty_texts_and_absent_ones_are_counted_together(tables):
    part = a_part([1, 2, 3], ["", None, "sent"], ["", None, "A"], [None] * 3, [0] * 3, [0] * 3)
    result = summarize(part, tables=tables)
    assert result["status_counts"] == {"": 2, "sent": 1}
    assert result["ab_counts"] == {"A": 1}


def test_a_number_in_an_object_counts_once_if_the_record_has_a_list_elsewhere():
    def added(*repeats):
        measures = Measures(CALLS)
        batch = batch_of({"SECONDS": [60, 60, 60], "GEO_HOPS": [5, 5, 7]})
        measures.add(replace(batch, repeats=[*repeats]))
        return measures.result()

    assert added("", "WHO", "") == {"answered": 2, "seconds_total": 120, "hops": 12}
    assert added("", "GEO", "") == {"answered": 2, "seconds_total": 120, "hops": 17}
    assert added("", "WHO", "WHO") == {"answered": 1, "seconds_total": 60, "hops": 5}
