"""Limits the duration of one try. A time-out between two reads never ends a slow but steady answer."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit.exceptions import MailkitTransportError

if TYPE_CHECKING:
    import socket


class TimeLimit:
    """The time that is left of one try.

    :param function: the API function that is called, for the error.
    :param seconds: how long the try may take; ``math.inf`` for no limit.
    """

    def __init__(self, function: str, seconds: float) -> None:
        self._function = function
        self._began = time.monotonic()
        self._ends = self._began + seconds

    def shorten(self, seconds: float) -> None:
        """Reduce the remaining time to this, if more is left."""
        self._ends = min(self._ends, time.monotonic() + seconds)

    def error(self) -> MailkitTransportError | None:
        """Return an error if no time is left."""
        if time.monotonic() < self._ends:
            return None
        return too_slow(self._function, self._ends - self._began)

    def left_s(self) -> float:
        """Return the seconds that are left.

        :raises MailkitTransportError: none are.
        """
        if error := self.error():
            raise error
        return max(self._ends - time.monotonic(), 0.001)


def too_slow(function: str, seconds: float) -> MailkitTransportError:
    """Make the exception for an answer that was not complete in time."""
    return MailkitTransportError(
        f"{function}: the answer was not complete within the {seconds:.0f} s that it may take.",
        function=function,
    )


@asynccontextmanager
async def within(function: str, seconds: float) -> AsyncIterator[None]:
    """Limit what is awaited inside.

    :param seconds: how long it may take; ``math.inf`` for no limit.
    :raises MailkitTransportError: it took longer, and was cancelled.
    """
    limit = TimeLimit(function, seconds)
    try:
        # An event loop does not accept infinite delays.
        async with asyncio.timeout(min(seconds, 1e8)):
            yield
    except TimeoutError:
        error = limit.error()
        if error is None:
            raise
        raise error from None


class LimitedReads(io.RawIOBase):
    """Reads from a socket, each time within the remaining time.

    http.client reads until it has a whole line, chunk or buffer, so the time is checked here.
    """

    def __init__(
        self, raw: io.RawIOBase, sock: socket.socket, limit: TimeLimit, read_timeout_s: float
    ) -> None:
        self._raw = raw
        self._sock = sock
        self._limit = limit
        self._read_timeout_s = read_timeout_s

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read once.

        :raises MailkitTransportError: no time is left.
        """
        self._sock.settimeout(min(self._read_timeout_s, self._limit.left_s()))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Close the underlying stream."""
        super().close()
        self._raw.close()
