"""Something of a test's own to export from, which may change: a sandbox, or a log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import pytest
from support.raw_log import RawLog

from airflow_provider_mailkit.export import identity
from airflow_provider_mailkit.sandbox import Sandbox


@pytest.fixture(params=["json", "xmlrpc"])
def changing(request: pytest.FixtureRequest, mailkit_connection: Callable[..., str]) -> Iterator[Sandbox]:
    """Connect to a new sandbox, in each protocol."""
    with Sandbox(recipients=37, seconds=0, last_day=date(2026, 3, 5)) as running:
        mailkit_connection(running.base_url, request.param, max_attempts=2, hash_secret="a secret key")
        yield running


@pytest.fixture
def changing_json(mailkit_connection: Callable[..., str]) -> Iterator[Sandbox]:
    """Connect to a new sandbox, over JSON."""
    with Sandbox(recipients=37, seconds=0, last_day=date(2026, 3, 5)) as running:
        mailkit_connection(running.base_url, max_attempts=2, hash_secret="a secret key")
        yield running


@pytest.fixture
def log(mailkit_connection: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> Iterator[RawLog]:
    """A log of a hundred rows, and a connection to it."""
    # A slow hash of the client ID is of no use here.
    monkeypatch.setattr(identity, "_ROUNDS", 1)
    with RawLog(range(1, 101)) as running:
        mailkit_connection(running.base_url, max_attempts=1, hash_secret="a secret key")
        yield running
