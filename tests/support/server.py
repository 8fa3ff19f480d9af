"""A loopback HTTP server that sends exactly the bytes it is told to, in the pieces it is told to."""

from __future__ import annotations

import gzip
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from types import TracebackType
from typing import Self

from support.wire import Protocol


class End(Enum):
    """How an answer ends, other than with an orderly close after its last bytes."""

    RESET = "the connection is reset"
    SILENCE = "nothing is sent until the client goes away or the server is stopped"


@dataclass(frozen=True)
class Pause:
    """Seconds without a byte."""

    seconds: float


#: What is done for one request, in order. Bytes are sent; each piece by itself.
Step = bytes | Pause | End
Answer = Sequence[Step] | Iterable[Step]


@dataclass
class Received:
    """A request as it came."""

    head: bytes
    body: bytes

    @property
    def path(self) -> str:
        return self.head.split(b" ", 2)[1].decode()

    @property
    def method(self) -> str:
        return self.head.split(b" ", 1)[0].decode()

    @property
    def asks_for_totals(self) -> bool:
        return re.search(rb"\bmailkit\.report\.message[\"<]", self.body) is not None

    @property
    def headers(self) -> dict[str, str]:
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


Script = Callable[[int, Received], Answer] | Sequence[Answer]


@dataclass
class FaultServer:
    """Answers as scripted; use it as ``with``.

    :param script: a function of the request's number (from 0) and the request, or one answer per request,
        of which the last one is repeated.
    """

    script: Script
    #: Makes it speak TLS.
    tls: ssl.SSLContext | None = None
    requests: list[Received] = field(default_factory=list)
    #: Answers the totals of a delivery, which waits ask for besides: neither numbered nor among the requests.
    #: None: the script answers them as it does any other request.
    totals: Callable[[Received], Answer] | None = lambda _: plain(b"", 404)
    totals_requests: list[Received] = field(default_factory=list)
    #: Set when a client has gone before its answer was sent to the end.
    client_left: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.base_url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stopping.set()
        # Closing a listener does not wake up accept(); shutting it down does.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                # The client may have closed it already.
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive(), "a thread of the server does not end"

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if self._stopping.is_set():
                    connection.close()
                    return
                self._open.add(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with ExitStack() as stack:
            stack.enter_context(connection)
            try:
                if self.tls is not None:
                    connection = self._wrap(connection, stack)
                request = receive(connection)
                if request is not None and self.totals is not None and request.asks_for_totals:
                    with self._lock:
                        self.totals_requests.append(request)
                    self._send(connection, self.totals(request))
                elif request is not None:
                    with self._lock:
                        number = len(self.requests)
                        self.requests.append(request)
                    self._send(connection, self._answer(number, request))
            except OSError:
                self.client_left.set()
            finally:
                with self._lock:
                    self._open.discard(connection)

    def _wrap(self, connection: socket.socket, stack: ExitStack) -> socket.socket:
        assert self.tls is not None
        wrapped = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        stack.enter_context(wrapped)
        with self._lock:
            # Wrapping has emptied the socket before.
            self._open.discard(connection)
            self._open.add(wrapped)
        wrapped.do_handshake()
        return wrapped

    def _answer(self, number: int, request: Received) -> Answer:
        if callable(self.script):
            return self.script(number, request)
        return self.script[min(number, len(self.script) - 1)]

    def _send(self, connection: socket.socket, answer: Answer) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for step in answer:
            match step:
                case Pause(seconds):
                    if self._stopping.wait(seconds):
                        return
                case End.RESET:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
                case End.SILENCE:
                    connection.recv(1)
                    return
                case _:
                    connection.sendall(step)
        # Closed in order: what was sent arrives, then the end.
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(2**16):
            pass


def receive(connection: socket.socket) -> Received | None:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(2**16)
        if not more:
            return None
        data += more
        if data.startswith(b"\x16\x03"):
            return Received(b"TLS", data)
    head, _, body = data.partition(b"\r\n\r\n")
    wanted = int(Received(head, b"").headers.get("content-length", "0"))
    while len(body) < wanted:
        more = connection.recv(2**16)
        if not more:
            return None
        body += more
    return Received(head, body)


def head(status: int = 200, **headers: object) -> bytes:
    """Return the head of an answer; ``content_length=3`` becomes ``Content-Length: 3``."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = [f"HTTP/1.1 {status} {phrase}", "Content-Type: application/octet-stream"]
    lines += [f"{name.replace('_', '-').title()}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")


def plain(body: bytes, status: int = 200, **headers: object) -> list[Step]:
    """Return an answer with the length of its body."""
    return [head(status, content_length=len(body), **headers), body]


def close_delimited(body: bytes, status: int = 200, **headers: object) -> list[Step]:
    """Return an answer that is over when the connection is."""
    return [head(status, **headers), body]


def chunks(body: bytes, size: int = 1000) -> Iterator[bytes]:
    """Return the chunks of a body in HTTP's chunked coding, without the last one."""
    for start in range(0, len(body), size):
        piece = body[start : start + size]
        yield b"%x\r\n%s\r\n" % (len(piece), piece)


def chunked(body: bytes, size: int = 1000, status: int = 200, **headers: object) -> list[Step]:
    """Return an answer in chunks."""
    return [head(status, transfer_encoding="chunked", **headers), *chunks(body, size), b"0\r\n\r\n"]


def gzipped(body: bytes, status: int = 200, **headers: object) -> list[Step]:
    """Return a compressed answer with the length of its body."""
    return plain(gzip.compress(body, mtime=0), status, content_encoding="gzip", **headers)


def trickle(protocol: Protocol) -> Script:
    """Return a script that begins a report and then sends a space now and then, without end."""
    opening = {
        "json": b"[",
        "xmlrpc": b'<?xml version="1.0"?><methodResponse><params><param><value><array><data>',
    }[protocol]

    def answer(*_: object) -> Iterator[Step]:
        yield head(transfer_encoding="chunked")
        yield from chunks(opening)
        while True:
            yield b"1\r\n \r\n"
            yield Pause(0.05)

    return answer
