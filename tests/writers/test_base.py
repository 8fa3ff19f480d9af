"""What all file formats have in common: empty files, memory, and which format a path asks for."""

from __future__ import annotations

import io
import tracemalloc

import pyarrow.parquet as pq
import pytest
from support.batches import records_of
from support.formats import COLUMNS, FIRST, layout, write

from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.writers import OutputFormat, choose_format


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_an_empty_report_is_a_file_with_nothing_but_its_frame(kind):
    data = write(OutputFormat(kind, None), [])
    if kind == "parquet":
        table = pq.read_table(io.BytesIO(data))
        assert (table.num_rows, tuple(table.column_names)) == (0, COLUMNS)
    else:
        assert data.decode() == ("" if kind == "jsonl" else ",".join(COLUMNS) + "\n")


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_a_batch_leaves_nothing_in_memory(kind):
    class Nowhere:
        def write(self, data):
            return len(data)

    def write_batches(count):
        writer = OutputFormat(kind, None).open(Nowhere(), layout())
        for _ in range(count):
            writer.write(records)
        writer.finish()

    records = records_of(FIRST, OutputFormat(kind, None).writer.frame)
    # All that is loaded or made only once.
    write_batches(10)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        write_batches(5000)
        left = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert left < 5000 * 16


@pytest.mark.parametrize(
    ("path", "arguments", "expected"),
    [
        ("s3://bucket/a.jsonl", {}, ("jsonl", None)),
        ("/data/a.csv.gz", {}, ("csv", "gzip")),
        ("a.JSONL.ZST", {}, ("jsonl", "zstd")),
        ("gs://b/a.parquet", {}, ("parquet", "zstd")),
        ("a.parquet", {"compression": "zstd"}, ("parquet", "zstd")),
        ("a.dat", {"file_format": "csv", "compression": "gzip"}, ("csv", "gzip")),
        ("folder.csv/a", {"file_format": "jsonl"}, ("jsonl", None)),
    ],
)
def test_the_format_comes_from_the_arguments_or_the_suffix(path, arguments, expected):
    chosen = choose_format(path, **arguments)
    assert (chosen.file_format, chosen.compression) == expected


@pytest.mark.parametrize(
    ("path", "arguments", "words"),
    [
        ("folder.csv/report", {}, "file_format"),
        ("a.json", {}, "file_format"),
        ("a.csv", {"file_format": "xlsx"}, "file_format"),
        ("a.csv", {"compression": "bzip2"}, "compression"),
        ("a.parquet.gz", {}, "inside"),
        ("a.parquet", {"compression": "gzip"}, "inside"),
    ],
)
def test_an_impossible_format_says_what_is_possible(path, arguments, words):
    with pytest.raises(MailkitError, match=words):
        choose_format(path, **arguments)


@pytest.mark.parametrize(("path", "extra"), [("a.parquet", "parquet"), ("a.csv.zst", "zstd")])
def test_a_missing_package_is_named_with_its_extra(monkeypatch, path, extra):
    monkeypatch.setattr("airflow_provider_mailkit.writers.find_spec", lambda name: None)
    with pytest.raises(MailkitError, match=rf"airflow-provider-mailkit\[{extra}\]"):
        choose_format(path)
