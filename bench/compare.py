"""Checks that two exports have the same values for every recipient, in whatever types."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

_COLUMNS = (
    "ID_SEND_MESSAGE",
    "ID_EMAIL",
    "EMAIL",
    "STATUS",
    "AB_VERSION",
    "DATE",
    "READ_COUNT",
    "CLICK_COUNT",
)


def compare_files(ours: Path, peer: Path, recipients: int) -> None:
    """Compare two files of the same format row by row, and remove them.

    :raises ValueError: a row differs or is missing.
    """
    rows = 0
    for rows, (our_row, peer_row) in enumerate(zip_longest(_rows(ours), _rows(peer)), 1):
        if our_row != peer_row:
            raise ValueError(f"{ours.suffix}: row {rows} is {our_row}, the peer has {peer_row}")
    if rows != recipients:
        raise ValueError(f"{ours.suffix}: {rows} rows instead of {recipients}")
    ours.unlink()
    peer.unlink()


def _rows(path: Path) -> Iterator[tuple[str, ...]]:
    read = {".jsonl": _read_jsonl, ".csv": _read_csv, ".parquet": _read_parquet}[path.suffix]
    return (tuple([_text(row[name]) for name in _COLUMNS]) for row in read(path))


def _read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    with path.open() as file:
        yield from map(json.loads, file)


def _read_csv(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(newline="") as file:
        yield from csv.DictReader(file)


def _read_parquet(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet as pq

    for batch in pq.ParquetFile(path).iter_batches(columns=list(_COLUMNS)):
        yield from batch.to_pylist()


def _text(value: Any) -> str:
    if value is None:
        return ""
    text = str(value)
    # Both "2026-03-01T08:00:00" and the peers' "2026-03-01 08:00:00" are right.
    return text.replace("T", " ") if text[10:11] == "T" and text[:2] == "20" else text
