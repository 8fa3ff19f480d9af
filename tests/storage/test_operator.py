"""The operator at every store: success, and failures at each stage of an export."""

from __future__ import annotations

import gc
import json
import logging
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from storage.place import Place
from storage.proxy import unavailable
from storage.support import OLD, raise_
from support.reports import recipients
from support.server import FaultServer, close_delimited, plain

from airflow_provider_mailkit._compat import Asset
from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.operators.mailkit import MailkitRecipientsOperator

REPORT = recipients(3000)
BODY = json.dumps(REPORT).encode()
Spool = Callable[[], list[str]]
# What Mailkit answers, and what of the pipeline breaks.
FAILURES: dict[str, tuple[list[Any], str | None]] = {
    "refused": (plain(b'{"error_status": 1, "error": "Unauthorized"}'), None),
    "unavailable": (plain(b"", 503), None),
    "cut": (close_delimited(BODY[:-20]), None),
    "malformed": (plain(BODY[:-20] + b"x" + BODY[-20:]), None),
    "writer": (plain(BODY), "airflow_provider_mailkit.writers.jsonl.JsonlWriter.write"),
    "compressor": (plain(BODY), "airflow_provider_mailkit.writers.compression.CompressingSink.finish"),
    "interrupted": (plain(BODY), "airflow_provider_mailkit.export.rows.RowBuilder.build"),
}


def execute(place: Place, name: str = "rows.jsonl.gz", **arguments: Any) -> Any:
    context = {"ti": None} | arguments.pop("context", {})
    operator = MailkitRecipientsOperator(
        task_id="export", id_send=5001, output_path=place.path(name), **arguments
    )
    return operator.execute(context)


