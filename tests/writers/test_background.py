"""The second thread of an export, and what a signal does to whoever waits for it."""

from __future__ import annotations

import signal
import threading

import pytest

from airflow_provider_mailkit._worker import WorkerError
from airflow_provider_mailkit.writers.background import Background

SOON_S = 0.05


class TimedOutError(Exception):
    pass


@pytest.fixture
def time_out():
    """Raise an error in the main thread soon, as Airflow's time-out of a task does."""

    def handle(*_):
        raise TimedOutError

    before = signal.signal(signal.SIGALRM, handle)
    yield lambda: signal.setitimer(signal.ITIMER_REAL, SOON_S)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("waiting", [0, 1, 2])
def test_abandon_waits_for_the_item_under_way_after_an_interrupted_finish(time_out, waiting):
    may_go_on, begun, ended = threading.Event(), threading.Event(), []

    def work(item):
        begun.set()
        may_go_on.wait(30)
        ended.append(item)

    background = Background(work, spare=["first", "second"])

    def finish():
        for number in range(waiting):
            background.exchange(number)
        background.finish()

    background.exchange("under way")
    assert begun.wait(30)
    time_out()
    with pytest.raises(TimedOutError):
        finish()
    threading.Timer(SOON_S, may_go_on.set).start()
    background.abandon()
    assert ended == ["under way"]


def test_what_the_work_raises_comes_out_of_finish():
    def work(item):
        raise ValueError(item)

    background = Background(work, spare=["first", "second"])
    background.exchange("a")
    with pytest.raises(ValueError, match="a"):
        background.finish()
    background.abandon()


@pytest.mark.parametrize("error", [RuntimeError("can't start new thread"), TimedOutError()])
def test_a_thread_that_cannot_be_started_is_not_waited_for(error, monkeypatch):
    def start(_):
        raise error

    background = Background(print, spare=["first", "second"])
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        with pytest.raises(WorkerError if isinstance(error, RuntimeError) else TimedOutError):
            background.exchange("a")
    # In a thread, for whoever waits here waits for ever.
    abandoning = threading.Thread(target=lambda: (background.abandon(), background.abandon()), daemon=True)
    abandoning.start()
    abandoning.join(30)
    assert not abandoning.is_alive()


@pytest.mark.parametrize("step", ["get", "put"])
def test_a_signal_beside_the_hand_over_leaves_no_thread(step, monkeypatch):
    done = []
    background = Background(done.append, spare=["first", "second"])
    background.exchange("a")
    queues = {"get": "_spare", "put": "_items"}

    class Interrupted:
        def get(self):
            raise TimedOutError

        def put(self, item):
            raise TimedOutError

    with monkeypatch.context() as patch:
        patch.setattr(background, queues[step], Interrupted())
        with pytest.raises(TimedOutError):
            background.exchange("b")
    background.abandon()
    assert done in ([], ["a"])
    for thread in threading.enumerate():
        if thread.name == "mailkit-export":
            thread.join(30)
            assert not thread.is_alive()
