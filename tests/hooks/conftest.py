"""What all tests of the hook have."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def no_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clients wait between tries; not here."""
    from airflow_provider_mailkit.protocol.retry import RetryPolicy

    monkeypatch.setattr(RetryPolicy, "backoff_s", lambda self, failures, jitter: 0.001)
