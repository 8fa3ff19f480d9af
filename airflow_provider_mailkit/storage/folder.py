"""A folder in which files can be created only once and moved only once, even by several tasks."""

from __future__ import annotations

import errno
import os
import secrets
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Any

from airflow_provider_mailkit._worker import Place, explained, open_temporary
from airflow_provider_mailkit.storage.local import lacks_links
from airflow_provider_mailkit.storage.publication import Publication
from airflow_provider_mailkit.storage.remote import Upload
from airflow_provider_mailkit.storage.sinks import COPYING, is_lost_race
from airflow_provider_mailkit.storage.spool import BUFFER_BYTES
from airflow_provider_mailkit.storage.target import Target, resolve_target

#: How many seconds a store may take for a copy.
COPY_S = 300.0
_PAUSE_S = 0.5
_PROBE = "probe"


class Folder(ABC):
    """A folder on a local disk or in an object store.

    :param uri: the folder, without a slash at the end.
    """

    def __init__(self, target: Target, name: str) -> None:
        self._target = target
        self._name = name
        self.uri = target.uri.removesuffix(f"/{name}")
        self._root = target.path.removesuffix(f"/{name}")

    def target(self, name: str) -> Target:
        """Return the place of a file in the folder; the name may hold a slash."""
        path = self._path(name)
        return Target(f"{self.uri}/{name}", name.rpartition("/")[2], path, self._target.fs)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def publication(self, name: str, *, overwrite: bool = True) -> Publication:
        """Return the publication of a file in the folder."""
        return Publication(self.target(name), overwrite=overwrite)

    def exists(self, name: str) -> bool:
        """Tell whether a file exists now."""
        return self.target(name).exists()

    @abstractmethod
    def names(self, folder: str = "") -> list[str]:
        """Return the present names of the files in the folder, or in one of its folders."""

    @abstractmethod
    def read(self, name: str) -> bytes:
        """Return the content of a small file.

        :raises FileNotFoundError: it is not there.
        """

    @abstractmethod
    def move(self, source: str, name: str, size: int) -> None:
        """Move a complete file to its final name, even if another process does so at the same time.

        The source is gone afterwards, so a later process cannot do it again.

        :param size: the bytes of the source.
        :raises FileNotFoundError: the source is gone already.
        """

    @abstractmethod
    def remove(self, name: str) -> None:
        """Remove a file, if it exists."""

    @abstractmethod
    def creates_only_once(self, folder: str) -> bool:
        """Test whether ``overwrite=False`` holds even if two tasks publish at the same time.

        :param folder: the folder for the test, below this one.
        """


def resolve_folder(output_path: str, conn_id: str | None = None) -> Folder:
    """Return the folder that ``output_path`` names.

    :param output_path: a URL that Airflow's ObjectStoragePath takes, or a local path.
    :raises ValueError: the folder is impossible; the text says what to write instead.
    """
    target = resolve_target(f"{output_path.rstrip('/')}/{_PROBE}", conn_id)
    return LocalFolder(target, _PROBE) if target.fs is None else RemoteFolder(target, _PROBE)


class LocalFolder(Folder):
    """A folder on a local disk."""

    def names(self, folder: str = "") -> list[str]:
        """Return the names of the files, hidden ones too."""
        try:
            return os.listdir(os.path.join(self._root, folder))
        except FileNotFoundError:
            return []

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        with open(self._path(name), "rb") as file:
            return file.read()

    def move(self, source: str, name: str, size: int) -> None:
        """Rename a file, which the system does only once."""
        with explained(self._place()):
            try:
                os.rename(self._path(source), self._path(name))
            except FileNotFoundError:
                pass
            else:
                self._sync(name)
                return
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), source)

    def remove(self, name: str) -> None:
        """Remove a file."""
        with suppress(FileNotFoundError):
            os.unlink(self._path(name))

    def creates_only_once(self, folder: str) -> bool:
        """Test whether the file system has hard links, which can create a name only once."""
        probe, link = (self._path(f"{folder}/.{secrets.token_hex(8)}.{end}") for end in ("probe", "link"))
        with explained(self._place()):
            os.makedirs(os.path.dirname(probe), exist_ok=True)
            with open(probe, "xb"):
                pass
        try:
            os.link(probe, link)
        except OSError as error:
            with explained(self._place()):
                if not lacks_links(error):
                    raise
            return False
        finally:
            for path in (probe, link):
                with suppress(OSError):
                    os.unlink(path)
        return True

    def _place(self) -> Place:
        return Place(self._root, "choose another folder in output_path")

    def _sync(self, name: str) -> None:
        # As with any publication, a file system without this ability must not cause a failure.
        with suppress(OSError):
            descriptor = os.open(os.path.dirname(self._path(name)), os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


class RemoteFolder(Folder):
    """A folder in a store of fsspec."""

    @property
    def _fs(self) -> Any:
        return self._target.fs

    def names(self, folder: str = "") -> list[str]:
        """Return the names of the objects, from one listing."""
        self._fs.invalidate_cache()
        try:
            found = self._fs.ls(self._path(folder).rstrip("/"), detail=False)
        except FileNotFoundError:
            return []
        return [name for path in found if (name := path.rstrip("/").rpartition("/")[2])]

    def read(self, name: str) -> bytes:
        """Return the content of an object."""
        data: bytes = self._fs.cat_file(self._path(name))
        return data

    def move(self, source: str, name: str, size: int) -> None:
        """Let the store copy an object, then remove the source.

        A copy that comes late finds no source, and does nothing.
        """
        old, new = self._path(source), self._path(name)
        if type(self._fs).__module__.partition(".")[0] not in COPYING:
            # Other stores rename, or have the library download and upload.
            self._fs.mv(old, new)
            return
        self._fs.cp_file(old, new)
        self._wait_for_copy(new, size)
        self.remove(source)

    def _wait_for_copy(self, key: str, size: int) -> None:
        # Azure may copy in the background.
        ends = time.monotonic() + COPY_S
        while True:
            self._fs.invalidate_cache()
            if self._fs.info(key)["size"] == size:
                return
            if time.monotonic() > ends:
                raise TimeoutError(errno.ETIMEDOUT, f"The store did not copy a file within {COPY_S:.0f} s")
            time.sleep(_PAUSE_S)

    def remove(self, name: str) -> None:
        """Remove an object."""
        with suppress(FileNotFoundError):
            self._fs.rm_file(self._path(name))

    def creates_only_once(self, folder: str) -> bool:
        """Try to create an object twice, the second time without a check."""
        name = f"{folder}/.{secrets.token_hex(8)}.probe"
        try:
            return not all(self._creates(name) for _ in range(2))
        finally:
            self.remove(name)

    def _creates(self, name: str) -> bool:
        file, _ = open_temporary(BUFFER_BYTES)
        with file:
            file.write(b"\n")
            file.flush()
            try:
                Upload(self._fs, self._path(name), self.uri, exclusive=True).run(file, 1)
            except OSError as error:
                if is_lost_race(error):
                    return False
                raise
        return True
