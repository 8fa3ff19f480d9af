"""A pretended campaign whose deliveries change as a test says, and a state store as Airflow 3.3 has one."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from support.reports import Protocol, encode, recipient
from support.server import Answer, FaultServer, Received, plain

Reports = Sequence[Sequence[str]]


@dataclass
class Campaign:
    """The script of a server: answers with the listing, and with one report after the other per delivery.

    :param deliveries: for each ID the reports, as the statuses of the recipients; the last one is repeated.
        A report may also be an answer of the server, such as an error.
    """

    protocol: Protocol
    deliveries: dict[int, Any]
    #: What is answered to the listing instead, one after the other.
    instead: list[Answer] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def __call__(self, number: int, request: Received) -> Answer:
        self.bodies.append(request.body)
        if b"mailkit.report.campaign" in request.body:
            self.asked.append("campaign")
            return self.instead.pop(0) if self.instead else self._answer(self._listing())
        id_send = int(re.findall(rb"\b(50[0-9]{2})\b", request.body)[-1])
        before = Counter(self.asked)[str(id_send)]
        self.asked.append(str(id_send))
        reports = self.deliveries[id_send]
        report = reports[min(before, len(reports) - 1)]
        if report and isinstance(report[0], bytes):
            answer: Answer = report
            return answer
        return self._answer([recipient(n, STATUS=status) for n, status in enumerate(report)])

    def _listing(self) -> list[dict[str, Any]]:
        today = f"{datetime.now(UTC):%Y-%m-%d} 00:00:01"
        return [
            {"ID_SEND": str(id_send), "DATE": today, "FROM": "news@example.com"}
            for id_send in self.deliveries
        ]

    def _answer(self, value: Any) -> Answer:
        return plain(encode(self.protocol, value))


def serve(campaign: Campaign) -> FaultServer:
    """Return the server of a campaign, to be used as ``with``."""
    return FaultServer(campaign)


class Store:
    """What is stored is text, as in Airflow's database.

    :param fail: exceptions for the next accesses, None for one that works.
    """

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.fail_reading: list[Exception | None] = []
        self.fail_writing: list[Exception | None] = []

    def get(self, key: str, default: Any = None) -> Any:
        _fail(self.fail_reading)
        return json.loads(self.values[key]) if key in self.values else default

    def set(self, key: str, value: Any) -> None:
        _fail(self.fail_writing)
        self.values[key] = json.dumps(value)


class AsyncStore(Store):
    """The same with the methods that came with Airflow 3.3.2."""

    async def aget(self, key: str, default: Any = None) -> Any:
        return self.get(key, default)

    async def aset(self, key: str, value: Any) -> None:
        self.set(key, value)


def _fail(failures: list[Exception | None]) -> None:
    failure = failures.pop(0) if failures else None
    if failure is not None:
        raise failure
