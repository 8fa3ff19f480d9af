"""Look-ups of connections on event loops. Callers at the same time share one, and its failure."""

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

# The running look-ups, by their event loop and the ID of the connection.
_under_way: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Task[Account | MailkitError]]]
_under_way = WeakKeyDictionary()


async def look_up_once(conn_id: str, look_up: Callable[[], Awaitable[Account]]) -> Account:
    """Return the result of this look-up, or of one that is already running for the same connection.

    :raises MailkitError: the connection cannot be used, or, with ``retryable``, could not be looked up.
    """
    under_way = _under_way.setdefault(asyncio.get_running_loop(), {})
    if conn_id not in under_way:
        # A separate task, because the first caller may be cancelled, which must not cancel the others.
        under_way[conn_id] = asyncio.ensure_future(_found_or_failed(conn_id, look_up))
        under_way[conn_id].add_done_callback(lambda _: under_way.pop(conn_id))
    found = await asyncio.shield(under_way[conn_id])
    if isinstance(found, MailkitError):
        # Each caller gets its own copy, since raising an exception writes a traceback into it.
        raise copy(found)
    return found


async def _found_or_failed(conn_id: str, look_up: Callable[[], Awaitable[Account]]) -> Account | MailkitError:
    try:
        async with asyncio.timeout(LOOK_UP_S):
            return await look_up()
    except MailkitError as error:
        return error
    except Exception as error:
        # The text of the backend is left out, since it may hold a secret. A connection may seem undefined
        # only because its backend was away for a moment.
        return MailkitConnectionError(
            f"Connection '{conn_id}' could not be looked up ({type(error).__name__}): "
            "it is not defined, or its secrets backend did not answer.",
            retryable=True,
        )
