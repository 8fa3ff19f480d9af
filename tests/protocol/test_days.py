"""Ranges of days: what arguments mean, on the account's clock, and what is always sent."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from airflow_provider_mailkit.catalogue.reports import REPORTS
from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.protocol.days import complete_days, days_between, last_days, read_day, today

PRAGUE = ZoneInfo("Europe/Prague")
# In Prague it is the next day already.
NOW = datetime(2026, 3, 8, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "last", "look_back", "zone", "expected"),
    [
        # Today is another day in another zone.
        (None, None, 7, None, ("2026-03-01", "2026-03-08")),
        (None, None, "7", PRAGUE, ("2026-03-02", "2026-03-09")),
        ("", "", 0, PRAGUE, ("2026-03-09", "2026-03-09")),
        (None, "2026-02-10", 3, None, ("2026-02-07", "2026-02-10")),
        ("2026-02-10", None, 3, None, ("2026-02-10", "2026-03-08")),
        ("2026-02-10", "2026-02-10", 3, None, ("2026-02-10", "2026-02-10")),
        (date(2026, 2, 1), date(2026, 2, 10), 3, None, ("2026-02-01", "2026-02-10")),
        # Never later than now, and then counted from now.
        ("2026-02-10", "2030-01-01", 3, None, ("2026-02-10", "2026-03-08")),
        (None, "2030-01-01", 3, None, ("2026-03-05", "2026-03-08")),
        # Instants, as Airflow's templates make them.
        ("2026-02-09T23:30:00+00:00", "2026-02-10 23:30:00+00:00", 3, PRAGUE, ("2026-02-10", "2026-02-11")),
        ("2026-02-01T23:30:00Z", NOW.replace(day=2), 3, None, ("2026-02-01", "2026-03-02")),
        ("2026-02-09T23:30:00", None, 3, PRAGUE, ("2026-02-09", "2026-03-09")),
        (None, None, 999_999, None, ("0001-01-01", "2026-03-08")),
    ],
)  # fmt: skip
def test_the_range_is_inclusive_and_never_passes_now(first, last, look_back, zone, expected):
    days = days_between(first, last, look_back, now=NOW, zone=zone)
    assert (str(days.first), str(days.last)) == expected


def test_two_runs_in_a_row_overlap():
    today = last_days(1, PRAGUE, NOW)
    yesterday = last_days(1, PRAGUE, NOW.replace(day=7))
    assert yesterday.last == today.first


@pytest.mark.parametrize(
    ("first", "last", "look_back", "named"),
    [
        ("2026-02-11", "2026-02-10", 1, "date_from .* is after date_to"),
        ("2026-03-09", None, 1, "date_from .* is after today"),
        ("2026-03-10", "2026-03-12", 1, "date_from .* is after today"),
        ("None", None, 1, "date_from"),
        (None, "soon", 1, "date_to"),
        (5, None, 1, "date_from"),
        (None, None, "None", "look_back_days"),
        (None, None, -1, "look_back_days"),
        (None, None, True, "look_back_days"),
        (None, None, 1.5, "look_back_days"),
    ],
)
def test_arguments_that_mean_no_range_are_named(first, last, look_back, named):
    with pytest.raises(MailkitError, match=named) as caught:
        days_between(first, last, look_back, now=NOW)
    assert not caught.value.retryable


@pytest.mark.parametrize(
    "zone", [None, PRAGUE, ZoneInfo("Pacific/Kiritimati"), timezone(timedelta(hours=-11))]
)
def test_today_is_that_of_the_account(zone):
    assert today(zone) == datetime.now(zone or UTC).date()
    assert str(today(PRAGUE, NOW)) == "2026-03-09"


@pytest.mark.parametrize(
    ("value", "zone", "expected"),
    [
        ("9999-12-31T23:30:00+00:00", PRAGUE, "9999-12-31"),
        ("0001-01-01T00:30:00+02:00", None, "0001-01-01"),
        # A night that has no midnight.
        ("2026-09-06T00:30:00", ZoneInfo("America/Santiago"), "2026-09-06"),
        ("2026-10-25T02:30:00", PRAGUE, "2026-10-25"),
        (20260301, PRAGUE, "2026-03-01"),
    ],
)
def test_a_day_at_the_edges_of_calendar_and_clock(value, zone, expected):
    assert str(read_day("range_from", value, zone)) == expected


RANGED = [name for name, report in REPORTS.items() if report.days and report.days.look_back_days is not None]


@pytest.mark.parametrize("name", RANGED)
@pytest.mark.parametrize(
    ("given", "look_back", "expected"),
    [
        ({"range_to": "2026-03-31"}, None, ("2026-03-01", "2026-03-31")),
        ({"range_to": date(2026, 3, 31)}, 0, ("2026-03-31", "2026-03-31")),
        ({"range_from": "", "range_to": "2026-03-31"}, 5, ("2026-03-26", "2026-03-31")),
        ({"range_from": "2026-03-31", "range_to": 20260331}, 5, ("2026-03-31", "2026-03-31")),
        # An end that has another day in the zone: the days before it are counted from that one.
        ({"range_to": NOW}, 7, ("2026-03-02", "2026-03-09")),
        ({"range_to": "2026-03-08T23:30:00Z"}, 7, ("2026-03-02", "2026-03-09")),
        ({"range_from": NOW, "range_to": NOW}, 7, ("2026-03-09", "2026-03-09")),
        # What is asked for is not cut: Mailkit knows what it has.
        ({"range_from": "2026-03-01", "range_to": "9999-12-31"}, None, ("2026-03-01", "9999-12-31")),
    ],
)
def test_both_ends_of_a_report_are_sent(name, given, look_back, expected):
    asked = complete_days(REPORTS[name], given | {"ID_message": 3001}, PRAGUE, look_back)
    assert (str(asked["range_from"]), str(asked["range_to"])) == expected
    assert asked["ID_message"] == 3001


@pytest.mark.parametrize("name", RANGED)
def test_without_any_day_it_is_the_last_thirty(name):
    last = datetime.now(PRAGUE).date()
    asked = complete_days(REPORTS[name], {}, PRAGUE)
    assert asked == {"range_from": last - timedelta(days=30), "range_to": last}


@pytest.mark.parametrize("name", RANGED)
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"range_from": "2026-03-02", "range_to": "2026-03-01"},
            r"range_from \(2026-03-02\) is after range_to",
        ),
        ({"range_from": "9999-01-01"}, r"range_from \(9999-01-01\) is after today"),
        ({"range_from": "soon"}, "range_from must be a day"),
        ({"range_to": True}, "range_to must be a day"),
    ],
)
def test_days_that_are_no_range_are_refused(name, given, said):
    with pytest.raises(MailkitError, match=said):
        complete_days(REPORTS[name], given, PRAGUE)


@pytest.mark.parametrize("name", sorted(REPORTS.keys() - set(RANGED)))
def test_nothing_is_sent_that_was_not_given_where_no_end_is_declared(name):
    assert complete_days(REPORTS[name], {"range_from": None, "limit": 5}, PRAGUE) == {"limit": 5}


@pytest.mark.parametrize(
    ("given", "expected"),
    [("2026-03-08", "2026-03-08"), ("20260308", "2026-03-08"), (20260308, "2026-03-08"), (NOW, "2026-03-09"),
     (NOW.isoformat(), "2026-03-09"), (date(2026, 3, 8), "2026-03-08"), ("", None), (" ", None)],
    ids=str,
)  # fmt: skip
def test_a_first_day_alone_is_read_like_any_other(given, expected):
    asked = complete_days(REPORTS["mailkit.mailinglist.unsubscribed"], {"range_from": given}, PRAGUE)
    assert {name: str(day) for name, day in asked.items()} == ({"range_from": expected} if expected else {})
