"""A worker that has no thread left, as in a container with a limit of processes."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import csv
from storage.place import Place
from storage.support import OLD, TimedOut, raise_
from support.reports import encode, recipients
from support.server import FaultServer, plain

from airflow_provider_mailkit._compat import AirflowFailException
from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.operators.mailkit import MailkitRecipientsOperator

REPORT = recipients(300)
Mailkit = Callable[..., FaultServer]
Spool = Callable[[], list[str]]


def execute(path: str) -> Any:
    return MailkitRecipientsOperator(task_id="export", id_send=5001, output_path=path).execute({"ti": None})


@pytest.fixture
def at_start(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, BaseException], None]:
    """Let threads of a name come to nothing."""
    start = threading.Thread.start

    def install(name: str, error: BaseException) -> None:
        def fail(thread: threading.Thread) -> None:
            raise_(error) if thread.name == name else start(thread)

        monkeypatch.setattr(threading.Thread, "start", fail)

    return install


def assert_fails_at_once(path: str) -> None:
    with pytest.raises(MailkitError, match=r"No thread can be started: .* Raise that limit") as caught:
        execute(path)
    assert caught.value.retryable
    assert not isinstance(caught.value, AirflowFailException)
    gc.collect()


@pytest.mark.parametrize("suffix", ["csv", "jsonl.gz", "parquet"])
def test_none_for_the_writer(
    place: Place, mailkit: Mailkit, spool: Spool, suffix: str, at_start: Callable[[str, BaseException], None]
) -> None:
    server = mailkit(plain(encode("json", REPORT)), plain(b""))
    place.put(f"a.{suffix}", OLD)
    at_start("mailkit-export", RuntimeError("can't start new thread"))
    assert_fails_at_once(place.path(f"a.{suffix}"))
    assert place.get(f"a.{suffix}") == OLD
    assert (place.unfinished(), spool()) == ([], [])
    # Read again, the report would come to the same end.
    assert len(server.requests) == 1


def test_none_for_pyarrow(
    place: Place, mailkit: Mailkit, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = mailkit(plain(encode("json", REPORT)), plain(b""))
    error = pa.ArrowException(
        "Unknown error: Failed to launch worker thread: Resource temporarily unavailable"
    )
    monkeypatch.setattr(csv, "read_csv", lambda *_, **__: raise_(error))
    assert_fails_at_once(place.path("a.parquet"))
    assert (place.names(), place.unfinished(), spool()) == ([], [], [])
    assert len(server.requests) <= 1


def test_another_error_of_pyarrow_is_not_about_threads(
    mailkit: Mailkit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailkit(plain(encode("json", REPORT)))
    monkeypatch.setattr(csv, "read_csv", lambda *_, **__: raise_(pa.ArrowInvalid("another one")))
    with pytest.raises(pa.ArrowInvalid, match="another one"):
        execute(f"{tmp_path}/a.parquet")
    assert os.listdir(tmp_path) == []


def test_none_for_the_upload(
    remote_place: Place, mailkit: Mailkit, spool: Spool, at_start: Callable[[str, BaseException], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    mailkit(plain(encode("json", REPORT)))
    remote_place.put("a.csv", OLD)
    at_start("upload", RuntimeError("can't start new thread"))
    # Nobody is there to be waited for: a time that is not a number is an error for whoever waits.
    monkeypatch.setattr("airflow_provider_mailkit.storage.remote.STOP_S", None)
    assert_fails_at_once(remote_place.path("a.csv"))
    assert remote_place.get("a.csv") == OLD
    assert (remote_place.unfinished(), spool()) == ([], [])


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_signal_before_the_thread_of_the_writer(
    place: Place, mailkit: Mailkit, spool: Spool, suffix: str, at_start: Callable[[str, BaseException], None]
) -> None:
    mailkit(plain(encode("json", REPORT)))
    at_start("mailkit-export", TimedOut())
    with pytest.raises(TimedOut):
        execute(place.path(f"a.{suffix}"))
    gc.collect()
    assert (place.names(), place.unfinished(), spool()) == ([], [], [])


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_signal_when_the_thread_of_the_writer_has_begun(
    place: Place, mailkit: Mailkit, spool: Spool, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailkit(plain(encode("json", REPORT)))
    start = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        start(thread)
        if thread.name == "mailkit-export":
            raise TimedOut

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", interrupted)
        with pytest.raises(TimedOut):
            execute(place.path(f"a.{suffix}"))
    for thread in threading.enumerate():
        if thread.name == "mailkit-export":
            thread.join(30)
            assert not thread.is_alive()
    gc.collect()
    assert (place.names(), place.unfinished(), spool()) == ([], [], [])
