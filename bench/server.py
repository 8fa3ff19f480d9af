"""Serves the made-up reports over loopback: ``python -m bench.server FOLDER``.

The delivery's ID is the number of recipients wanted. The kernel copies the file to the socket, so that the
measured process never waits for this one. Over JSON, the totals of a delivery are known as well.
``GET /sent`` tells how many bytes were sent.
"""

from __future__ import annotations

import gzip
import json
import mmap
import os
import re
import socketserver
import sys
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar

from bench.report import FORMS, Form

_JSON_SIZE = re.compile(rb'"ID_send"\s*:\s*"?(\d+)')
_XML_SIZE = re.compile(rb"<(?:int|i4|i8)>(\d+)</(?:int|i4|i8)>\s*</value>\s*</param>\s*</params>")
_TOTALS = b'"mailkit.report.message"'
_LEVEL = 6


@dataclass(frozen=True)
class Source:
    """The report file of one protocol."""

    form: Form
    path: Path
    lengths: dict[int, int]

    def zipped(self, size: int) -> Path:
        """Return where the gzipped report of this size is kept."""
        return self.path.with_suffix(f".{size}.gz")


def make_zipped(source: Source, size: int) -> None:
    """Write the gzipped report of this size."""
    with source.path.open("rb") as file, gzip.open(source.zipped(size), "wb", compresslevel=_LEVEL) as out:
        left = source.lengths[size]
        while left:
            block = file.read(min(left, 2**20))
            out.write(block)
            left -= len(block)
        out.write(source.form.tail.encode())


@cache
def _totals(path: Path, length: int, size: int) -> bytes:
    """Return what a report adds up to, as it would be answered."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), length, access=mmap.ACCESS_READ) as mapped:
        text = mapped[:]
    failed, sent = (text.count(b'"STATUS":"%b"' % status) for status in (b"failed", b"sent"))
    counts = {"SEND_COUNT": size, "DELIVERED_COUNT": sent, "FAILED_COUNT": failed}
    return json.dumps({name: str(count) for name, count in counts.items()}).encode()


class _Handler(socketserver.StreamRequestHandler):
    sources: ClassVar[dict[str, Source]] = {}
    zipped: ClassVar[bool] = False
    sent_bytes: ClassVar[int] = 0

    def handle(self) -> None:
        path = self.rfile.readline().split(b" ")[1]
        length = 0
        while (line := self.rfile.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = self.rfile.read(length)
        if path == b"/sent":
            self._answer_bytes(str(_Handler.sent_bytes).encode())
            return
        is_json = path.startswith(b"/json")
        found = (_JSON_SIZE if is_json else _XML_SIZE).search(body)
        if found is None:
            raise ValueError(f"no ID_send in {body!r}")
        source, size = self.sources["json" if is_json else "xmlrpc"], int(found[1])
        if _TOTALS in body:
            self._answer_bytes(_totals(source.path, source.lengths[size], size))
        else:
            self._answer(source, size)

    def _answer_bytes(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
        self.connection.sendall(head + body)
        _Handler.sent_bytes += len(head) + len(body)

    def _answer(self, source: Source, size: int) -> None:
        coding = b""
        path, length, tail = source.path, source.lengths[size], source.form.tail.encode()
        if self.zipped:
            path, coding, tail = source.zipped(size), b"Content-Encoding: gzip\r\n", b""
            length = path.stat().st_size
        head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n%bContent-Type: %b\r\nContent-Length: %d\r\n\r\n" % (
            coding,
            source.form.content_type.encode(),
            length + len(tail),
        )
        _Handler.sent_bytes += len(head) + length + len(tail)
        self.connection.sendall(head)
        with path.open("rb") as file:
            sent = 0
            while sent < length:
                sent += os.sendfile(self.connection.fileno(), file.fileno(), sent, length - sent)
        self.connection.sendall(tail)


class _ZippedHandler(_Handler):
    zipped = True


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def main(folder: Path) -> None:
    """Serve until standard input ends; print the ports, plain and gzip."""
    lengths = json.loads((folder / "lengths.json").read_text())
    _Handler.sources = {
        name: Source(FORMS[name], folder / f"report.{name}", {int(size): n for size, n in by_size.items()})
        for name, by_size in lengths.items()
    }
    servers = [_Server(("127.0.0.1", 0), handler) for handler in (_Handler, _ZippedHandler)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(*(server.server_address[1] for server in servers), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
