"""Compressed files are the same bytes every time."""

from __future__ import annotations

import gzip
import io

import pytest
import zstandard

from airflow_provider_mailkit.writers.compression import CompressingSink


@pytest.mark.parametrize(
    ("compression", "decompress"),
    [
        ("gzip", gzip.decompress),
        ("zstd", lambda data: zstandard.ZstdDecompressor().stream_reader(data).read()),
    ],
)
def test_compression_round_trip_is_the_same_bytes_every_time(compression, decompress):
    def pack():
        sink = io.BytesIO()
        packed = CompressingSink(sink, compression)
        for i in range(5000):
            packed.write(b"line %d\n" % i)
        packed.finish()
        return sink.getvalue()

    assert pack() == pack()
    if compression == "gzip":
        assert pack()[4:8] == bytes(4), "the header holds a time"
    assert decompress(pack()) == b"".join(b"line %d\n" % i for i in range(5000))
