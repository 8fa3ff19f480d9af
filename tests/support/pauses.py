"""How long coroutines pause: each is ended at its first pause instead."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from types import SimpleNamespace

import pytest


def first_pauses(
    monkeypatch: pytest.MonkeyPatch, module: str, coroutines: list[Awaitable[object]]
) -> list[float]:
    """Run coroutines together up to the first ``asyncio.sleep()`` of a module; return the seconds of each."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        raise asyncio.CancelledError

    async def run() -> None:
        await asyncio.gather(*coroutines, return_exceptions=True)

    monkeypatch.setattr(f"{module}.asyncio", SimpleNamespace(**vars(asyncio) | {"sleep": sleep}))
    asyncio.run(run())
    return pauses
