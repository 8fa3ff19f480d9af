"""Files to read: one, or all in a folder."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any, cast

from airflow_provider_mailkit.storage.sinks import FileSystem
from airflow_provider_mailkit.storage.target import Target

# Bytes per read of an object. The libraries' own sizes are up to 50 MiB.
_BLOCK_BYTES = 4 * 1024 * 1024
_BUFFER_BYTES = 256 * 1024


@dataclass(frozen=True)
class SourceFile:
    """A file that is read.

    :param uri: as of :class:`Target`, without a connection ID.
    :param size: in bytes, as it was when the files were listed.
    :param path: absolute path on a local disk, or the path in ``fs``.
    :param fs: the file system of the store; None: a local disk.
    """

    uri: str
    size: int
    path: str = field(repr=False)
    fs: FileSystem | None = field(repr=False)

    def open(self) -> IO[bytes]:
        """Open it for reading from any position.

        :raises OSError: it cannot be read. Other errors of the store's library pass unchanged.
        """
        if self.fs is None:
            return open(self.path, "rb", buffering=_BUFFER_BYTES)
        # The libraries are slow at reading lines.
        raw = cast("io.RawIOBase", self.fs.open(self.path, "rb", block_size=_BLOCK_BYTES))
        return io.BufferedReader(raw, _BUFFER_BYTES)


def list_files(target: Target) -> list[SourceFile]:
    """Return the file of a target, or all files if it is a folder, sorted by path.

    Files in subfolders are included. Names that begin with ``_`` or ``.`` are left out, as query engines do:
    markers and unfinished files.

    :raises FileNotFoundError: it does not exist, or the folder is empty.
    :raises ValueError: it is something else than a file or a folder.
    :raises OSError: the folder cannot be listed.
    """
    found = _local_files(target.path) if target.fs is None else _remote_files(target.fs, target.path)
    files = [
        SourceFile(f"{target.uri.rstrip('/')}/{name}" if name else target.uri, size, path, target.fs)
        for name, path, size in sorted(found)
    ]
    if not files:
        raise FileNotFoundError(f"{target.uri} is a folder without files")
    return files


def _local_files(path: str) -> Iterator[tuple[str, str, int]]:
    """Yield the name below the folder, the path and the size of each file."""
    info = os.stat(path)
    if not stat.S_ISDIR(info.st_mode):
        yield "", path, _regular_size(path, info)
        return
    for folder, folders, names in os.walk(path, onerror=_raise):
        folders[:] = [name for name in folders if not _is_hidden(name)]
        for name in names:
            whole = os.path.join(folder, name)
            if not _is_hidden(name):
                yield os.path.relpath(whole, path), whole, _regular_size(whole, os.stat(whole))


def _regular_size(path: str, info: os.stat_result) -> int:
    if not stat.S_ISREG(info.st_mode):
        # Opening a pipe would wait for a writer.
        raise ValueError(f"file://{path} is neither a file nor a folder")
    return info.st_size


def _raise(error: OSError) -> None:
    raise error


def _remote_files(fs: Any, path: str) -> Iterator[tuple[str, str, int]]:
    fs.invalidate_cache()
    info = fs.info(path)
    if info["type"] != "directory":
        yield "", path, int(info.get("size") or 0)
        return
    for whole, entry in fs.find(path, detail=True).items():
        name = whole[len(path.rstrip("/")) :].lstrip("/") if whole.startswith(path.rstrip("/")) else whole
        # Some consoles mark a folder by an empty object with its name.
        is_file = entry["type"] != "directory" and name and not name.endswith("/")
        if is_file and not any(map(_is_hidden, name.split("/"))):
            yield name, whole, int(entry.get("size") or 0)


def _is_hidden(name: str) -> bool:
    return name.startswith(("_", "."))
