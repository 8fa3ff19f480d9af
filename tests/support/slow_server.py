"""A server that takes its time, and knows how many requests it has at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from support.server import Answer, FaultServer, Pause, Received, Step


class SlowServer(FaultServer):
    """Waits between the head and the body of each answer.

    :param answer: makes the two of them.
    """

    def __init__(self, answer: Callable[[int, Received], Answer], seconds: float = 0.05) -> None:
        super().__init__(self._answer_slowly)
        self.seconds = seconds
        self.now = self.peak = 0
        self._make_answer = answer
        self._count_lock = threading.Lock()

    def _answer_slowly(self, number: int, request: Received) -> Iterator[Step]:
        with self._count_lock:
            self.now += 1
            self.peak = max(self.peak, self.now)
        head, body = self._make_answer(number, request)
        try:
            yield head
            yield Pause(self.seconds)
        finally:
            # Before the last bytes are sent: the client may be quicker than this thread.
            with self._count_lock:
                self.now -= 1
        yield body
