"""A Mailkit that costs next to nothing: ready-made reports of any length, in a process of its own.

``python mailkit_server.py PLAN`` serves on a free port of loopback until its standard input ends. The plan is
JSON: by delivery the recipients of its report, how many polls find somebody waiting and, if need be, every
which answer is cut, and during how many looks instead somebody waits, by the totals too, which it knows then.
``GET /`` tells what was asked for so far.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BLOCK = 1000
VARIANTS = 10
TOTALS = b'"mailkit.report.message"'
NO_TOTALS = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
_ID = re.compile(rb'"ID_send"\s*:\s*"?(\d+)')
_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)


def failed_in(id_send: int) -> int:
    """Return how many of a thousand recipients fail: so one report is told from another."""
    return id_send % VARIANTS + 1


def block(failed: int, waiting: int) -> bytes:
    """Return a thousand records without the brackets; the last ones are those that wait."""
    statuses = ["failed"] * failed + ["sent"] * (BLOCK - failed - waiting) + ["wait"] * waiting
    records = (
        {
            "DATE": f"2026-03-01 08:{number % 60:02}:00",
            "READ_COUNT": str(number % 5),
            "STATUS": status,
            "ID_EMAIL": str(5_000_000_000 + number),
            "EMAIL": f"person{number:06}@example.com",
            "CLICK_COUNT": str(number % 3),
            "ID_SEND_MESSAGE": str(700_000 + number),
            "AB_VERSION": ("", "A", "B")[number % 3],
        }
        for number, status in enumerate(statuses)
    )
    return json.dumps(list(records))[1:-1].encode()


DONE = [block(failed, 0) for failed in range(1, VARIANTS + 1)]
WAITING = [block(failed, 1) for failed in range(1, VARIANTS + 1)]


class Book:
    """What was asked for, and how many answers were under way."""

    def __init__(self, plan: dict[str, list[int]]) -> None:
        self.plan = {int(id_send): (*entry, 0, 0)[:4] for id_send, entry in plan.items()}
        self.polls: dict[int, list[float]] = {id_send: [] for id_send in self.plan}
        self.totals_asked = 0
        self._looks: Counter[int] = Counter()
        self.now = self.peak = 0

    def answer(self, id_send: int) -> Iterator[bytes]:
        """Return the pieces of the next answer for a delivery."""
        size, _, cut_every, _ = self.plan[id_send]
        self.polls[id_send].append(time.time())
        is_cut = cut_every and len(self.polls[id_send]) % cut_every == 0
        variant, blocks = id_send % VARIANTS, size // BLOCK
        last = (WAITING if self._look(id_send) else DONE)[variant]
        # All but the last block are done, so the whole report must be read to know.
        length = (blocks - 1) * (len(DONE[variant]) + 1) + len(last) + 2
        yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n[" % length
        for _ in range(blocks - 1):
            yield DONE[variant]
            yield b","
        yield last[: len(last) // 2] if is_cut else last + b"]"

    def totals(self, id_send: int) -> bytes:
        """Return the whole answer with the totals of a delivery."""
        size, *_, looks = self.plan[id_send]
        if not looks:
            return NO_TOTALS
        self.totals_asked += 1
        failed = failed_in(id_send) * (size // BLOCK)
        delivered = size - failed - self._look(id_send)
        counts = {"SEND_COUNT": str(size), "DELIVERED_COUNT": str(delivered), "FAILED_COUNT": str(failed)}
        body = json.dumps(counts).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)

    def _look(self, id_send: int) -> bool:
        """Tell whether somebody is waiting."""
        _, waits, _, looks = self.plan[id_send]
        if looks:
            self._looks[id_send] += 1
            return self._looks[id_send] <= looks
        return len(self.polls[id_send]) <= waits

    def told(self) -> bytes:
        told = {"polls": self.polls, "now": self.now, "peak": self.peak, "totals_asked": self.totals_asked}
        return json.dumps(told).encode()


class Connection(asyncio.Protocol):
    """One request, one answer, and the end."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._received = b""
        self._pieces: Iterator[bytes] | None = None
        self._counted = False
        self._full = False

    def connection_made(self, transport: Any) -> None:
        self._transport: asyncio.Transport = transport
        # Told as soon as the kernel has taken everything: only then is an answer given.
        transport.set_write_buffer_limits(high=0)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator or self._pieces is not None:
            return
        if head.startswith(b"GET"):
            told = self._book.told()
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(told) + told)
            self._transport.close()
            return
        length = _LENGTH.search(head)
        if length is not None and len(body) >= int(length[1]):
            found = _ID.search(body)
            if found is None:
                raise ValueError("a request without ID_send")
            id_send = int(found[1])
            self._pieces = (
                iter([self._book.totals(id_send)]) if TOTALS in body else self._book.answer(id_send)
            )
            self._counted = True
            self._book.now += 1
            self._book.peak = max(self._book.peak, self._book.now)
            self._write()

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self._write()

    def _write(self) -> None:
        if self._pieces is None:
            return
        while not self._full:
            piece = next(self._pieces, None)
            if piece is None:
                self._given()
                # Not at once: asyncio, which may be writing, would close it a second time.
                asyncio.get_running_loop().call_soon(self._transport.close)
                return
            self._transport.write(piece)

    def _given(self) -> None:
        self._book.now -= self._counted
        self._counted = False

    def connection_lost(self, error: Exception | None) -> None:
        self._given()


async def main(plan: dict[str, list[int]]) -> None:
    """Serve until standard input ends; print the port."""
    loop = asyncio.get_running_loop()
    book = Book(plan)
    server = await loop.create_server(lambda: Connection(book), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.buffer.read)


if __name__ == "__main__":
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text())))
