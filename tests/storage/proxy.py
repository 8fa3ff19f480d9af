"""A proxy between client and store that can refuse, cut, lose or hold the requests of an upload."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

#: Names the step of an upload that a request is: create, part, complete, small (all in one), abort; or other.
Classify = Callable[[str, Mapping[str, str], Mapping[str, str]], str]
WAIT_S = 60


@dataclass
class Seen:
    """A request that came by, and what the store answered; status 0: the store never saw it."""

    kind: str
    method: str
    path: str
    query: dict[str, str]
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)


class Exchange(BaseHTTPRequestHandler):
    """One connection of a client."""

    server: Proxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        self._body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        kind = self.server.classify(self.command, query, {k.lower(): v for k, v in self.headers.items()})
        self.seen = Seen(kind, self.command, url.path, query)
        action = self.server.action_for(self.seen)
        # The client may have been killed.
        with suppress(ConnectionError):
            action(self)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve

    def ask_store(self) -> tuple[int, list[tuple[str, str]], bytes]:
        """Pass the request on; return what the store answers."""
        host, port = self.server.backend
        connection = http.client.HTTPConnection(host, port, timeout=WAIT_S)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in ("connection", "expect"):
                    connection.putheader(name, value)
            connection.endheaders(self._body or None)
            answer = connection.getresponse()
            body, headers = answer.read(), answer.getheaders()
        finally:
            connection.close()
        self.seen.status, self.seen.headers = answer.status, {k.lower(): v for k, v in headers}
        return answer.status, headers, body

    def pass_on(self) -> None:
        """Do what a proxy does."""
        status, headers, body = self.ask_store()
        self.send_response_only(status)
        # Stores name themselves in the addresses of uploads.
        backend, own = (f"{host}:{port}" for host, port in (self.server.backend, self.server.server_address))
        for name, value in headers:
            if name.lower() == "content-length" and self.command == "HEAD":
                self.send_header(name, value)
            elif name.lower() not in ("connection", "transfer-encoding", "content-length", "keep-alive"):
                self.send_header(name, value.replace(backend, own))
        if self.command != "HEAD" and status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status: int) -> None:
        """Answer instead of the store."""
        self.send_response_only(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def reset(self) -> None:
        """Cut the connection."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.shutdown(socket.SHUT_RD)
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


Action = Callable[[Exchange], object]


def unavailable(exchange: Exchange) -> None:
    exchange.refuse(503)


def reset(exchange: Exchange) -> None:
    exchange.reset()


def answer_lost(exchange: Exchange) -> None:
    """The store does it, and the client never hears of it."""
    exchange.ask_store()
    exchange.reset()


class Hold:
    """Keeps a request until it is let go; then the store gets it."""

    def __init__(self) -> None:
        self._reached = threading.Semaphore(0)
        self._released = threading.Event()
        self._over = threading.Event()

    def __call__(self, exchange: Exchange) -> None:
        self._reached.release()
        self._released.wait(WAIT_S)
        try:
            exchange.pass_on()
        finally:
            self._over.set()

    def wait(self, requests: int = 1) -> None:
        """Wait until this many more requests are held."""
        for _ in range(requests):
            assert self._reached.acquire(timeout=WAIT_S), "the request has not come"

    def release(self) -> None:
        """Let the request go."""
        self._released.set()

    def wait_until_answered(self) -> None:
        """Wait until the store has answered a request that was let go."""
        assert self._over.wait(WAIT_S), "the store has not answered"


class Proxy(ThreadingHTTPServer):
    """Use it as ``with``; passes everything on until told otherwise."""

    daemon_threads = True

    def __init__(self, backend: tuple[str, int], classify: Classify) -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self.backend = backend
        self.classify = classify
        self.url = f"http://127.0.0.1:{self.server_port}"
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forget what was told and what was seen."""
        with self._lock:
            self.seen: list[Seen] = []
            self._rules: list[tuple[str, int | None, Action]] = []
            self._counts: dict[str, int] = {}

    def on(self, kind: str, action: Action, number: int | None = None) -> None:
        """Do something else with the request of this kind and number, from 1; None: with all of them."""
        with self._lock:
            self._counts.clear()
            self._rules.append((kind, number, action))

    def obey(self) -> None:
        """Pass everything on again."""
        with self._lock:
            self._rules.clear()

    def action_for(self, seen: Seen) -> Action:
        with self._lock:
            self.seen.append(seen)
            count = self._counts[seen.kind] = self._counts.get(seen.kind, 0) + 1
            for kind, number, action in self._rules:
                if kind == seen.kind and number in (None, count):
                    return action
        return Exchange.pass_on

    def kinds(self) -> list[str]:
        """Return the steps of uploads that were seen, in order."""
        return [seen.kind for seen in self.seen if seen.kind != "other"]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that are killed or told to fail leave; that is not a fault of the proxy."""

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.shutdown()
        self.server_close()
