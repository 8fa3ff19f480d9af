"""Deliveries that callers have asked for, from then on until they begin."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

FIRST_QUEUE_ID = 70_001


class Schedule(NamedTuple):
    """A delivery that was asked for.

    :param id_queue: the ID that the list of schedules has it under.
    :param made: when it was asked for.
    :param due: when it is to begin, both on the account's clock.
    :param begins: when it begins, in seconds on the clock of the sandbox.
    """

    id_queue: int
    id_message: int
    subject: str
    made: datetime
    due: datetime
    begins: float


class Schedules:
    """The schedules of an account; what is due begins when somebody looks.

    :param queue_seconds: how long a delivery waits that is to begin now.
    :param clock: seconds on a clock that never goes back.
    :param now: the account's clock.
    """

    def __init__(self, queue_seconds: float, clock: Callable[[], float], now: Callable[[], datetime]) -> None:
        self._queue_seconds = queue_seconds
        self._clock = clock
        self._now = now
        self._waiting: list[Schedule] = []
        self._made = 0
        self._lock = threading.Lock()

    def add(self, id_message: int, subject: str, due: datetime | None) -> Schedule:
        """Schedule a delivery.

        :param due: when it is to begin; None: now.
        """
        with self._lock:
            now = self._now()
            wait_s = self._queue_seconds if due is None else max(0.0, (due - now).total_seconds())
            schedule = Schedule(
                FIRST_QUEUE_ID + self._made,
                id_message,
                subject,
                now,
                due or now + timedelta(seconds=int(wait_s)),
                self._clock() + wait_s,
            )
            self._made += 1
            self._waiting.append(schedule)
            return schedule

    def of(self, id_message: int) -> list[Schedule]:
        """Return what of a campaign has not begun."""
        return [schedule for schedule in self._waiting if schedule.id_message == id_message]

    def begin(self, make: Callable[[Schedule], None]) -> None:
        """Let begin what is due.

        :param make: makes the delivery.
        """
        if not self._waiting:
            return
        with self._lock:
            now = self._clock()
            for schedule in [each for each in self._waiting if each.begins <= now]:
                # First the delivery: nobody must find it in neither place.
                make(schedule)
                self._waiting.remove(schedule)
