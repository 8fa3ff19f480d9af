"""What requests reads answers with: Python's http.client, which takes nearly everything as HTTP.

It and urllib3 read lines only for the head and around chunks, so each line is checked when they read it.
Tested with requests 2.32.3 and 2.34.2, urllib3 2.4 and 2.8, on Python 3.11.
"""

from __future__ import annotations

import http.client
import io
import re
import socket
from typing import Any

from airflow_provider_mailkit.transport.heads import MAX_HEAD_BYTES
from airflow_provider_mailkit.transport.time_limit import LimitedReads, TimeLimit

# As strict as aiohttp, so that both clients judge an answer in the same way.
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2})(?: [^\0\r\n]*)?\r?\n")
_FIELD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\0\r\n]*\r?\n")
_FIELD_OR_FOLD = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:|[ \t])[^\0\r\n]*\r?\n")
_CHUNK = re.compile(rb"([0-9A-Fa-f]+)(?:[ \t]*|;[^\0\r\n]*)\r\n")
_BLANK = (b"\r\n", b"\n")


class Answer(http.client.HTTPResponse):
    """An answer that is read only within its time limit, and only while it is valid HTTP."""

    def __init__(
        self, sock: socket.socket, *args: Any, limit: TimeLimit, read_timeout_s: float, **kwargs: Any
    ) -> None:
        super().__init__(sock, *args, **kwargs)
        raw = self.fp.detach()
        self.fp = _Lines(LimitedReads(raw, sock, limit, read_timeout_s))

    def begin(self) -> None:
        """Read the final head, and skip informational ones (1xx). http.client only skips 100."""
        super().begin()
        # 101 is final: the server would switch to another protocol, which was not requested.
        while self.status < 200 and self.status != 101:
            self.headers = None  # type: ignore[assignment]
            super().begin()


class _Lines(io.BufferedReader):
    """Checks each line of HTTP that is read."""

    def __init__(self, raw: io.RawIOBase) -> None:
        super().__init__(raw)
        self._take = self._take_status
        self._status = 0
        self._bytes = 0

    def readline(self, size: int | None = -1) -> bytes:
        """Return a line; nothing at the end.

        :raises HTTPException: the line is not valid here, or there are too many lines.
        """
        line = super().readline(size)
        self._bytes += len(line)
        if self._bytes > MAX_HEAD_BYTES:
            raise http.client.LineTooLong("head")
        self._take(line)
        return line

    def _take_status(self, line: bytes) -> None:
        # http.client has its own error for an empty answer.
        if line:
            self._status = int(_matched(_STATUS, line)[1])
            self._take = self._take_first_field

    def _take_first_field(self, line: bytes) -> None:
        self._take = self._take_field
        if line not in _BLANK:
            _matched(_FIELD, line)
        else:
            self._take_field(line)

    def _take_field(self, line: bytes) -> None:
        if line not in _BLANK:
            _matched(_FIELD_OR_FOLD, line)
        elif self._status >= 200 or self._status == 101:
            self._take = self._take_chunk
        else:
            self._take = self._take_status

    def _take_chunk(self, line: bytes) -> None:
        if int(_matched(_CHUNK, line)[1], 16):
            self._bytes = 0
        else:
            self._take = self._take_trailer

    def _take_trailer(self, line: bytes) -> None:
        if line in _BLANK:
            self._take = self._take_nothing
        else:
            _matched(_FIELD, line)

    def _take_nothing(self, line: bytes) -> None:
        """Read the trailers of the answer, whose end urllib3 looks for."""


def _matched(pattern: re.Pattern[bytes], line: bytes) -> re.Match[bytes]:
    if match := pattern.fullmatch(line):
        return match
    # Without the line: it may hold an address.
    raise http.client.HTTPException("not HTTP")
