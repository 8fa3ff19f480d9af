"""What metrics are sent to: a UDP socket on loopback that keeps the lines."""

from __future__ import annotations

import socket
import threading
from types import TracebackType
from typing import Self


class StatsD:
    """Listens from the beginning of ``with`` to its end; what came later is not seen."""

    def __init__(self) -> None:
        #: Such as ``airflow.mailkit.retries:1|c``, as they came.
        self.lines: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**20)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._listen, daemon=True)

    @property
    def port(self) -> int:
        port: int = self._socket.getsockname()[1]
        return port

    @property
    def settings(self) -> dict[str, str]:
        """The variables that let an Airflow send its metrics here."""
        settings = {"on": True, "host": "127.0.0.1", "port": self.port, "prefix": "airflow"}
        return {f"AIRFLOW__METRICS__STATSD_{name.upper()}": str(value) for name, value in settings.items()}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # An empty datagram says that it is over; it comes after all that were sent before.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join(10)
        self._socket.close()

    def _listen(self) -> None:
        while data := self._socket.recv(65536):
            self.lines += data.decode().splitlines()


def numbers(lines: list[str], name: str, kind: str) -> list[float]:
    """Return the values of a metric that came; ``kind`` is ``c`` for a counter, ``ms`` for a time."""
    prefix, suffix = f"airflow.{name}:", f"|{kind}"
    found = [line.removeprefix(prefix) for line in lines if line.startswith(prefix)]
    assert all(line.endswith(suffix) for line in found)
    return [float(line.removesuffix(suffix)) for line in found]
