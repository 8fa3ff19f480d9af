"""The quick way from Mailkit's dates to ISO 8601 gives what the slow and obvious way gives."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from airflow_provider_mailkit.exceptions import MailkitResponseError
from airflow_provider_mailkit.protocol.dates import DateReader

# Summer time that begins at two in the morning, at midnight, by half an hour; a day that was left out.
ZONES = [None, *map(ZoneInfo, ["Europe/Prague", "America/Havana", "Australia/Lord_Howe", "Pacific/Apia"])]
TURNS = [
    *("2026-03-29 02:00:00", "2026-10-25 02:00:00", "2026-04-05 02:00:00", "2026-10-04 02:00:00"),
    *("2026-03-08 00:00:00", "2026-11-01 00:00:00", "2011-12-30 12:00:00", "2026-07-01 00:00:00"),
]


@st.composite
def texts(draw: st.DrawFn) -> str:
    turn = datetime.fromisoformat(draw(st.sampled_from(TURNS)))
    date = turn + timedelta(seconds=draw(st.integers(-4 * 3600, 4 * 3600)))
    return draw(st.sampled_from([str(date), date.isoformat(), f" {date} ", str(date.date()), f"{date}.25"]))


def obvious(text: str, zone: ZoneInfo | None) -> datetime:
    date = datetime.fromisoformat(text.strip())
    return date.replace(tzinfo=zone).astimezone(UTC).astimezone(zone) if zone else date


@pytest.mark.parametrize("zone", ZONES, ids=str)
@given(several=st.lists(texts(), min_size=1, max_size=20))
def test_equal_to_reading_every_date_by_itself(zone: ZoneInfo | None, several: list[str]) -> None:
    dates = DateReader(zone)
    expected = [obvious(text, zone) for text in several]
    assert [dates[text] for text in several] == [date.isoformat() for date in expected]
    instants = [date.astimezone(UTC) if zone else date for date in expected]
    assert dates.first == expected[instants.index(min(instants))].isoformat()
    assert dates.last == expected[instants.index(max(instants))].isoformat()


def read_in_batches(dates: DateReader, batches: list[list[str | None]]) -> list[str | None]:
    read = []
    for batch in batches:
        records = [SimpleNamespace(DATE=text) for text in batch]
        dates.read_all(records)
        read += [record.DATE for record in records]
    return read


@pytest.mark.parametrize("zone", ZONES, ids=str)
@given(
    batches=st.lists(st.lists(texts() | st.sampled_from([None, "", "0000-00-00"]), max_size=4), max_size=12)
)
def test_batches_of_scattered_dates_are_read_as_single_ones(
    zone: ZoneInfo | None, batches: list[list[str | None]]
) -> None:
    together, singly = DateReader(zone), DateReader(zone)
    # Hardly a batch has a date that was there before, so most of them are read without looking for it.
    assert read_in_batches(together, batches) == [singly[text] for batch in batches for text in batch]
    assert (together.first, together.last) == (singly.first, singly.last)


def test_scattered_dates_are_not_kept_but_dates_that_come_again_are() -> None:
    chance = random.Random(3)
    begin = datetime(2026, 3, 1)
    scattered = [
        [str(begin + timedelta(seconds=chance.randrange(10**5))) for _ in range(700)] for _ in range(32)
    ]
    dates = DateReader()
    read_in_batches(dates, scattered)
    assert len(dates) <= 4 * 700
    expected = [text.replace(" ", "T") for batch in scattered for text in batch]
    assert (dates.first, dates.last) == (min(expected), max(expected))
    again = [str(begin + timedelta(seconds=second)) for second in range(100)]
    read_in_batches(dates, [again * 7] * 9)
    assert set(again) <= dates.keys()


def test_a_text_that_is_no_date_is_in_no_error_that_a_batch_raises() -> None:
    dates = DateReader()
    read_in_batches(dates, [[f"2026-03-{day:02} 08:00:00" for day in range(1, 29)]])
    # The batch before had new dates only, so this one is read without looking for dates that are kept.
    with pytest.raises(MailkitResponseError) as raised:
        read_in_batches(dates, [["anna@example.com"]])
    assert raised.value.__context__ is None
    assert "anna" not in str(raised.value)


def test_an_hour_in_whose_first_half_there_is_no_time() -> None:
    dates = DateReader(ZoneInfo("Australia/Lord_Howe"))
    texts = ["2026-10-04 02:00:00", "2026-10-04 02:00:01", "2026-10-04 02:30:00"]
    assert [dates[text] for text in texts] == [
        "2026-10-04T02:30:00+11:00",
        "2026-10-04T02:30:01+11:00",
        "2026-10-04T02:30:00+11:00",
    ]


@pytest.mark.parametrize("text", [" ", "\t\n", "", None, "0000-00-00", " 0000-00-00 00:00:00 "])
def test_a_date_of_white_space_is_absent(text: str | None) -> None:
    for absent in (None, ""):
        dates = DateReader(absent=absent)
        assert [dates[text], dates.first, dates.last] == [absent, None, None]
        assert read_in_batches(dates, [[text, "2026-03-01 08:00:00"]]) == [absent, "2026-03-01T08:00:00"]


@pytest.mark.parametrize(
    "text",
    [
        *("2026-W10", "2026-W10-1", "2026-060", "2026-03-01x08:00:00", "2026-03-01 08", "2026-03-01T080000"),
        *(
            "2026-0301",
            "20260301 08:00:00Z",
            "2026-03-01 24:00:00",
            "\uff12026-03-01",
            "2026-03-01 08:00:00,5",
        ),
        *("2026-03-01 08:00:00+01:00", "2026-03-01 08:00:00.1234567", "2026-03", "2026-3-1"),
    ],
)
def test_other_dates_of_iso_8601_are_not_dates_of_mailkit(text: str) -> None:
    with pytest.raises(MailkitResponseError, match="YYYY-MM-DD"):
        DateReader()[text]


def test_an_hour_in_whose_second_half_there_is_no_time() -> None:
    # At half past eleven the clock was put forward to midnight.
    dates = DateReader(ZoneInfo("Asia/Pyongyang"))
    texts = ["2018-05-04 23:00:00", "2018-05-04 23:45:00", "2018-05-04 23:29:59"]
    expected = ["2018-05-04T23:00:00+08:30", "2018-05-05T00:15:00+09:00", "2018-05-04T23:29:59+08:30"]
    assert [dates[text] for text in texts] == expected
    assert dates.hour("2018-05-04 23") is None


@pytest.mark.parametrize(
    "text", ["2026-03-01 08:00:60", "2026-03-01 24:00:01", "2026-03-01 08:00:00+01:00", "x"]
)
def test_no_date_in_an_hour_that_is_known_either(text: str) -> None:
    dates = DateReader()
    for _ in range(2):
        with pytest.raises(MailkitResponseError, match="YYYY-MM-DD"):
            dates[text]
        assert dates["2026-03-01 08:00:00"] == "2026-03-01T08:00:00"


def test_more_dates_than_are_kept() -> None:
    begin = datetime(2026, 3, 1)
    several = [begin + timedelta(hours=5 * number, seconds=number) for number in range(20_000)]
    dates = DateReader()
    assert [dates[str(date)] for date in several] == [date.isoformat() for date in several]
    assert len(dates) < 10_000
    assert (dates.first, dates.last) == (several[0].isoformat(), several[-1].isoformat())
