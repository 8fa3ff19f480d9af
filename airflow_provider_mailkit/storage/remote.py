"""Publication in an object store: spooled whole to a private local file, then uploaded."""

from __future__ import annotations

import tempfile
from typing import IO

from airflow_provider_mailkit.storage.sinks import FileSystem, Sink, is_lost_race, open_sink, release_buffers
from airflow_provider_mailkit.storage.spool import BUFFER_BYTES

PIECE_BYTES = 1024 * 1024
MIN_BLOCK_BYTES = 16 * 1024 * 1024
# S3 takes 10,000 parts; the rest is reserve.
MAX_BLOCKS = 9_000


class RemoteOutlet:
    """Publishes one object of an fsspec store.

    :param fs: the file system.
    :param key: path of the object in it, with the bucket.
    :param uri: the target in messages.
    """

    def __init__(self, fs: FileSystem, key: str, uri: str) -> None:
        self._fs = fs
        self._key = key
        self._uri = uri
        self._sink: Sink | None = None
        self._aborted = False
        self.place = f"{tempfile.gettempdir()}, the folder for temporary files; the variable TMPDIR moves it"

    def open_spool(self) -> IO[bytes]:
        """Create a temporary file without a name: nothing stays of it, however the process ends.

        :raises OSError: the folder for temporary files cannot be written.
        """
        return tempfile.TemporaryFile(buffering=BUFFER_BYTES)

    def publish(self, file: IO[bytes], size: int, *, overwrite: bool) -> None:
        """Upload the flushed spool file.

        :param size: its size in bytes.
        :raises FileExistsError: the object exists and ``overwrite`` is false.
        :raises OSError: the store refuses or cannot be reached. Other errors of its library pass unchanged.
        """
        # Not every store knows exclusive creation, and S3 does not for empty objects.
        if not overwrite and exists(self._fs, self._key):
            raise FileExistsError(self._exists_text())
        try:
            self._upload(file, size, overwrite=overwrite)
        except BaseException as error:
            self._drop()
            release_buffers(error)
            if not overwrite and is_lost_race(error):
                raise FileExistsError(self._exists_text()) from error
            raise
        self._sink = None

    def abort(self) -> None:
        """Stop an upload and drop what is in the store; harmless at any moment and any number of times."""
        self._aborted = True
        if self._sink is not None:
            self._sink.abort()

    def _drop(self) -> None:
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.abort()

    def _upload(self, file: IO[bytes], size: int, *, overwrite: bool) -> None:
        self._sink = open_sink(self._fs, self._key, exclusive=not overwrite, block_size=block_bytes(size))
        file.seek(0)
        while piece := file.read(PIECE_BYTES):
            self._check()
            self._sink.write(piece)
        self._check()
        self._sink.commit()
        # An upload that was aborted just before the commit ends without an error.
        self._check()

    def _check(self) -> None:
        if self._aborted:
            raise ValueError(f"The upload to {self._uri} was aborted")

    def _exists_text(self) -> str:
        return f"{self._uri} exists already and overwrite is off"


def block_bytes(size: int) -> int:
    """Return how many bytes of an object of ``size`` bytes one request uploads: whole MiB, at least 16."""
    mib = 1024 * 1024
    return max(MIN_BLOCK_BYTES, -(-size // (MAX_BLOCKS * mib)) * mib)


def exists(fs: FileSystem, key: str) -> bool:
    """Ask the store, not a cached listing.

    :raises OSError: the store gives no answer, such as ``PermissionError``; that is not "no".
    """
    fs.invalidate_cache()
    try:
        fs.info(key)
    except FileNotFoundError:
        return False
    return True
