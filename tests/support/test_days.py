"""Waiting for days that last, on a clock of the test's."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime

import pytest

from support import days

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC).timestamp()


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, now: float) -> None:
        self.now = now
        monkeypatch.setattr(time, "time", lambda: self.now)
        monkeypatch.setattr(time, "sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize(("left_s", "waits"), [(0.5, True), (5, True), (5.5, False), (3600, False)])
def test_a_near_hour_has_begun(monkeypatch: pytest.MonkeyPatch, left_s: float, waits: bool) -> None:
    clock = Clock(monkeypatch, MIDNIGHT - left_s)
    days.let_the_hour_begin(5)
    assert (MIDNIGHT < clock.now < MIDNIGHT + 1) is waits
    assert waits or clock.now == MIDNIGHT - left_s


@pytest.mark.parametrize(
    ("left_s", "day", "waits"),
    [(239, date(2026, 3, 2), True), (241, date(2026, 3, 1), False), (0, date(2026, 3, 2), False)],
)
def test_a_day_lasts(monkeypatch: pytest.MonkeyPatch, left_s: float, day: date, waits: bool) -> None:
    clock = Clock(monkeypatch, MIDNIGHT - left_s)

    class Now(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.fromtimestamp(clock.now, UTC)

    monkeypatch.setattr(days, "datetime", Now)
    assert days.lasting_day(UTC) == day
    assert (clock.now > MIDNIGHT) is waits
