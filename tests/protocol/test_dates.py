"""The quick way from Mailkit's dates to ISO 8601 gives what the slow and obvious way gives."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st
from support.reports import PROTOCOLS, Protocol, decode, encode, recipient

from airflow_provider_mailkit.exceptions import MailkitResponseError
from airflow_provider_mailkit.protocol.dates import DateReader, DayReader, Extremes

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


def reader(zone: ZoneInfo | None = None, absent: str | None = None) -> tuple[DateReader, Extremes]:
    extremes = Extremes()
    return DateReader(zone, absent, function="f", extremes=extremes), extremes


def obvious(text: str, zone: ZoneInfo | None) -> datetime:
    date = datetime.fromisoformat(text.strip())
    return date.replace(tzinfo=zone).astimezone(UTC).astimezone(zone) if zone else date


@pytest.mark.parametrize("zone", ZONES, ids=str)
@given(several=st.lists(texts(), min_size=1, max_size=20))
def test_equal_to_reading_every_date_by_itself(zone: ZoneInfo | None, several: list[str]) -> None:
    dates, ends = reader(zone)
    expected = [obvious(text, zone) for text in several]
    assert [dates[text] for text in several] == [date.isoformat() for date in expected]
    instants = [date.astimezone(UTC) if zone else date for date in expected]
    assert ends.first == expected[instants.index(min(instants))].isoformat()
    assert ends.last == expected[instants.index(max(instants))].isoformat()


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
    (together, ends), (one_by_one, expected) = reader(zone), reader(zone)
    # Hardly a batch has a date that was there before, so most of them are read without looking for it.
    assert read_in_batches(together, batches) == [one_by_one[text] for batch in batches for text in batch]
    assert (ends.first, ends.last) == (expected.first, expected.last)


def test_scattered_dates_are_not_kept_but_dates_that_come_again_are() -> None:
    chance = random.Random(3)
    begin = datetime(2026, 3, 1)
    scattered = [
        [str(begin + timedelta(seconds=chance.randrange(10**5))) for _ in range(700)] for _ in range(32)
    ]
    dates, ends = reader()
    read_in_batches(dates, scattered)
    assert len(dates) <= 4 * 700
    expected = [text.replace(" ", "T") for batch in scattered for text in batch]
    assert (ends.first, ends.last) == (min(expected), max(expected))
    again = [str(begin + timedelta(seconds=second)) for second in range(100)]
    read_in_batches(dates, [again * 7] * 64)
    assert set(again) <= dates.keys()


def test_a_text_that_is_no_date_is_in_no_error_that_a_batch_raises() -> None:
    dates, _ = reader()
    read_in_batches(dates, [[f"2026-03-{day:02} 08:00:00" for day in range(1, 29)]])
    # The batch before had new dates only, so this one is read without looking for dates that are kept.
    with pytest.raises(MailkitResponseError) as raised:
        read_in_batches(dates, [["anna@example.com"]])
    assert raised.value.__context__ is None
    assert "anna" not in str(raised.value)


def test_an_hour_in_whose_first_half_there_is_no_time() -> None:
    dates, _ = reader(ZoneInfo("Australia/Lord_Howe"))
    texts = ["2026-10-04 02:00:00", "2026-10-04 02:00:01", "2026-10-04 02:30:00"]
    assert [dates[text] for text in texts] == [
        "2026-10-04T02:30:00+11:00",
        "2026-10-04T02:30:01+11:00",
        "2026-10-04T02:30:00+11:00",
    ]


@pytest.mark.parametrize("text", [" ", "\t\n", "", None, "0000-00-00", " 0000-00-00 00:00:00 "])
def test_a_date_of_white_space_is_absent(text: str | None) -> None:
    for absent in (None, ""):
        dates, ends = reader(absent=absent)
        assert [dates[text], ends.first, ends.last] == [absent, None, None]
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
        reader()[0][text]


def test_an_hour_in_whose_second_half_there_is_no_time() -> None:
    # At half past eleven the clock was put forward to midnight.
    dates, _ = reader(ZoneInfo("Asia/Pyongyang"))
    texts = ["2018-05-04 23:00:00", "2018-05-04 23:45:00", "2018-05-04 23:29:59"]
    expected = ["2018-05-04T23:00:00+08:30", "2018-05-05T00:15:00+09:00", "2018-05-04T23:29:59+08:30"]
    assert [dates[text] for text in texts] == expected
    assert dates.hour("2018-05-04 23") is None


@pytest.mark.parametrize(
    "text", ["2026-03-01 08:00:60", "2026-03-01 24:00:01", "2026-03-01 08:00:00+01:00", "x"]
)
def test_no_date_in_an_hour_that_is_known_either(text: str) -> None:
    dates, _ = reader()
    for _ in range(2):
        with pytest.raises(MailkitResponseError, match="YYYY-MM-DD"):
            dates[text]
        assert dates["2026-03-01 08:00:00"] == "2026-03-01T08:00:00"


def test_more_dates_than_are_kept() -> None:
    begin = datetime(2026, 3, 1)
    several = [begin + timedelta(hours=5 * number, seconds=number) for number in range(20_000)]
    dates, ends = reader()
    assert [dates[str(date)] for date in several] == [date.isoformat() for date in several]
    assert len(dates) < 10_000
    assert (ends.first, ends.last) == (several[0].isoformat(), several[-1].isoformat())


def test_dates_of_two_columns_are_read_and_measured_apart() -> None:
    sent, changed = Extremes(), Extremes()
    readers = [
        DateReader(function="f", column=name, extremes=ends)
        for name, ends in (("DATE", sent), ("CHANGE_DATE", changed))
    ]
    records = [
        SimpleNamespace(DATE=f"2026-03-0{n} 08:00:00", CHANGE_DATE=f"2026-04-0{n}") for n in range(1, 4)
    ]
    for dates in readers:
        dates.read_all(records)
    assert [record.DATE for record in records] == [f"2026-03-0{n}T08:00:00" for n in range(1, 4)]
    assert (sent.first, sent.last) == ("2026-03-01T08:00:00", "2026-03-03T08:00:00")
    assert (changed.first, changed.last) == ("2026-04-01T00:00:00", "2026-04-03T00:00:00")
    with pytest.raises(MailkitResponseError, match="f: CHANGE_DATE of a record is not of the form"):
        readers[1].read_all([SimpleNamespace(CHANGE_DATE="soon")])


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-03-01", "2026-03-01"), ("20260301", "2026-03-01"), ("2026-03-01 23:59:59", "2026-03-01"),
        (" 2026-03-01 ", "2026-03-01"), ("20260301T08:00:00", "2026-03-01"), ("0000-00-00", None),
        ("0000-00-00 00:00:00", None), ("", None), (" ", None), (None, None),
    ],
)  # fmt: skip
def test_a_day_has_no_time(text: str | None, day: str | None) -> None:
    ends = Extremes()
    days = DayReader(function="f", column="DATE2", extremes=ends)
    records = [SimpleNamespace(DATE2=text), SimpleNamespace(DATE2="2026-02-28"), SimpleNamespace(DATE2=text)]
    days.read_all(records)
    assert [record.DATE2 for record in records] == [day, "2026-02-28", day]
    assert (ends.first, ends.last) == ("2026-02-28", day or "2026-02-28")


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "2026-W10-1", "2026-3-1", "01.03.2026", "5"])
def test_what_is_not_a_day_fails_without_being_shown(text: str) -> None:
    days = DayReader(function="f", column="DATE2")
    with pytest.raises(
        MailkitResponseError, match="DATE2 of a record is not of the form YYYY-MM-DD"
    ) as raised:
        days.read_all([SimpleNamespace(DATE2=text)])
    assert text not in str(raised.value)
    assert raised.value.__context__ is None


def test_more_days_than_are_kept() -> None:
    begin = datetime(2000, 1, 1)
    days = DayReader(function="f", column="DATE2")
    for number in range(9000):
        day = (begin + timedelta(days=number)).date().isoformat()
        assert days[day] == day
    assert len(days) < 5000


PRAGUE = ZoneInfo("Europe/Prague")


def dates(protocol: Protocol, texts: list[str | None], zone: Any = None) -> list[str | None]:
    outcome = decode(
        protocol, encode(protocol, [recipient(n, DATE=text) for n, text in enumerate(texts)]), zone=zone
    )
    assert outcome.error is None, outcome.error
    return [row["DATE"] for row in outcome.rows]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_dates_without_a_zone_stay_without_offset(protocol: Protocol) -> None:
    texts = ["2026-03-29 02:30:00", "2026-10-25 02:30:00", "2026-03-01", None, "0000-00-00 00:00:00"]
    assert dates(protocol, texts) == [
        "2026-03-29T02:30:00",
        "2026-10-25T02:30:00",
        "2026-03-01T00:00:00",
        None,
        None,
    ]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_dates_with_a_zone_have_its_offset(protocol: Protocol) -> None:
    assert dates(
        protocol,
        [
            "2026-01-15 12:00:00",
            "2026-07-15 12:00:00",
            "2026-03-29 01:59:59",
            "2026-03-29 02:30:00",  # skipped: read with the offset before, so it lands after the gap
            "2026-03-29 03:00:00",
            "2026-10-25 01:59:59",
            "2026-10-25 02:30:00",  # comes twice: the first of the two
            "2026-10-25 03:00:00",
            "0000-00-00 00:00:00",
            "",
        ],
        PRAGUE,
    ) == [
        "2026-01-15T12:00:00+01:00",
        "2026-07-15T12:00:00+02:00",
        "2026-03-29T01:59:59+01:00",
        "2026-03-29T03:30:00+02:00",
        "2026-03-29T03:00:00+02:00",
        "2026-10-25T01:59:59+02:00",
        "2026-10-25T02:30:00+02:00",
        "2026-10-25T03:00:00+01:00",
        None,
        None,
    ]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("zone", "text"), [("Europe/Prague", "0001-01-01 00:00:00"), ("America/New_York", "9999-12-31 23:59:59")]
)
def test_dates_beyond_the_calendar_are_a_response_error(protocol: Protocol, zone: str, text: str) -> None:
    body = encode(protocol, [recipient(1), recipient(2, DATE=text)])
    outcome = decode(protocol, body, zone=ZoneInfo(zone))
    assert (outcome.kind, len(outcome.rows)) == (MailkitResponseError, 1)
    assert decode(protocol, body).error is None
