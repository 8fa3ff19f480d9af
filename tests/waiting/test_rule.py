"""When a delivery is done, and what a wait says of it."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.waiting.rule import WaitRule, result_of


@pytest.mark.parametrize(
    ("counts", "settings_", "done"),
    [
        ({}, {}, False),
        ({}, {"allow_empty": True}, True),
        ({"sent": 3}, {}, True),
        ({"sent": 3, "failed": 2}, {}, True),
        ({"sent": 3, "wait": 1}, {}, False),
        ({"wait_ab": 1}, {"allow_empty": True}, False),
        ({"paused": 1}, {"waiting_statuses": ("paused",)}, False),
        ({"paused": 1}, {"final_statuses": ("sent", "paused")}, True),
        ({"wait": 1}, {"waiting_statuses": ("wait_ab",), "final_statuses": ("sent", "wait")}, True),
    ],
)
def test_when_a_delivery_is_done(counts: dict[str, int], settings_: dict[str, Any], done: bool) -> None:
    assert WaitRule(**settings_).is_done(Counter(counts)) is done


@pytest.mark.parametrize("status", ["paused", "", "Sent", "person@example.com"])
def test_an_unknown_status_is_an_error_that_names_the_arguments(status: str) -> None:
    with pytest.raises(MailkitError, match=r"waiting_statuses.*final_statuses") as caught:
        WaitRule().is_done(Counter({"sent": 5, "wait": 1, status: 2}))
    assert not caught.value.retryable
    assert "person" not in str(caught.value)
    if status == "paused":
        assert "'paused'" in str(caught.value)


def test_the_line_of_a_poll() -> None:
    line = WaitRule().describe(5001, Counter({"sent": 5, "wait": 2, "wait_ab": 1, "": 1}), 61.4)
    assert line == (
        "Delivery 5001: 3 of 9 recipients waiting (33.3 %); "
        "(none) 1, sent 5, wait 2, wait_ab 1; 61 s elapsed."
    )
    assert "the report is empty" in WaitRule().describe(5001, Counter(), 0)
    # A clock that was set back, or a beginning that is only looked up after the poll.
    assert "; 0 s elapsed." in WaitRule().describe(5001, Counter(), -0.2)
    assert "read no further" in WaitRule(stop_at_first_waiting=True).describe(5001, Counter({"wait": 1}), 0)


def test_the_result_of_a_wait() -> None:
    result = result_of(5001, Counter({"sent": 5, "failed": 2}))
    assert result == {"id_send": 5001, "total": 7, "status_counts": {"failed": 2, "sent": 5}}
    assert json.loads(json.dumps(result)) == result
