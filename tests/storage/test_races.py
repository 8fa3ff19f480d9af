"""Two tasks, in two processes, that both must not overwrite."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from storage.child import Child
from storage.place import Place
from storage.support import COMMIT, job
from support.reports import recipients
from support.server import FaultServer, plain

pytestmark = pytest.mark.storage_servers


@pytest.mark.parametrize("rows", [100, 52_000], ids=["small", "parts"])
def test_create_only(place: Place, rows: int, mailkit_connection: Callable[..., str]) -> None:
    """Both have seen that nothing is there, both have the whole report, then both publish."""
    body = json.dumps(recipients(rows)).encode()
    # Past the second look, so that only the store itself can tell them apart.
    moment = COMMIT if place.is_local else "airflow_provider_mailkit.storage.remote.open_sink"
    with FaultServer([plain(body)]) as server:
        mailkit_connection(server.base_url, max_attempts=1)
        task = job(place, pause_before=moment, overwrite=False)
        with Child(task) as one, Child(task) as two:
            one.expect("paused")
            two.expect("paused")
            one.go_on()
            first = one.expect("done")
            winner = place.get("rows.jsonl")
            two.go_on()
            if place.is_local or place.store.conditional:
                assert "FileExistsError" in two.expect("failed")
            else:
                # fake-gcs-server does not look at the condition, which the real store heeds.
                two.expect("done")
        if place.is_local or place.store.conditional:
            assert place.get("rows.jsonl") == winner
    assert len(winner) == first["bytes"]
    assert place.names() == ["rows.jsonl"]
    # What the loser had staged at Azure stays, invisible.
    assert place.unfinished() == ["rows.jsonl"] * (place.store.scheme == "abfs")
