"""How many requests an account gets at a time from the waits of one event loop."""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary, WeakValueDictionary

from airflow_provider_mailkit.transport.endpoint import Endpoint

# Weak in both directions: nothing is left of an event loop that has ended, nor of an account that nobody
# waits for any more. One gate for all loops would not work: it belongs to the loop that it is used on.
_Gates = WeakValueDictionary[tuple[str, str, int], asyncio.Semaphore]
_gates: WeakKeyDictionary[asyncio.AbstractEventLoop, _Gates] = WeakKeyDictionary()


def gate_of(endpoint: Endpoint) -> asyncio.Semaphore:
    """Return what an account's requests on the running event loop pass through, in the order they came.

    Connections to the same account share it if they have the same limit. Keep it for as long as it is used.
    """
    gates = _gates.setdefault(asyncio.get_running_loop(), WeakValueDictionary())
    limit = endpoint.max_concurrent_requests
    key = (endpoint.base_url, endpoint.credentials.client_id, limit)
    gate = gates.get(key)
    if gate is None:
        gate = gates[key] = asyncio.Semaphore(limit)
    return gate
