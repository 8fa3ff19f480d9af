"""Limits the requests to an account at a time from the waits of one event loop."""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary, WeakValueDictionary

from airflow_provider_mailkit.transport.endpoint import Endpoint

# Weak in both directions, so that nothing remains of ended event loops and of accounts without waits. Loops
# cannot share a gate, since it belongs to the loop that it is used on.
_Gates = WeakValueDictionary[tuple[str, str, int], asyncio.Semaphore]
_gates: WeakKeyDictionary[asyncio.AbstractEventLoop, _Gates] = WeakKeyDictionary()


def gate_of(endpoint: Endpoint) -> asyncio.Semaphore:
    """Return the gate for an account's requests on the running event loop. They pass in the order of arrival.

    Connections to the same account share it if they have the same limit. Keep a reference while you use it.
    """
    gates = _gates.setdefault(asyncio.get_running_loop(), WeakValueDictionary())
    limit = endpoint.max_concurrent_requests
    key = (endpoint.base_url, endpoint.credentials.client_id, limit)
    gate = gates.get(key)
    if gate is None:
        gate = gates[key] = asyncio.Semaphore(limit)
    return gate
