from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from airflow_provider_mailkit.pages import text


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0"), (999, "999"), (1000, "1\u202f000"), (12_345_678, "12\u202f345\u202f678")]
)
def test_thousands_are_apart(value, shown):
    assert text.number(value) == shown


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (0, 0, "\u2013"),
        (0, 7, "0.0\u202f%"),
        (7, 7, "100.0\u202f%"),
        (1, 3, "33.3\u202f%"),
        (1, 400, "0.25\u202f%"),
        (1, 20_000, "under 0.01\u202f%"),
        (19_999, 20_000, "over 99.9\u202f%"),
    ],
)
def test_neither_something_nor_all_but_something_is_rounded_away(part, whole, shown):
    assert text.percent(part, whole) == shown


def test_one_is_not_many():
    assert (text.count(1, "click"), text.count(2, "click")) == ("1 click", "2 clicks")
    assert text.count(0, "person", "people") == "0 people"


def test_moments_are_on_the_accounts_clock():
    noon = datetime(2026, 7, 1, 12, 5, tzinfo=UTC)
    assert text.moment(noon, ZoneInfo("Europe/Prague")) == "1 July 2026, 14:05 (Europe/Prague)"
    assert text.moment(noon) == "1 July 2026, 12:05 (UTC)"
    assert text.moment(noon.replace(tzinfo=None), ZoneInfo("Europe/Prague")) == "1 July 2026, 12:05"
    assert text.moment(noon.astimezone(timezone(timedelta(hours=-5)))) == "1 July 2026, 07:05 (UTC-05:00)"
    assert (text.day(noon), text.short_day(noon)) == ("1 July 2026", "1 Jul")
