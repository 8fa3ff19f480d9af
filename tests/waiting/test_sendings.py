"""What counts as sent: times on clocks that may be several."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest

from airflow_provider_mailkit.exceptions import MailkitResponseError
from airflow_provider_mailkit.waiting.sendings import (
    Once,
    Sending,
    clock_of,
    read_history,
    read_schedules,
)

PRAGUE = ZoneInfo("Europe/Prague")
NEW_YORK = ZoneInfo("America/New_York")
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        # Ahead of UTC: UTC's clock shows less. West of it: the zone's own.
        (PRAGUE, datetime(2026, 3, 1, 12, 0)),
        (NEW_YORK, datetime(2026, 3, 1, 7, 0)),
        (timezone(timedelta(hours=-12)), datetime(2026, 3, 1, 0, 0)),
        (None, datetime(2026, 3, 1, 0, 0)),
    ],
)
def test_the_earliest_time_that_a_clock_can_show(zone: tzinfo | None, expected: datetime) -> None:
    since = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    assert clock_of(since, since, zone) == expected - MINUTE
    assert clock_of(since.astimezone(PRAGUE), since, zone) == expected - MINUTE


def test_clocks_that_were_set_back_since() -> None:
    # In New York clocks are set back at 06:00 UTC on the first of November.
    since = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    later = datetime(2026, 11, 1, 6, 10, tzinfo=UTC)
    made = later.astimezone(NEW_YORK).replace(tzinfo=None)
    assert made == datetime(2026, 11, 1, 1, 10)
    assert clock_of(since, later, NEW_YORK) <= made
    assert clock_of(since, since, NEW_YORK) == datetime(2026, 11, 1, 1, 29)
    # Set forward, they show no earlier times.
    spring = datetime(2026, 3, 8, 6, 30, tzinfo=UTC)
    assert clock_of(spring, spring + timedelta(hours=1), NEW_YORK) == datetime(2026, 3, 8, 1, 29)


def test_what_counts() -> None:
    noon = datetime(2026, 3, 1, 12, 0)
    old, new = Sending(1, None, noon - MINUTE), Sending(2, None, noon)
    newer = Sending(3, None, noon + MINUTE)
    queued = Sending(None, 4, noon, noon + timedelta(days=3))
    assert Once(noon).first([old]) is None
    # The oldest of those that count; a delivery before a schedule.
    assert Once(noon).first([newer, queued, new, old]) is new
    assert Once(noon).first([old, queued]) is queued
    late = noon + timedelta(hours=5)
    assert Once(late).first([old, new, newer, queued]) is None
    assert Once(late, due=noon + timedelta(days=3)).first([old, queued]) is queued
    assert Once(late, due=noon).first([old, new, queued]) is None
    assert Once(late, day=date(2026, 3, 4)).first([old, queued]) is queued
    assert Once(late, day=date(2026, 3, 1)).first([queued, new, old]) is old


def test_answers_in_any_letter_case_and_with_numbers_as_texts() -> None:
    assert read_history("f", [{"id_send": "7", "Date": "2026-03-01 08:00:00"}]) == [
        Sending(7, None, datetime(2026, 3, 1, 8))
    ]
    rows = [{"ID_SEND_MESSAGE_QUEUE": 5, "DATE": "2026-03-01 08:00:00", "DATE_SEND": "2026-03-02 09:30:00"}]
    read = read_schedules("f", {"error_status": 0, "data": rows})
    assert read == [Sending(None, 5, datetime(2026, 3, 1, 8), datetime(2026, 3, 2, 9, 30))]
    for empty in ("", {}, None, []):
        assert read_history("f", empty) == []
        assert read_schedules("f", {"data": empty}) == []


@pytest.mark.parametrize("answer", ["zqx", 5, [5], [{}], [{"ID_SEND": True, "DATE": "2026-03-01"}]])
def test_what_cannot_be_read_is_an_error_without_its_words(answer: object) -> None:
    with pytest.raises(MailkitResponseError, match=r"^f: ") as caught:
        read_history("f", answer)
    assert "zqx" not in str(caught.value)
