"""Publication on a local disk: the unfinished file is hidden beside its target, and then renamed."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from typing import IO

from airflow_provider_mailkit._worker import Place, explained
from airflow_provider_mailkit.storage.spool import BUFFER_BYTES, part_name

_NO_LINKS = frozenset(
    {errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL}
)


class LocalOutlet:
    """Publishes one file on a local disk.

    :param path: absolute path of the target; a symbolic link is followed, not replaced.
    :param uri: the target in messages.
    """

    #: The spool file has to be on the disk before it becomes the target.
    durable = True

    def __init__(self, path: str, uri: str) -> None:
        self._path = os.path.realpath(path)
        self._uri = uri
        self._folder, self._name = os.path.split(self._path)
        self._part: str | None = None
        self._place = Place(f"{self._folder}, the folder of {uri}", "choose another folder")

    def open_spool(self) -> tuple[IO[bytes], Place]:
        """Create the hidden file that becomes the target, readable only for the owner, and missing folders.

        :return: the file and its folder.
        :raises WorkerError: the folder cannot be written.
        """
        self.abort()
        with explained(self._place):
            os.makedirs(self._folder, exist_ok=True)
            self._part = os.path.join(self._folder, part_name(self._name))
            descriptor = os.open(self._part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            return open(descriptor, "w+b", buffering=BUFFER_BYTES), self._place

    def publish(self, file: IO[bytes], size: int, *, overwrite: bool) -> None:
        """Give the flushed spool file the name of the target.

        :param size: its size in bytes.
        :raises FileExistsError: the target exists and ``overwrite`` is false.
        :raises WorkerError: the file cannot be written or renamed.
        """
        if self._part is None:
            raise ValueError(f"There is no spool file for {self._uri}")
        with explained(self._place, size):
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), self._mode(self._part))
            if overwrite:
                os.replace(self._part, self._path)
        if not overwrite:
            self._claim(self._part, size)
        self._part = None
        self._sync_folder()

    def abort(self) -> None:
        """Remove the hidden file. May be called at any moment and repeatedly."""
        if self._part is not None:
            for path in (self._part, _empty_one(self._part)):
                with suppress(OSError):
                    os.unlink(path)

    def _mode(self, part: str) -> int:
        try:
            return stat.S_IMODE(os.stat(self._path).st_mode)
        except FileNotFoundError:
            return _mode_of_new_files(part)

    def _claim(self, part: str, size: int) -> None:
        exists = f"{self._uri} exists already and overwrite is off"
        try:
            os.link(part, self._path)
        except FileExistsError as error:
            raise FileExistsError(exists) from error
        except OSError as error:
            if os.path.lexists(self._path):
                raise FileExistsError(exists) from error
            with explained(self._place, size):
                if not lacks_links(error):
                    raise
                # Check and rename is the best there.
                os.replace(part, self._path)
        else:
            # The file is published. Its other name does not matter.
            with suppress(OSError):
                os.unlink(part)

    def _sync_folder(self) -> None:
        # The file is published. A file system that cannot sync a folder must not cause a failure.
        with suppress(OSError):
            descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def lacks_links(error: OSError) -> bool:
    """Tell whether a hard link failed because the file system has none, like FAT and many FUSE file systems.

    A full or broken disk does not count: the fallback could replace a file of another task.
    """
    return error.errno in _NO_LINKS


def _empty_one(part: str) -> str:
    return f"{part[:-5]}.mode.part"


def _mode_of_new_files(part: str) -> int:
    """Return the rest of 0666 after the process's umask and the folder's access list."""
    # An empty file shows these permissions. The umask can only be read by setting it, for all threads.
    path = _empty_one(part)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        return stat.S_IMODE(os.fstat(descriptor).st_mode)
    finally:
        os.close(descriptor)
        os.unlink(path)
