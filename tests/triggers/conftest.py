"""A campaign to watch, and look-ups of connections that fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import pytest
from support.campaign import Campaign
from support.server import FaultServer

from airflow_provider_mailkit import _compat


@pytest.fixture
def watched(mailkit_connection: Callable[..., str]) -> Iterator[Callable[..., Campaign]]:
    """Serve a campaign, or one with these deliveries, and make a connection to it; returns the campaign."""
    with ExitStack() as servers:

        def start(
            campaign: Any,
            protocol: str = "json",
            instead: Sequence[Any] = (),
            totals: Any = None,
            **extra: Any,
        ) -> Campaign:
            if not isinstance(campaign, Campaign):
                campaign = Campaign(protocol, campaign, list(instead))
            server = servers.enter_context(FaultServer(campaign))
            if totals is not None:
                server.totals = totals
            mailkit_connection(server.base_url, campaign.protocol, **{"max_attempts": 1} | extra)
            return campaign

        yield start


@pytest.fixture
def failing_look_ups(monkeypatch: pytest.MonkeyPatch) -> tuple[list[Exception], list[str]]:
    """Let the next look-ups fail; returns the failures, and the list of those that were made."""
    failures: list[Exception] = []
    made: list[str] = []
    look_up = _compat.get_async_connection

    async def away(conn_id: str, hook: Any) -> Any:
        made.append(conn_id)
        if failures:
            raise failures.pop(0)
        return await look_up(conn_id, hook)

    monkeypatch.setattr(_compat, "get_async_connection", away)
    return failures, made