@pytest.mark.parametrize("existing", [True, False])
@pytest.mark.parametrize("failure", FAILURES)
def test_nothing_stays_of_a_failed_export(
    place: Place,
    mailkit: Callable[..., FaultServer],
    spool: Spool,
    failure: str,
    existing: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer, broken = FAILURES[failure]
    mailkit(answer)
    if broken:
        error = KeyboardInterrupt() if failure == "interrupted" else RuntimeError("broken")
        monkeypatch.setattr(broken, lambda *_: raise_(error))
    if existing:
        place.put("rows.jsonl.gz", OLD)
    with pytest.raises((MailkitError, RuntimeError, KeyboardInterrupt)):
        execute(place)
    gc.collect()
    assert place.names() == ["rows.jsonl.gz"] * existing
    if existing:
        assert place.get("rows.jsonl.gz") == OLD
    assert place.unfinished() == []
    assert spool() == []
    if not place.is_local:
        assert place.proxy.kinds() == []


def test_nothing_of_a_cut_try_is_in_the_file(
    place: Place, mailkit: Callable[..., FaultServer], spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # More than a writer holds back.
    report = recipients(20_000)
    body = json.dumps(report).encode()
    server = mailkit(close_delimited(body[:-20]), plain(body))
    monkeypatch.setattr("time.sleep", lambda _: None)
    summary = execute(place, "rows.jsonl")
    rows = [json.loads(line)["ID_SEND_MESSAGE"] for line in place.get("rows.jsonl").splitlines()]
    assert rows == [int(row["ID_SEND_MESSAGE"]) for row in report]
    assert (summary["rows"], len(server.requests)) == (len(report), 2)
    assert place.names() == ["rows.jsonl"]
    assert place.unfinished() == []
    assert "mailkit-export" not in [thread.name for thread in threading.enumerate()]
    gc.collect()
    assert spool() == []


@pytest.mark.usefixtures("quick_retries")
@pytest.mark.parametrize("existing", [True, False])
def test_nothing_stays_of_a_failed_upload(
    remote_place: Place, mailkit: Callable[..., FaultServer], spool: Spool, existing: bool
) -> None:
    mailkit(plain(BODY))
    if existing:
        remote_place.put("rows.jsonl.gz", OLD)
    for step in ("create", "part", "complete", "small"):
        remote_place.proxy.on(step, unavailable)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - each library has its own
        execute(remote_place)
    assert remote_place.store.conn_id not in str(caught.value)
    assert remote_place.names() == ["rows.jsonl.gz"] * existing
    assert remote_place.unfinished() == []
    assert spool() == []
    remote_place.proxy.obey()
    summary = execute(remote_place)
    assert len(remote_place.get("rows.jsonl.gz")) == summary["bytes"]


def test_one_identity_everywhere(
    place: Place,
    mailkit: Callable[..., FaultServer],
    spool: Spool,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The URI in logs, XCom, the asset's event and lineage: without the connection, on every Airflow."""
    mailkit(plain(BODY))
    name, uri = "rows.parquet", place.uri("rows.parquet")
    seen: list[str] = []
    collector = SimpleNamespace(add_output_asset=lambda context, uri: seen.append(uri))
    monkeypatch.setattr("airflow_provider_mailkit._compat.get_hook_lineage_collector", lambda: collector)
    event = SimpleNamespace(extra={})
    events = type("Events", (), {"__getitem__": lambda self, asset: event})()
    asset = Asset(uri)
    with caplog.at_level(logging.DEBUG):
        summary = execute(place, name, outlets=[asset], context={"outlet_events": events})
    assert summary["uri"] == uri
    assert event.extra["uri"] == uri
    assert seen == [uri]
    assert asset.uri == uri
    if not place.is_local:
        assert f"{place.store.conn_id}@" not in caplog.text + json.dumps(summary)
    assert len(place.get(name)) == summary["bytes"]
    assert spool() == []


def test_an_existing_file_fails_the_task_before_mailkit_is_called(
    place: Place, mailkit: Callable[..., FaultServer]
) -> None:
    server = mailkit(plain(BODY))
    place.put("rows.jsonl.gz", OLD)
    with pytest.raises(MailkitError, match=f"{place.uri('rows.jsonl.gz')} exists already"):
        execute(place, overwrite=False)
    assert server.requests == []
    assert place.get("rows.jsonl.gz") == OLD


def test_few_writes(s3: Place, mailkit: Callable[..., FaultServer], monkeypatch: pytest.MonkeyPatch) -> None:
    """1,000,000 rows may take 2,000 writes: 100,000 rows take less than a tenth of that."""
    from s3fs.core import S3File

    mailkit(plain(json.dumps(recipients(100_000)).encode()))
    sizes: list[int] = []
    original = S3File.write

    def write(self: Any, data: bytes) -> Any:
        sizes.append(len(data))
        return original(self, data)

    monkeypatch.setattr(S3File, "write", write)
    summary = execute(s3, "rows.jsonl")
    assert sum(sizes) == summary["bytes"] > 15_000_000
    assert len(sizes) < 200
    assert set(sizes[:-1]) == {1024 * 1024}


REFUSED = {
    "account in the URL": ("abfs://box@account.dfs.core.windows.net/a.csv", r"abfs://\[connection_id@\]"),
    "connection and account": ("abfss://conn@box@a.dfs.core.windows.net/a.csv", r"abfs://\[connection_id@\]"),
    "undefined at S3": ("s3://nobody@bucket/a.csv", "'nobody'.*not defined"),
    "undefined at Google": ("gs://nobody@bucket/a.csv", "'nobody'.*not defined"),
    "undefined at Azure": ("abfs://nobody@bucket/a.csv", "'nobody'.*not defined"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_before_mailkit_is_called(mailkit: Callable[..., FaultServer], case: str) -> None:
    server = mailkit(plain(BODY))
    path, words = REFUSED[case]
    with pytest.raises(MailkitError, match=words):
        MailkitRecipientsOperator(task_id="export", id_send=5001, output_path=path).execute({"ti": None})
    assert server.requests == []


@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [
        ("a.csv.zst", "zstandard", "zstd"),
        ("a.jsonl.zst", "zstandard", "zstd"),
        ("a.parquet", "pyarrow", "parquet"),
    ],
)
def test_a_missing_codec_is_named_before_mailkit_is_called(
    mailkit: Callable[..., FaultServer],
    s3: Place,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    module: str,
    extra: str,
) -> None:
    server = mailkit(plain(BODY))
    monkeypatch.setattr(
        "airflow_provider_mailkit.writers.find_spec", lambda wanted: None if wanted == module else True
    )
    with pytest.raises(MailkitError, match=rf"airflow-provider-mailkit\[{extra}\]"):
        execute(s3, name)
    assert server.requests == []
