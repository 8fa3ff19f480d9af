"""Writing one object of an fsspec store so that it appears only on commit.

Closing an fsspec file publishes what was written so far, even during an exception or a garbage collection.
All code that depends on fsspec's internals is in this module. They were tested with fsspec and s3fs 2026.9.0,
gcsfs 2026.10.1 and adlfs 2026.8.0; for classes that are not named here :class:`TempKeySink` needs public
methods only.
"""

from __future__ import annotations

import logging
import traceback
from typing import Any, Protocol

from airflow_provider_mailkit.storage.spool import part_name

log = logging.getLogger(__name__)

# The exact classes whose files can be dropped without a trace. A subclass may behave differently, like
# gcsfs's class for zonal buckets, which shows data while it is written.
ABORTABLE = frozenset({"s3fs.core.S3File", "gcsfs.core.GCSFile", "adlfs.spec.AzureBlobFile"})
#: Libraries whose stores copy an object with one request, which does nothing without its source.
COPYING = frozenset({"s3fs", "gcsfs", "adlfs"})


class FileSystem(Protocol):
    """The methods of ``fsspec.AbstractFileSystem`` that are used."""

    def open(self, path: str, mode: str, *, block_size: int) -> Any:
        """Open a file."""

    def info(self, path: str) -> dict[str, Any]:
        """Return the store's facts about a path."""

    def mv(self, path1: str, path2: str) -> None:
        """Rename a file."""

    def rm_file(self, path: str) -> None:
        """Remove a file."""

    def invalidate_cache(self) -> None:
        """Forget listings."""


class Sink(Protocol):
    """An object under construction."""

    def write(self, data: bytes) -> object:
        """Append bytes."""

    def commit(self) -> None:
        """Publish the object."""

    def abort(self) -> None:
        """Drop what was written. Raises no ``Exception``. May be called in any thread and repeatedly."""


class NativeSink:
    """The store's own upload, which is dropped instead of closed if it fails."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.write = file.write

    def commit(self) -> None:
        """Publish the object."""
        self._file.close()

    def abort(self) -> None:
        """Drop the upload and its parts in the store."""
        # First: from here on neither close() nor the finalizer publishes anything.
        self._file.closed = True
        try:
            self._file.discard()
        except Exception as error:
            # Only the class, since texts of stores hold upload URLs, which work like passwords.
            log.debug("The unfinished upload stays in the store: %s", type(error).__name__)


class TempKeySink:
    """A hidden temporary key beside the target, renamed on commit; as atomic as the store's rename is."""

    def __init__(self, fs: FileSystem, file: Any, temp_key: str, key: str) -> None:
        self._fs = fs
        self._file = file
        self._temp_key = temp_key
        self._key = key
        self.write = file.write

    def commit(self) -> None:
        """Finish the temporary key and rename it.

        :raises OSError: the store refuses.
        """
        self._file.close()
        self._fs.mv(self._temp_key, self._key)

    def abort(self) -> None:
        """Remove the temporary key."""
        # The order matters, since closing writes the key once more.
        for action in (self._file.close, lambda: self._fs.rm_file(self._temp_key)):
            try:
                action()
            except Exception as error:
                log.debug("Removing a temporary key: %s", type(error).__name__)


def open_sink(fs: FileSystem, key: str, *, exclusive: bool, block_size: int) -> Sink:
    """Begin a new object.

    :param key: its path in the store, with the bucket.
    :param exclusive: let the store refuse to replace an object, if it can.
    :param block_size: bytes that one request uploads.
    """
    folder, slash, name = key.rpartition("/")
    temp_key = f"{folder}{slash}{part_name(name)}"
    # Opening the temporary key shows the class of this bucket's files, without touching the target.
    file = fs.open(temp_key, "wb", block_size=block_size)
    if f"{type(file).__module__}.{type(file).__qualname__}" not in ABORTABLE:
        return TempKeySink(fs, file, temp_key, key)
    file.closed = True
    return NativeSink(_open_target(fs, key, exclusive=exclusive, block_size=block_size))


def _open_target(fs: FileSystem, key: str, *, exclusive: bool, block_size: int) -> Any:
    if exclusive:
        try:
            return fs.open(key, "xb", block_size=block_size)
        except NotImplementedError:
            log.debug("This version of the store's library cannot create exclusively")
    return fs.open(key, "wb", block_size=block_size)


def release_buffers(error: BaseException | None) -> None:
    """Clear the local variables of the calls that failed.

    gcsfs keeps views of its buffer there, in a reference cycle with the error: collecting that as garbage is
    a segmentation fault on CPython 3.12.1 and prints a BufferError on 3.13.0.
    """
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__context__


def is_lost_race(error: BaseException) -> bool:
    """Whether an exclusive upload failed because the object already exists."""
    return isinstance(error, FileExistsError) or (
        isinstance(error, OSError) and "pre-condition" in str(error).lower()
    )
