from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from storage.support import OLD, TimedOut, handler_of_sigusr1, put, raise_

from airflow_provider_mailkit._worker import WorkerError
from airflow_provider_mailkit.storage.local import LocalOutlet
from airflow_provider_mailkit.storage.publication import Publication
from airflow_provider_mailkit.storage.target import Target, resolve_target

MIB = 2**20


@pytest.fixture
def umask() -> Iterator[Callable[[int], None]]:
    before = os.umask(0o022)

    def set_(mask: int) -> None:
        os.umask(mask)

    yield set_
    os.umask(before)


def path_of(target: Target) -> Path:
    return Path(target.path)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def folder_of(descriptor: int) -> str:
    return os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}"))


def files(target: Target) -> list[str]:
    return sorted(os.listdir(path_of(target).parent))


@pytest.fixture
def old(local: Target) -> Target:
    path_of(local).parent.mkdir()
    path_of(local).write_bytes(OLD)
    return local


def test_invisible_and_private_while_written(old: Target, umask: Callable[[int], None]) -> None:
    umask(0)
    with Publication(old) as publication:
        publication.file.write(b"new")
        publication.file.flush()
        hidden, visible = files(old)
        assert (hidden.startswith(".rows.csv."), hidden.endswith(".part")) == (True, True)
        assert mode(path_of(old).with_name(hidden)) == 0o600
        assert visible == "rows.csv"
        assert path_of(old).read_bytes() == OLD
        publication.commit()
    assert path_of(old).read_bytes() == b"new"


@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077])
def test_new_file_follows_the_umask(local: Target, mask: int, umask: Callable[[int], None]) -> None:
    umask(mask)
    put(local, b"new")
    assert mode(path_of(local)) == 0o666 & ~mask
    assert os.umask(mask) == mask
    assert files(local) == ["rows.csv"]


def test_the_umask_is_not_touched_which_all_threads_have_in_common(
    local: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "umask", lambda _: pytest.fail("the umask was set"))
    put(local, b"new")


