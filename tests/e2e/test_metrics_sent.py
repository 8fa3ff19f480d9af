"""What StatsD is told by the processes of a running Airflow: workers and triggerer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from e2e import lab
from support.statsd import numbers

if TYPE_CHECKING:
    from e2e.runs import Runs

pytestmark = pytest.mark.e2e


def test_tasks_tell_their_exports(runs: Runs) -> None:
    summary = runs.xcom("e2e_lineage", "to_s3")
    assert lab.RECIPIENTS in numbers(runs.metrics, "mailkit.export.rows", "c")
    assert summary["bytes"] in numbers(runs.metrics, "mailkit.export.bytes", "c")
    durations_s = {value / 1000 for value in numbers(runs.metrics, "mailkit.export.duration", "ms")}
    assert any(abs(summary["seconds"] - seconds) < 0.002 for seconds in durations_s)


def test_polls_tell_bytes_and_time(runs: Runs) -> None:
    polled = numbers(runs.metrics, "mailkit.poll.bytes", "c")
    assert sum(size > 10_000 for size in polled) > 10
    assert len(numbers(runs.metrics, "mailkit.poll.duration", "ms")) >= len(polled)


def test_the_triggerer_tells_the_failures_that_it_tolerates(runs: Runs) -> None:
    """Three waits of the failures tolerate five each; elsewhere, a call to these hosts is made once."""
    assert sum(numbers(runs.metrics, "mailkit.retries", "c")) >= 15
