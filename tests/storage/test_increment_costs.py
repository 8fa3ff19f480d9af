"""What a run without news costs: calls, listings, requests and time, in every store."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import pytest
from storage.lake import Lake
from storage.place import Place
from support.raw_log import RawLog
from support.tally import Tally

from airflow_provider_mailkit.operators.mailkit import MailkitIncrementalExportOperator


@pytest.fixture
def log(mailkit_connection: Callable[..., str]) -> Iterator[RawLog]:
    with RawLog(range(1, 300)) as running:
        mailkit_connection(running.base_url, max_attempts=1)
        yield running


def test_a_run_without_news_makes_one_call_and_one_listing(s3: Place, log: RawLog, tally: Tally) -> None:
    lake = Lake(s3, log, tally)
    operator = MailkitIncrementalExportOperator(
        task_id="export", **{**lake.job().arguments, "page_size": 25_000, "max_rows": 5_000}
    )
    operator.execute({})
    log.calls.clear()
    s3.proxy.reset()
    assert operator.execute({})["rows"] == 0
    assert len(log.calls) == 1
    listings = [seen for seen in s3.proxy.seen if "list-type" in seen.query]
    assert [seen.query["prefix"] for seen in listings] == [f"{s3.folder}/_mailkit/"]
    assert [seen.method for seen in s3.proxy.seen] == ["GET", "GET"]


@pytest.mark.storage_servers
def test_what_earlier_files_cost(place: Place, log: RawLog, tally: Tally) -> None:
    """A run without news asks Mailkit once and lists once, however many files were before."""
    lake = Lake(place, log, tally)
    operator = MailkitIncrementalExportOperator(
        task_id="export", **{**lake.job().arguments, "page_size": 25_000, "rows_per_file": 1_000}
    )
    while not operator.execute({})["caught_up"]:
        pass
    last = json.loads(place.get(sorted(name for name in place.names() if name.endswith(".json"))[-1]))
    for before, files in ((last["number"], 10), (10, 1_000)):
        for number in range(before + 1, files + 1):
            place.put(f"_mailkit/{number:06d}.json", json.dumps({**last, "number": number}).encode())
            place.put(f"_mailkit/{number:06d}.done", b"{}")
        log.calls.clear()
        if not place.is_local:
            place.proxy.reset()
        began, used = time.monotonic(), time.process_time()
        assert operator.execute({})["rows"] == 0
        assert time.process_time() - used < 2
        seen = [] if place.is_local else place.proxy.seen
        print(
            f"{place.store.name}, {files} files: {len(log.calls)} call, {len(seen)} requests, "
            f"{time.monotonic() - began:.2f} s"
        )
        assert len(log.calls) == 1
        # A store tells a thousand names at a time; besides there are one or two requests for the last claim.
        assert len(seen) <= 3 + 2 * files // 1_000
