"""A raw log of bounces on a real HTTP server: it grows, shows rows late, and forgets old ones."""

from __future__ import annotations

import json
import threading
from bisect import bisect_left, insort
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from airflow_provider_mailkit.protocol.request import Protocol
from support.read_back import rows_in
from support.reports import encode
from support.server import FaultServer, Received, plain
from support.wire import asked_in

FUNCTION = "mailkit.report.raw.bounces"
KEY = "ID_UNDELIVERED_LOG"


def bounce(number: int) -> dict[str, Any]:
    """A row, with what may be hidden: an address and a text that quotes it."""
    email = f"recipient{number}@example.com"
    return {
        "ID_UNDELIVERED_LOG": str(number),
        "ID_MESSAGE": 3001,
        "ID_SEND": "5001",
        "ID_SEND_MESSGE": str(30_000_000 + number),
        "ID_USER_LIST": 41001,
        "ID_EMAIL": str(20_000_000 + number),
        "EMAIL": email,
        "STATUS": "5.1.1",
        "TEXT_STATUS": f"smtp;550 5.1.1 <{email}>: not accepted",
        "BOUNCE_CAT": "bad-mailbox",
        "SUBJECT": "News",
    }


class RawLog:
    """Use it as ``with``.

    :param ids: the rows that are there.
    :param on_call: is called with the number of each call, from 1, before it is answered.
    """

    def __init__(self, ids: Any = (), on_call: Callable[[int], object] = lambda number: None) -> None:
        self.ids = sorted(ids)
        self.on_call = on_call
        #: The parameters of each call.
        self.calls: list[dict[str, Any]] = []
        #: Changes the IDs of an answer.
        self.change: Callable[[list[int]], list[int]] = lambda ids: ids
        self._lock = threading.Lock()
        self.server = FaultServer(self._answer)

    @property
    def base_url(self) -> str:
        return self.server.base_url

    def add(self, *ids: int) -> None:
        with self._lock:
            for id_ in ids:
                insort(self.ids, id_)

    def forget(self, number: int) -> None:
        """Delete the oldest rows."""
        with self._lock:
            del self.ids[:number]

    def _answer(self, number: int, request: Received) -> Any:
        protocol: Protocol = "xmlrpc" if b"<methodCall>" in request.body else "json"
        names = ("ID_message", "ID_send", "ID_undelivered_log", "limit")
        asked = asked_in(protocol, request.body, names)
        self.calls.append(asked)
        self.on_call(len(self.calls))
        start, limit = int(asked.get("ID_undelivered_log") or 0), int(asked.get("limit") or 25_000)
        with self._lock:
            ids = self.ids[bisect_left(self.ids, start) :][:limit]
        return plain(encode(protocol, [bounce(id_) for id_ in self.change(ids)]))

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self.server.__exit__(*error)


def published_ids(folder: Path) -> list[int]:
    """Return the IDs of all files of a folder, file by file."""
    return [
        row[KEY]
        for path in sorted(folder.glob("part-*"))
        for row in rows_in(path.read_bytes(), path.name.split(".")[1])[1]
    ]


def claims_in(folder: Path) -> list[dict[str, Any]]:
    """Return what the claims of a folder say."""
    return [json.loads(path.read_bytes()) for path in sorted(folder.glob("_mailkit/*.json"))]
