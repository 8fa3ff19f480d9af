"""Waits for deliveries in a process of its own, where nothing else allocates: ``python soak.py PATH WAITS``.

Writes what was in use from time to time, and the totals of the events, to a file of JSON.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from support.modes import first_event
from support.process import open_files, resident_bytes

from airflow_provider_mailkit.hooks.mailkit import MailkitHook
from airflow_provider_mailkit.transport.endpoint import Endpoint
from airflow_provider_mailkit.transport.gate import gate_of
from airflow_provider_mailkit.triggers.mailkit import MailkitRecipientsTrigger

POKE_INTERVAL_S = 0.01
STEP_S = 0.5
# What a connection that was closed needs to be gone.
SETTLE_S = 0.05


@asynccontextmanager
async def no_poll(endpoint: Endpoint) -> AsyncIterator[None]:
    """Take every turn there is: nobody polls meanwhile, so no socket is in use for a good reason."""
    gate = gate_of(endpoint)
    for _ in range(endpoint.max_concurrent_requests):
        await gate.acquire()
    await asyncio.sleep(SETTLE_S)
    yield
    for _ in range(endpoint.max_concurrent_requests):
        gate.release()


async def main(waits: int, endpoint: Endpoint) -> dict[str, list[object]]:
    """Poll until all deliveries are done."""
    used: list[object] = []

    async def watch() -> None:
        while True:
            await asyncio.sleep(STEP_S)
            async with no_poll(endpoint):
                # What only waits to be collected is not a leak.
                gc.collect()
                traced = tracemalloc.get_traced_memory()[0]
                used.append((traced, resident_bytes(), open_files(), len(asyncio.all_tasks())))

    triggers = [MailkitRecipientsTrigger(id_send=n + 1, poke_interval=POKE_INTERVAL_S) for n in range(waits)]
    tracemalloc.start()
    watching = asyncio.create_task(watch())
    events = await asyncio.gather(*map(first_event, triggers))
    watching.cancel()
    return {"used": used, "totals": [event["result"]["total"] for event in events]}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(
        json.dumps(asyncio.run(main(int(sys.argv[2]), MailkitHook().account.endpoint)))
    )
