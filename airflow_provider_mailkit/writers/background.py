"""Let a second thread do what needs no Python: hash, compress, write to the disk."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from airflow_provider_mailkit._worker import start_thread

T = TypeVar("T")


def _nothing(item: object) -> None:
    """Stand for work that is over."""


class Background(Generic[T]):
    """Hands items to a function, one by one and in their order, while whoever gave them goes on.

    :param work: takes an item. What it raises is raised by a later :meth:`exchange` or by :meth:`finish`.
    :param spare: items to give in exchange until the first ones come back. There are as many more as may wait
        or be worked on at a time: enough that neither side stands still for the other, few enough for the
        memory.
    """

    def __init__(self, work: Callable[[T], object], spare: Iterable[T]) -> None:
        self._work = work
        # None is the end.
        self._items: queue.SimpleQueue[T | None] = queue.SimpleQueue()
        self._spare: queue.SimpleQueue[T] = queue.SimpleQueue()
        for item in spare:
            self._spare.put(item)
        self._is_started = False
        self._has_items = False
        self._ended = threading.Event()
        self._failure: BaseException | None = None
        self._abandoned = False

    def exchange(self, item: T) -> T:
        """Hand over an item and return one that is done with; waits for that.

        :raises WorkerError: the machine has no thread left.
        """
        if not self._is_started:
            start_thread("mailkit-export", self._run)
            self._is_started = True
        spare = self._spare.get()
        self._has_items = True
        self._items.put(item)
        self._check()
        return spare

    def finish(self) -> None:
        """Wait until everything is done."""
        self._join()
        self._check()

    def abandon(self) -> None:
        """Leave undone what has not begun; harmless at any moment and any number of times."""
        self._abandoned = True
        self._join()

    def _join(self) -> None:
        self._items.put(None)
        # There may be no thread, or one of which a signal has kept us from knowing. Only one that has got an
        # item can be at work. Waiting with join(), before Python 3.13, an interrupted thread counts as ended.
        if self._has_items:
            self._ended.wait()
        # It refers to a writer that refers to this, which would keep the items until the next collection.
        self._work = _nothing

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        # To the end in any case: nobody must wait for ever to hand over an item.
        while (item := self._items.get()) is not None:
            if self._failure is None and not self._abandoned:
                try:
                    self._work(item)
                except BaseException as failure:
                    self._failure = failure
            self._spare.put(item)
        self._ended.set()
