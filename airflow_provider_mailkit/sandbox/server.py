"""The HTTP side: one thread per connection, streamed answers, one log line per request."""

from __future__ import annotations

import contextlib
import itertools
import re
import socket
import socketserver
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any

from airflow_provider_mailkit.sandbox.account import Account
from airflow_provider_mailkit.sandbox.answers import Answer, Recipients, Rows
from airflow_provider_mailkit.sandbox.asked import Refusal
from airflow_provider_mailkit.sandbox.calls import (
    FUNCTIONS,
    Call,
    MalformedError,
    parse_json,
    parse_xmlrpc,
)
from airflow_provider_mailkit.sandbox.encoding import JSON, XML_RPC, Encoding

ROUTES: dict[str, tuple[Encoding, Callable[[bytes], Call]]] = {
    "/json.fcgi": (JSON, parse_json),
    "/rpc.fcgi": (XML_RPC, parse_xmlrpc),
}
ENDPOINTS = f"the sandbox answers POST {' and POST '.join(ROUTES)}"
# Mailkit's own limit.
LARGEST_REQUEST = 128 * 2**20
SMALLEST_CHUNK = 2**16
STATUSES = ("sent", "failed", "wait", "wait_ab")


def gzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Compress pieces into pieces of at least 64 KiB (the last one may be smaller)."""
    # Level 1, since the sandbox should be faster than its clients.
    packer = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    waiting = bytearray()
    for piece in pieces:
        waiting += packer.compress(piece)
        if len(waiting) >= SMALLEST_CHUNK:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting) + packer.flush()


class SandboxServer(socketserver.ThreadingTCPServer):
    """A server that can end all its connections.

    :param host: the address to listen on, of IPv4 or IPv6.
    """

    # TCPServer, because HTTPServer would look up the name of the host when it binds.
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, host: str, port: int, account: Account, *, gzip: bool, quiet: bool) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.account = account
        self.gzip = gzip
        self.quiet = quiet
        self._connections: set[socket.socket] = set()
        super().__init__((host, port), Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection and remember it."""
        connection, address = super().get_request()
        self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Close a connection and forget it."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: socket.socket | tuple[bytes, socket.socket], client_address: Any) -> None:
        """Ignore clients that went away. Anything else is a bug of the sandbox."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def log(self, text: str) -> None:
        """Write one line to stderr, unless the sandbox is quiet."""
        if not self.quiet:
            # In one piece, because print() writes the line end separately, and other threads could write in
            # between.
            sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
            sys.stderr.flush()

    def close(self) -> None:
        """End every connection, wait for their threads and free the port."""
        self.shutdown()
        for connection in list(self._connections):
            # Its own thread may have just closed it.
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """One connection; HTTP/1.1 with keep-alive."""

    server: SandboxServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Answer one call."""
        begun = time.perf_counter()
        try:
            body = self._body()
            if self.path not in ROUTES:
                self._reject(HTTPStatus.NOT_FOUND, ENDPOINTS)
                return
            encoding, parse = ROUTES[self.path]
            call = parse(body)
        except MalformedError as error:
            self._reject(HTTPStatus.BAD_REQUEST, str(error))
            return
        # The client's text may be anything, even a secret, so only known names reach the log.
        function = call.function if call.function in FUNCTIONS else "unknown function"
        try:
            outcome = self._answer(call, encoding)
        except ConnectionError:
            self.close_connection = True
            outcome = "ended midway: the connection was closed"
        seconds = time.perf_counter() - begun
        self.server.log(f"{encoding.name} {function} {outcome} ({seconds:.3f} s)")

    def version_string(self) -> str:
        """Name the sandbox in the Server header, without Python's version."""
        return "mailkit-sandbox"

    def do_GET(self) -> None:
        """Tell someone with a browser what this is."""
        self._reject(HTTPStatus.METHOD_NOT_ALLOWED, ENDPOINTS)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing by default: `do_POST` does that."""

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch("[0-9]{1,9}", length) or int(length) > LARGEST_REQUEST:
            raise MalformedError("a Content-Length of at most 128 MiB is needed")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise ConnectionResetError("the client left within its request")
        return body

    def _answer(self, call: Call, encoding: Encoding) -> str:
        """Send the answer and return what the log says about it."""
        try:
            answer = self.server.account.answer(call, self.client_address[0])
        except Refusal as refusal:
            self._send(encoding, [encoding.error(str(refusal)).encode()])
            return f"error: {refusal}"
        if self.server.account.loses_answer(call):
            raise ConnectionAbortedError
        return self._send_answer(answer, encoding)

    def _send_answer(self, answer: Answer, encoding: Encoding) -> str:
        if isinstance(answer, Rows):
            numbers = itertools.count()
            rows = (record for record, _ in zip(answer.records, numbers, strict=False))
            self._send(encoding, encoding.rows(rows, is_loose=answer.is_loose))
            return f"records={next(numbers)}"
        if not isinstance(answer, Recipients):
            value = answer.xmlrpc if encoding is XML_RPC else answer.json
            self._send(encoding, [encoding.whole(value)])
            return "records=1"
        self._send(encoding, encoding.recipients(*answer))
        if self.server.quiet:
            return ""
        statuses = answer.delivery.totals(answer.progress).statuses
        counts = " ".join(f"{status}={statuses[status]}" for status in STATUSES)
        return f"id_send={answer.delivery.id_send} {counts}"

    def _send(self, encoding: Encoding, pieces: Iterable[bytes]) -> None:
        chunked = self.request_version != "HTTP/1.0"
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", encoding.content_type)
        if self.server.gzip and "gzip" in self.headers.get("Accept-Encoding", ""):
            self.send_header("Content-Encoding", "gzip")
            pieces = gzipped(pieces)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        for piece in pieces:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _reject(self, status: HTTPStatus, reason: str) -> None:
        text = f"{reason}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(text)
        self.server.log(f"{status.value} {status.phrase}: {reason}")
