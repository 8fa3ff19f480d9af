"""Rows of files in three formats, as people and programs write them: odd ones, cut ones, compressed ones."""

from __future__ import annotations

import datetime
import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.imports.readers import MAX_LINE_BYTES, RowFormat, SourceRow
from airflow_provider_mailkit.storage.source import list_files
from airflow_provider_mailkit.storage.target import resolve_source

ROWS = [{"email": f"p{number}@example.com", "name": f"Jméno {number}"} for number in range(257)]
CSV = "email,name\n" + "".join(f"{row['email']},{row['name']}\n" for row in ROWS)
LINES = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in ROWS)
TEXTS = {".csv": CSV.encode(), ".jsonl": LINES.encode()}


def read(
    path: Path, columns: Any = None, headers: list[Any] | None = None, **options: Any
) -> list[SourceRow]:
    (file,) = list_files(resolve_source(str(path)))
    found = [] if headers is None else headers
    return list(RowFormat(**options).rows(file, lambda names: found.append(list(names)), columns))


def values(path: Path, **options: Any) -> list[Any]:
    rows = read(path, **options)
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    return [row.values for row in rows]


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    ".gz": gzip.compress,
    ".zst": zstd,
}


@pytest.mark.parametrize("packing", PACKED)
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"], ids=["", "BOM"])
@pytest.mark.parametrize("suffix", TEXTS)
def test_all_rows_come(tmp_path: Path, suffix: str, bom: bytes, packing: str) -> None:
    path = tmp_path / f"a{suffix}{packing}"
    path.write_bytes(PACKED[packing](bom + TEXTS[suffix]))
    assert values(path) == ROWS


@pytest.mark.parametrize("packing", [".gz", ".zst"])
@pytest.mark.parametrize("suffix", TEXTS)
def test_parts_that_were_compressed_one_by_one_are_read_to_the_end(
    tmp_path: Path, suffix: str, packing: str
) -> None:
    half = TEXTS[suffix].index(b"\n", 4000) + 1
    pack = PACKED[packing]
    path = tmp_path / f"a{suffix}{packing}"
    path.write_bytes(pack(TEXTS[suffix][:half]) + pack(TEXTS[suffix][half:]))
    assert values(path) == ROWS


@pytest.mark.parametrize("packing", [".gz", ".zst"])
@pytest.mark.parametrize("cut", [1, 5, 700, 0.5])
def test_a_compressed_file_that_is_cut_is_noticed(tmp_path: Path, packing: str, cut: float) -> None:
    # Random names: what can hardly be compressed has more than one block.
    text = "email\n" + "".join(f"{os.urandom(30).hex()}@example.com\n" for _ in range(9000))
    whole = PACKED[packing](text.encode())
    path = tmp_path / f"a.csv{packing}"
    path.write_bytes(whole[: -int(cut if cut >= 1 else len(whole) * cut)])
    with pytest.raises(MailkitError, match="is cut"):
        read(path)


