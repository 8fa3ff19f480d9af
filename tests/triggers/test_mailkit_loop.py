"""What a trigger does to the event loop that it shares with a thousand others."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import modes
from support.lag import lags
from support.reports import PROTOCOLS, encode, recipient
from support.server import FaultServer, Pause, plain

from airflow_provider_mailkit.triggers.mailkit import MailkitRecipientsTrigger

OURS = "airflow_provider_mailkit"
FIRST_TRIGGER = """
import asyncio, json, sys, threading
from airflow_provider_mailkit.triggers.mailkit import MailkitRecipientsTrigger

class Witness:
    found = {True: [], False: []}

    def find_spec(self, name, path=None, target=None):
        self.found[threading.current_thread() is threading.main_thread()].append(name)

async def main():
    sys.meta_path.insert(0, Witness())
    return [e.payload async for e in MailkitRecipientsTrigger(id_send=1, poke_interval=0.1).run()]

events = asyncio.run(main())
print(json.dumps([Witness.found[True], Witness.found[False], events]))
"""


def test_the_first_trigger_of_a_process_imports_nothing_large_on_the_event_loop(mailkit_connection):
    """All triggers would stand still meanwhile; what Airflow's triggerer has loaded anyway does not count."""
    for protocol in PROTOCOLS:
        body = encode(protocol, [recipient(0, STATUS="sent")])
        with FaultServer([plain(body)]) as server:
            mailkit_connection(server.base_url, protocol)
            env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
            run = subprocess.run(
                [sys.executable, "-c", FIRST_TRIGGER], capture_output=True, env=env, check=True, text=True
            )
        on_loop, elsewhere, (event,) = json.loads(run.stdout.splitlines()[-1])
        assert event["status"] == "success"
        assert {"aiohttp", f"{OURS}.hooks.mailkit"} <= set(elsewhere)
        assert not any(name.startswith(("aiohttp", "msgspec", f"{OURS}.hooks")) for name in on_loop), on_loop


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_slow_mailkit_does_not_hold_the_event_loop_up(mailkit_connection, protocol):
    """It is silent before its answer, before the body, and in the middle of that."""

    def answer(number, _):
        report = [recipient(row, STATUS="sent" if number else "wait") for row in range(5)]
        head, body = plain(encode(protocol, report))
        for part in (head, body[:100], body[100:]):
            yield Pause(0.3)
            yield part

    async def wait():
        return await modes.first_event(MailkitRecipientsTrigger(id_send=5001, poke_interval=0.1))

    async def measured():
        # What is imported only once is told above.
        await wait()
        lag, waiting = lags(), asyncio.create_task(wait())
        worst_s = 0.0
        while not waiting.done():
            worst_s = max(worst_s, (await anext(lag)).own_s)
        return await waiting, worst_s

    with FaultServer(answer) as server:
        mailkit_connection(server.base_url, protocol)
        event, worst_s = asyncio.run(measured())
    assert event["status"] == "success"
    assert len(server.requests) == 3
    assert worst_s < 0.1
