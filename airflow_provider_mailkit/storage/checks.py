"""Refuses local paths at which a file cannot be published, before anything is written."""

from __future__ import annotations

import os
import re
import stat

_MOUNTS = "/proc/self/mountinfo"


def check_local_path(path: str, uri: str) -> None:
    """Refuse a path to which a file cannot be renamed in the end, or where that would do harm.

    :param path: an absolute path.
    :param uri: the path in messages.
    :raises ValueError: the text says what to write instead.
    """
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        mode = stat.S_IFREG
    except OSError as error:
        raise ValueError(_unusable(uri, error)) from error
    if not stat.S_ISREG(mode):
        # Renaming a file over a device or a pipe would remove that.
        raise ValueError(f"{uri} exists and is not a regular file: end the path with the name of a file")
    if _leads_through_proc(path):
        raise ValueError(f"{uri} belongs to the system or to a process: choose another path")
    real = os.path.realpath(path)
    if _is_mount_point(real):
        raise ValueError(
            f"{uri} is a mount point, which a file cannot replace: mount the folder instead of the file"
        )
    _check_names(real, uri)
    _check_owner(real, uri)


def _unusable(uri: str, error: OSError) -> str:
    return f"{uri} cannot be written: {os.strerror(error.errno or 0).lower()}: choose another path"


def _leads_through_proc(path: str) -> bool:
    """Whether a path is that of an open file, such as ``/dev/stdout``."""
    while True:
        if f"{os.path.realpath(os.path.dirname(path))}/".startswith("/proc/"):
            return True
        if not os.path.islink(path):
            return False
        path = os.path.join(os.path.dirname(path), os.readlink(path))


def _is_mount_point(path: str) -> bool:
    # A mounted file, as in containers, may be on the same device as its folder.
    try:
        with open(_MOUNTS, "rb") as mounts:
            points = {_unescaped(line.split(b" ")[4]) for line in mounts}
    except (OSError, IndexError):
        return False
    return os.fsencode(path) in points


def _unescaped(point: bytes) -> bytes:
    return re.sub(rb"\\([0-7]{3})", lambda escape: bytes([int(escape[1], 8)]), point)


def _check_names(path: str, uri: str) -> None:
    """Refuse names that are too long for the file system, including those of new folders."""
    folder, name = os.path.split(path)
    names = [name]
    while not os.path.isdir(folder):
        folder, name = os.path.split(folder)
        names.append(name)
    for name in names:
        try:
            os.lstat(os.path.join(folder, name))
        except FileNotFoundError:
            continue
        except OSError as error:
            raise ValueError(_unusable(uri, error)) from error


def _check_owner(path: str, uri: str) -> None:
    """Refuse another user's file in a folder where only its owner may replace it, such as ``/tmp``."""
    folder = os.stat(os.path.dirname(path)) if os.path.exists(path) else None
    if folder is None or not folder.st_mode & stat.S_ISVTX:
        return
    if os.geteuid() not in (0, folder.st_uid, os.stat(path).st_uid):
        raise ValueError(
            f"{uri} belongs to another user, and its folder lets only the owner replace a file (sticky bit): "
            "choose another path"
        )
