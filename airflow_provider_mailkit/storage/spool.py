"""What is written before anybody else can see it: one private file per attempt."""

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
# Little enough that hardly anything is left to wait for at the end.
_WRITE_BACK_BYTES = 4 * BUFFER_BYTES

# Few enough that the name fits wherever that of the finished file does: some file systems take 255 bytes,
# encrypted ones take 143.
_KEPT_BYTES = 60


def part_name(name: str) -> str:
    """Return a new hidden name for an unfinished file ``name``, such as ``.a.csv.1f2e3d4c.part``."""
    kept = name.encode("utf-8", "replace")[:_KEPT_BYTES].decode("utf-8", "ignore")
    return f".{kept}.{secrets.token_hex(4)}.part"


class Spool(io.BufferedIOBase):
    """A writable sink over a private file; counts and hashes what passes.

    It does not own the file: :meth:`close` does nothing, because text layers and compressors close what they
    write to, also when they are merely garbage collected.

    :param file: the private file, open for reading and writing.
    :param place: where it is.
    :param durable: whether the file has to be on the disk in the end. Then the system is asked every 4 MiB to
        begin to bring them there: whoever publishes would have to wait for all of it otherwise.
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

        :raises ValueError: nothing more is taken, see :meth:`refuse`.
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
        # To say that nobody needs the pages soon makes Linux write those that it has not written. It does not
        # wait for them, as fsync does. A hint: a system that does not know it makes the publication longer.
        news = self.bytes_written - self._handed_bytes
        with suppress(AttributeError, OSError):
            os.posix_fadvise(self._file.fileno(), self._handed_bytes, news, os.POSIX_FADV_DONTNEED)
        self._handed_bytes = self.bytes_written

    def flush(self) -> None:
        """Hand what is buffered to the operating system.

        :raises WorkerError: the disk is full or broken.
        """
        if self._refusal is None:
            with explained(self._place, self.bytes_written):
                self._file.flush()

    def close(self) -> None:
        """Do nothing."""

    def refuse(self, reason: str) -> None:
        """Let every later write raise ``ValueError(reason)``.

        Only sets an attribute: a signal handler must not touch a buffered file that it may have interrupted.
        """
        self._refusal = reason
