"""The line in the log that tells that an export goes on."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_mailkit.export import progress
from airflow_provider_mailkit.export.progress import Progress


class Clock:
    """Stands still unless it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Clock:
    moved = Clock()
    monkeypatch.setattr(progress, "time", moved)
    caplog.set_level(logging.INFO)
    return moved


def decoder(received: int = 0) -> Any:
    return SimpleNamespace(received_bytes=received)


def test_a_line_at_most_every_ten_seconds(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    shown = Progress("mailkit.report of delivery 5001")
    reading = shown.watch(decoder())
    for _ in range(100):
        clock.now += 0.5
        reading.received_bytes += 1_000_000
        shown.add(70)
    assert [record.getMessage() for record in caplog.records] == [
        f"mailkit.report of delivery 5001: {1400 * n} rows, {20 * n}.0 MB received, 2.0 MB/s."
        for n in range(1, 6)
    ]


def test_a_quick_export_says_nothing(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    shown = Progress("x")
    for _ in range(50):
        clock.now += 0.19
        shown.add(1)
    assert not caplog.records


def test_the_calls_of_an_export_are_added_up(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    shown = Progress("x")
    for received in (3_000_000, 4_000_000):
        reading = shown.watch(decoder())
        reading.received_bytes = received
        shown.add(5)
    clock.now += 10
    assert shown.watch(last := decoder(3_000_000)) is last
    shown.add(1)
    assert [record.getMessage() for record in caplog.records] == ["x: 11 rows, 10.0 MB received, 1.0 MB/s."]


def test_rows_before_any_answer(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    shown = Progress("x")
    clock.now += 20
    shown.add(2)
    assert "2 rows, 0.0 MB received" in caplog.text
