"""The content coding of an answer: none or gzip.

It is decoded here, because HTTP clients treat a cut gzip stream as complete.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from airflow_provider_mailkit.exceptions import MailkitResponseError, MailkitTransportError

#: The content codings that requests accept.
ACCEPT_ENCODING = "gzip"
#: The maximum size of a decompressed answer in memory.
MAX_ANSWER_BYTES = 2**26
# A small piece of gzip can hold a thousand times its size. Decoding in parts protects the memory and the
# event loop.
_MAX_PART_BYTES = 2**18


class ContentDecoder:
    """Decodes the content coding of one answer.

    :param coding: the value of the ``Content-Encoding`` header.
    """

    def __init__(self, coding: str | None, function: str) -> None:
        coding = (coding or "").strip().lower()
        self._is_known = coding in ("", "identity", "gzip", "x-gzip")
        self._function = function
        self._zlib: Any = _zlib() if coding in ("gzip", "x-gzip") else None
        self._gzip = self._new_member() if self._zlib else None
        self._started = False

    def _new_member(self) -> Any:
        return self._zlib.decompressobj(wbits=16 + self._zlib.MAX_WBITS)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the content of the next bytes, in parts of at most 256 KiB.

        :raises MailkitResponseError: the coding was not requested.
        :raises MailkitTransportError: the gzip stream is damaged.
        """
        # Checked only when there is content, since the head may have been cut within this header.
        if not self._is_known and data:
            raise MailkitResponseError(
                f"{self._function}: the answer has a content coding other than gzip.", function=self._function
            )
        if self._gzip is None:
            for start in range(0, len(data), _MAX_PART_BYTES):
                yield data[start : start + _MAX_PART_BYTES]
            return
        while data:
            if self._gzip.eof:
                # Zero bytes between and after gzip streams are padding, as gzip itself has it.
                data = data.lstrip(b"\0")
                if not data:
                    return
                self._gzip = self._new_member()
            self._started = True
            try:
                part = self._gzip.decompress(data, _MAX_PART_BYTES)
            except self._zlib.error:
                part = None
            if part is None:
                raise MailkitTransportError(
                    f"{self._function}: the gzip stream is damaged.", function=self._function
                )
            data = self._gzip.unused_data if self._gzip.eof else self._gzip.unconsumed_tail
            if part:
                yield part

    def finish(self) -> None:
        """Check that the coding is complete.

        :raises MailkitTransportError: it is not complete, so the answer was cut.
        """
        if self._gzip is not None and self._started and not self._gzip.eof:
            raise MailkitTransportError(
                f"{self._function}: the answer was cut: its gzip stream has no end.", function=self._function
            )


class WholeAnswer:
    """An answer that is collected in memory, up to a maximum size.

    :param max_bytes: the maximum size.
    """

    def __init__(self, function: str, max_bytes: int) -> None:
        self._function = function
        self._max_bytes = max_bytes
        self._size = 0
        self._parts: list[bytes] = []

    def add(self, part: bytes) -> None:
        """Take the next part.

        :raises MailkitResponseError: the answer is too large.
        """
        self._size += len(part)
        if self._size > self._max_bytes:
            self._parts.clear()
            raise MailkitResponseError(
                f"{self._function}: the answer is larger than {self._max_bytes / 2**20:g} MiB, the limit of "
                "a call, whose answer is kept in memory. Ask for less at a time, such as fewer days. The "
                "recipients of a delivery have no limit in iter_recipients() and the operator.",
                function=self._function,
            )
        self._parts.append(part)

    def body(self) -> bytes:
        """Return all of it, once."""
        body = b"".join(self._parts)
        self._parts.clear()
        return body


def _zlib() -> Any:
    """Return isal's zlib, which is faster, or Python's where isal is missing."""
    try:
        from isal import isal_zlib
    except ImportError:
        import zlib

        return zlib
    return isal_zlib
