"""Tasks that are killed: real processes that run the operator, at every store, at every step."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from storage.child import Child
from storage.place import Place
from storage.proxy import Hold
from storage.stores import MIB
from storage.support import COMMIT, OLD, job
from support.reports import recipients
from support.server import End, FaultServer, Received, head, plain

REPORT = recipients(52_000)
BODY = json.dumps(REPORT).encode()
#: Where a task is stopped: while the report arrives, before anything is published, and at each step of that.
MOMENTS = ["download", "commit", "os.fsync", "os.replace", "create", "part", "complete"]
LOCAL_STEPS = ("os.fsync", "os.replace")

pytestmark = pytest.mark.storage_servers


@pytest.fixture
def mailkit(mailkit_connection: Callable[..., str]) -> Iterator[list[str]]:
    """Mailkit; while "slow" is in the list, answers stay unfinished, and "sent" comes after it."""
    told: list[str] = []

    def answer(number: int, request: Received) -> Any:
        if "slow" in told:
            return half()
        return plain(BODY)

    def half() -> Iterator[Any]:
        yield head(content_length=len(BODY))
        yield BODY[: len(BODY) // 2]
        told.append("sent")
        yield End.SILENCE

    with FaultServer(answer) as server:
        mailkit_connection(server.base_url, max_attempts=1)
        yield told


@pytest.fixture
def old(place: Place) -> Place:
    place.put("rows.jsonl", OLD)
    return place


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it has not come to this"
        time.sleep(0.02)


def assert_old(place: Place) -> None:
    assert place.names() == ["rows.jsonl"]
    assert place.get("rows.jsonl") == OLD


def assert_retried(place: Place) -> None:
    """Another try of the task replaces the file."""
    with Child(job(place)) as child:
        summary = child.expect("done")
    data = place.get("rows.jsonl")
    assert len(data) == summary["bytes"] > 2 * 5 * MIB
    assert [json.loads(line)["ID_SEND_MESSAGE"] for line in data.splitlines()] == [
        int(row["ID_SEND_MESSAGE"]) for row in REPORT
    ]
    assert place.names() == ["rows.jsonl"]


class Stopped:
    """A task that has come to a moment and is held there."""

    def __init__(self, place: Place, moment: str, sigterm: str, mailkit: list[str]) -> None:
        if (moment in LOCAL_STEPS) != place.is_local and moment not in ("download", "commit"):
            pytest.skip("this store has no such step")
        if not place.is_local and moment not in (*place.store.steps, "download", "commit"):
            pytest.skip("this store has no such step")
        self.place, self.moment = place, moment
        pause = {"commit": COMMIT}.get(moment, moment if moment in LOCAL_STEPS else None)
        self.hold: Hold | None = None
        if moment in place.store.steps:
            self.hold = Hold()
            place.proxy.on(moment, self.hold, 1)
        if moment == "download":
            mailkit.append("slow")
        self.mailkit = mailkit
        self.child = Child(job(place, sigterm=sigterm, pause_before=pause))
        if pause:
            self.child.expect("paused")
        elif self.hold:
            self.hold.wait()
        else:
            wait_for(lambda: "sent" in mailkit)

    def go_on(self) -> None:
        """Let the task go on where it was held."""
        if self.hold:
            self.hold.release()
        elif self.moment != "download":
            self.child.go_on()

    def retry(self) -> None:
        self.mailkit.clear()
        self.place.proxy.obey() if not self.place.is_local else None
        assert_retried(self.place)


@pytest.mark.parametrize("moment", MOMENTS)
def test_sigterm_of_airflow_3(old: Place, moment: str, mailkit: list[str]) -> None:
    """on_kill() is called, nothing is raised; SIGKILL comes five seconds later."""
    task = Stopped(old, moment, "on_kill", mailkit)
    with task.child as child:
        child.terminate()
        # Already now: nothing that is left would be removed by anybody.
        assert_old(old)
        if moment != "create":
            assert old.unfinished() == ["rows.jsonl"] * (old.store.scheme == "abfs" and moment == "complete")
        if moment != "download":
            task.go_on()
            assert "was aborted" in child.expect("failed")
            child.process.join(60)
        child.kill()
    if moment in (() if old.is_local else old.store.last_word):
        assert old.names() == ["rows.jsonl"]
    else:
        assert_old(old)
        assert old.unfinished() == ["rows.jsonl"] * (old.store.scheme == "abfs" and moment == "part")
    task.retry()
    assert old.unfinished() == []


@pytest.mark.parametrize("moment", MOMENTS)
def test_sigterm_of_airflow_2(old: Place, moment: str, mailkit: list[str]) -> None:
    """on_kill() is called, and an exception comes out of wherever the task is."""
    task = Stopped(old, moment, "raise", mailkit)
    with task.child as child:
        child.terminate()
        if task.hold:
            # A request that is under way is waited for, for some seconds.
            task.go_on()
        assert child.expect("failed").startswith("Terminated")
        child.process.join(60)
    if moment in (() if old.is_local else old.store.last_word):
        assert old.names() == ["rows.jsonl"]
    else:
        assert_old(old)
        assert old.unfinished() == ["rows.jsonl"] * (old.store.scheme == "abfs" and moment == "part")
    task.retry()
    assert old.unfinished() == []


@pytest.mark.parametrize("moment", MOMENTS)
def test_sigkill(old: Place, moment: str, mailkit: list[str]) -> None:
    """Nobody cleans up: what is left is invisible, and in nobody's way."""
    task = Stopped(old, moment, "on_kill", mailkit)
    task.child.kill()
    task.child.__exit__()
    assert_old(old)
    left = old.unfinished()
    if old.is_local:
        (part,) = left
        assert part.startswith(".rows.jsonl.")
    else:
        begun = {"part": ["s3", "gs"], "complete": ["s3", "gs", "abfs"]}.get(moment, [])
        assert left == ["rows.jsonl"] * (old.store.scheme in begun)
    if task.hold:
        # The request was on its way: the store gets it after the death of its sender.
        task.hold.release()
        task.hold.wait_until_answered()
        assert old.names() == ["rows.jsonl"]
        if moment != "complete":
            assert_old(old)
    task.retry()
    # S3 and Google keep what nobody has ended: a life-cycle rule, or a week.
    stays = {
        "file": moment in MOMENTS,
        "s3": moment in ("create", "part"),
        "gs": moment in ("create", "part"),
    }
    assert len(old.unfinished()) == stays.get(old.store.scheme, False)
