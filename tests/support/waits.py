"""Many deferred waits at once, and a slow Mailkit that they ask."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from airflow_provider_mailkit.triggers.mailkit import MailkitRecipientsTrigger
from support.modes import first_event
from support.reports import encode, recipient
from support.server import plain
from support.slow_server import SlowServer

DONE = encode("json", [recipient(0, STATUS="sent")])
WAITING = encode("json", [recipient(0, STATUS="wait")])


class SlowMailkit(SlowServer):
    """Answers every poll with the same report."""

    def __init__(self, body: bytes = DONE, seconds: float = 0.05) -> None:
        super().__init__(lambda number, request: plain(self.body), seconds)
        self.body = body


def waits(count: int, **arguments: Any) -> list[Coroutine[Any, Any, Any]]:
    """Return waits of delivery 5001, of which each ends with its event."""
    arguments = {"id_send": 5001, "poke_interval": 0.01} | arguments
    return [first_event(MailkitRecipientsTrigger(**arguments)) for _ in range(count)]


async def all_events(*coroutines: Coroutine[Any, Any, Any]) -> list[Any]:
    """Let waits go on together; returns their events."""
    return await asyncio.wait_for(asyncio.gather(*coroutines), 30)
