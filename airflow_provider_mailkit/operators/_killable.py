"""Tasks that end soon when Airflow stops them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar


class Abortable(Protocol):
    """Work that can be aborted from a signal handler, at any moment and any number of times."""

    def abort(self) -> None:
        """Publish nothing from now on."""


T = TypeVar("T", bound=Abortable)


class Killable:
    """An operator inherits this to end soon after a kill, and to leave nothing behind."""

    _killed = False
    _under_way: Abortable | None = None

    def on_kill(self) -> None:
        """From now on, begin and publish nothing. Leave nothing behind."""
        # Airflow 3 raises no exception, and lets the task run on for a few seconds.
        self._killed = True
        under_way = self._under_way
        if under_way is not None:
            under_way.abort()

    @contextmanager
    def _aborted_when_killed(self, work: T) -> Iterator[T]:
        """Let :meth:`on_kill` abort some work."""
        self._under_way = work
        # An on_kill() before this line has not seen it.
        if self._killed:
            work.abort()
        try:
            yield work
        finally:
            # The task may be copied or pickled afterwards, which is impossible with open files.
            self._under_way = None
