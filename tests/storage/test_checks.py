"""Local paths that are refused before Mailkit is called, since no file could be renamed to them."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from storage.support import OLD, put

from airflow_provider_mailkit.storage import checks
from airflow_provider_mailkit.storage.target import resolve_target


@contextmanager
def refused(words: str) -> Iterator[None]:
    with pytest.raises(ValueError, match=words) as caught:
        yield
    assert "Errno" not in str(caught.value)
    assert str(caught.value).startswith("file:///")


@pytest.fixture
def mounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table of mount points in the kernel's own format."""
    table = tmp_path / "mountinfo"
    monkeypatch.setattr(checks, "_MOUNTS", str(table))
    return table


def mount(table: Path, point: str) -> None:
    table.write_text(
        "22 27 0:21 / /proc rw,nosuid shared:11 - proc proc rw\n"
        f"36 35 98:0 /mnt1 {point} rw,noatime master:1 - ext4 /dev/root rw,errors=continue\n"
    )


@pytest.mark.parametrize(
    ("name", "escaped"),
    [("rows.csv", "rows.csv"), ("a b.csv", r"a\040b.csv"), ("ž#.csv", r"ž\043.csv")],
)
def test_a_mount_point(tmp_path: Path, mounts: Path, name: str, escaped: str) -> None:
    (tmp_path / name).write_bytes(OLD)
    mount(mounts, f"{tmp_path}/{escaped}")
    with refused("mount the folder instead"):
        resolve_target(f"{tmp_path}/{name}")
    put(resolve_target(f"{tmp_path}/other.csv"), b"new")


def test_a_link_to_a_mount_point(tmp_path: Path, mounts: Path) -> None:
    (tmp_path / "rows.csv").write_bytes(OLD)
    (tmp_path / "link.csv").symlink_to("rows.csv")
    mount(mounts, f"{tmp_path}/rows.csv")
    with refused("mount point"):
        resolve_target(f"{tmp_path}/link.csv")


def test_a_folder_that_is_a_mount_point_is_right(tmp_path: Path, mounts: Path) -> None:
    mount(mounts, str(tmp_path))
    put(resolve_target(f"{tmp_path}/rows.csv"), b"new")


@pytest.mark.parametrize("table", ["", "nonsense\n", None])
def test_a_system_without_a_table_of_mounts(tmp_path: Path, mounts: Path, table: str | None) -> None:
    if table is not None:
        mounts.write_text(table)
    put(resolve_target(f"{tmp_path}/rows.csv"), b"new")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the table is Linux's")
def test_the_kernel_has_such_a_table() -> None:
    assert checks._is_mount_point("/proc")
    assert not checks._is_mount_point("/proc/version")


@pytest.mark.parametrize(
    "path",
    ["{}/" + "x" * 256, "{}/new/" + "ž" * 128, "{}/" + "x" * 256 + "/new/rows.csv", "{}" + "/x" * 2100],
)
def test_names_that_are_too_long(tmp_path: Path, path: str) -> None:
    with refused("file name too long: choose another path"):
        resolve_target(path.format(tmp_path))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("rest", ["rows.csv", "new/rows.csv"])
def test_a_path_through_a_file(tmp_path: Path, rest: str) -> None:
    (tmp_path / "file").touch()
    with refused("not a directory: choose another path"):
        resolve_target(f"{tmp_path}/file/{rest}")


def test_links_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "a.csv").symlink_to("b.csv")
    (tmp_path / "b.csv").symlink_to("a.csv")
    with refused("symbolic links"):
        resolve_target(f"{tmp_path}/a.csv")
    assert (tmp_path / "a.csv").is_symlink()


@pytest.mark.parametrize("overwrite", [True, False])
def test_a_link_to_what_is_not_there_yet(tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "link.csv").symlink_to("new/rows.csv")
    put(resolve_target(f"{tmp_path}/link.csv"), b"new", overwrite=overwrite)
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "new" / "rows.csv").read_bytes() == b"new"


@pytest.mark.parametrize("kind", ["pipe", "folder", "/dev/null", "/dev/full"])
def test_what_is_not_a_file(tmp_path: Path, kind: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    with refused("not a regular file: end the path with the name of a file"):
        resolve_target(f"{tmp_path / kind}")


@pytest.mark.parametrize("path", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "{}/link"])
def test_the_output_of_the_task_is_not_replaced(tmp_path: Path, path: str, capfd: object) -> None:
    """With pytest it is a regular file, as in ``airflow dags test … > log``."""
    assert stat.S_ISREG(os.stat("/dev/stdout").st_mode)
    (tmp_path / "link").symlink_to("/dev/stdout")
    with refused("belongs to the system or to a process"):
        resolve_target(path.format(tmp_path))


@pytest.mark.parametrize(("user", "ok"), [(0, True), (1001, True), (1002, True), (1003, False)])
def test_somebody_elses_file_in_a_folder_like_tmp(
    tmp_path: Path, user: int, ok: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rows.csv").write_bytes(OLD)
    tmp_path.chmod(0o1777)
    owners = {f"{tmp_path}": 1001, f"{tmp_path}/rows.csv": 1002}
    original = os.stat

    def owned(path: str | int | Path, **options: object) -> os.stat_result:
        status = list(original(path, **options))  # type: ignore[arg-type]
        status[stat.ST_UID] = owners.get(str(path), status[stat.ST_UID])
        return os.stat_result(status)

    monkeypatch.setattr(os, "geteuid", lambda: user)
    resolve_target(f"{tmp_path}/new.csv")
    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", owned)
        if ok:
            resolve_target(f"{tmp_path}/rows.csv")
            return
        with refused("belongs to another user"):
            resolve_target(f"{tmp_path}/rows.csv")
    tmp_path.chmod(0o777)
    resolve_target(f"{tmp_path}/rows.csv")
