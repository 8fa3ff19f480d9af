"""What a trigger does to the event loop that it shares with a thousand others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from support.reports import PROTOCOLS, encode, recipient
from support.server import FaultServer, plain

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
