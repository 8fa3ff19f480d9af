"""An upload that is dropped when it has nothing yet, or nothing any more, that could be dropped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from storage.place import Place
from storage.stores import MIB
from storage.support import OLD, content

from airflow_provider_mailkit.storage import remote
from airflow_provider_mailkit.storage.publication import Publication
from airflow_provider_mailkit.storage.sinks import NativeSink, TempKeySink
from airflow_provider_mailkit.storage.target import Target

SMALL = content(1000)
LARGE = content(11 * MIB)

pytestmark = pytest.mark.usefixtures("quick_retries", "small_blocks")


@pytest.fixture
def old(s3: Place) -> Place:
    s3.put("rows.csv", OLD)
    return s3


def in_memory(data: bytes) -> Target:
    """A store whose files cannot be dropped: it gets a temporary key."""
    fs = MemoryFileSystem(skip_instance_cache=True)
    fs.store.clear()
    fs.pipe_file("/rows.csv", data)
    return Target("memory:///rows.csv", "rows.csv", "/rows.csv", fs)


def with_an_abort(
    publication: Publication, function: Callable[..., Any], *, before: bool = False
) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        if before:
            publication.abort()
        result = function(*args, **kwargs)
        publication.abort()
        return result

    return call


def commit(publication: Publication, data: bytes) -> None:
    with publication:
        publication.file.write(data)
        with pytest.raises(ValueError, match="was aborted"):
            publication.commit()


@pytest.mark.parametrize("data", [b"", SMALL, LARGE], ids=len)
def test_while_it_is_opened(old: Place, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    target: Any = old.target("rows.csv")
    publication = Publication(target)
    monkeypatch.setattr(target.fs, "open", with_an_abort(publication, target.fs.open))
    commit(publication, data)
    assert (old.get("rows.csv"), old.names(), old.unfinished()) == (OLD, ["rows.csv"], [])
    # Nothing of the file is sent, however large it is.
    assert not {"create", "part", "small"} & set(old.proxy.kinds())


@pytest.mark.parametrize("data", [b"", SMALL], ids=len)
def test_while_a_temporary_key_is_opened(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    target: Any = in_memory(OLD)
    publication = Publication(target)
    monkeypatch.setattr(target.fs, "open", with_an_abort(publication, target.fs.open))
    commit(publication, data)
    assert {path: file.getvalue() for path, file in target.fs.store.items()} == {"/rows.csv": OLD}


@pytest.mark.parametrize("data", [b"", SMALL, LARGE], ids=len)
def test_right_before_the_commit(old: Place, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store's library finishes a dropped file without an error, and without a file."""
    publication = Publication(old.target("rows.csv"))
    monkeypatch.setattr(NativeSink, "commit", with_an_abort(publication, NativeSink.commit, before=True))
    commit(publication, data)
    assert (old.get("rows.csv"), old.names(), old.unfinished()) == (OLD, ["rows.csv"], [])


def test_right_before_the_commit_of_a_temporary_key(monkeypatch: pytest.MonkeyPatch) -> None:
    target: Any = in_memory(OLD)
    publication = Publication(target)
    monkeypatch.setattr(TempKeySink, "commit", with_an_abort(publication, TempKeySink.commit, before=True))
    commit(publication, SMALL)
    assert {path: file.getvalue() for path, file in target.fs.store.items()} == {"/rows.csv": OLD}


def test_before_there_is_an_upload(s3: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    publication = Publication(s3.target("rows.csv"), overwrite=False)
    monkeypatch.setattr(remote, "exists", with_an_abort(publication, remote.exists))
    commit(publication, SMALL)
    assert (s3.names(), s3.unfinished()) == ([], [])
