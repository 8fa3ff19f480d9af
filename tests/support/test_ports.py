from __future__ import annotations

import socket
from contextlib import ExitStack

from support.ports import free_port


def test_nobody_is_given_the_port_before_its_server_starts() -> None:
    ports = [free_port() for _ in range(100)]
    assert len(set(ports)) == 100
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(50)]
        assert min(listener.getsockname()[1] for listener in listeners) > max(ports)


def test_a_port_that_is_taken_is_not_given() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as listener:
        assert listener.getsockname()[1] not in [free_port() for _ in range(100)]
