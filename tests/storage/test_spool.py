from __future__ import annotations

import csv
import errno
import gc
import gzip
import hashlib
import io
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

import pytest
from storage import stores
from storage.support import OLD, content, put

from airflow_provider_mailkit._worker import Place
from airflow_provider_mailkit.storage.local import LocalOutlet
from airflow_provider_mailkit.storage.publication import Publication
from airflow_provider_mailkit.storage.target import Target

ROWS = [[str(number), "x" * 50] for number in range(50_000)]


def check(publication: Publication, target: Target) -> bytes:
    publication.commit()
    data = Path(target.path).read_bytes()
    assert publication.bytes_written == len(data)
    assert publication.sha256 == hashlib.sha256(data).hexdigest()
    return data


class TestWriters:
    """The libraries that write to the spool."""

    def test_csv(self, local: Target) -> None:
        with Publication(local) as publication:
            text = io.TextIOWrapper(publication.file, encoding="utf-8", newline="")
            csv.writer(text, lineterminator="\n").writerows(ROWS)
            text.flush()
            del text
            gc.collect()
            data = check(publication, local)
        assert data.decode() == "".join(f"{a},{b}\n" for a, b in ROWS)

    def test_gzip(self, local: Target) -> None:
        data = content(3_000_000)
        with Publication(local) as publication:
            with gzip.GzipFile("", "wb", 1, fileobj=publication.file, mtime=0) as compressor:
                compressor.write(data)
            assert gzip.decompress(check(publication, local)) == data

    @pytest.mark.parametrize("closefd", [True, False])
    def test_zstd(self, local: Target, closefd: bool) -> None:
        import zstandard

        data = content(3_000_000)
        with Publication(local) as publication:
            with zstandard.ZstdCompressor().stream_writer(publication.file, closefd=closefd) as compressor:
                compressor.write(data)
            written = check(publication, local)
        assert zstandard.ZstdDecompressor().stream_reader(written).read() == data

    def test_parquet(self, local: Target) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.table({"number": [int(row[0]) for row in ROWS], "text": [row[1] for row in ROWS]})
        with Publication(local) as publication:
            with pq.ParquetWriter(publication.file, table.schema, compression="zstd") as writer:
                writer.write_table(table)
            written = check(publication, local)
        assert pq.read_table(pa.BufferReader(written)).equals(table)

    @pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
    def test_kinds_of_bytes(self, local: Target, kind: Any) -> None:
        with Publication(local) as publication:
            assert publication.file.write(kind(b"abc")) == 3
            assert publication.file.tell() == 3
            assert publication.file.writable()
            assert not publication.file.readable()
            assert not publication.file.closed
            assert check(publication, local) == b"abc"
        assert publication.file.closed


def test_outside_of_with(local: Target) -> None:
    publication = Publication(local)
    for name in ("file", "bytes_written", "sha256"):
        with pytest.raises(ValueError, match="is not open"):
            getattr(publication, name)
    with pytest.raises(ValueError, match="is not open"):
        publication.commit()


class TestDiskFull:
    """``/dev/full`` refuses everything, also when it is closed with data in the buffer."""

    @staticmethod
    def full(*_: Any, **__: Any) -> IO[bytes]:
        return open("/dev/full", "r+b", buffering=1024 * 1024)

    @staticmethod
    def full_folder(outlet: LocalOutlet) -> tuple[IO[bytes], Place]:
        return TestDiskFull.full(), outlet._place

    def test_remote(self, s3: stores.Place, monkeypatch: pytest.MonkeyPatch) -> None:
        s3.put("rows.csv", OLD)
        monkeypatch.setattr(tempfile, "TemporaryFile", self.full)
        message = rf"No space left after 700001 bytes in {tempfile.gettempdir()}, .*TMPDIR"
        target = s3.target("rows.csv")
        with pytest.raises(OSError, match=message) as caught:
            put(target, content(3_000_000))
        assert caught.value.errno == errno.ENOSPC
        assert s3.get("rows.csv") == OLD

    def test_local(self, local: Target, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(LocalOutlet, "open_spool", TestDiskFull.full_folder)
        folder = Path(local.path).parent
        with pytest.raises(OSError, match=f"No space left after 3 bytes in {folder}, ") as caught:
            put(local, b"abc")
        assert caught.value.errno == errno.ENOSPC
        assert not folder.exists()

    def test_another_attempt(self, local: Target, monkeypatch: pytest.MonkeyPatch) -> None:
        with Publication(local) as publication:
            with monkeypatch.context() as patch:
                patch.setattr(LocalOutlet, "open_spool", TestDiskFull.full_folder)
                publication.restart()
                with pytest.raises(OSError, match="No space left"):
                    publication.file.write(b"x" * 2_000_000)
            publication.restart()
            publication.file.write(b"new")
            assert check(publication, local) == b"new"


def test_importing_costs_nothing() -> None:
    program = (
        "import sys, airflow_provider_mailkit.storage.publication;"
        "print(*({'airflow', 'fsspec', 's3fs', 'upath'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
