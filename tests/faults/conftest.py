"""What all tests of faults have: a connection with few tries, no real waiting, an eye on everything."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest
from faults.bodies import WAITING, whole
from faults.fault import Fault
from faults.outcomes import TRIES
from faults.places import standing
from faults.witness import Witness, listening
from support.reports import CLIENT_ID, CLIENT_MD5, Protocol, encode
from support.server import FaultServer, plain

from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.catalogue.reports.deliveries import RECIPIENTS

#: Combinations tested, by kind.
tested: dict[str, int] = {}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if tested:
        parts = ", ".join(f"{count:,} {kind}" for kind, count in tested.items())
        terminalreporter.write_line(f"fault matrix: {sum(tested.values()):,} combinations ({parts})")


@pytest.fixture
def count_combinations() -> Callable[..., None]:
    """Count combinations for the line at the end."""

    def count(kind: str, number: int = 1) -> None:
        tested[kind] = tested.get(kind, 0) + number

    return count


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Nobody really waits between two tries; returns the seconds that were to be waited."""
    waited: list[float] = []
    sleep = asyncio.sleep

    async def note(seconds: float, *args: Any) -> None:
        # A quarter of a second is not for trying again: TLS needs it.
        if seconds > 0.25:
            waited.append(seconds)
        await sleep(seconds if seconds <= 0.25 else 0)

    monkeypatch.setattr("time.sleep", waited.append)
    monkeypatch.setattr("asyncio.sleep", note)
    return waited


@pytest.fixture
def witness(capsys: pytest.CaptureFixture[str]) -> Iterator[Witness]:
    with listening(capsys) as one:
        yield one


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where unfinished files go that have no place of their own."""
    folder = tmp_path / "spool"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


class Lab:
    """Servers that answer as a fault says, and a connection that leads to them."""

    def __init__(self, stack: ExitStack, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._stack = stack
        self._folder = folder
        self._monkeypatch = monkeypatch
        #: Requests that came to a server of a fault, in all.
        self.servers: list[FaultServer] = []

    @property
    def requests(self) -> int:
        return sum(len(server.requests) for server in self.servers)

    def connect(self, base_url: str, protocol: Protocol, **extra: Any) -> None:
        # Not with monkeypatch: servers call it in their threads.
        os.environ["AIRFLOW_CONN_MAILKIT_DEFAULT"] = json.dumps(
            {
                "conn_type": "mailkit",
                "login": CLIENT_ID,
                "password": CLIENT_MD5,
                "host": base_url,
                "extra": {"protocol": protocol, "max_attempts": TRIES} | extra,
            }
        )

    def stand(
        self, fault: Fault, protocol: Protocol, report: Report = RECIPIENTS, *, until: int | None = None
    ) -> Callable[[], None]:
        """Make a fault happen to a report.

        :param until: the number of the request from which on a good report comes; None: never.
        :return: connects to it.
        """
        if fault.place is not None:
            place: AbstractContextManager[str] = standing(
                fault.place, protocol, self._folder, self._monkeypatch
            )
            base_url = self._stack.enter_context(place)
        else:
            base_url = self._serve(fault, protocol, report, until)
        timeouts = {"connect_timeout": fault.timeout_s, "read_timeout": fault.timeout_s}
        return lambda: self.connect(base_url, protocol, **timeouts)

    def _serve(self, fault: Fault, protocol: Protocol, report: Report, until: int | None) -> str:
        def script(number: int, request: Any) -> Any:
            if until is not None and number >= until:
                return plain(whole(protocol, report))
            assert fault.respond is not None
            return fault.respond(protocol, report)

        # Waits ask for the totals besides; where those are the report, it is them that the fault happens to.
        totals = {} if report is RECIPIENTS else {"totals": None}
        server = self._stack.enter_context(FaultServer(script, **totals))
        self.servers.append(server)
        return server.base_url

    def wait_first(self, protocol: Protocol, then: Callable[[], None]) -> None:
        """Let the first poll find somebody waiting; every later one goes elsewhere."""

        def script(number: int, request: Any) -> Any:
            then()
            return plain(encode(protocol, WAITING))

        server = self._stack.enter_context(FaultServer(script))
        self.connect(server.base_url, protocol)


@pytest.fixture
def lab(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    monkeypatch.setenv("AIRFLOW_CONN_MAILKIT_DEFAULT", "")
    with ExitStack() as stack:
        yield Lab(stack, tmp_path_factory.mktemp("lab"), monkeypatch)