@pytest.mark.parametrize("packing", [".gz", ".zst"])
def test_a_compressed_file_that_is_damaged_is_noticed(tmp_path: Path, packing: str) -> None:
    whole = bytearray(PACKED[packing](TEXTS[".csv"]))
    whole[len(whole) // 2 : len(whole) // 2 + 40] = bytes(40)
    path = tmp_path / f"a.csv{packing}"
    path.write_bytes(whole)
    with pytest.raises(MailkitError, match=r"damaged|is cut|not UTF-8|not valid CSV"):
        read(path)


WRONG: dict[str, tuple[str, bytes, dict[str, Any], str]] = {
    "gzip without a suffix": ("a.csv", gzip.compress(b"email\n"), {}, "with gzip, but its name"),
    "suffix without gzip": ("a.csv.gz", b"email\na@example.com\n", {}, "not compressed, but compression"),
    "zstd called gzip": ("a.csv.gz", zstd(b"email\n"), {}, "with zstd, but compression is gzip"),
    "UTF-16": ("a.csv", "email\n".encode("utf-16"), {}, "is UTF-16"),
    "Parquet called CSV": ("a.csv", b"PAR1", {}, "is Parquet"),
    "Windows-1250": ("a.csv", "email\nŽ@example.com\n".encode("cp1250"), {}, "not UTF-8"),
    "array": ("a.jsonl", b'[{"email": "a@example.com"},\n{}]\n', {}, "JSON array"),
    "semicolons": ("a.csv", b"email;name\na@example.com;A\n", {}, "delimiter=';'"),
    "open quote": ("a.csv", b'email,name\na@example.com,"A\nb,B\n', {}, "line 3 is not valid CSV"),
    "text after a quote": ("a.csv", b'email,name\na@example.com,"A"x\n', {}, "line 2 is not valid CSV"),
    "doubled header": ("a.csv", b"email, email\n", {}, "two columns have the same name"),
    "no format": ("a.txt", b"email\n", {}, "source must end with"),
    "text called Parquet": ("a.parquet", b"email\n", {}, "not Parquet"),
    "empty file called Parquet": ("a.parquet", b"", {}, "not Parquet"),
    "endless line": ("a.jsonl", b"{" * (MAX_LINE_BYTES + 1), {}, "longer than"),
    "endless cell": ("a.csv", b"email\n" + b"a" * 200_000, {}, "a cell of more than 131072 characters"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_read_says_why(tmp_path: Path, case: str) -> None:
    name, content, options, message = WRONG[case]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MailkitError, match=message) as caught:
        read(tmp_path / name, **options)
    assert "example.com" not in str(caught.value)


def test_lines_that_are_not_objects_are_told_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(
        b'{"a": 1}\r\n\r\n  \n{"a": 2, "a": 3}\n{"a": \nnull\n"a"\n[1]\n\xff\n{"a": {"b": [1]}}'
    )
    rows = read(tmp_path / "a.jsonl")
    assert [(row.number, row.values) for row in rows] == [
        (1, {"a": 1}), (2, {"a": 3}), (3, None), (4, None), (5, None), (6, None), (7, None),
        (8, {"a": {"b": [1]}}),
    ]  # fmt: skip
    assert {row.fault for row in rows if row.values is None} == {"not a JSON object"}


def test_csv_cells_are_what_they_are(tmp_path: Path) -> None:
    text = ' email ,name\r\n\r\n"a@example.com","He said ""x"", twice\nand more"\r\nb\r\n,\r\nc,d,e\r\n'
    (tmp_path / "a.csv").write_text(text, newline="")
    headers: list[Any] = []
    rows = read(tmp_path / "a.csv", headers=headers)
    assert headers == [["email", "name"]]
    assert rows == [
        SourceRow(1, {"email": "a@example.com", "name": 'He said "x", twice\nand more'}),
        SourceRow(2, None, "fewer cells than columns"),
        SourceRow(3, {"email": "", "name": ""}),
        SourceRow(4, None, "more cells than columns"),
    ]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.csv.gz", "a.jsonl.zst"])
def test_an_empty_file_has_no_rows(tmp_path: Path, name: str) -> None:
    packing = f".{name.split('.')[2]}" if name.count(".") == 2 else ""
    (tmp_path / name).write_bytes(PACKED[packing](b"") if packing else b"")
    headers: list[Any] = []
    assert read(tmp_path / name, headers=headers) == []
    assert headers == []


def test_parquet_is_read_in_the_columns_that_are_wanted(tmp_path: Path) -> None:
    table = pa.table({
        "email": pa.array(["a@example.com", None, "c@example.com"]).dictionary_encode(),
        "when": pa.array([datetime.date(2026, 3, 1), None, datetime.date(2026, 3, 3)]),
        "nested": pa.array([[1], [2], None]),
    })  # fmt: skip
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=2, compression="snappy")
    headers: list[Any] = []
    rows = read(tmp_path / "a.parquet", ("when", "email"), headers)
    assert headers == [["email", "when", "nested"]]
    assert [row.values for row in rows] == [
        {"email": "a@example.com", "when": datetime.date(2026, 3, 1)},
        {"email": None, "when": None},
        {"email": "c@example.com", "when": datetime.date(2026, 3, 3)},
    ]


def test_two_wanted_columns_of_one_name_are_refused_in_parquet(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    cells = [pa.array([f"p{number}@example.com"]) for number in range(3)]
    pq.write_table(pa.Table.from_arrays(cells, names=["email", "other", "other"]), path)
    with pytest.raises(MailkitError, match="two columns have the same name"):
        read(path)
    assert [row.values for row in read(path, columns=("email",))] == [{"email": "p0@example.com"}]


def test_a_format_may_be_said_instead_of_a_suffix(tmp_path: Path) -> None:
    (tmp_path / "audience").write_bytes(gzip.compress(CSV.replace(",", "\t").encode()))
    options = {"file_format": "csv", "compression": "gzip", "delimiter": "\t"}
    assert values(tmp_path / "audience", **options) == ROWS
