"""Pictures are true to their numbers."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from pages.cases import BEGAN, hours

from airflow_provider_mailkit.pages.charts import bar, course, most_plausible, plausible
from airflow_provider_mailkit.pages.comparison import Share
from airflow_provider_mailkit.pages.figures import Course, Reactions


@pytest.mark.parametrize(
    ("part", "whole", "width"), [(1, 4, "25%"), (0, 0, "0%"), (5, 4, "100%"), (1, 3, "33.33%"), (0, 9, "0%")]
)
def test_a_bar_is_as_long_as_its_share(part, whole, width):
    assert f'class="fill" width="{width}"' in bar(part, whole)


def test_a_dot_lies_in_its_band():
    share = Share(30, 100)
    most = most_plausible([share, Share(10, 100)])
    picture = plausible(share, most, is_second=False)
    low, high = (
        float(value) for value in re.findall(r'class="range" x1="([\d.]+)%" x2="([\d.]+)%"', picture)[0]
    )
    at = float(re.findall(r'cx="([\d.]+)%"', picture)[0])
    assert low < at < high < 100
    assert at == pytest.approx(100 * 0.3 / most, abs=0.01)
    assert 'class="second"' in plausible(share, most, is_second=True)


def test_bars_are_as_high_as_their_numbers():
    values = [100, 50, 0, 1, 25]
    picture = course(hours(values, values), values, 'Reads "per" hour')
    heights = [float(height) for height in re.findall(r'height="([\d.]+)"/>', picture)]
    assert heights == [104, 52, 1.0, 26]
    xs = [float(x) for x in re.findall(r'<rect x="([\d.]+)%"', picture)]
    # The third has no bar.
    assert [round(x // 20) for x in xs] == [0, 1, 3, 4]
    assert ">100</text>" in picture
    assert 'aria-label="Reads &#34;per&#34; hour"' in picture


@pytest.mark.parametrize("count", [1, 2, 9, 31, 62])
def test_days_have_room_for_their_names(count):
    days = [Reactions(datetime(2026, 3, 1) + timedelta(days=number), 1, 1) for number in range(count)]
    names = re.findall(r">(\d+ \w+)</text>", course(Course("day", days), [1] * count, "x"))
    assert names[0] == "1 Mar"
    assert 1 <= len(names) <= 4


@pytest.mark.parametrize("count", [1, 5, 24, 96])
def test_hours_are_named_by_their_days(count):
    values = [1] * count
    picture = course(hours(values, values), values, "x")
    names = re.findall(r">(\d+ \w+)</text>", picture)
    assert len(names) == len(set(names)) <= 5
    assert BEGAN.day == 1
    assert names
