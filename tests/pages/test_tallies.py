"""Reports are counted while they arrive, whatever stands in them."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from airflow_provider_mailkit.pages import tallies
from airflow_provider_mailkit.pages.figures import Group
from airflow_provider_mailkit.pages.tallies import Clicked, Reacted, Recipients, clean, place_of
from airflow_provider_mailkit.protocol.records import Batch

PRAGUE = ZoneInfo("Europe/Prague")


def counted(tally: Any, *rows: tuple[Any, ...], batch: int = 2) -> Any:
    """Return a tally of rows that came in batches."""
    records = [SimpleNamespace(**dict(zip(tally.COLUMNS, row, strict=True))) for row in rows]
    for first in range(0, len(records), batch):
        tally.add(Batch(records[first : first + batch]))
    return tally


def test_recipients_are_counted_by_what_happened_to_them():
    tally = counted(
        Recipients(),
        ("sent", "A", 3, 1), ("sent", "A", 0, None), ("sent", "B", 1, 0), ("sent", "", 2, 2),
        ("failed", "B", 0, 0), ("wait", "A", 0, 0), ("wait_ab", None, None, None), ("surprise", "C", 1, 1),
        (None, "", 0, 0),
    )  # fmt: skip
    assert tally.everybody == Group(9, 4, 1, 3, 2)
    assert tally.everybody.others == 4
    assert tally.versions == {"A": Group(3, 2, 0, 1, 1), "B": Group(2, 1, 1, 1, 0)}
    assert (tally.reads, tally.clicks) == (7, 4)


def link_row(number: int, clicks: int | None, version: str | None = "", **more: Any) -> tuple[Any, ...]:
    row = {"ID_URL": number, "URL": f"https://example.com/{number}?u=1", "TITLE": f"Offer {number}",
           "ANCHOR": "", "AB_VERSION": version, "CLICK": clicks, "VISIT": clicks} | more  # fmt: skip
    return tuple(row[column] for column in Clicked.COLUMNS)


def test_links_of_both_versions_are_one():
    links = counted(
        Clicked(), link_row(1, 5, "A"), link_row(2, 7, "B"), link_row(1, 4, "B"), link_row(3, None)
    ).links()
    assert [(link.text, link.clicks, link.visitors, link.version) for link in links.top] == [
        ("Offer 1", 9, 9, "AB"), ("Offer 2", 7, 7, "B"), ("Offer 3", 0, 0, "")
    ]  # fmt: skip
    assert (links.more, links.clicks) == (0, 16)
    assert links.top[0].place == "example.com/1?…"


def test_of_many_links_those_with_the_most_clicks_are_kept(monkeypatch):
    monkeypatch.setattr(tallies, "MOST_LINKS", 3)
    links = counted(Clicked(), *(link_row(number, number % 7) for number in range(20))).links()
    assert [link.text for link in links.top] == ["Offer 6", "Offer 13", "Offer 5"]
    assert (links.more, links.clicks) == (17, sum(number % 7 for number in range(20)))


def test_links_without_an_id_stay_apart():
    rows = (link_row(None, 5, URL="https://example.com/a"), link_row(None, 5, URL="https://example.com/b"))
    assert [link.place for link in counted(Clicked(), *rows).links().top] == [
        "example.com/a",
        "example.com/b",
    ]


@pytest.mark.parametrize(
    ("title", "anchor", "url", "text"),
    [
        ("Offer", "picture.png", "https://example.com/", "Offer"),
        ("", "picture.png", "https://example.com/", "picture.png"),
        (None, None, "https://example.com/", "example.com"),
        ("", "", "", "Without a name"),
    ],
)
def test_a_link_is_called_by_what_it_says(title, anchor, url, text):
    (link,) = counted(Clicked(), link_row(1, 1, TITLE=title, ANCHOR=anchor, URL=url)).links().top
    assert link.text == text


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://example.com/a/b/?email=jan%40example.org#x", "example.com/a/b?…"),
        ("https://jan@example.com/a", "example.com/a"),
        ("https://example.com/jan%40example.org/x", "example.com/[address]/x"),
        ("https://example.com/jan@example.org", "example.com/[address]"),
        ("mailto:jan@example.org", "[address]"),
        ("https://[", ""),
        (None, ""),
    ],
)
def test_a_place_names_nobody(url, place):
    assert place_of(url) == place


def test_texts_are_cleaned_and_short():
    assert clean("  one\n two\tjan@example.org ") == "one two [address]"
    assert clean(None) == ""
    assert len(clean("ž" * 5000)) == 300
    # An address at the place of the cut is not cut in two, of which one half would stay.
    assert "@" not in clean("x" * 290 + " jan.novak@example.org")
    assert "jan" not in clean("x" * 290 + " jan.novak@example.org")


def reacted(*rows: tuple[str | None, int, int]) -> Reacted:
    return counted(Reacted(), *((date, reads, clicks, 1, 2) for date, reads, clicks in rows))


def test_hours_have_no_gaps():
    course = reacted(
        ("2026-03-01T08:00:00+01:00", 5, 0), ("2026-03-01T11:00:00+01:00", 2, 1), (None, 1, 1),
        ("2026-03-01T12:00:00+01:00", 0, 0),
    ).hours(PRAGUE)  # fmt: skip
    assert course.unit == "hour"
    assert [(each.begins.hour, each.reads, each.clicks) for each in course.reactions] == [
        (8, 5, 0), (9, 0, 0), (10, 0, 0), (11, 2, 1)
    ]  # fmt: skip


def test_the_hour_that_comes_twice_is_there_twice():
    course = reacted(
        ("2026-10-25T02:00:00+02:00", 5, 0),
        ("2026-10-25T02:00:00+01:00", 7, 0),
        ("2026-10-25T03:00:00+01:00", 1, 0),
    ).hours(PRAGUE)
    assert [(each.begins.hour, each.reads) for each in course.reactions] == [(2, 5), (2, 7), (3, 1)]


def test_what_was_counted_twice_for_an_hour_is_added():
    course = reacted(("2026-03-01T08:00:00", 5, 1), ("2026-03-01T08:00:00", 2, 1)).hours(None)
    assert [(each.reads, each.clicks) for each in course.reactions] == [(7, 2)]


def test_what_has_no_hours_or_too_many_is_shown_by_days():
    assert reacted(("2026-03-01T00:00:00", 5, 1), ("2026-03-02T00:00:00", 5, 1)).hours(None) is None
    assert reacted().hours(None) is None
    assert reacted(("2026-03-01T08:00:00", 5, 1), ("2026-03-05T07:00:00", 5, 1)).hours(None) is not None
    long = reacted(
        ("2026-03-01T08:00:00", 5, 1), ("2026-03-05T08:00:00", 5, 1), ("2026-03-01T09:00:00", 2, 0)
    )
    assert long.hours(None) is None
    assert [(each.begins, each.reads) for each in long.days().reactions] == [
        (datetime(2026, 3, day), reads) for day, reads in ((1, 7), (2, 0), (3, 0), (4, 0), (5, 5))
    ]
    assert reacted().days().reactions == []


def test_a_day_that_nobody_means_does_not_fill_the_page():
    tally = reacted(("2026-03-01T00:00:00", 5, 1), ("2999-03-01T00:00:00", 5, 1))
    assert len(tally.days().reactions) == tallies.MOST_DAYS
    assert (tally.unsubscribed, tally.complaints, tally.total) == (2, 4, 12)
