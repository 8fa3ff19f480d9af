"""Logs a line now and then, so that the progress of an export is visible."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from airflow_provider_mailkit.protocol.decoder import Decoder

#: Seconds between two lines.
EVERY_S = 10.0

log = logging.getLogger(__name__)


class Progress:
    """Counts the rows and bytes of all calls of an export.

    :param title: what is exported.
    :param on_line: is told what a line says: ``rows``, ``received_bytes`` and ``seconds``.
    """

    def __init__(self, title: str, on_line: Callable[[dict[str, Any]], None] | None = None) -> None:
        self._title = title
        self._on_line = on_line
        self._began = self._last = time.monotonic()
        self._rows = 0
        self._bytes_before = 0
        self._decoder: Decoder | None = None

    def watch(self, decoder: Decoder) -> Decoder:
        """Count what a further decoder receives; return it."""
        if self._decoder is not None:
            self._bytes_before += self._decoder.received_bytes
        self._decoder = decoder
        return decoder

    def add(self, rows: int) -> None:
        """Count rows, and log a line if it is time."""
        self._rows += rows
        now = time.monotonic()
        if now - self._last < EVERY_S:
            return
        self._last = now
        received = self._bytes_before + (self._decoder.received_bytes if self._decoder else 0)
        megabytes, seconds = received / 1e6, now - self._began
        log.info(
            "%s: %d rows, %.1f MB received, %.1f MB/s.",
            self._title, self._rows, megabytes, megabytes / seconds,
        )  # fmt: skip
        if self._on_line is not None:
            self._on_line({"rows": self._rows, "received_bytes": received, "seconds": round(seconds, 1)})
