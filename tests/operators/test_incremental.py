"""The operator for logs: what breaks a DAG, what it writes, and what it tells."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from support.increments import export, run
from support.outlets import OutletEventAccessors, alias_events
from support.raw_log import FUNCTION, RawLog, claims_in, published_ids
from support.read_back import FORMATS, everything_in, rows_in
from support.reports import PROTOCOLS

from airflow_provider_mailkit._compat import AirflowFailException, Asset, AssetAlias
from airflow_provider_mailkit.exceptions import MailkitError

RESULT = ["function", "rows", "files", "next_id", "caught_up", "pages", "seconds"]


BROKEN = {
    "another report": ({"function": "mailkit.report.message.bounces"}, "MailkitExportOperator"),
    "a list that changes": ({"function": "mailkit.mailinglist.getstatus"}, "function must be one of"),
    "misspelt function": ({"function": "mailkit.report.raw.bounce"}, f"nearest is {re.escape(FUNCTION)}"),
    "no function": ({"function": None}, "function must be one of"),
    "start in the parameters": ({"parameters": {"ID_undelivered_log": 5}}, "argument start"),
    "limit in the parameters": ({"parameters": {"limit": 5}}, "argument page_size"),
    "misspelt filter": ({"parameters": {"ID_sent": 5}}, "nearest is ID_send"),
    "filter of a template": ({"parameters": {"ID_sent": "{{ ds }}"}}, "nearest is ID_send"),
    "filter that is not an ID": ({"parameters": {"ID_send": "all"}}, "ID_send must be"),
    "start": ({"start": "begining"}, "start must be the ID of a row, or 'beginning'"),
    "start at nothing": ({"start": 0}, "start must be"),
    "page of one row": ({"page_size": 1}, "page_size must be .* from 2 to 25000"),
    "page too large": ({"page_size": 25_001}, "page_size must be"),
    "files of nothing": ({"rows_per_file": 0}, "rows_per_file must be"),
    "no rows": ({"max_rows": 0}, "max_rows must be"),
    "negative overlap": ({"overlap": -1}, "overlap must be .* from 0 to 100000"),
    "overlap too large": ({"overlap": 100_001}, "overlap must be"),
    "format": ({"file_format": "xlsx"}, "file_format must be one of"),
    "no format": ({"file_format": None}, "file_format must be one of"),
    "compressed parquet": ({"file_format": "parquet", "compression": "gzip"}, "compressed inside"),
    "column": ({"columns": ["EMAL"]}, "Did you mean 'EMAIL'"),
    "column that is left out": ({"columns": ["EMAIL"], "addresses": "drop"}, "'EMAIL'"),
    "addresses": ({"addresses": "hide"}, "addresses must be one of"),
    "unsafe": ({"allow_unsafe_storage": "yes"}, "allow_unsafe_storage must be True or False"),
    "path of Windows": ({"output_path": "C:\\lake"}, "Windows"),
    "path of nothing": ({"output_path": "s3://lake/None/"}, "None"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_mistake_breaks_the_dag(case: str, tmp_path: Path) -> None:
    arguments, words = BROKEN[case]
    with pytest.raises(MailkitError, match=words):
        export(
            **{
                "folder": tmp_path,
                **({"folder": arguments.pop("output_path")} if "output_path" in arguments else {}),
                **arguments,
            }
        )


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_both_protocols(protocol: str, mailkit_connection: Callable[..., str], tmp_path: Path) -> None:
    with RawLog(range(1, 101)) as running:
        mailkit_connection(running.base_url, protocol, max_attempts=1)
        assert run(tmp_path, max_rows=500)["rows"] == 100
        assert published_ids(tmp_path) == [*range(1, 101)]


def test_runs_go_on_where_the_one_before_ended(log: RawLog, tmp_path: Path) -> None:
    first = run(tmp_path / "lake")
    assert list(first) == RESULT
    assert [(file["rows"], file["first_id"], file["last_id"]) for file in first["files"]] == [
        (25, 1, 25), (25, 26, 50), (10, 51, 60)
    ]  # fmt: skip
    assert (first["function"], first["rows"], first["next_id"], first["caught_up"]) == (
        FUNCTION,
        60,
        61,
        False,
    )
    for file in first["files"]:
        path = Path(file["uri"].removeprefix("file://"))
        assert hashlib.sha256(path.read_bytes()).hexdigest() == file["sha256"]
        assert len(path.read_bytes()) == file["bytes"]
    assert sorted(os.listdir(tmp_path / "lake")) == [
        "_mailkit", "part-000001-1-25.jsonl", "part-000002-26-50.jsonl", "part-000003-51-60.jsonl"
    ]  # fmt: skip
    second = run(tmp_path / "lake")
    assert (second["rows"], second["next_id"], second["caught_up"]) == (40, 101, True)
    log.calls.clear()
    third = run(tmp_path / "lake", page_size=25_000)
    assert (third["rows"], third["files"], third["next_id"], third["caught_up"]) == (0, [], 101, True)
    assert third["pages"] == len(log.calls) == 1
    assert published_ids(tmp_path / "lake") == [*range(1, 101)]
    assert sorted(os.listdir(tmp_path / "lake" / "_mailkit")) == sorted(
        f"{number:06d}.{end}" for number in range(1, 6) for end in ("json", "done")
    )


def test_pages_is_how_many_calls_were_made(log: RawLog, tmp_path: Path) -> None:
    assert run(tmp_path, max_rows=500)["pages"] == len(log.calls)
    assert {call["limit"] for call in log.calls} == {10}


def test_late_rows_are_found(log: RawLog, tmp_path: Path) -> None:
    log.ids = [id_ for id_ in log.ids if id_ not in (97, 99)]
    run(tmp_path, max_rows=500)
    log.add(97, 99, 101)
    late = run(tmp_path, max_rows=500)
    assert (late["rows"], late["files"][0]["first_id"], late["files"][0]["last_id"]) == (3, 97, 101)
    assert sorted(published_ids(tmp_path)) == [*range(1, 102)]


def test_a_row_that_is_later_than_the_overlap_is_not_found(log: RawLog, tmp_path: Path) -> None:
    """It shows what the overlap is for: 96 comes after five rows, one more than are read again."""
    log.ids.remove(95)
    log.ids.remove(96)
    run(tmp_path, max_rows=500)
    log.add(96)
    assert run(tmp_path)["rows"] == 1
    log.add(95)
    assert run(tmp_path)["rows"] == 0


def test_rows_that_come_while_it_reads(log: RawLog, tmp_path: Path) -> None:
    """A busy account: each call brings rows, some are late, and old ones go; the last page never comes."""

    def grow(number: int) -> None:
        last = log.ids[-1]
        log.add(last + 2, last + 3, last + 5, *([last - 1] if last - 1 not in log.ids else []))
        log.forget(2)

    log.on_call = grow
    runs = [run(tmp_path, max_rows=40) for _ in range(6)]
    log.on_call = lambda number: None
    while not run(tmp_path)["caught_up"]:
        pass
    found = published_ids(tmp_path)
    assert sum(result["rows"] for result in runs) > 100
    assert len(found) == len(set(found))
    assert set(log.ids) <= set(found)


def test_a_start_is_where_the_first_run_begins(log: RawLog, tmp_path: Path) -> None:
    assert run(tmp_path, start=91)["files"][0]["first_id"] == 91
    assert run(tmp_path, start=1)["rows"] == 0
    assert published_ids(tmp_path) == [*range(91, 101)]


def test_an_empty_log_makes_no_claim(log: RawLog, tmp_path: Path) -> None:
    log.ids.clear()
    result = run(tmp_path / "lake")
    assert (result["rows"], result["files"], result["next_id"], result["caught_up"]) == (0, [], None, True)
    assert run(tmp_path / "lake", start=7)["next_id"] == 7
    assert not list(tmp_path.glob("lake/**/*.*"))


@pytest.mark.parametrize(
    ("file_format", "compression", "suffix"),
    [
        ("jsonl", None, ".jsonl"),
        ("csv", "gzip", ".csv.gz"),
        ("jsonl", "zstd", ".jsonl.zst"),
        ("parquet", None, ".parquet"),
    ],
)
def test_formats(log: RawLog, tmp_path: Path, file_format: str, compression: str | None, suffix: str) -> None:
    log.ids = [3, 5, 8]
    (file,) = run(tmp_path, file_format=file_format, compression=compression)["files"]
    assert file["uri"] == f"file://{tmp_path}/part-000001-3-8{suffix}"
    columns, rows = rows_in((tmp_path / f"part-000001-3-8{suffix}").read_bytes(), file_format)
    assert [int(row["ID_UNDELIVERED_LOG"]) for row in rows] == [3, 5, 8]
    assert (columns[0], columns[-1], columns[3]) == ("ID_UNDELIVERED_LOG", "EXPORTED_AT", "ID_SEND_MESSAGE")


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("addresses", ["hash", "drop"])
def test_no_address_gets_anywhere(
    log: RawLog, tmp_path: Path, task_log: Callable[[], str], file_format: str, addresses: str
) -> None:
    result = run(tmp_path, file_format=file_format, addresses=addresses)
    written = b"".join(everything_in(path.read_bytes()) for path in tmp_path.glob("part-*"))
    beside = b"".join(path.read_bytes() for path in tmp_path.glob("_mailkit/*"))
    assert len(list(tmp_path.glob("part-*"))) == 3
    for text in (written, beside, json.dumps(result).encode(), task_log().encode()):
        assert b"recipient7@example.com" not in text
        assert b"@example" not in text
        assert b"1000001" not in text


def test_a_claim_names_no_client(log: RawLog, tmp_path: Path) -> None:
    run(tmp_path)
    (first, *others) = claims_in(tmp_path)
    assert "1000001" not in json.dumps(first)
    assert {claim["identity"]["client"] for claim in others} == {first["identity"]["client"]}
    assert (first["first_id"], first["last_id"], first["next_id"], first["name"]) == (
        1,
        25,
        26,
        "part-000001-1-25.jsonl",
    )
    assert first["window"]["ids"] == [*range(21, 26)]


def test_outlets_have_an_event_only_if_rows_came(log: RawLog, tmp_path: Path) -> None:
    asset, alias, events = Asset("s3://lake/bounces"), AssetAlias("bounces"), OutletEventAccessors()
    operator = export(tmp_path, max_rows=500, outlets=[asset, alias])
    result = operator.execute({"outlet_events": events})
    assert events[asset].extra == result
    assert alias_events(events[alias]) == [(f"file://{tmp_path}", result)]
    assert operator.outlets == [asset, alias]
    silent, operator = OutletEventAccessors(), export(tmp_path, outlets=[asset, alias])
    assert operator.execute({"outlet_events": silent})["rows"] == 0
    assert (len(silent), operator.outlets) == (0, [])


def test_on_kill_ends_it_before_anything_is_claimed(log: RawLog, tmp_path: Path) -> None:
    operator = export(tmp_path)
    log.on_call = lambda number: operator.on_kill() if number == 5 else None
    with pytest.raises(ValueError, match="aborted"):
        operator.execute({})
    assert len(log.calls) <= 6
    assert [path.name for path in tmp_path.glob("part-*")] == ["part-000001-1-25.jsonl"]
    log.on_call = lambda number: None
    run(tmp_path, max_rows=500)
    assert published_ids(tmp_path) == [*range(1, 101)]


def test_a_folder_that_is_a_file_is_refused(log: RawLog, tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("a file")
    with pytest.raises(AirflowFailException, match="lake"):
        run(tmp_path / "lake")
    assert log.calls == []
