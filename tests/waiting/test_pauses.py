"""The pauses after failures, the time of a poll, and a tally that does not grow for ever."""

from __future__ import annotations

import math
from itertools import pairwise
from types import SimpleNamespace

import pytest

from airflow_provider_mailkit.exceptions import MailkitError, MailkitTransportError
from airflow_provider_mailkit.waiting.pauses import (
    MAX_FAILURES,
    failure_pause_s,
    is_over,
    poll_interval_s,
    poll_limit_s,
)
from airflow_provider_mailkit.waiting.rule import WaitRule
from airflow_provider_mailkit.waiting.tally import StatusTally

AWAY = MailkitTransportError("away")


@pytest.mark.parametrize("interval", [0.01, 20, 60, 299, 300, 301, 900, 3600, 86400])
def test_each_pause_after_a_failure_is_longer_than_the_one_before(interval):
    pauses = [failure_pause_s(interval, failures, AWAY) for failures in range(1, MAX_FAILURES + 1)]
    assert pauses[0] == interval
    assert all(later > earlier for earlier, later in pairwise(pauses))


@pytest.mark.parametrize("interval", [300, 600, 1800, 7200])
def test_an_hour_of_failures_does_not_end_a_wait_that_polls_every_five_minutes_or_less_often(interval):
    shortest = sum(failure_pause_s(interval, n, AWAY, jitter=0) for n in range(1, MAX_FAILURES + 1))
    assert shortest > 3600


@pytest.mark.parametrize("interval", [1, 60, 300, 3000])
@pytest.mark.parametrize("asked", [1, 301, 900, 3599, 3600])
def test_a_retry_after_of_up_to_an_hour_is_never_cut(interval, asked):
    error = MailkitTransportError("busy", retry_after_s=asked)
    assert all(failure_pause_s(interval, failures, error) >= asked for failures in range(1, MAX_FAILURES + 1))


@pytest.mark.parametrize("asked", [3601, 86400, 1e300, math.inf])
def test_a_longer_one_is(asked):
    assert failure_pause_s(60, 1, MailkitTransportError("busy", retry_after_s=asked)) == 3600
    rare = failure_pause_s(7200, 1, MailkitTransportError("busy", retry_after_s=asked))
    assert rare == max(7200, min(asked, 16 * 7200))


def test_other_errors_ask_for_nothing():
    assert failure_pause_s(60, 2, MailkitError("not found", retryable=True)) == 120


@pytest.mark.parametrize(
    ("left", "interval", "limit"),
    [(600, 60, 600), (3, 60, 5), (0, 60, 5), (-9, 60, 5), (0, 0.5, 0.5), (0, 0, 0), (math.inf, 60, math.inf)],
)
def test_a_poll_may_take_what_is_left_or_a_little(left, interval, limit):
    assert poll_limit_s(left, interval) == limit


def test_a_wait_is_over_when_nothing_is_left_that_a_clock_could_tell():
    assert [is_over(left) for left in (-1, 0, 0.04, 0.06, 1, math.inf)] == [True] * 3 + [False] * 3


def batch(*statuses):
    return SimpleNamespace(records=[SimpleNamespace(STATUS=status) for status in statuses])


def test_memory_does_not_grow_with_the_number_of_statuses():
    tally = StatusTally()
    for number in range(2000):
        tally.add(batch(f"status {number}", "status 0", f"{number}@" + "x" * 1000))
    assert len(tally.counts) <= 1001
    assert tally.counts["status 0"] == 2001
    assert tally.counts.total() == 6000
    with pytest.raises(MailkitError, match="in neither waiting_statuses nor final_statuses") as caught:
        WaitRule().is_done(tally.counts)
    assert "@" not in str(caught.value)


def test_poll_intervals() -> None:
    for jitter, seconds in ((0, 54), (0.5, 60), (1, 66)):
        plain = [poll_interval_s(60, n, exponential=False, max_wait_s=10, jitter=jitter) for n in (2, 3, 99)]
        assert plain == pytest.approx([seconds] * 3)
    for jitter, seconds in ((0, 6), (0.5, 33), (1, 60)):
        first = poll_interval_s(60, 1, exponential=False, max_wait_s=None, jitter=jitter)
        assert first == pytest.approx(seconds)
    low, high = (
        [
            poll_interval_s(60, polls, exponential=True, max_wait_s=None, jitter=jitter)
            for polls in (1, 2, 3, 4)
        ]
        for jitter in (0, 1)
    )
    assert low == [30, 60, 120, 240]
    assert high == [60, 120, 240, 480]
    assert poll_interval_s(60, 10**9, exponential=True, max_wait_s=600, jitter=1) == 600
    assert poll_interval_s(0.001, 1, exponential=True, max_wait_s=None, jitter=0) == 1
