"""Ports of the loopback interface for servers that are told theirs, and start a while after it was chosen.

The kernel must not give such a port to somebody meanwhile: whoever connects to a database gets one of its
own choice, and the server then finds its address taken.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# Below what Linux and macOS give to whoever asks for any port, or makes a connection.
_NOT_GIVEN_AWAY = range(10_240, 32_768)
_chosen: set[int] = set()


def free_port() -> int:
    """Return a port that nobody listens at, and that this process has not got from here before."""
    for port in random.sample(_NOT_GIVEN_AWAY, 200):
        if port not in _chosen:
            with suppress(OSError), socket.create_server(("127.0.0.1", port)):
                _chosen.add(port)
                return port
    raise OSError("None of 200 ports is free.")


@contextmanager
def full_listener() -> Iterator[str]:
    """Yield the base URL of a listener whose queue is full, so that it answers no further connection."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(3)]
        try:
            for one in waiting:
                one.setblocking(False)
                one.connect_ex(address)
            yield f"http://127.0.0.1:{address[1]}"
        finally:
            for one in waiting:
                one.close()
