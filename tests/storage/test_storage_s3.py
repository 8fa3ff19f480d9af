from __future__ import annotations

import asyncio
import gc
import hashlib
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from storage_support import OLD, Bucket, TimedOut, content, handler_of_sigusr1, put, raise_

from airflow_provider_mailkit.storage import remote
from airflow_provider_mailkit.storage.publication import Publication
from airflow_provider_mailkit.storage.remote import block_bytes
from airflow_provider_mailkit.storage.target import Target

MIB = 1024 * 1024
HUGE = content(40 * MIB + 7)
LARGE = content(12 * MIB + 7)
SMALL = content(100_000)
# The requests of an upload, as (bytes, request, number).
MOMENTS = [
    pytest.param(LARGE, "create_multipart_upload", 1, id="create"),
    pytest.param(LARGE, "upload_part", 1, id="first-part"),
    pytest.param(LARGE, "upload_part", 3, id="last-part"),
    pytest.param(LARGE, "complete_multipart_upload", 1, id="complete"),
    pytest.param(SMALL, "put_object", 1, id="small"),
]
BeforeRequest = Callable[[str, int, Callable[[], object]], None]


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """LARGE in three parts: the smallest that S3 takes."""
    monkeypatch.setattr(remote, "MIN_BLOCK_BYTES", 5 * MIB)


@pytest.fixture
def old(bucket: Bucket, small_blocks: None) -> Target:
    bucket.put("a/rows.csv", OLD)
    return bucket.target("a/rows.csv")


def assert_untouched(bucket: Bucket) -> None:
    gc.collect()
    assert bucket.keys() == ["a/rows.csv"]
    assert bucket.get("a/rows.csv") == OLD
    assert bucket.uploads() == []


@pytest.mark.parametrize("data", [b"", SMALL, HUGE], ids=len)
@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("existing", [True, False])
def test_published_whole(bucket: Bucket, data: bytes, overwrite: bool, existing: bool) -> None:
    target = bucket.target("a/rows.csv")
    if existing:
        bucket.put("a/rows.csv", OLD)
    if existing and not overwrite:
        with pytest.raises(FileExistsError, match=r"s3://b\w+/a/rows\.csv exists already"):
            put(target, data, overwrite=False)
        assert_untouched(bucket)
        return
    publication = put(target, data, overwrite=overwrite)
    assert bucket.get("a/rows.csv") == data
    assert publication.bytes_written == len(data)
    assert publication.sha256 == hashlib.sha256(data).hexdigest()
    assert bucket.keys() == ["a/rows.csv"]
    assert bucket.uploads() == []
    assert target.exists()


def test_parts_are_equal(bucket: Bucket) -> None:
    put(bucket.target("rows.csv"), HUGE)
    parts = bucket.client.head_object(Bucket=bucket.name, Key="rows.csv", PartNumber=1)
    assert parts["ContentLength"] == 16 * MIB


