"""How long a call is repeated: a poll for seconds, an export for most of a minute, both within the budget."""

from __future__ import annotations

from statistics import mean

import pytest

from airflow_provider_mailkit.exceptions import MailkitTransportError
from airflow_provider_mailkit.protocol.retry import RetryPolicy

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
