"""How long a call is repeated: a poll for seconds, an export for most of a minute, both within the budget."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from statistics import mean

import pytest
from hypothesis import given, settings, strategies as st

from airflow_provider_mailkit.exceptions import MailkitResponseError, MailkitTransportError
from airflow_provider_mailkit.protocol.retry import RetryPolicy, parse_retry_after

FAILURE = MailkitTransportError("x")


def patience_s(policy: RetryPolicy, jitter: float) -> tuple[int, float]:
    """Return the number of tries and the seconds between the first and the last one."""
    tries, waited_s = 1, 0.0
    while (delay_s := policy.delay_s(FAILURE, tries, waited_s, jitter)) is not None:
        waited_s += delay_s
        tries += 1
    return tries, waited_s


@pytest.mark.parametrize(
    ("policy", "seconds"),
    [(RetryPolicy(), (7.5, 15)), (RetryPolicy().for_exports(), (25.5, 51))],
    ids=["call", "export"],
)
def test_five_tries_take(policy: RetryPolicy, seconds: tuple[float, float]) -> None:
    assert [patience_s(policy, jitter) for jitter in (0.0, 1.0)] == [(5, seconds[0]), (5, seconds[1])]
    assert patience_s(policy, 0.5)[1] == pytest.approx(mean(seconds))


def test_an_export_begins_again_as_fast_and_keeps_the_bounds() -> None:
    policy = RetryPolicy(max_attempts=1000, max_delay_s=20, budget_s=100)
    patient = policy.for_exports()
    assert [patient.backoff_s(failures, 1.0) for failures in range(1, 6)] == [1, 4, 16, 20, 20]
    assert patient.backoff_s(100_000, 1.0) == 20
    assert patience_s(patient, 1.0) == (7, 81)
    assert patient.max_attempts == policy.max_attempts


@pytest.mark.parametrize("cap", [1.0, 60.0, 90.5])
def test_a_retry_after_at_the_cap_is_followed_and_one_above_it_is_not(cap: float) -> None:
    policy = RetryPolicy(first_delay_s=0.5, max_retry_after_s=cap)

    def delay(asked_s: float) -> float | None:
        return policy.delay_s(MailkitTransportError("busy", retry_after_s=asked_s), 1, 0.0, 1.0)

    assert delay(cap) == cap
    assert delay(cap + 0.001) is None


def test_delays_may_use_the_budget_up_and_not_exceed_it() -> None:
    policy = RetryPolicy(first_delay_s=2.0, budget_s=10.0)
    error = MailkitTransportError("cut")
    assert policy.delay_s(error, 1, 8.0, 1.0) == 2.0
    assert policy.delay_s(error, 1, 8.001, 1.0) is None


def test_the_last_try_is_the_one_that_was_allowed() -> None:
    policy = RetryPolicy(max_attempts=3)
    error = MailkitTransportError("cut")
    assert policy.delay_s(error, 2, 0.0, 1.0) is not None
    assert policy.delay_s(error, 3, 0.0, 1.0) is None


NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("17", 17.0),
        (" 17 ", 17.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("-3", 0.0),
        ("nan", None),
        ("", None),
        ("soon", None),
        ("Sun, 01 Mar 2026 08:01:30 GMT", 90.0),
        ("Sun, 01 Mar 2026 09:01:30 +0100", 90.0),
        ("Sunday, 01-Mar-26 08:01:30 GMT", 90.0),
        ("Sun Mar  1 08:01:30 2026", 90.0),
        ("Sun, 01 Mar 2026 07:00:00 GMT", 0.0),
        ("Sun, 41 Mar 2026 08:01:30 GMT", None),
        ("2026-03-01", None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, NOW) == seconds


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(st.text(max_size=40) | st.text("0123456789:,-+ GMTSunJa", max_size=40))
def test_any_retry_after_is_a_number_or_nothing(value: str) -> None:
    seconds = parse_retry_after(value, NOW)
    assert seconds is None or seconds >= 0


TRANSIENT = MailkitTransportError("x")


def test_delays_double_up_to_a_bound() -> None:
    policy = RetryPolicy(max_attempts=100, first_delay_s=1, max_delay_s=30, budget_s=math.inf)
    assert [policy.delay_s(TRANSIENT, attempt, 0, 1.0) for attempt in range(1, 8)] == [1, 2, 4, 8, 16, 30, 30]
    assert [policy.delay_s(TRANSIENT, attempt, 0, 0.0) for attempt in range(1, 4)] == [0.5, 1, 2]
    assert policy.backoff_s(100_000, 1.0) == 30


def test_when_there_is_no_further_try() -> None:
    policy = RetryPolicy(max_attempts=3, first_delay_s=10, max_retry_after_s=60, budget_s=50)
    asked = lambda seconds: MailkitTransportError("x", retry_after_s=seconds)  # noqa: E731
    assert policy.delay_s(TRANSIENT, 2, 0, 1) == 20
    assert policy.delay_s(TRANSIENT, 3, 0, 1) is None
    assert policy.delay_s(TRANSIENT, 2, 30, 1) == 20
    assert policy.delay_s(TRANSIENT, 2, 31, 1) is None
    assert policy.delay_s(asked(45), 1, 0, 1) == 45
    assert policy.delay_s(asked(3), 1, 0, 1) == 10
    assert policy.delay_s(asked(51), 1, 0, 1) is None
    assert policy.delay_s(asked(61), 1, 0, 1) is None
    assert policy.delay_s(MailkitResponseError("x"), 1, 0, 1) is None
    assert policy.delay_s(MailkitTransportError("x", retryable=False), 1, 0, 1) is None
