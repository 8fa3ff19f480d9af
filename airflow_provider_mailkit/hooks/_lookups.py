"""Look-ups of connections on event loops: those who ask at the same time share one, and its failure."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from copy import copy
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from airflow_provider_mailkit.exceptions import MailkitConnectionError, MailkitError

if TYPE_CHECKING:
    from airflow_provider_mailkit.account import Account

#: How many seconds a look-up may take.
LOOK_UP_S = 120.0

# Those under way, by the event loop that they are awaited on and the connection's id.
_under_way: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Task[Account | MailkitError]]]
_under_way = WeakKeyDictionary()


async def look_up_once(conn_id: str, look_up: Callable[[], Awaitable[Account]]) -> Account:
    """Return what a look-up finds: this one, or the one that is under way for the same connection.

    :raises MailkitError: the connection cannot be used, or, with ``retryable``, could not be looked up.
    """
    under_way = _under_way.setdefault(asyncio.get_running_loop(), {})
    if conn_id not in under_way:
        # A task of its own: whoever asked first may be cancelled, and the others must not be.
        under_way[conn_id] = asyncio.ensure_future(_found_or_failed(conn_id, look_up))
        under_way[conn_id].add_done_callback(lambda _: under_way.pop(conn_id))
    found = await asyncio.shield(under_way[conn_id])
    if isinstance(found, MailkitError):
        # Each gets one of its own, since raising it writes a traceback into it.
        raise copy(found)
    return found


async def _found_or_failed(conn_id: str, look_up: Callable[[], Awaitable[Account]]) -> Account | MailkitError:
    try:
        async with asyncio.timeout(LOOK_UP_S):
            return await look_up()
    except MailkitError as error:
        return error
    except Exception as error:
        # Without the backend's own words, which may hold a secret. A connection that is not defined may be
        # one that a backend which was away for a moment has not found.
        return MailkitConnectionError(
            f"Connection '{conn_id}' could not be looked up ({type(error).__name__}): "
            "it is not defined, or its secrets backend did not answer.",
            retryable=True,
        )
