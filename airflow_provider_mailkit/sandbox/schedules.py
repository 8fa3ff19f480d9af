"""Deliveries that callers have scheduled, until they begin."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

FIRST_QUEUE_ID = 70_001


class Schedule(NamedTuple):
    """A scheduled delivery.

    :param id_queue: its ID in the list of schedules.
    :param made: when it was scheduled.
    :param due: when it shall begin. Both are on the account's clock.
    :param begins: the same, in seconds on the clock of the sandbox.
    """

    id_queue: int
    id_message: int
    subject: str
    made: datetime
    due: datetime
    begins: float


class Schedules:
    """The schedules of an account. Due deliveries begin at the next call.

    :param queue_seconds: how long a delivery that shall begin now waits in the queue.
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

        :param due: when it shall begin; None for now.
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
        """Return the deliveries of a campaign that have not begun."""
        return [schedule for schedule in self._waiting if schedule.id_message == id_message]

    def begin(self, make: Callable[[Schedule], None]) -> None:
        """Begin the due deliveries.

        :param make: creates the delivery.
        """
        if not self._waiting:
            return
        with self._lock:
            now = self._clock()
            for schedule in [each for each in self._waiting if each.begins <= now]:
                # Make the delivery first, so that it is always in at least one place.
                make(schedule)
                self._waiting.remove(schedule)
