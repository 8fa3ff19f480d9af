"""gzip and zstd around a sink; the same input always gives the same bytes."""

from __future__ import annotations

import zlib
from typing import Any, Literal, Protocol

Compression = Literal["gzip", "zstd"]

_GZIP_LEVEL = 6
_ZSTD_LEVEL = 3


class Sink(Protocol):
    """Where bytes go: a file that is only written."""

    def write(self, data: bytes | memoryview, /) -> int:
        """Take all bytes; ``data`` is used for other bytes afterwards."""
        ...


class CompressingSink:
    """Compresses what is written and passes it on.

    :param sink: takes the compressed bytes.
    """

    def __init__(self, sink: Sink, compression: Compression) -> None:
        self._sink = sink
        self._compressor: Any
        if compression == "gzip":
            # The header that zlib writes has neither a time nor a name.
            self._compressor = zlib.compressobj(_GZIP_LEVEL, wbits=16 + zlib.MAX_WBITS)
        else:
            import zstandard

            self._compressor = zstandard.ZstdCompressor(level=_ZSTD_LEVEL, write_checksum=True).compressobj()

    def write(self, data: bytes | memoryview, /) -> int:
        """Compress bytes."""
        if compressed := self._compressor.compress(data):
            self._sink.write(compressed)
        return len(data)

    def finish(self) -> None:
        """Write the end of the compressed stream."""
        self._sink.write(self._compressor.flush())
