"""Let a second thread do what needs no Python: hash, compress, write to the disk."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


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
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()
        self._failure: BaseException | None = None
        self._abandoned = False

    def exchange(self, item: T) -> T:
        """Hand over an item and return one that is done with; waits for that."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="mailkit-export", daemon=True)
            self._thread.start()
        spare = self._spare.get()
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
        if self._thread is not None:
            self._items.put(None)
            # Not join(): where a signal interrupts it, Python before 3.13 takes the thread for ended.
            self._ended.wait()
            self._thread = None
            # It refers to a writer that refers to this, which would keep the items until the next collection.
            del self._work

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
