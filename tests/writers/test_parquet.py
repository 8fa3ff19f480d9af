"""Parquet, read back by pyarrow."""

from __future__ import annotations

import gc
import io
import os
import random
import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.batches import records_of
from support.formats import COLUMNS, EXPORTED_AT, FIRST, ROWS, SECOND, layout, write
from support.python import run

from airflow_provider_mailkit.writers import OutputFormat
from airflow_provider_mailkit.writers.parquet import ParquetWriter


def test_parquet_has_types_and_nulls():
    table = pq.read_table(io.BytesIO(write(OutputFormat("parquet", "zstd"), [FIRST, SECOND])))
    assert [str(field.type) for field in table.schema] == [
        "int64", "int64", "string", "timestamp[us]", "timestamp[us, tz=UTC]",
    ]  # fmt: skip
    assert table.column("EMAIL").to_pylist() == [row["EMAIL"] for row in ROWS]
    assert table.column("ID_SEND_MESSAGE").to_pylist() == [9000000000, 2, None, 4, 5]
    assert table.column("DATE").to_pylist()[:2] == [datetime(2026, 3, 1, 8), None]
    assert table.column("EXPORTED_AT").to_pylist()[0] == datetime(2026, 11, 23, 13, 0, 0, 250000, tzinfo=UTC)


@pytest.mark.parametrize("first_email", ["anna@example.com", 'quoted"@example.com'], ids=["plain", "escaped"])
@pytest.mark.parametrize(
    "columns",
    [
        COLUMNS, COLUMNS[::-1], COLUMNS[:3], COLUMNS[1:], COLUMNS[1:4],
        ("EMAIL", "ID_SEND", "DATE"), ("ID_SEND", "EXPORTED_AT"), ("EXPORTED_AT",), ("EMAIL",),
    ],
    ids="-".join,
)  # fmt: skip
def test_parquet_adds_what_is_the_same_in_all_rows(columns, first_email):
    constants = {"ID_SEND": 7, "EXPORTED_AT": EXPORTED_AT}
    full = {**FIRST, "EMAIL": [first_email, None, "žofie@example.cz"]}
    bare = {**full, "ID_SEND": [None] * 3, "EXPORTED_AT": [None] * 3}
    as_written, added = (
        pq.read_table(
            io.BytesIO(write(OutputFormat("parquet", "zstd"), [part], columns, constants=given or {}))
        )
        for part, given in (
            ({name: full[name] for name in columns}, None),
            ({name: bare[name] for name in columns}, constants),
        )
    )
    assert added.num_rows == 3
    assert added.equals(as_written)


@pytest.mark.parametrize("value", [None, "null", "", "a, b", 'a "b" c', "back\\slash", "[x]", "a\n\tb\r\n"])
@pytest.mark.parametrize("zone", [None, ZoneInfo("Europe/Prague")])
def test_parquet_adds_any_text_and_null(value, zone):
    constants = {"STATUS": value, "ID_SEND": None, "EXPORTED_AT": EXPORTED_AT}
    part = {"ID_SEND_MESSAGE": [5, 6], **{name: [None] * 2 for name in constants}}
    data = write(OutputFormat("parquet", "zstd"), [part], list(part), zone, constants=constants)
    table = pq.read_table(io.BytesIO(data))
    assert table.column("STATUS").to_pylist() == [value] * 2
    assert table.column("ID_SEND").to_pylist() == [None] * 2
    assert None not in table.column("EXPORTED_AT").to_pylist()


def test_parquet_has_the_ends_of_ordered_columns_and_of_no_address():
    few = {"STATUS": ["sent", "wait", None], "AB_VERSION": ["A", None, "B"]}
    data = write(OutputFormat("parquet", "zstd"), [FIRST | few], (*COLUMNS, *few))
    group = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(0)
    ends = {
        group.column(i).path_in_schema: group.column(i).statistics and group.column(i).statistics.has_min_max
        for i in range(7)
    }
    assert ends == {**dict.fromkeys(COLUMNS, True), "EMAIL": None, **dict.fromkeys(few)}


