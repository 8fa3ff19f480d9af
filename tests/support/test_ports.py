from __future__ import annotations

import socket
from pathlib import Path

from support.ports import free_port


def test_no_connection_is_given_the_port_before_its_server_starts() -> None:
    first, _last = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    ports = [free_port() for _ in range(100)]
    assert max(ports) < int(first)
    assert len(set(ports)) == 100


def test_a_port_that_is_taken_is_not_given() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as listener:
        assert listener.getsockname()[1] not in [free_port() for _ in range(100)]
