"""Dates as Arrow reads them for Parquet, without Python wherever it can."""

from __future__ import annotations

import io
import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest
from support.formats import write

from airflow_provider_mailkit.exceptions import MailkitResponseError
from airflow_provider_mailkit.protocol.dates import DateReader, Extremes
from airflow_provider_mailkit.writers import OutputFormat


def date_reader(zone=None):
    ends = Extremes()
    return DateReader(zone, function="f", extremes=ends), ends


def test_parquet_dates_keep_the_zone_and_both_hours_of_the_autumn_night():
    zone = ZoneInfo("Europe/Prague")
    part = {"DATE": ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", None]}
    table = pq.read_table(io.BytesIO(write(OutputFormat("parquet", "zstd"), [part], ("DATE",), zone)))
    assert str(table.schema.field("DATE").type) == "timestamp[us, tz=Europe/Prague]"
    first, second, third = table.column("DATE").to_pylist()
    assert [first.astimezone(UTC).hour, second.astimezone(UTC).hour, third] == [0, 1, None]


# Mailkit's text, what it is without a zone, and the instant that it is in Prague.
DATES = {
    "2026-03-01 08:00:00": (datetime(2026, 3, 1, 8), datetime(2026, 3, 1, 7, tzinfo=UTC)),
    # Does not exist on that clock.
    "2026-03-29 02:30:00": (datetime(2026, 3, 29, 2, 30), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
    # Comes twice: the first.
    "2026-10-25 02:30:00": (datetime(2026, 10, 25, 2, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    "2026-10-25 03:30:00": (datetime(2026, 10, 25, 3, 30), datetime(2026, 10, 25, 2, 30, tzinfo=UTC)),
    # The offset had seconds then, which pyarrow does not read.
    "1880-05-05 12:00:00": (datetime(1880, 5, 5, 12), datetime(1880, 5, 5, 11, 2, 16, tzinfo=UTC)),
    "0000-00-00 00:00:00": (None, None),
    "": (None, None),
    None: (None, None),
}


@pytest.mark.parametrize("zone", [None, ZoneInfo("Europe/Prague")], ids=str)
@pytest.mark.parametrize("email", ["anna@example.com", 'quoted"@example.com'], ids=["plain", "escaped"])
def test_parquet_reads_dates_as_mailkit_writes_them(email, zone):
    part = {"EMAIL": [email] * 16, "DATE": [*DATES, *DATES]}
    data = write(
        OutputFormat("parquet", "zstd"), [part], tuple(part), zone, dates={"DATE": date_reader(zone)[0]}
    )
    table = pq.read_table(io.BytesIO(data))
    assert str(table.schema.field("DATE").type) == f"timestamp[us{', tz=' + str(zone) if zone else ''}]"
    # Python finds a time of an hour that comes twice equal to none of another zone.
    read = [date and date.astimezone(UTC) if zone else date for date in table["DATE"].to_pylist()]
    assert read == [both[zone is not None] for both in DATES.values()] * 2


def test_a_date_that_is_none_fails_a_parquet_file():
    with pytest.raises(MailkitResponseError, match="DATE"):
        write(
            OutputFormat("parquet", "zstd"),
            [{"DATE": ["2026-03-01 08:00:00", "yesterday"]}],
            ("DATE",),
            dates={"DATE": date_reader()[0]},
        )


# In each of them there are nights, or days, in which the clock is changed; see the tests of DateReader.
ZONES = [None, *map(ZoneInfo, ["Europe/Prague", "America/Havana", "Australia/Lord_Howe", "Pacific/Apia"])]


NIGHTS = ["2026-03-29", "2026-10-25", "2026-04-05", "2026-10-04", "2026-03-08", "2026-11-01", "2011-12-30"]


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize("rows", [300, 20_000])
def test_parquet_has_the_dates_that_the_other_formats_have(zone, rows):
    chance = random.Random(rows)
    nights = list(map(datetime.fromisoformat, NIGHTS))
    dates = [str(chance.choice(nights) + timedelta(seconds=chance.randrange(86400))) for _ in range(rows)]
    dates[::7] = [f"{date}.25" for date in dates[::7]]
    dates[3::11] = [None] * len(dates[3::11])
    (reader, ends), (one_by_one, expected_ends) = date_reader(zone), date_reader(zone)
    parts = [{"DATE": dates[i : i + 700]} for i in range(0, rows, 700)]
    data = write(OutputFormat("parquet", "zstd"), parts, ("DATE",), zone, dates={"DATE": reader})
    expected = [
        iso and datetime.fromisoformat(iso).astimezone(UTC) for iso in map(one_by_one.__getitem__, dates)
    ]
    read = pq.read_table(io.BytesIO(data))["DATE"].to_pylist()
    assert [date and date.astimezone(UTC) for date in read] == expected
    assert (ends.first, ends.last) == (expected_ends.first, expected_ends.last)


@pytest.mark.parametrize(
    "dates", [["2026-03-01 09:00:00", "2026-03-01 08:00:00", "2026-03-01 08:00:01"], [""]]
)
def test_the_summary_knows_the_dates_that_parquet_has_read_without_python(dates):
    reader, ends = date_reader()
    write(OutputFormat("parquet", "zstd"), [{"DATE": dates}], ("DATE",), dates={"DATE": reader})
    expected = ("2026-03-01T08:00:00", "2026-03-01T09:00:00") if len(dates) > 1 else (None, None)
    assert (ends.first, ends.last) == expected
    assert len(reader) < len(dates) or dates == [""]