WITHOUT_PANDAS = """
import io
from support.batches import records_of
from airflow_provider_mailkit.catalogue.reports.deliveries import RECIPIENTS
from airflow_provider_mailkit.export.duplicates import DuplicateCounter
from airflow_provider_mailkit.export.keys import Keys
from airflow_provider_mailkit.export.measures import Measures
from airflow_provider_mailkit.protocol.dates import DateReader
from airflow_provider_mailkit.writers import OutputFormat
from airflow_provider_mailkit.writers.base import Layout

part = {
    "ID_SEND": [7, 7], "ID_SEND_MESSAGE": [1, 2], "EMAIL": ['"anna"@example.com', ""],
    "STATUS": ["sent", "wait"], "AB_VERSION": ["", "A"], "DATE": ["2026-03-01 08:00:00", ""],
    "READ_COUNT": [0, 3], "CLICK_COUNT": [None, 1],
}
with DuplicateCounter() as duplicates:
    measures, keys = Measures(RECIPIENTS), Keys(RECIPIENTS, {"ID_SEND": 7}, duplicates)
    layout = Layout(
        [RECIPIENTS.column(name) for name in part],
        constants={"ID_SEND": 7},
        dates={"DATE": DateReader(function="f")},
        on_table=lambda table: (measures.add_table(table), keys.add_table(table)),
    )
    writer = OutputFormat("parquet", "zstd").open(io.BytesIO(), layout)
    writer.write(records_of(part, writer.frame))
    writer.finish()
    assert measures.result()["read_total"] == 3 and duplicates.count() == 0
"""


def test_parquet_does_not_load_pandas_where_it_is_installed(tmp_path):
    (tmp_path / "pandas.py").write_text("raise RuntimeError('pandas is imported')")
    path = os.pathsep.join([str(tmp_path), *sys.path])
    run(os.environ | {"PYTHONPATH": path}, "-c", WITHOUT_PANDAS, timeout=60)


def test_parquet_row_groups_hold_more_than_a_batch():
    # With the frame, quotes and the end of the line 100 bytes each.
    part, short = ({"EMAIL": ["x" * 91] * rows} for rows in (700, 2))
    data = write(OutputFormat("parquet", "zstd"), [part] * 336 + [short] * 200, ("EMAIL",))
    metadata = pq.ParquetFile(io.BytesIO(data)).metadata
    rows = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    # Whole batches, until there are 5 MB.
    assert rows == [50_400, 50_400, 50_400, 50_400, 34_000]
    assert metadata.row_group(0).column(0).compression == "ZSTD"


def test_parquet_row_groups_of_long_rows_are_smaller():
    part = {"EMAIL": [f"{i}" * 300_000 for i in range(5)]}
    data = write(OutputFormat("parquet", "zstd"), [part] * 23, ("EMAIL",))
    metadata = pq.ParquetFile(io.BytesIO(data)).metadata
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [20] * 5 + [15]


TEXTS = [
    "", "null", '"', '""', "\\", "\\\\",
    '\\"', '"\\', "\\n", "\n", "\r", "\r\n", "\n[", "]\n[", "]", "[null,",
    ",", ", ", "\0", "\x1f", "\x7f", "\b\f\t", "\u2028", "\ufeff", "žluťoučký", "\U0001f4e7",
    '{"A":"\\n\\"","B":[1,"\\u0000"]}',
    "x" * 2_000_000, '"' * 400_000, "\\" * 400_001, "\n" * 1_100_000, None,
]  # fmt: skip


@pytest.mark.parametrize(
    "columns", [("EMAIL",), ("EMAIL", "ID_SEND"), ("ID_SEND", "EMAIL", "EXPORTED_AT")], ids="-".join
)
def test_parquet_keeps_every_text_as_it_is_but_empty_ones(columns):
    chance = random.Random(7)
    few = [text for text in TEXTS if text is None or len(text) < 100]
    # Texts of megabytes once: each takes a second.
    emails = (TEXTS if columns == ("EMAIL",) else few) + [
        "".join(chance.choices(few[:-1], k=4)) for _ in range(3000)
    ]
    parts = [
        {"ID_SEND": [7] * len(some), "EMAIL": some, "EXPORTED_AT": [EXPORTED_AT] * len(some)}
        for some in (emails[i : i + 100] for i in range(0, len(emails), 100))
    ]
    parts = [{name: part[name] for name in columns} for part in parts]
    data = write(OutputFormat("parquet", "zstd"), parts, columns, constants={"EXPORTED_AT": EXPORTED_AT})
    assert pq.read_table(io.BytesIO(data))["EMAIL"].to_pylist() == [email or None for email in emails]


def test_parquet_keeps_line_ends_wherever_pyarrow_may_divide_the_lines():
    """Between blocks, pyarrow takes CR and LF in a text for the end of a line, and drops the LF."""
    emails = [" " * (i % 7) + "\r\n" * 100 for i in range(3999)]
    parts = [{"EMAIL": emails[i : i + 3], "ID_SEND": [7] * 3} for i in range(0, 3999, 3)]
    data = write(OutputFormat("parquet", "zstd"), parts, ("EMAIL", "ID_SEND"))
    assert pq.read_table(io.BytesIO(data))["EMAIL"].to_pylist() == emails


