"""What is read from each store: a file, a folder, and what lies in it that is none of a reader's business."""

from __future__ import annotations

import gzip
import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from storage.place import Place

from airflow_provider_mailkit._compat import AirflowFailException
from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.operators.mailkit import MailkitImportOperator, MailkitWipeOperator
from airflow_provider_mailkit.sandbox import Sandbox
from airflow_provider_mailkit.storage.source import list_files
from airflow_provider_mailkit.storage.target import resolve_source

CUSTOMERS = 41001
LINES = "".join(f'{{"email": "p{number}@example.com"}}\n' for number in range(400)).encode()
CSV = b"email\n" + b"".join(b"q%d@example.com\n" % number for number in range(300))


@pytest.fixture
def sandbox(mailkit_connection: Callable[..., str]) -> Iterator[Sandbox]:
    with Sandbox(recipients=5, seconds=0) as running:
        mailkit_connection(running.base_url, hash_secret="a secret")
        yield running


def parquet() -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"email": [f"r{number}@example.com" for number in range(200)]}), sink)
    return sink.getvalue()


def fill(place: Place) -> None:
    place.put("in/b.csv", CSV)
    place.put("in/a.jsonl.gz", gzip.compress(LINES))
    place.put("in/day=1/c.parquet", parquet())
    for hidden in ("_SUCCESS", ".a.crc", "_temporary/d.jsonl", "day=1/.part"):
        place.put(f"in/{hidden}", b"nothing to read")


def run(place: Place, name: str) -> dict[str, object]:
    operator = MailkitImportOperator(
        task_id="import", id_user_list=CUSTOMERS, source=place.path(name), batch_rows=1000,
        rejected_path=place.path("out/rejected.csv"), receipts_path=place.path("out/receipts.parquet"),
    )  # fmt: skip
    return operator.execute({})


@pytest.mark.parametrize("name", ["in", "in/"])
def test_a_folder_with_all_formats(place: Place, sandbox: Sandbox, name: str) -> None:
    fill(place)
    files = list_files(resolve_source(place.path(name)))
    assert [file.uri for file in files] == [
        place.uri(f"in/{file}") for file in ("a.jsonl.gz", "b.csv", "day=1/c.parquet")
    ]
    assert files[1].size == len(CSV)
    for previous in (None, 900):
        summary = run(place, name)
        assert (summary["files"], summary["acknowledged"]) == (3, 900)
        assert summary["rejected_uri"] == place.uri("out/rejected.csv")
        told = summary["previous"]
        assert (told and told["acknowledged"]) == previous  # type: ignore[index]
    assert place.get("out/rejected.csv") == b"FILE,ROW,REASON,COLUMN,RECORD\n"
    assert [action.rows for action in sandbox.actions] == [900, 900]


def test_a_single_file(place: Place, sandbox: Sandbox) -> None:
    fill(place)
    assert run(place, "in/day=1/c.parquet")["acknowledged"] == 200
    wipe = MailkitWipeOperator(
        task_id="wipe", source=place.path("in/b.csv"), receipts_path=place.path("out/wiped.jsonl")
    )
    assert wipe.execute({})["outcomes"] == {"unknown": 300}
    receipts = place.get("out/wiped.jsonl").splitlines()
    assert len({json.loads(line)["ADDRESS_HASH"] for line in receipts}) == 300


@pytest.mark.parametrize("name", ["in", "in/", "in/a.csv"])
def test_nothing_there(place: Place, sandbox: Sandbox, name: str) -> None:
    place.put("in/_SUCCESS", b"")
    with pytest.raises(MailkitError, match="the file does not exist, or the folder is empty") as caught:
        run(place, name)
    assert caught.value.retryable
    assert sandbox.actions == []


def test_a_pipe_is_not_waited_for(tmp_path: Path, sandbox: Sandbox) -> None:
    os.mkfifo(tmp_path / "a.csv")
    for source in (tmp_path, tmp_path / "a.csv"):
        with pytest.raises(AirflowFailException, match="neither a file nor a folder"):
            MailkitImportOperator(task_id="import", id_user_list=CUSTOMERS, source=source).execute({})


def test_a_source_without_a_connection_is_told(sandbox: Sandbox) -> None:
    operator = MailkitImportOperator(task_id="i", id_user_list=1, source="s3://undefined_lake@bucket/a.csv")
    with pytest.raises(AirflowFailException, match=r"undefined_lake.*is not defined"):
        operator.execute({})
