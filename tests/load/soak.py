"""Waits for deliveries in a process of its own, where nothing else allocates: ``python soak.py PATH WAITS``.

Writes what was in use from time to time, and the totals of the events, to a file of JSON.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import tracemalloc
from pathlib import Path

from support.modes import first_event
from support.process import open_files, resident_bytes

from airflow_provider_mailkit.triggers.mailkit import MailkitRecipientsTrigger

POKE_INTERVAL_S = 0.01
STEP_S = 0.5


async def main(waits: int) -> dict[str, list[object]]:
    """Poll until all deliveries are done."""
    used: list[object] = []

    async def watch() -> None:
        while True:
            await asyncio.sleep(STEP_S)
            # What only waits to be collected is no leak.
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
    Path(sys.argv[1]).write_text(json.dumps(asyncio.run(main(int(sys.argv[2])))))
