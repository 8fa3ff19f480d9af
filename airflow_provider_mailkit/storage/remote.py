"""Publication in an object store: written to a private local file, then uploaded."""

from __future__ import annotations

import threading
from typing import IO

from airflow_provider_mailkit._worker import Place, WorkerError, open_temporary, start_thread
from airflow_provider_mailkit.storage.sinks import FileSystem, Sink, is_lost_race, open_sink, release_buffers
from airflow_provider_mailkit.storage.spool import BUFFER_BYTES

PIECE_BYTES = 1024 * 1024
MIN_BLOCK_BYTES = 16 * 1024 * 1024
# S3 takes 10,000 parts; the rest is reserve.
MAX_BLOCKS = 9_000
# How long an interrupted task waits for a running request.
STOP_S = 10.0


class RemoteOutlet:
    """Publishes one object of an fsspec store.

    :param fs: the file system.
    :param key: path of the object in it, with the bucket.
    :param uri: the target in messages.
    """

    #: The spool file is only read once more.
    durable = False

    def __init__(self, fs: FileSystem, key: str, uri: str) -> None:
        self._fs = fs
        self._key = key
        self._uri = uri
        self._upload: Upload | None = None
        self._aborted = False

    def open_spool(self) -> tuple[IO[bytes], Place]:
        """Create a temporary file without a name; return it and its folder.

        :raises WorkerError: the folder for temporary files cannot be written.
        """
        return open_temporary(BUFFER_BYTES)

    def publish(self, file: IO[bytes], size: int, *, overwrite: bool) -> None:
        """Upload the flushed spool file.

        :param size: its size in bytes.
        :raises FileExistsError: the object exists and ``overwrite`` is false.
        :raises WorkerError: no thread can be started.
        :raises OSError: the store refuses or cannot be reached. Other errors of its library pass unchanged.
        """
        # Not every store has exclusive creation, and S3 does not have it for empty objects.
        if not overwrite and exists(self._fs, self._key):
            raise FileExistsError(self._exists_text())
        self._upload = Upload(self._fs, self._key, self._uri, exclusive=not overwrite)
        # An abort() in between has not seen it.
        if self._aborted:
            self._upload.stop()
        try:
            self._upload.run(file, size)
        except OSError as error:
            if not overwrite and is_lost_race(error):
                raise FileExistsError(self._exists_text()) from error
            raise
        finally:
            self._upload = None

    def abort(self) -> None:
        """Stop an upload and remove its parts. May be called at any moment and repeatedly."""
        self._aborted = True
        upload = self._upload
        if upload is not None:
            upload.stop()

    def _exists_text(self) -> str:
        return f"{self._uri} exists already and overwrite is off"


class Upload:
    """One attempt, in a separate thread.

    Signal handlers raise in the main thread, between any two instructions. A store's file that was just
    opened would then be garbage collected, and so publish an empty object. The other thread is not
    interrupted.
    """

    def __init__(self, fs: FileSystem, key: str, uri: str, *, exclusive: bool) -> None:
        self._fs = fs
        self._key = key
        self._uri = uri
        self._exclusive = exclusive
        self._sink: Sink | None = None
        self._stopped = False
        self._error: BaseException | None = None
        self._over = False
        self._working = threading.Lock()

    def run(self, file: IO[bytes], size: int) -> None:
        """Upload a file of ``size`` bytes; raise its errors here."""
        self._working.acquire()
        try:
            start_thread("upload", self._work, file, size)
            # Before Python 3.13, an interrupted join() would count the thread as ended.
            self._working.acquire()
        except WorkerError:
            raise
        except BaseException:
            self.stop()
            if not self._over:
                self._working.acquire(timeout=STOP_S)
            raise
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Drop the upload, and let :meth:`run` raise ValueError. Any thread may call it, repeatedly."""
        self._stopped = True
        sink = self._sink
        if sink is not None:
            sink.abort()

    def _work(self, file: IO[bytes], size: int) -> None:
        try:
            self._copy(file, size)
        except BaseException as error:
            if self._sink is not None:
                self._sink.abort()
            release_buffers(error)
            self._error = error
        self._sink = None
        self._over = True
        self._working.release()

    def _copy(self, file: IO[bytes], size: int) -> None:
        block_size = block_bytes(size)
        self._sink = open_sink(self._fs, self._key, exclusive=self._exclusive, block_size=block_size)
        file.seek(0)
        while piece := file.read(PIECE_BYTES):
            self._check()
            self._sink.write(piece)
        self._check()
        self._sink.commit()
        # An upload that was dropped just before the commit ends without an error.
        self._check()

    def _check(self) -> None:
        if self._stopped:
            raise ValueError(f"The upload to {self._uri} was aborted")


def block_bytes(size: int) -> int:
    """Return the bytes per request for an object of ``size`` bytes: whole MiB, at least 16."""
    mib = 1024 * 1024
    return max(MIN_BLOCK_BYTES, -(-size // (MAX_BLOCKS * mib)) * mib)


def exists(fs: FileSystem, key: str) -> bool:
    """Ask the store, not a cached listing.

    :raises OSError: the store gives no answer, such as ``PermissionError``, which does not mean "no".
    """
    fs.invalidate_cache()
    try:
        fs.info(key)
    except FileNotFoundError:
        return False
    return True