def test_spool_is_private_and_has_no_name(
    bucket: Bucket, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Publication(bucket.target("rows.csv")) as publication:
        publication.file.write(SMALL)
        publication.file.flush()
        assert publication._private is not None
        status = os.fstat(publication._private.fileno())
        assert (status.st_mode & 0o7777, status.st_nlink) == (0o600, 0)
        assert os.listdir(tmp_path) == []
    assert bucket.keys() == []


@pytest.mark.parametrize("error", [RuntimeError("broken"), TimedOut()])
@pytest.mark.parametrize(("data", "request_name", "number"), MOMENTS)
def test_failure_keeps_the_old_object(
    bucket: Bucket,
    old: Target,
    before_request: BeforeRequest,
    error: BaseException,
    data: bytes,
    request_name: str,
    number: int,
) -> None:
    before_request(request_name, number, lambda: raise_(error))
    with pytest.raises(type(error)) as caught:
        put(old, data)
    assert caught.value is error
    assert_untouched(bucket)


@pytest.mark.parametrize("error", [RuntimeError("broken"), TimedOut(), None])
def test_failure_while_writing(bucket: Bucket, old: Target, error: BaseException | None) -> None:
    def write() -> None:
        with Publication(old) as publication:
            publication.file.write(SMALL)
            if error is not None:
                raise error

    if error is None:
        write()
    else:
        with pytest.raises(type(error)):
            write()
    assert_untouched(bucket)


@pytest.mark.parametrize(("data", "request_name", "number"), MOMENTS)
def test_failed_upload_is_repeated_from_the_spool(
    bucket: Bucket, old: Target, before_request: BeforeRequest, data: bytes, request_name: str, number: int
) -> None:
    before_request(request_name, number, lambda: raise_(ConnectionError("gone")))
    with Publication(old) as publication:
        publication.file.write(data)
        with pytest.raises(ConnectionError, match="gone"):
            publication.commit()
        assert_untouched(bucket)
        with pytest.raises(ValueError, match=r"ended with commit\(\)"):
            publication.file.write(b"more")
        publication.commit()
    assert bucket.get("a/rows.csv") == data
    assert bucket.uploads() == []


def test_restart(bucket: Bucket) -> None:
    with Publication(bucket.target("rows.csv")) as publication:
        stale = publication.file
        stale.write(LARGE)
        publication.restart()
        assert publication.bytes_written == 0
        with pytest.raises(ValueError, match="restart"):
            stale.write(b"trailer")
        publication.file.write(SMALL)
        publication.commit()
        with pytest.raises(ValueError, match="published already"):
            publication.commit()
    assert publication.sha256 == hashlib.sha256(SMALL).hexdigest()
    assert bucket.get("rows.csv") == SMALL


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_collected_without_a_commit(bucket: Bucket, old: Target) -> None:
    publication = Publication(old).__enter__()
    publication.file.write(LARGE)
    del publication
    assert_untouched(bucket)


def test_a_failing_discard_does_not_mask(
    bucket: Bucket, old: Target, before_request: BeforeRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(old.fs, "abort_mpu", lambda *_: raise_(OSError("the store is away")), raising=True)
    before_request("upload_part", 2, lambda: raise_(RuntimeError("broken")))
    with pytest.raises(RuntimeError, match="broken"):
        put(old, LARGE)
    gc.collect()
    assert bucket.get("a/rows.csv") == OLD


def test_missing_bucket(bucket: Bucket) -> None:
    bucket.client.delete_bucket(Bucket=bucket.name)
    for data in (b"", SMALL, LARGE):
        with pytest.raises(FileNotFoundError):
            put(bucket.target("rows.csv"), data)


@pytest.mark.usefixtures("small_blocks")
class TestLostRace:
    @pytest.mark.parametrize(
        ("data", "request_name"), [(LARGE, "complete_multipart_upload"), (SMALL, "put_object")]
    )
    def test_at_the_last_request(
        self, bucket: Bucket, before_request: BeforeRequest, data: bytes, request_name: str
    ) -> None:
        before_request(request_name, 1, lambda: bucket.put("a/rows.csv", OLD))
        with pytest.raises(FileExistsError, match="exists already and overwrite is off"):
            put(bucket.target("a/rows.csv"), data, overwrite=False)
        assert_untouched(bucket)

    @pytest.mark.parametrize("data", [b"", SMALL, LARGE], ids=len)
    def test_while_writing(self, bucket: Bucket, data: bytes) -> None:
        target = bucket.target("a/rows.csv")
        with pytest.raises(FileExistsError, match="exists already and overwrite is off"):
            put(target, data, overwrite=False, before_commit=lambda: bucket.put("a/rows.csv", OLD))
        assert_untouched(bucket)

    def test_library_without_exclusive_creation(
        self, bucket: Bucket, old: Target, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert old.fs is not None
        original = old.fs.open

        def open_(path: str, mode: str, **options: Any) -> Any:
            if mode == "xb":
                raise NotImplementedError("File mode not supported")
            return original(path, mode, **options)

        monkeypatch.setattr(old.fs, "open", open_)
        with pytest.raises(FileExistsError):
            put(old, SMALL, overwrite=False)
        assert_untouched(bucket)
        put(bucket.target("new.csv"), SMALL, overwrite=False)
        assert bucket.get("new.csv") == SMALL


class TestAbort:
    @pytest.fixture(autouse=True)
    def impatient(self, old: Target, monkeypatch: pytest.MonkeyPatch) -> None:
        # The tries of s3fs are on top of those of botocore, see the connection.
        monkeypatch.setattr(old.fs, "retries", 1)

    @pytest.mark.parametrize(("data", "request_name", "number"), MOMENTS[:-2])
    def test_from_another_thread(
        self,
        bucket: Bucket,
        old: Target,
        before_request: BeforeRequest,
        data: bytes,
        request_name: str,
        number: int,
    ) -> None:
        with Publication(old) as publication:

            def abort() -> None:
                thread = threading.Thread(target=publication.abort)
                thread.start()
                thread.join()

            before_request(request_name, number, abort)
            publication.file.write(data)
            with pytest.raises(ValueError, match="was aborted"):
                publication.commit()
        assert_untouched(bucket)

    def test_right_before_the_close(
        self, bucket: Bucket, old: Target, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from airflow_provider_mailkit.storage.sinks import NativeSink

        original = NativeSink.commit
        with Publication(old) as publication:

            def commit(sink: NativeSink) -> None:
                publication.abort()
                original(sink)

            monkeypatch.setattr(NativeSink, "commit", commit)
            publication.file.write(SMALL)
            with pytest.raises(ValueError, match="was aborted"):
                publication.commit()
        assert_untouched(bucket)

    @pytest.mark.parametrize("raises", [True, False], ids=["time-out", "on-kill"])
    @pytest.mark.parametrize(("data", "request_name", "number"), MOMENTS[:-2])
    def test_signal_while_a_request_is_under_way(
        self,
        bucket: Bucket,
        old: Target,
        monkeypatch: pytest.MonkeyPatch,
        raises: bool,
        data: bytes,
        request_name: str,
        number: int,
    ) -> None:
        from fsspec.asyn import sync
        from s3fs.core import S3File

        seen = 0

        async def slow(file: Any, *args: Any, **kwargs: Any) -> Any:
            os.kill(os.getpid(), signal.SIGUSR1)
            await asyncio.sleep(0.3)
            return await file.fs._call_s3(*args, **kwargs)

        original = S3File._call_s3

        def call(file: Any, method: str, *args: Any, **kwargs: Any) -> Any:
            nonlocal seen
            seen += method == request_name
            if method == request_name and seen == number:
                return sync(file.fs.loop, slow, file, method, file.s3_additional_kwargs, *args, **kwargs)
            return original(file, method, *args, **kwargs)

        monkeypatch.setattr(S3File, "_call_s3", call)
        publication = Publication(old)

        def handle() -> None:
            if raises:
                raise TimedOut
            publication.abort()

        with handler_of_sigusr1(handle):
            with publication:
                publication.file.write(data)
                with pytest.raises(TimedOut if raises else ValueError):
                    publication.commit()
            # The request goes on in the thread of fsspec.
            time.sleep(0.5)
        gc.collect()
        assert bucket.get("a/rows.csv") == OLD
        assert bucket.keys() == ["a/rows.csv"]
        if not (raises and request_name == "create_multipart_upload"):
            assert bucket.uploads() == []

    def test_before_the_upload(self, bucket: Bucket, old: Target) -> None:
        with Publication(old) as publication:
            publication.file.write(SMALL)
            publication.abort()
            with pytest.raises(ValueError, match="was aborted"):
                publication.file.write(SMALL)
            with pytest.raises(ValueError, match="was aborted"):
                publication.commit()
        assert_untouched(bucket)

    def test_after_the_commit(self, bucket: Bucket, old: Target) -> None:
        with Publication(old) as publication:
            publication.file.write(LARGE)
            publication.commit()
            publication.abort()
            publication.abort()
        assert bucket.get("a/rows.csv") == LARGE


def test_lineage_sees_nothing(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    monkeypatch.setattr(ObjectStoragePath, "open", lambda *_, **__: raise_(AssertionError("tracked")))
    put(bucket.target("rows.csv"), SMALL)


@pytest.mark.parametrize(
    ("size", "mib"), [(0, 16), (1, 16), (9_000 * 16 * MIB, 16), (9_000 * 16 * MIB + 1, 17), (5 * MIB**2, 583)]
)
def test_block_size(size: int, mib: int) -> None:
    assert block_bytes(size) == mib * MIB
    assert size <= 10_000 * block_bytes(size)
