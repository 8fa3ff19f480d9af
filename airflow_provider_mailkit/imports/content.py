"""The decompressed bytes of a file, checked for completeness."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, cast

from airflow_provider_mailkit.exceptions import MailkitArgumentError
from airflow_provider_mailkit.storage.source import SourceFile

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_PIECE_BYTES = 2**16
_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_NOT_TEXT = {
    b"\xff\xfe": "UTF-16: write it as UTF-8",
    b"\xfe\xff": "UTF-16: write it as UTF-8",
    b"PAR1": "Parquet: end its name with .parquet, or set file_format",
}


@contextmanager
def open_content(file: SourceFile, compression: str | None) -> Iterator[IO[bytes]]:
    """Open a file and undo its compression.

    :param compression: ``gzip``, ``zstd`` or None.
    :raises MailkitError: the file is compressed in another way, or is incomplete.
    :raises OSError: it cannot be read.
    """
    with file.open() as raw:
        _check_beginning(file, raw, compression)
        content: IO[bytes] = raw
        if compression == "gzip":
            content = cast("IO[bytes]", gzip.GzipFile(fileobj=raw, mode="rb"))
        elif compression == "zstd":
            content = cast("IO[bytes]", io.BufferedReader(_ZstdReader(raw), _PIECE_BYTES))
        failure = ""
        try:
            yield content
        except EOFError:
            failure = "is cut: it ends within its compressed data"
        except (gzip.BadGzipFile, zlib.error, _BrokenZstdError):
            failure = "has damaged compressed data"
        if failure:
            raise MailkitArgumentError(f"{file.uri} {failure}. Write it again.")


def _check_beginning(file: SourceFile, raw: IO[bytes], compression: str | None) -> None:
    """Refuse a file whose first bytes contradict the compression or format of its name."""
    beginning = raw.read(4)
    raw.seek(0)
    if what := next((what for magic, what in _NOT_TEXT.items() if beginning.startswith(magic)), None):
        raise MailkitArgumentError(f"{file.uri} is {what}.")
    found = next((name for magic, name in _MAGIC.items() if beginning.startswith(magic)), None)
    if beginning and found != compression:
        what = f"is compressed with {found}" if found else "is not compressed"
        name = f"compression is {compression}" if compression else "its name does not say so"
        raise MailkitArgumentError(f"{file.uri} {what}, but {name}: set compression, or rename the file.")


class _BrokenZstdError(Exception):
    """The bytes are not zstd."""


class _ZstdReader(io.RawIOBase):
    """Reads consecutive frames of zstd, and notices if the last one is cut."""

    def __init__(self, raw: IO[bytes]) -> None:
        super().__init__()
        import zstandard

        self._raw = raw
        self._error = zstandard.ZstdError
        self._decompressor = zstandard.ZstdDecompressor()
        self._frame = self._decompressor.decompressobj()
        self._has_begun = False
        self._ready = b""

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill a buffer; return 0 at the end."""
        view = memoryview(buffer).cast("B")
        while not self._ready:
            piece = self._raw.read(_PIECE_BYTES)
            if not piece:
                if self._has_begun:
                    raise EOFError
                return 0
            self._ready = self._decompressed(piece)
        count = min(len(view), len(self._ready))
        view[:count], self._ready = self._ready[:count], self._ready[count:]
        return count

    def _decompressed(self, piece: bytes) -> bytes:
        parts = []
        try:
            while piece:
                parts.append(self._frame.decompress(piece))
                self._has_begun = not self._frame.eof
                piece = b""
                if self._frame.eof:
                    piece = self._frame.unused_data
                    self._frame = self._decompressor.decompressobj()
        except self._error:
            raise _BrokenZstdError from None
        return b"".join(parts)