def test_the_empty_file_that_shows_the_mode_does_not_stay(
    local: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal comes when it was made, and another one when it is to be removed."""
    original = os.open

    def interrupted(path: Any, flags: int, mode: int = 0o777) -> int:
        original(path, flags, mode)
        raise TimedOut

    with pytest.raises(TimedOut):
        put(local, b"new", before_commit=lambda: monkeypatch.setattr(os, "open", interrupted))
    assert files(local) == []


def test_mode_of_the_old_file_is_kept(old: Target) -> None:
    path_of(old).chmod(0o640)
    put(old, b"new")
    assert mode(path_of(old)) == 0o640


def test_symbolic_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "rows.csv").write_bytes(OLD)
    (tmp_path / "link.csv").symlink_to("real/rows.csv")
    put(resolve_target(str(tmp_path / "link.csv")), b"new")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real" / "rows.csv").read_bytes() == b"new"
    assert os.listdir(tmp_path / "real") == ["rows.csv"]


def test_name_as_long_as_possible(tmp_path: Path) -> None:
    for name in ("x" * 255, "\N{GRINNING FACE}" * 63, "x" * 58 + "\N{GRINNING FACE}" * 49):
        put(resolve_target(str(tmp_path / name)), b"new")
        assert (tmp_path / name).read_bytes() == b"new"


def test_the_first_error_is_kept(old: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalOutlet, "publish", lambda *_, **__: raise_(TimedOut()))
    with pytest.raises(TimedOut):
        put(
            old,
            b"new",
            before_commit=lambda: monkeypatch.setattr(
                LocalOutlet, "abort", lambda *_: raise_(KeyboardInterrupt())
            ),
        )


def test_an_interrupted_close_keeps_no_part(old: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second signal comes while the first one is heeded."""

    def interrupted() -> None:
        with Publication(old) as publication:
            publication.file.write(b"new")
            close_spool = publication._close_spool

            def close(reason: str) -> None:
                close_spool(reason)
                raise TimedOut

            monkeypatch.setattr(publication, "_close_spool", close)
            raise RuntimeError("first")

    with pytest.raises(RuntimeError, match="first"):
        interrupted()
    assert path_of(old).read_bytes() == OLD
    assert files(old) == ["rows.csv"]


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    target = resolve_target(str(tmp_path / "file" / "rows.csv"))
    (tmp_path / "file").touch()
    with (
        pytest.raises(WorkerError, match=f"in {tmp_path}/file, .*choose another folder"),
        Publication(target),
    ):
        pytest.fail("entered")


def test_whole_and_on_the_disk_before_it_has_the_name(old: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, int | str]] = []

    def noted(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(what: Any, *rest: Any) -> Any:
            is_folder = os.path.isdir(what)
            calls.append((name, folder_of(what) if is_folder else os.stat(what).st_size))
            return original(what, *rest)

        return call

    with Publication(old) as publication:
        publication.file.write(b"new")
        for name in ("fsync", "replace"):
            monkeypatch.setattr(os, name, noted(name, getattr(os, name)))
        publication.commit()
    # Afterwards the folder: without it, the name could be lost with the power.
    assert calls == [("fsync", 3), ("replace", 3), ("fsync", "out")]


def test_begins_to_be_brought_to_the_disk_while_it_is_written(
    old: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[int, int, int]] = []

    def noted(descriptor: int, offset: int, size: int, advice: int) -> None:
        assert advice == os.POSIX_FADV_DONTNEED
        calls.append((offset // MIB, size // MIB, os.fstat(descriptor).st_size // MIB))

    monkeypatch.setattr(os, "posix_fadvise", noted)
    with Publication(old) as publication:
        for _ in range(11):
            publication.file.write(bytes(MIB))
        assert calls == [(0, 4, 4), (4, 4, 8)]
        publication.commit()
    assert path_of(old).stat().st_size == 11 * MIB


@pytest.mark.parametrize("error", [AttributeError("posix_fadvise"), OSError(errno.ENOSYS, "no such call")])
def test_a_system_that_knows_no_such_hint(
    old: Target, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "posix_fadvise", lambda *_: raise_(error))
    with Publication(old) as publication:
        publication.file.write(bytes(5 * MIB))
        publication.commit()
    assert path_of(old).read_bytes() == bytes(5 * MIB)


def test_disk_that_is_full_only_when_bytes_reach_it(old: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: raise_(OSError(errno.ENOSPC, "No space left on device")))
    with Publication(old) as publication:
        publication.file.write(bytes(MIB))
        with pytest.raises(OSError, match="No space left after 1048576 bytes"):
            publication.commit()
    assert path_of(old).read_bytes() == OLD
    assert files(old) == ["rows.csv"]


@pytest.mark.parametrize("function", ["fsync", "fchmod", "replace"])
def test_commit_fails_and_is_repeated(old: Target, function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Publication(old) as publication:
        publication.file.write(b"new")
        with monkeypatch.context() as patch:
            patch.setattr(os, function, lambda *_: raise_(OSError(errno.EIO, "broken disk")))
            with pytest.raises(OSError, match="broken disk"):
                publication.commit()
        assert path_of(old).read_bytes() == OLD
        publication.commit()
    assert path_of(old).read_bytes() == b"new"
    assert files(old) == ["rows.csv"]


class TestWithoutOverwrite:
    def test_new(self, local: Target) -> None:
        put(local, b"new", overwrite=False)
        assert path_of(local).read_bytes() == b"new"
        assert files(local) == ["rows.csv"]

    @pytest.mark.parametrize("links", [True, False])
    def test_race(self, local: Target, links: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        if not links:
            monkeypatch.setattr(os, "link", lambda *_: raise_(PermissionError(errno.EPERM, "no hard links")))
        with pytest.raises(FileExistsError, match=r"rows\.csv exists already and overwrite is off"):
            put(local, b"new", overwrite=False, before_commit=lambda: path_of(local).write_bytes(OLD))
        assert path_of(local).read_bytes() == OLD
        assert files(local) == ["rows.csv"]

    def test_no_hard_links_and_no_renaming(self, local: Target, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "link", lambda *_: raise_(PermissionError(errno.EPERM, "no hard links")))
        monkeypatch.setattr(os, "replace", lambda *_: raise_(OSError(errno.EIO, "broken disk")))
        with pytest.raises(WorkerError, match=r"Cannot write in .*: broken disk\."):
            put(local, b"new", overwrite=False)
        assert files(local) == []

    def test_the_other_name_cannot_be_removed(self, local: Target, monkeypatch: pytest.MonkeyPatch) -> None:
        """The file is published then."""
        link = os.link

        def link_then_break(part: str, path: str) -> None:
            link(part, path)
            monkeypatch.setattr(os, "unlink", lambda _: raise_(OSError(errno.EIO, "broken disk")))

        monkeypatch.setattr(os, "link", link_then_break)
        put(local, b"new", overwrite=False)
        assert path_of(local).read_bytes() == b"new"

    @pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EINTR])
    def test_a_broken_disk_does_not_lack_hard_links(
        self, local: Target, code: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Renaming could replace what another task makes between the look and the renaming."""
        monkeypatch.setattr(os, "link", lambda *_: raise_(OSError(code, os.strerror(code))))
        with pytest.raises(WorkerError) as caught:
            put(local, b"new", overwrite=False)
        assert caught.value.errno == code
        assert files(local) == []

    def test_no_hard_links(self, local: Target, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "link", lambda *_: raise_(PermissionError(errno.EPERM, "no hard links")))
        put(local, b"new", overwrite=False)
        assert path_of(local).read_bytes() == b"new"
        assert files(local) == ["rows.csv"]


class TestAbort:
    def test_from_a_signal_handler_inside_write(self, old: Target) -> None:
        with Publication(old) as publication, handler_of_sigusr1(publication.abort):

            def interrupted_write(data: Any) -> int:
                os.kill(os.getpid(), signal.SIGUSR1)
                return len(data)

            publication.file._file = type("File", (), {"write": staticmethod(interrupted_write)})()  # type: ignore[assignment]
            publication.file.write(b"x")
            assert files(old) == ["rows.csv"]
            with pytest.raises(ValueError, match="was aborted"):
                publication.file.write(b"x")
        assert path_of(old).read_bytes() == OLD

    @pytest.mark.parametrize("function", ["fsync", "fchmod", "replace"])
    def test_during_commit(self, old: Target, function: str, monkeypatch: pytest.MonkeyPatch) -> None:
        original = getattr(os, function)
        with Publication(old) as publication:
            publication.file.write(b"new")

            def aborted(*args: Any) -> Any:
                publication.abort()
                return original(*args)

            monkeypatch.setattr(os, function, aborted)
            with pytest.raises(ValueError, match="was aborted"):
                publication.commit()
        assert path_of(old).read_bytes() == OLD
        assert files(old) == ["rows.csv"]

    def test_while_entering(self, old: Target, monkeypatch: pytest.MonkeyPatch) -> None:
        publication = Publication(old)
        open_spool = publication._outlet.open_spool

        def aborted() -> Any:
            file = open_spool()
            publication.abort()
            return file

        monkeypatch.setattr(publication._outlet, "open_spool", aborted)
        with publication:
            with pytest.raises(ValueError, match="was aborted"):
                publication.file.write(b"x")
            assert files(old) == ["rows.csv"]
