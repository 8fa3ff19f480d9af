"""Let a second thread do what needs no Python: hash, compress, write to the disk."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

_END = object()


class Background:
    """Hands items to a function, one by one and in their order, while whoever gave them goes on.

    :param work: takes an item. What it raises is raised by a later :meth:`put` or by :meth:`finish`.
    :param waiting: how many items may wait beside the one that is worked on: enough that neither side stands
        still for the other, few enough for the memory.
    """

    def __init__(self, work: Callable[[Any], object], waiting: int) -> None:
        self._work = work
        self._items: queue.SimpleQueue[Any] = queue.SimpleQueue()
        # One thing for each item that may be taken over: those that wait, and the one that is worked on.
        self._room: queue.SimpleQueue[None] = queue.SimpleQueue()
        for _ in range(waiting + 1):
            self._room.put(None)
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()
        self._failure: BaseException | None = None
        self._abandoned = False

    def put(self, item: Any) -> None:
        """Hand over an item; waits while too many are waiting."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="mailkit-export", daemon=True)
            self._thread.start()
        self._room.get()
        self._items.put(item)
        self._check()

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
            self._items.put(_END)
            # Not join(): where a signal interrupts it, Python before 3.13 takes the thread for ended.
            self._ended.wait()
            self._thread = None

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        # To the end in any case: nobody must wait for ever to hand over an item.
        while (item := self._items.get()) is not _END:
            if self._failure is None and not self._abandoned:
                try:
                    self._work(item)
                except BaseException as failure:
                    self._failure = failure
            self._room.put(None)
        self._ended.set()
