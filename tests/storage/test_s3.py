"""What only S3 has, and what one store shows for all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from storage.place import Place
from storage.stores import BUCKET, MIB, S3
from storage.support import OLD, content, put, raise_

from airflow_provider_mailkit.storage.publication import Publication
from airflow_provider_mailkit.storage.remote import block_bytes
from airflow_provider_mailkit.storage.sinks import NativeSink

SMALL = content(100_000)


def test_parts_are_equal(s3: Place) -> None:
    put(s3.target("rows.csv"), content(40 * MIB + 7))
    assert s3.proxy.kinds() == ["create", "part", "part", "part", "complete"]
    assert isinstance(s3.store, S3)
    part = s3.store.client.head_object(Bucket=BUCKET, Key=f"{s3.folder}/rows.csv", PartNumber=1)
    assert part["ContentLength"] == 16 * MIB


def test_spool_is_private_and_has_no_name(s3: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Publication(s3.target("rows.csv")) as publication:
        publication.file.write(SMALL)
        publication.file.flush()
        assert publication._private is not None
        status = os.fstat(publication._private.fileno())
        assert (status.st_mode & 0o7777, status.st_nlink) == (0o600, 0)
        assert os.listdir(tmp_path) == []
    assert s3.names() == []
    assert s3.proxy.kinds() == []


def test_library_without_exclusive_creation(s3: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    s3.put("rows.csv", OLD)
    target = s3.target("rows.csv")
    assert target.fs is not None
    original = target.fs.open

    def open_(path: str, mode: str, **options: Any) -> Any:
        if mode == "xb":
            raise NotImplementedError("File mode not supported")
        return original(path, mode, **options)

    monkeypatch.setattr(target.fs, "open", open_)
    with pytest.raises(FileExistsError):
        put(target, SMALL, overwrite=False)
    assert s3.get("rows.csv") == OLD
    put(s3.target("new.csv"), SMALL, overwrite=False)
    assert s3.get("new.csv") == SMALL


def test_aborted_right_before_the_close(s3: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    s3.put("rows.csv", OLD)
    original = NativeSink.commit
    with Publication(s3.target("rows.csv")) as publication:

        def commit(sink: NativeSink) -> None:
            publication.abort()
            original(sink)

        monkeypatch.setattr(NativeSink, "commit", commit)
        publication.file.write(SMALL)
        with pytest.raises(ValueError, match="was aborted"):
            publication.commit()
    assert s3.get("rows.csv") == OLD


def test_lineage_sees_nothing(s3: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow_provider_mailkit._compat import ObjectStoragePath

    monkeypatch.setattr(ObjectStoragePath, "open", lambda *_, **__: raise_(AssertionError("tracked")))
    put(s3.target("rows.csv"), SMALL)


@pytest.mark.parametrize(
    ("size", "mib"), [(0, 16), (1, 16), (9_000 * 16 * MIB, 16), (9_000 * 16 * MIB + 1, 17), (5 * MIB**2, 583)]
)
def test_block_size(size: int, mib: int) -> None:
    assert block_bytes(size) == mib * MIB
    assert size <= 10_000 * block_bytes(size)
