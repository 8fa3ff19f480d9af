"""Incremental exports that are killed: real processes, at every step, at every store, some two at once.

The log grows while it is read, shows rows late and forgets what was claimed. A loader takes away what
is done. In the end every ID is compared with what the log held. "make storage" prints the sums: more than 200
kills, and how many IDs were lost or are there twice.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from storage.child import Child
from storage.lake import LIMITS, Lake
from storage.place import Place
from storage.proxy import Hold
from support.raw_log import FUNCTION, RawLog
from support.tally import Tally

from airflow_provider_mailkit._compat import AirflowFailException
from airflow_provider_mailkit.operators.mailkit import MailkitIncrementalExportOperator
from airflow_provider_mailkit.storage.folder import resolve_folder

PACKAGE = "airflow_provider_mailkit"
COMMIT = f"{PACKAGE}.storage.publication.Publication.commit"
#: A function, and the number of its call before which the process is stopped. Of the three commits of a file
#: the first stores the rows, the second claims them, the third marks the file as done.
STEPS = {
    "the first page": (f"{PACKAGE}.transport.sync_client.SyncClient.batches", 1),
    "a later page": (f"{PACKAGE}.transport.sync_client.SyncClient.batches", 2),
    "rows in the spool": (f"{PACKAGE}.writers.base.Writer.finish", 1),
    "rows of the second file": (f"{PACKAGE}.writers.base.Writer.write", 2),
    "storing": (COMMIT, 1),
    "claiming": (COMMIT, 2),
    "publishing": (f"{PACKAGE}.export.ledger.Ledger.publish", 1),
    "marking": (COMMIT, 3),
    "claiming the second": (COMMIT, 5),
    "publishing the second": (f"{PACKAGE}.export.ledger.Ledger.publish", 2),
    "telling": (f"{PACKAGE}.export.summary.describe_increment", 1),
}
MOVES = {
    True: {"renaming": (f"{PACKAGE}.storage.folder.LocalFolder.move", 1)},
    False: {
        "copying": (f"{PACKAGE}.storage.folder.RemoteFolder.move", 1),
        "removing the source": (f"{PACKAGE}.storage.folder.RemoteFolder.remove", 2),
    },
}
SIGNALS = ("SIGKILL", "on_kill", "raise")
#: Requests that change something. S3 and Azure copy by a "small" one. Azure publishes by a "complete".
REQUESTS = {
    "s3": [("small", number) for number in range(1, 7)],
    "abfs": [*(("complete", number) for number in range(1, 5)), ("small", 1), ("small", 2)],
    "gs": [("create", number) for number in range(1, 7)],
}
#: In every place: runs that are killed at a random moment.
RANDOM_KILLS = 16


@pytest.fixture
def log(mailkit_connection: Callable[..., str]) -> Iterator[RawLog]:
    """A log that lives: every call brings rows, some late ones among them, and makes it forget old ones."""
    chance = random.Random(5)

    def live(number: int) -> None:
        late = [id_ for id_ in running.hidden if sum(other > id_ for other in running.ids[-20:]) <= 8]
        running.add(*late)
        for _ in range(chance.randrange(9)):
            running.last += chance.randrange(1, 4)
            if chance.random() < 0.2:
                running.hidden.append(running.last)
            else:
                running.add(running.last)
        running.ever.update(running.ids)
        running.hidden = [id_ for id_ in running.hidden if id_ not in running.ever]

    with RawLog(range(1, 300), live) as running:
        running.last, running.hidden, running.ever = 300, [], set(running.ids)
        mailkit_connection(running.base_url, max_attempts=1)
        yield running


@pytest.fixture
def lake(place: Place, log: RawLog, tally: Tally) -> Lake:
    return Lake(place, log, tally)


@pytest.mark.storage_servers
def test_kills_at_every_step(lake: Lake) -> None:
    for step, (name, call) in {**STEPS, **MOVES[lake.place.is_local]}.items():
        for signal in SIGNALS:
            with Child(lake.job(sigterm=signal, pause_before=name, pause_at=call)) as child:
                # A run may have less to do than that.
                if child.wait()[0] == "paused":
                    lake.stop(child, signal, child.go_on)
            if step != "telling":
                lake.load()
            lake.grow(70)
    lake.check()
    assert lake.tally.kills >= 25


@pytest.mark.storage_servers
def test_kills_part_of_the_steps(lake: Lake) -> None:
    """The quick part."""
    for step in ("rows in the spool", "claiming", "publishing", "marking"):
        name, call = STEPS[step]
        with Child(lake.job(pause_before=name, pause_at=call)) as child:
            child.expect("paused")
            lake.stop(child, "SIGKILL")
        lake.load()
    lake.check()


@pytest.mark.storage_servers
def test_kills_at_random(lake: Lake) -> None:
    chance = random.Random(11)
    started = time.monotonic()
    lake.run()
    usual_s = time.monotonic() - started
    for number in range(RANDOM_KILLS):
        with Child(lake.job(sigterm=SIGNALS[number % 3])) as child:
            time.sleep(chance.uniform(0.05, 1.2) * usual_s)
            if not child.has_told:
                lake.tally.kill()
                if number % 3:
                    child.terminate(wait=False)
                    child.process.join(10)
            child.kill()
        lake.load()
        lake.grow(40)
    lake.check()


@pytest.mark.storage_servers
@pytest.mark.parametrize("request_number", [1, 2, 3, 4, 5, 6])
def test_kills_while_a_request_is_on_its_way(
    remote_place: Place, log: RawLog, tally: Tally, request_number: int
) -> None:
    """The store gets it when others have gone on, and a loader has taken away what was done."""
    lake = Lake(remote_place, log, tally)
    kind, number = REQUESTS[lake.place.store.scheme][request_number - 1]
    for _ in range(2):
        hold = Hold()
        lake.place.proxy.on(kind, hold, number)
        with Child(lake.job()) as child:
            hold.wait()
            lake.stop(child, "SIGKILL")
        lake.place.proxy.obey()
        lake.run()
        lake.load()
        hold.release()
        hold.wait_until_answered()
        lake.load()
        lake.place.proxy.reset()
    lake.check()


@pytest.mark.storage_servers
def test_two_runs_at_once(lake: Lake) -> None:
    if not (lake.place.is_local or lake.place.store.conditional):
        pytest.skip("this store lets both create the claim: see the refusal")
    outcomes: Counter[str] = Counter()
    for number in range(8):
        with ExitStack() as stack:
            children = [
                stack.enter_context(Child(lake.job(pause_before=COMMIT, pause_at=2)))
                for _ in range(2 + number % 2)
            ]
            for child in children:
                child.expect("paused")
            for child in children:
                child.go_on()
            if number % 4 == 3:
                time.sleep(0.05)
                lake.stop(children[0], "SIGKILL")
                children.pop(0)
            for child in children:
                name, told = child.wait()
                outcomes[name] += 1
                if name == "failed":
                    assert "has claimed file" in told
        lake.load()
        lake.grow(50)
    lake.check()
    assert outcomes["failed"] >= 4
    assert outcomes["done"] >= 4


@pytest.mark.storage_servers
def test_a_store_that_ignores_the_condition_is_refused(place: Place, log: RawLog) -> None:
    folder = resolve_folder(place.path("lake"))
    is_safe = place.is_local or place.store.conditional
    assert folder.creates_only_once("_mailkit") is is_safe
    assert place.names() == []
    operator = MailkitIncrementalExportOperator(
        task_id="export", function=FUNCTION, output_path=place.path("lake"), **LIMITS
    )
    if is_safe:
        assert operator.execute({})["rows"] == 90
        return
    with pytest.raises(AirflowFailException, match="allow_unsafe_storage=True"):
        operator.execute({})
    assert (log.calls, place.names()) == ([], [])
