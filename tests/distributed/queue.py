"""Redis, Celery's queue, of the test's own: Debian's program, nothing on disk, on a free loopback port."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.airflow_processes import wait_until
from support.ports import free_port


class Queue:
    """Where Celery's tasks wait for a worker."""

    def __init__(self, port: int) -> None:
        self._port = str(port)
        self.url = f"redis://127.0.0.1:{port}/0"

    def answers(self) -> bool:
        return self._ask("ping") == "PONG"

    def messages_without_end(self) -> int:
        """Return how many messages workers have taken and not acknowledged."""
        return int(self._ask("hlen", "unacked"))

    def _ask(self, *words: str) -> str:
        command = ["redis-cli", "-h", "127.0.0.1", "-p", self._port, *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=20).stdout.strip()


@contextmanager
def redis_queue(folder: Path) -> Iterator[Queue]:
    """Run it.

    :param folder: a new folder for its log.
    """
    folder.mkdir()
    port, log = free_port(), folder / "log"
    command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(folder)]
    with log.open("wb") as output:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    queue = Queue(port)

    def is_ready() -> bool:
        assert server.poll() is None, log.read_text()
        return queue.answers()

    try:
        wait_until(is_ready, 60, "Redis")
        yield queue
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)
