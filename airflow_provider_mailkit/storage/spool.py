"""A private file for each attempt, which nobody else can see."""

from __future__ import annotations

import hashlib
import io
import os
import secrets
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from airflow_provider_mailkit._worker import Place, explained

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

BUFFER_BYTES = 1024 * 1024
# Small enough that hardly anything is left to write at the end.
_WRITE_BACK_BYTES = 4 * BUFFER_BYTES

# Short enough that the name fits wherever that of the finished file does: some file systems allow 255 bytes,
# encrypted ones 143.
_KEPT_BYTES = 60


def part_name(name: str) -> str:
    """Return a new hidden name for an unfinished file ``name``, such as ``.a.csv.1f2e3d4c.part``."""
    kept = name.encode("utf-8", "replace")[:_KEPT_BYTES].decode("utf-8", "ignore")
    return f".{kept}.{secrets.token_hex(4)}.part"


class Spool(io.BufferedIOBase):
    """A writable sink over a private file, which counts and hashes the bytes.

    It does not own the file. :meth:`close` does nothing, because text layers and compressors close their sink
    even when they are garbage collected.

    :param file: the private file, open for reading and writing.
    :param place: where it is.
    :param durable: whether the file must be on the disk in the end. Then the system is asked every 4 MiB to
        begin writing. Otherwise the publication would have to wait for all of it.
    """

    def __init__(self, file: IO[bytes], place: Place, *, durable: bool = False) -> None:
        super().__init__()
        self.bytes_written = 0
        self._digest = hashlib.sha256()
        self._file = file
        self._place = place
        self._durable = durable
        self._handed_bytes = 0
        self._refusal: str | None = None

    @property
    def closed(self) -> bool:
        """Whether a write would be refused."""
        return self._refusal is not None

    @property
    def sha256(self) -> str:
        """SHA-256 of what was written so far, in hexadecimal digits."""
        return self._digest.hexdigest()

    def writable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the number of bytes written."""
        return self.bytes_written

    def write(self, data: ReadableBuffer, /) -> int:
        """Append all of ``data``.

        :raises ValueError: writes are refused, see :meth:`refuse`.
        :raises WorkerError: the disk is full or broken.
        """
        if self._refusal is not None:
            raise ValueError(self._refusal)
        with explained(self._place, self.bytes_written):
            written = self._file.write(data)
        self._digest.update(data)
        self.bytes_written += written
        if self._durable and self.bytes_written - self._handed_bytes >= _WRITE_BACK_BYTES:
            self._begin_write_back()
        return written

    def _begin_write_back(self) -> None:
        self.flush()
        # If Linux is told that the pages are not needed soon, it writes them. Unlike fsync, this does not
        # wait. This is a hint. On systems without it, the publication takes longer.
        news = self.bytes_written - self._handed_bytes
        with suppress(AttributeError, OSError):
            os.posix_fadvise(self._file.fileno(), self._handed_bytes, news, os.POSIX_FADV_DONTNEED)
        self._handed_bytes = self.bytes_written

    def flush(self) -> None:
        """Pass buffered bytes to the operating system.

        :raises WorkerError: the disk is full or broken.
        """
        if self._refusal is None:
            with explained(self._place, self.bytes_written):
                self._file.flush()

    def close(self) -> None:
        """Do nothing."""

    def refuse(self, reason: str) -> None:
        """Let every later write raise ``ValueError(reason)``.

        It only sets an attribute, since a signal handler must not touch a buffered file that it may have
        interrupted.
        """
        self._refusal = reason
