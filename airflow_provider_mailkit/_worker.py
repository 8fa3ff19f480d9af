"""Errors of the worker's machine, such as a full disk, with messages that say what to do."""

from __future__ import annotations

import errno
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
# Errors that stay until somebody changes the path or its permissions.
_PERMANENT = frozenset({
    errno.EACCES, errno.EBUSY, errno.EINVAL, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOTDIR,
    errno.EPERM, errno.EROFS,
})  # fmt: skip


class WorkerError(OSError):
    """The machine refuses something; ``strerror`` says what, and what to do about it.

    It is not a :class:`MailkitError` yet, since an export would repeat the report after one, which would not
    help.
    """

    @property
    def retryable(self) -> bool:
        """Whether it may work later, or on another machine, without anybody changing anything."""
        return self.errno not in _PERMANENT


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that is written to, described for a message.

    :param folder: the folder, and what it is.
    :param move: how to choose another one.
    """

    folder: str
    move: str


@contextmanager
def explained(place: Place, size: int = 0) -> Iterator[None]:
    """Turn disk errors into errors that say what to do.

    :param size: the bytes written so far.
    :raises WorkerError: with the original ``errno``.
    """
    try:
        yield
    except WorkerError:
        raise
    except OSError as error:
        if error.errno in _FULL:
            sentence = (
                f"No space left after {size} bytes in {place.folder}. Free some space there, or {place.move}."
            )
        elif error.errno == errno.EFBIG:
            sentence = (
                f"The largest size that a file may have is reached after {size} bytes in {place.folder}. "
                f"Raise the limit (ulimit -f), or {place.move}."
            )
        else:
            sentence = (
                f"Cannot write in {place.folder}: {error.strerror or error}. Check that the task's user can "
                f"write there, or {place.move}."
            )
        raise WorkerError(error.errno or errno.EIO, sentence) from error


def open_temporary(buffer_bytes: int) -> tuple[IO[bytes], Place]:
    """Create a temporary file without a name, of which nothing stays, however the process ends.

    :return: the file, open for reading and writing, and its folder.
    :raises WorkerError: no temporary file can be created.
    """
    move = "set the variable TMPDIR to a folder with enough room"
    try:
        folder = tempfile.gettempdir()
    except FileNotFoundError as error:
        # Python finds a temporary folder by writing into it.
        raise WorkerError(
            errno.ENOSPC,
            f"No folder for temporary files can be written, or all are full: free some space, or {move}.",
        ) from error
    place = Place(f"{folder}, the folder for temporary files", move)
    with explained(place):
        return tempfile.TemporaryFile(buffering=buffer_bytes), place


def close_unwanted(file: IO[bytes]) -> None:
    """Close a file whose content is not needed any more."""
    # On a full disk closing fails too, and would hide the cause.
    with suppress(OSError):
        file.close()


def start_thread(name: str, target: Callable[..., object], *args: Any) -> None:
    """Start a thread that does not keep the process alive.

    :raises WorkerError: the machine cannot start more threads.
    """
    try:
        threading.Thread(target=target, args=args, name=name, daemon=True).start()
    except RuntimeError as error:
        raise no_thread() from error


def no_thread() -> WorkerError:
    """Return the error for a machine that cannot start more threads."""
    return WorkerError(
        errno.EAGAIN,
        "No thread can be started: the container or the user has reached its limit of processes. Raise that "
        "limit (pids_limit, ulimit -u), or run fewer tasks at a time on this worker.",
    )
