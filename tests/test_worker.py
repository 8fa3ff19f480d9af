"""What the machine of a worker refuses, and whether its sentences say what to do."""

from __future__ import annotations

import errno
import pickle
import tempfile
import threading

import pytest

from airflow_provider_mailkit._worker import Place, WorkerError, explained, open_temporary, start_thread

LAKE = Place("/lake, the folder of file:///lake/a.csv", "choose another folder")


def explanation(number, size=0):
    with pytest.raises(WorkerError) as caught, explained(LAKE, size):
        raise OSError(number, "broken")
    assert caught.value.errno == number
    return caught.value


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk(number):
    error = explanation(number, 5)
    assert error.strerror == (
        "No space left after 5 bytes in /lake, the folder of file:///lake/a.csv. Free some space there, or "
        "choose another folder."
    )
    assert error.retryable


def test_a_limit_for_the_size_of_files():
    error = explanation(errno.EFBIG, 7)
    assert "after 7 bytes in /lake" in error.strerror
    assert "ulimit -f" in error.strerror
    assert error.retryable


@pytest.mark.parametrize(
    ("number", "retryable"),
    [
        (errno.EIO, True), (errno.EMFILE, True), (errno.ESTALE, True), (errno.ENOENT, True),
        (errno.EACCES, False), (errno.EROFS, False), (errno.ENOTDIR, False), (errno.EBUSY, False),
    ],
)  # fmt: skip
def test_other_errors_say_where_and_what(number, retryable):
    error = explanation(number)
    assert error.strerror == (
        "Cannot write in /lake, the folder of file:///lake/a.csv: broken. Check that the task's user can "
        "write there, or choose another folder."
    )
    assert error.retryable is retryable


def test_an_error_without_a_number():
    with pytest.raises(WorkerError, match=r"Cannot write in /lake, .*: closed\. Check"), explained(LAKE):
        raise OSError("closed")


def test_an_explained_error_is_not_explained_again_and_is_picklable():
    inner = WorkerError(errno.ENOSPC, "No space left there.")
    with pytest.raises(WorkerError) as caught, explained(LAKE):
        raise inner
    assert caught.value is inner
    copy = pickle.loads(pickle.dumps(inner))  # noqa: S301
    assert (type(copy), copy.strerror, copy.retryable) == (WorkerError, "No space left there.", True)


def test_no_folder_for_temporary_files(monkeypatch):
    """Python finds none where all are full: it tries them by writing."""
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/proc", "/dev/null"])
    with pytest.raises(WorkerError, match="TMPDIR") as caught:
        open_temporary(4096)
    assert caught.value.retryable


def test_a_folder_for_temporary_files_that_is_gone(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", f"{tmp_path}/gone")
    with pytest.raises(WorkerError, match=f"{tmp_path}/gone, the folder for temporary files: .*TMPDIR"):
        open_temporary(4096)


def test_no_thread_left(monkeypatch):
    def start(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(WorkerError, match=r"limit of processes.*ulimit -u") as caught:
        start_thread("name", print)
    assert caught.value.retryable
