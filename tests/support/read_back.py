"""Finished files, read by others than who wrote them."""

from __future__ import annotations

import csv
import gzip
import io
import json
from typing import Any

import pyarrow.parquet as pq
import zstandard

FORMATS = ("jsonl", "csv", "parquet")


def unpacked(data: bytes) -> bytes:
    """Return a file without the compression around it."""
    if data.startswith(b"\x1f\x8b"):
        return gzip.decompress(data)
    if data.startswith(b"\x28\xb5\x2f\xfd"):
        return zstandard.ZstdDecompressor().stream_reader(data).read()
    return data


def rows_in(data: bytes, file_format: str) -> tuple[list[str], list[dict[str, Any]]]:
    """Return the columns of a file and its rows; a file of JSON lines without any tells no columns."""
    data = unpacked(data)
    match file_format:
        case "jsonl":
            rows = [json.loads(line) for line in data.decode().split("\n")[:-1]]
            assert not data or data.endswith(b"\n")
            assert len({tuple(row) for row in rows}) <= 1
            return list(rows[0]) if rows else [], rows
        case "csv":
            reader = csv.DictReader(io.StringIO(data.decode(), newline=""), strict=True)
            rows = list(reader)
            assert all(None not in row and None not in row.values() for row in rows)
            return list(reader.fieldnames or ()), rows
    table = pq.read_table(io.BytesIO(data))
    return table.column_names, table.to_pylist()


def everything_in(data: bytes) -> bytes:
    """Return all that a file says in any place, as bytes that can be searched."""
    data = unpacked(data)
    if not data.startswith(b"PAR1"):
        return data
    file = pq.ParquetFile(io.BytesIO(data))
    told = [repr(file.read().to_pydict()), repr(file.schema_arrow.metadata), repr(file.metadata)]
    told += [
        repr(file.metadata.row_group(group).column(column))
        for group in range(file.metadata.num_row_groups)
        for column in range(file.metadata.num_columns)
    ]
    return data + "\n".join(told).encode()
