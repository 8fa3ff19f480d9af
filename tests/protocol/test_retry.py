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
