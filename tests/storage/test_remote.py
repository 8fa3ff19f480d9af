"""Uploads that the network or a signal disturbs, at every store that has requests."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest
from storage.place import Place
from storage.proxy import Action, Hold, answer_lost, reset, unavailable
from storage.stores import MIB
from storage.support import OLD, TimedOut, content, handler_of_sigusr1, put, raise_

from airflow_provider_mailkit.storage.publication import Publication
from airflow_provider_mailkit.storage.target import Target

LARGE = content(11 * MIB + 7)
SMALL = content(100_000)
STEPS = ["create", "part", "complete", "small"]
Spool = Callable[[], list[str]]

pytestmark = pytest.mark.usefixtures("quick_retries", "small_blocks")


@pytest.fixture
def old(remote_place: Place) -> Place:
    remote_place.put("rows.csv", OLD)
    return remote_place


def data_with(place: Place, step: str) -> bytes:
    """Return something whose upload has such a request; skips what a store does not have."""
    if step not in (*place.store.steps, "small"):
        pytest.skip(f"an upload to {place.store.name} has no request of this kind")
    return SMALL if step == "small" else LARGE


def step_of(place: Place, step: str) -> str:
    # The libraries for Azure and Google do what is small in the same way as the rest.
    return "complete" if step == "small" and place.store.scheme != "s3" else step


def assert_untouched(place: Place, unfinished: bool = False) -> None:
    gc.collect()
    assert place.names() == ["rows.csv"]
    assert place.get("rows.csv") == OLD
    assert place.unfinished() == ["rows.csv"] * unfinished


def blocks_stay(place: Place, data: bytes, step: str) -> bool:
    """Azure has no request that drops staged blocks: they stay, invisible, until the next commit."""
    return place.store.scheme == "abfs" and (step != "part" or data is SMALL)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("fault", [unavailable, reset, answer_lost], ids=lambda fault: fault.__name__)
def test_one_fault_is_survived(old: Place, step: str, fault: Action) -> None:
    data, kind = data_with(old, step), step_of(old, step)
    if fault is answer_lost and old.store.scheme == "gs" and kind in ("part", "complete"):
        pytest.skip("fake-gcs-server appends a part that comes twice, unlike the real store")
    old.proxy.on(kind, fault, 1)
    put(old.target("rows.csv"), data)
    assert old.get("rows.csv") == data
    assert old.names() == ["rows.csv"]
    # Nobody knows the name of an upload whose creation was not answered.
    orphan = fault is answer_lost and step == "create"
    assert old.unfinished() == ["rows.csv"] * orphan


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("fault", [unavailable, reset], ids=lambda fault: fault.__name__)
def test_a_lasting_fault_then_repeated_from_the_spool(
    old: Place, step: str, fault: Action, spool: Spool
) -> None:
    data, kind = data_with(old, step), step_of(old, step)
    old.proxy.on(kind, fault)
    with Publication(old.target("rows.csv")) as publication:
        publication.file.write(data)
        with pytest.raises(Exception) as caught:  # noqa: PT011 - each library has its own
            publication.commit()
        # The address of an upload is as good as a password.
        assert "upload_id" not in str(caught.value)
        assert_untouched(old, blocks_stay(old, data, step))
        with pytest.raises(ValueError, match=r"ended with commit\(\)"):
            publication.file.write(b"more")
        old.proxy.obey()
        publication.commit()
    assert old.get("rows.csv") == data
    assert old.unfinished() == []
    assert spool() == []


def test_a_lasting_fault_of_the_abort_does_not_mask_the_first_one(old: Place) -> None:
    if "abort" not in old.store.aborts:
        pytest.skip("nothing is sent to abort")
    old.proxy.on("part", lambda exchange: exchange.refuse(403), 2)
    old.proxy.on("abort", unavailable)
    with pytest.raises(OSError, match=r"(?i)forbidden|denied|403"):
        put(old.target("rows.csv"), LARGE)
    assert_untouched(old, unfinished=True)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("way", ["time-out", "on-kill", "thread"])
def test_stopped_while_a_request_is_under_way(old: Place, step: str, way: str, spool: Spool) -> None:
    """The store gets the request after the upload was stopped, as a slow network delivers it."""
    data, kind = data_with(old, step), step_of(old, step)
    hold = Hold()
    old.proxy.on(kind, hold, 1)
    publication = Publication(old.target("rows.csv"))
    me = threading.get_ident()

    def stop() -> None:
        hold.wait()
        if way == "thread":
            publication.abort()
        else:
            signal.pthread_kill(me, signal.SIGUSR1)
        # In time for what is stopped; the rest of a signal's work is done by the thread that it came to.
        threading.Timer(0.3, hold.release).start()

    def handle() -> None:
        if way == "time-out":
            raise TimedOut
        publication.abort()

    stopper = threading.Thread(target=stop)
    with handler_of_sigusr1(handle):
        with publication:
            publication.file.write(data)
            stopper.start()
            with pytest.raises(TimedOut if way == "time-out" else ValueError):
                publication.commit()
        stopper.join()
    hold.wait_until_answered()
    gc.collect()
    assert spool() == []
    assert old.names() == ["rows.csv"]
    if kind in old.store.last_word:
        # It cannot be called back: whole, if it is there.
        assert old.get("rows.csv") in (OLD, data)
    else:
        assert old.get("rows.csv") == OLD
    if old.store.scheme != "abfs":
        assert old.unfinished() == []


def test_an_interrupted_task_waits_until_the_store_has_let_go(s3: Place) -> None:
    """Its process ends next: nobody would drop the upload whose creation is under way."""
    hold = Hold()
    s3.proxy.on("create", hold, 1)
    me = threading.get_ident()

    def stop() -> None:
        hold.wait()
        signal.pthread_kill(me, signal.SIGUSR1)
        threading.Timer(0.3, hold.release).start()

    stopper = threading.Thread(target=stop)
    with handler_of_sigusr1(lambda: raise_(TimedOut())), Publication(s3.target("rows.csv")) as publication:
        publication.file.write(LARGE)
        stopper.start()
        with pytest.raises(TimedOut):
            publication.commit()
        assert [(seen.kind, seen.status) for seen in s3.proxy.seen[-2:]] == [("create", 200), ("abort", 204)]
    stopper.join()


@pytest.mark.parametrize("moment", ["probed", "opened", "written", "closed"])
def test_a_signal_between_the_requests(
    old: Place, moment: str, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A time-out can come between any two instructions, also before anybody could name what was opened."""
    target = old.target("rows.csv")

    def handle() -> None:
        raise TimedOut

    # The first file that is opened only tells its class.
    signals = [False, True] if moment == "opened" else [True]

    def with_a_signal(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            result = function(*args, **kwargs)
            if signals and signals.pop(0):
                os.kill(os.getpid(), signal.SIGUSR1)
            return result

        return call

    _install(monkeypatch, target, moment, with_a_signal)
    with handler_of_sigusr1(handle), pytest.raises(TimedOut):
        put(target, SMALL)
    monkeypatch.undo()
    gc.collect()
    assert spool() == []
    assert old.names() == ["rows.csv"]
    # The upload may be over before the signal is heeded.
    assert old.get("rows.csv") in (OLD, SMALL)
    assert old.unfinished() == [], [(x.kind, x.status, x.method) for x in old.proxy.seen]


def _install(monkeypatch: pytest.MonkeyPatch, target: Target, moment: str, wrap: Callable[..., Any]) -> None:
    assert target.fs is not None
    if moment in ("probed", "opened"):
        monkeypatch.setattr(target.fs, "open", wrap(target.fs.open))
        return
    probe = target.fs.open(f"{target.path}.probe", "wb", block_size=5 * MIB)
    probe.closed = True
    name = "write" if moment == "written" else "close"
    monkeypatch.setattr(type(probe), name, wrap(getattr(type(probe), name)), raising=False)


@pytest.mark.parametrize("step", ["complete", "small"])
def test_lost_race_at_the_last_request(remote_place: Place, step: str) -> None:
    data, kind = data_with(remote_place, step), step_of(remote_place, step)
    hold = Hold()
    remote_place.proxy.on(kind, hold, 1)

    def race() -> None:
        hold.wait()
        remote_place.put("rows.csv", OLD)
        hold.release()

    racer = threading.Thread(target=race)
    racer.start()
    target = remote_place.target("rows.csv")
    if remote_place.store.conditional:
        with pytest.raises(FileExistsError, match="exists already and overwrite is off"):
            put(target, data, overwrite=False)
        assert_untouched(remote_place, blocks_stay(remote_place, data, step))
    else:
        # fake-gcs-server does not look at the condition, which the real store heeds.
        put(target, data, overwrite=False)
        assert remote_place.get("rows.csv") == data
        seen = [seen for seen in remote_place.proxy.seen if seen.kind in ("create", "small")]
        assert [seen.query.get("ifGenerationMatch") for seen in seen] == ["0"]
    racer.join()


def test_a_failing_discard_does_not_mask(s3: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    target = s3.target("rows.csv")
    monkeypatch.setattr(target.fs, "abort_mpu", lambda *_: raise_(OSError("the store is away")))
    s3.proxy.on("part", lambda exchange: exchange.refuse(403), 2)
    with pytest.raises(PermissionError):
        put(target, LARGE)
    gc.collect()
    assert s3.names() == []