def test_an_error_of_pyarrow_is_raised_although_it_refers_to_the_lines(monkeypatch):
    encode = ParquetWriter._encode
    monkeypatch.setattr(ParquetWriter, "_encode", lambda self, rows: encode(self, rows) + b"[1,2\n")
    with pytest.raises(pa.ArrowInvalid, match="Row #4"):
        write(OutputFormat("parquet", "zstd"), [FIRST])


def test_rows_need_no_frame():
    sinks = [io.BytesIO(), io.BytesIO()]
    for sink, frame in zip(sinks, ((), ParquetWriter.frame), strict=True):
        writer = OutputFormat("parquet", "zstd").open(sink, layout())
        for part in (FIRST, SECOND):
            writer.write(records_of(part, frame))
        writer.finish()
    plain, framed = (pq.read_table(sink) for sink in sinks)
    assert plain.equals(framed)
    assert plain["EMAIL"].to_pylist() == FIRST["EMAIL"] + SECOND["EMAIL"]


ALL = pytest.mark.parametrize("frame", [(), ParquetWriter.frame], ids=["bare", "framed"])


@ALL
def test_rows_may_lack_columns(frame):
    lacking = {name: FIRST[name] for name in ("ID_SEND_MESSAGE", "EMAIL", "EXPORTED_AT")}
    written, expected = io.BytesIO(), io.BytesIO()
    for sink, part in ((written, lacking), (expected, {**FIRST, "ID_SEND": [None] * 3, "DATE": [None] * 3})):
        writer = OutputFormat("parquet", "zstd").open(sink, layout())
        writer.write(records_of(part, frame))
        writer.finish()
    assert pq.read_table(written).equals(pq.read_table(expected))


@ALL
def test_rows_with_more_columns_begin_another_row_group_and_rows_with_fewer_do_not(frame):
    few = {name: FIRST[name] for name in ("ID_SEND_MESSAGE", "EXPORTED_AT", "EMAIL")}
    sink = io.BytesIO()
    writer = OutputFormat("parquet", "zstd").open(sink, layout(constants={"ID_SEND": 7}))
    for part in (few, few, SECOND, few, SECOND, {"ID_SEND_MESSAGE": [6]}):
        writer.write(records_of(part, frame))
    writer.finish()
    written = pq.ParquetFile(sink)
    groups = written.metadata
    assert [groups.row_group(i).num_rows for i in range(groups.num_row_groups)] == [6, 3 + 2 * 2 + 1]
    table = written.read()
    keys = FIRST["ID_SEND_MESSAGE"], SECOND["ID_SEND_MESSAGE"]
    assert table["ID_SEND_MESSAGE"].to_pylist() == [*keys[0] * 2, *keys[1], *keys[0], *keys[1], 6]
    assert table["ID_SEND"].to_pylist() == [7] * 14
    second = [datetime.fromisoformat(date) for date in SECOND["DATE"]]
    assert table["DATE"].to_pylist() == [*[None] * 6, *second, *[None] * 3, *second, None]
    assert table["EMAIL"].to_pylist()[-3:] == [*SECOND["EMAIL"], None]


@ALL
def test_rows_may_be_encoded_long_before_they_are_written_or_dropped(frame):
    few = {name: FIRST[name] for name in ("ID_SEND_MESSAGE", "EMAIL")}
    sinks = io.BytesIO(), io.BytesIO()
    for sink in sinks:
        writer = OutputFormat("parquet", "zstd").open(sink, layout())
        rows = [records_of(part, frame) for part in (few, SECOND, few)]
        if sink is sinks[0]:
            dropped = [writer.encode(some) for some in rows]
            encoded = [writer.encode(some) for some in rows]
            assert [len(some) for some in (*dropped, *encoded)] == [3, 2, 3] * 2
            for some in encoded:
                writer.add(some)
        else:
            for some in rows:
                writer.write(some)
        writer.finish()
    later, at_once = map(pq.read_table, sinks)
    assert later.equals(at_once)
    assert later["ID_SEND_MESSAGE"].to_pylist() == [9000000000, 2, None, 4, 5, 9000000000, 2, None]
    assert later["ID_SEND"].to_pylist() == [None] * 3 + [7, 7] + [None] * 3


def test_an_abandoned_parquet_writer_writes_nothing_more():
    """pyarrow writes a footer when its writer is closed, and what it holds back when that is collected."""
    sink = io.BytesIO()
    writer = OutputFormat("parquet", "zstd").open(sink, layout())
    for _ in range(100):
        writer.write(records_of(FIRST, writer.frame))
    written = sink.getvalue()
    writer.abandon()
    del writer
    gc.collect()
    assert sink.getvalue() == written
