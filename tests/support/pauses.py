"""How long coroutines pause: each is ended at its first pause instead."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace


def first_pauses(monkeypatch, module, coroutines):
    """Run coroutines together up to the first ``asyncio.sleep()`` of a module; return the seconds of each."""
    pauses = []

    async def sleep(seconds):
        pauses.append(seconds)
        raise asyncio.CancelledError

    async def run():
        await asyncio.gather(*coroutines, return_exceptions=True)

    monkeypatch.setattr(f"{module}.asyncio", SimpleNamespace(**vars(asyncio) | {"sleep": sleep}))
    asyncio.run(run())
    return pauses
