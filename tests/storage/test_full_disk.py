"""A worker whose disk is full at any moment of an export: one sentence that names the folder to free."""

from __future__ import annotations

import errno
import gc
import json
import os
import resource
import tempfile
from collections.abc import Callable, Iterator
from typing import IO, Any

import pytest
from storage.place import Place
from storage.support import OLD, raise_
from support.reports import PROTOCOLS, encode, recipients
from support.server import FaultServer, plain

from airflow_provider_mailkit._compat import AirflowFailException
from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.export import duplicates
from airflow_provider_mailkit.operators.mailkit import MailkitRecipientsOperator

# Not in their order, so that duplicates have to be looked for.
REPORT = recipients(1500)[::-1]
SUFFIXES = ["csv", "jsonl.gz", "csv.zst", "parquet"]
Mailkit = Callable[..., FaultServer]


def execute(path: str | None) -> Any:
    return MailkitRecipientsOperator(task_id="export", id_send=5001, output_path=path).execute({"ti": None})


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Let the temporary file with this number, from 0, be on a full disk: it refuses whatever reaches it."""
    create = tempfile.TemporaryFile
    wanted: list[int] = []

    def some_full(*args: Any, buffering: int = -1, **options: Any) -> IO[bytes]:
        wanted[0] -= 1
        if wanted[0] == -1:
            return open("/dev/full", "r+b", buffering=buffering)
        return create(*args, buffering=buffering, **options)  # type: ignore[return-value]

    def let(number: int) -> None:
        wanted[:] = [number]
        monkeypatch.setattr(tempfile, "TemporaryFile", some_full)

    yield let
    gc.collect()


def assert_explained(run: Callable[[], object], folder: str, way_out: str) -> None:
    with pytest.raises(MailkitError, match=r"^No space left after") as caught:
        run()
    assert f" in {folder}, " in str(caught.value)
    assert way_out in str(caught.value)
    # Another task may free some, so Airflow tries again; but nothing is read anew at once.
    assert caught.value.retryable
    assert not isinstance(caught.value, AirflowFailException)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_ids_beside_a_local_file(
    mailkit: Mailkit, tmp_path: Any, suffix: str, protocol: Any, full: Callable[[int], None]
) -> None:
    server = mailkit(plain(encode(protocol, REPORT)), plain(b""), protocol=protocol)
    full(0)
    assert_explained(lambda: execute(f"{tmp_path}/a.{suffix}"), tempfile.gettempdir(), "TMPDIR")
    assert os.listdir(tmp_path) == []
    assert len(server.requests) == 1


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("file", [0, 1])
def test_ids_of_rows_for_xcom(
    mailkit: Mailkit, many: bool, file: int, full: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When they are written, and when they are dealt out again."""
    if many:
        monkeypatch.setattr(duplicates, "_BUFFER_BYTES", 8)
    monkeypatch.setattr(duplicates, "_PART_IDS", 20)
    server = mailkit(plain(encode("json", REPORT[:100])), plain(b""))
    full(file)
    assert_explained(lambda: execute(None), tempfile.gettempdir(), "TMPDIR")
    assert len(server.requests) == 1


# The second spool is the one that is written: each try begins with a new one. The third file has the IDs.
@pytest.mark.parametrize("file", [1, 2])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_spool_and_ids_of_an_upload(
    mailkit: Mailkit, s3: Place, suffix: str, file: int, full: Callable[[int], None]
) -> None:
    server = mailkit(plain(encode("json", REPORT)), plain(b""))
    s3.put(f"a.{suffix}", OLD)
    path = s3.path(f"a.{suffix}")
    full(file)
    assert_explained(lambda: execute(path), tempfile.gettempdir(), "TMPDIR")
    assert s3.get(f"a.{suffix}") == OLD
    assert s3.unfinished() == []
    assert len(server.requests) == 1


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("step", ["makedirs", "open", "fsync", "fchmod", "replace"])
def test_each_step_of_a_local_file(
    mailkit: Mailkit, tmp_path: Any, step: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailkit(plain(encode("json", REPORT)), plain(b""))
    (tmp_path / "a.csv").write_bytes(OLD)
    with tempfile.TemporaryFile() as ids, monkeypatch.context() as patch:
        patch.setattr(tempfile, "TemporaryFile", lambda buffering: ids)
        patch.setattr(os, step, lambda *_, **__: raise_(OSError(number, "full")))
        assert_explained(lambda: execute(f"{tmp_path}/a.csv"), str(tmp_path), "choose another folder")
    assert (tmp_path / "a.csv").read_bytes() == OLD
    assert os.listdir(tmp_path) == ["a.csv"]


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
@pytest.mark.parametrize("step", ["makedirs", "open"])
def test_a_folder_that_cannot_be_written_is_said_before_mailkit_is_called(
    mailkit: Mailkit, tmp_path: Any, step: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = mailkit(plain(encode("json", REPORT)))
    words = f"Cannot write in {tmp_path}, .*{os.strerror(number)}.*choose another folder"
    with monkeypatch.context() as patch:
        patch.setattr(os, step, lambda *_, **__: raise_(OSError(number, os.strerror(number))))
        with pytest.raises(MailkitError, match=words) as caught:
            execute(f"{tmp_path}/a.csv")
    # Trying again would not change it.
    assert isinstance(caught.value, AirflowFailException)
    assert not caught.value.retryable
    assert server.requests == []


@pytest.mark.parametrize("limit", [20_000, 80_000, 100_000])
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_limit_for_the_size_of_files(mailkit: Mailkit, tmp_path: Any, limit: int, suffix: str) -> None:
    """The kernel itself refuses, in the middle of a write, which it does in part before."""
    # A million bytes of CSV; Parquet has it smaller.
    report = [recipient | {"EMAIL": f"{os.urandom(30).hex()}@example.com"} for recipient in recipients(3000)]
    mailkit(plain(json.dumps(report[::-1]).encode()))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        with pytest.raises(
            MailkitError, match=r"largest size that a file may have is reached after .*ulimit"
        ):
            execute(f"{tmp_path}/a.{suffix}")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert os.listdir(tmp_path) == []
