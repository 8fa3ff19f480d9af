"""Uses both clients in the same way, so that a test is written once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from support.reports import CLIENT_ID, CLIENT_MD5, Protocol, assert_discreet
from support.server import FaultServer, Script

from airflow_provider_mailkit.catalogue.reports.deliveries import RECIPIENTS
from airflow_provider_mailkit.exceptions import MailkitError, MailkitTransportError
from airflow_provider_mailkit.protocol.request import Credentials
from airflow_provider_mailkit.protocol.retry import RetryPolicy
from airflow_provider_mailkit.transport.async_client import AsyncClient
from airflow_provider_mailkit.transport.endpoint import Endpoint
from airflow_provider_mailkit.transport.sync_client import SyncClient

READS = "mailkit.mailinglist.list"
CHANGES = "mailkit.mailinglist.create"
ONE_TRY = RetryPolicy(max_attempts=1)
QUICK = RetryPolicy(first_delay_s=0.001, max_delay_s=0.002)

Rows = list[dict[str, Any]]


@dataclass
class Got:
    """What a client gave: rows of a report, the answer of a call, an error."""

    rows: Rows
    answer: Any = None
    error: MailkitError | None = None

    @property
    def kind(self) -> type[MailkitError] | None:
        return type(self.error) if self.error else None


class Sync:
    """Uses the client of the workers."""

    @staticmethod
    def report(endpoint: Endpoint) -> Got:
        got = Got([])
        client = SyncClient(endpoint)
        try:
            for batch in client.batches(RECIPIENTS, {"ID_send": 5001}, client.decoder(RECIPIENTS)):
                got.rows += batch.rows()
        except MailkitError as error:
            got.error = error
        return got

    @staticmethod
    def call(endpoint: Endpoint, function: str, parameters: dict[str, Any] | None = None) -> Got:
        try:
            return Got([], SyncClient(endpoint).call(function, parameters))
        except MailkitError as error:
            return Got([], error=error)

    @staticmethod
    def note_sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
        slept: list[float] = []
        monkeypatch.setattr("airflow_provider_mailkit.transport.sync_client.time.sleep", slept.append)
        return slept


class Async:
    """Uses the client of the triggers."""

    @staticmethod
    def report(endpoint: Endpoint) -> Got:
        async def run() -> Got:
            got = Got([])
            async with AsyncClient(endpoint) as client:
                try:
                    async for batch in client.batches(
                        RECIPIENTS, {"ID_send": 5001}, client.decoder(RECIPIENTS)
                    ):
                        got.rows += batch.rows()
                except MailkitError as error:
                    got.error = error
            return got

        return asyncio.run(run())

    @staticmethod
    def call(endpoint: Endpoint, function: str, parameters: dict[str, Any] | None = None) -> Got:
        async def run() -> Any:
            async with AsyncClient(endpoint) as client:
                return await client.call(function, parameters)

        try:
            return Got([], asyncio.run(run()))
        except MailkitError as error:
            return Got([], error=error)

    @staticmethod
    def note_sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
        slept: list[float] = []
        sleep = asyncio.sleep

        async def note(seconds: float, *args: Any) -> None:
            if seconds:
                slept.append(seconds)
            await sleep(0)

        monkeypatch.setattr("airflow_provider_mailkit.transport.async_client.asyncio.sleep", note)
        return slept


CLIENTS = (Sync, Async)
Client = type[Sync] | type[Async]


def endpoint(base_url: str, protocol: Protocol = "json", **settings: Any) -> Endpoint:
    settings = {"connect_timeout_s": 5.0, "read_timeout_s": 5.0, "retry": ONE_TRY} | settings
    return Endpoint(Credentials(CLIENT_ID, CLIENT_MD5), base_url, protocol, **settings)


def ask(
    client: Client, script: Script, protocol: Protocol = "json", **settings: Any
) -> tuple[Got, FaultServer]:
    """Read one report from a server of its own."""
    with FaultServer(script) as server:
        return client.report(endpoint(server.base_url, protocol, **settings)), server


def ask_call(
    client: Client, script: Script, function: str, protocol: Protocol = "json", **settings: Any
) -> tuple[Got, FaultServer]:
    with FaultServer(script) as server:
        return client.call(endpoint(server.base_url, protocol, **settings), function), server


def assert_transport_error(got: Got, *, match: str = "") -> MailkitTransportError:
    assert isinstance(got.error, MailkitTransportError), got.error
    assert got.error.retryable
    assert match in str(got.error)
    assert_discreet(got.error, "person")
    assert got.error.__cause__ is None
    return got.error
