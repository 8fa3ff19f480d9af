"""A proxy that opens tunnels (CONNECT) to one server on this machine, whatever host is asked for."""

from __future__ import annotations

import select
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from support.server import Received, receive


@dataclass
class Tunnel:
    """Use it as ``with``.

    :param port: where its tunnels lead.
    :param tls: makes it speak TLS itself.
    """

    port: int
    tls: ssl.SSLContext | None = None
    requests: list[Received] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with suppress(OSError):
                self._serve(client)
            client.close()

    def _serve(self, client: socket.socket) -> None:
        if self.tls is not None:
            client = self.tls.wrap_socket(client, server_side=True)
        with client:
            client.settimeout(10)
            request = receive(client)
            if request is None:
                return
            self.requests.append(request)
            with socket.create_connection(("127.0.0.1", self.port), 10) as server:
                client.sendall(b"HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n")
                _relay(client, server)


def _relay(client: socket.socket, server: socket.socket) -> None:
    """Carry bytes both ways, in one thread: two of them must not use one TLS connection at the same time."""
    targets = {client: server, server: client}
    while ready := select.select(list(targets), [], [], 10)[0]:
        for source in ready:
            if data := _read(source):
                targets[source].sendall(data)
            elif source is client:
                targets.pop(client).shutdown(socket.SHUT_WR)
            else:
                client.shutdown(socket.SHUT_WR)
                # Closing with bytes unread would reset the connection before the answer has arrived.
                while client.recv(2**16):
                    pass
                return


def _read(source: socket.socket) -> bytes:
    data = source.recv(2**16)
    # What TLS has undone already makes no socket readable.
    while isinstance(source, ssl.SSLSocket) and source.pending():
        data += source.recv(2**16)
    return data
