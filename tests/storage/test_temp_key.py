"""Stores of which nothing is known but fsspec's public methods."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFile, MemoryFileSystem
from storage.support import OLD, TimedOut, content, put, raise_

from airflow_provider_mailkit.storage.publication import Publication
from airflow_provider_mailkit.storage.target import Target, resolve_target

DATA = content(3_000_000)


class Store:
    """One folder of memory://."""

    def __init__(self) -> None:
        self.fs = MemoryFileSystem(skip_instance_cache=True)
        self.folder = f"/{uuid.uuid4().hex}"
        self.target = Target(
            f"memory:/{self.folder}/rows.csv", "rows.csv", f"{self.folder}/rows.csv", self.fs
        )

    def content(self) -> dict[str, bytes]:
        return {
            path.removeprefix(f"{self.folder}/"): file.getvalue()
            for path, file in self.fs.store.items()
            if path.startswith(self.folder)
        }


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store()
    store.fs.pipe_file(store.target.path, OLD)
    yield store
    for name in store.content():
        del store.fs.store[f"{store.folder}/{name}"]


@pytest.fixture
def at_write(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    def install(action: Callable[[], object]) -> None:
        original = MemoryFile.write

        def write(self: MemoryFile, data: bytes) -> int:
            written: int = original(self, data)
            action()
            return written

        monkeypatch.setattr(MemoryFile, "write", write, raising=False)

    return install


@pytest.mark.parametrize("data", [b"", DATA], ids=len)
def test_replaces(store: Store, data: bytes) -> None:
    put(store.target, data)
    assert store.content() == {"rows.csv": data}


def test_temporary_key_is_hidden(store: Store, at_write: Callable[[Callable[[], object]], None]) -> None:
    seen: list[dict[str, bytes]] = []
    at_write(lambda: seen.append(store.content()))
    put(store.target, DATA)
    names = {name for content_ in seen for name in content_}
    (hidden,) = names - {"rows.csv"}
    assert (hidden[:10], hidden[-5:]) == (".rows.csv.", ".part")
    assert all(content_["rows.csv"] == OLD for content_ in seen)


def test_two_uploads_at_once_share_no_temporary_key(
    store: Store, at_write: Callable[[Callable[[], object]], None]
) -> None:
    others = [b"of another task"]

    def publish_another() -> None:
        if others:
            put(store.target, others.pop())

    at_write(publish_another)
    put(store.target, DATA)
    assert store.content() == {"rows.csv": DATA}


@pytest.mark.parametrize("error", [RuntimeError("broken"), TimedOut()])
def test_failure(
    store: Store, error: BaseException, at_write: Callable[[Callable[[], object]], None]
) -> None:
    at_write(lambda: raise_(error))
    with pytest.raises(type(error)) as caught:
        put(store.target, DATA)
    assert caught.value is error
    assert store.content() == {"rows.csv": OLD}


def test_an_error_keeps_no_buffers(store: Store, at_write: Callable[[Callable[[], object]], None]) -> None:
    buffer = io.BytesIO(DATA)

    def fail() -> None:
        view = buffer.getbuffer()
        raise RuntimeError(len(view))

    at_write(fail)
    with pytest.raises(RuntimeError) as caught:
        put(store.target, DATA)
    # A BufferError here means that the error still holds the view.
    buffer.truncate(0)
    assert caught.value.args == (len(DATA),)


@pytest.mark.parametrize("error", [OSError("read only"), TimedOut()])
def test_failing_rename(store: Store, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store.fs, "mv", lambda *_: raise_(error))
    with pytest.raises(type(error)):
        put(store.target, DATA)
    assert store.content() == {"rows.csv": OLD}


def test_failing_removal_does_not_mask(
    store: Store, monkeypatch: pytest.MonkeyPatch, at_write: Callable[[Callable[[], object]], None]
) -> None:
    monkeypatch.setattr(store.fs, "rm_file", lambda *_: raise_(PermissionError()))
    at_write(lambda: raise_(RuntimeError("broken")))
    with pytest.raises(RuntimeError, match="broken"):
        put(store.target, DATA)
    assert store.content()["rows.csv"] == OLD


def test_abort(store: Store, at_write: Callable[[Callable[[], object]], None]) -> None:
    with Publication(store.target) as publication:
        at_write(publication.abort)
        publication.file.write(DATA)
        with pytest.raises(ValueError, match="was aborted"):
            publication.commit()
    assert store.content() == {"rows.csv": OLD}


def test_without_overwrite(store: Store) -> None:
    with pytest.raises(FileExistsError, match="overwrite is off"):
        put(store.target, DATA, overwrite=False)
    assert store.content() == {"rows.csv": OLD}
    store.fs.rm_file(store.target.path)
    put(store.target, DATA, overwrite=False)
    assert store.content() == {"rows.csv": DATA}


def test_a_file_system_attached_by_the_user(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        from airflow.sdk.io import store as airflow_store
    except ImportError:
        from airflow.io import store as airflow_store  # type: ignore[no-redef]
    monkeypatch.setattr(airflow_store, "_STORE_CACHE", {})
    airflow_store.attach("memory", fs=store.fs)
    target = resolve_target(f"memory://{store.folder[1:]}/rows.csv")
    assert target.uri == f"memory:/{store.folder}/rows.csv"
    assert target.exists()
    put(target, DATA)
    assert store.content() == {"rows.csv": DATA}


class FileWhoseDiscardDoesNothing(MemoryFile):
    """Publishes on close, whatever was asked before."""

    def discard(self) -> None:
        pass


def test_discard_is_not_relied_on(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def open_(path: str, mode: str, **_: Any) -> FileWhoseDiscardDoesNothing:
        opened.append(path)
        return FileWhoseDiscardDoesNothing(store.fs, path)

    monkeypatch.setattr(store.fs, "open", open_)
    monkeypatch.setattr(MemoryFile, "write", lambda *_: raise_(RuntimeError("broken")), raising=False)
    with pytest.raises(RuntimeError, match="broken"):
        put(store.target, DATA)
    assert store.target.path not in opened
    assert store.content() == {"rows.csv": OLD}
