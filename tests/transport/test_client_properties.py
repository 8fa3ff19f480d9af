"""Both clients give the rows and the error that the decoder gives, however the answer is framed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from contextlib import aclosing, closing
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from support.declared import OWN, parameters_of
from support.declared_rows import records_of, single_or_list
from support.reports import (
    CLIENT_ID,
    CLIENT_MD5,
    PROTOCOLS,
    Outcome,
    Protocol,
    decode,
    encode,
    random_pieces,
    recipients,
)
from support.server import FaultServer, Step, chunks, head

from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.catalogue.reports import REPORTS
from airflow_provider_mailkit.catalogue.reports.deliveries import RECIPIENTS
from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.protocol.request import Credentials
from airflow_provider_mailkit.transport.async_client import AsyncClient
from airflow_provider_mailkit.transport.endpoint import Endpoint
from airflow_provider_mailkit.transport.sync_client import SyncClient

#: Recipients, rows that hold objects, rows in an object, and ours of every kind.
SAMPLE = [
    RECIPIENTS,
    *(REPORTS[f"mailkit.{name}"] for name in ("report.message.links.visitors", "campaigns.schedule.list")),
    *OWN.values(),
]


@cache
def good(report: Report, protocol: Protocol) -> list[bytes]:
    """Return answers that are fine, or fine up to a record, or an error."""
    records = recipients(400) if report is RECIPIENTS else records_of(report, 400, mixed=False)
    if report.single:
        records = records[:1]
    answers: list[list[Any]] = [[], records[:3], records, [records[0] | {"NEW": "ž}@example.cz"}]]
    if not report.single:
        answers += [[*records[:2], {"NEW": 1}], [*records[:2], {"error_status": 1, "error": "Invalid ID"}]]
    return [encode(protocol, single_or_list(report, answer, protocol)) for answer in answers]


@st.composite
def bodies(draw: st.DrawFn, report: Report) -> tuple[Protocol, bytes]:
    """A good answer, or one that was cut, or one with a few other bytes in it."""
    protocol = draw(st.sampled_from(PROTOCOLS))
    body = draw(st.sampled_from(good(report, protocol)))
    at = draw(st.integers(0, len(body)))
    how = draw(st.sampled_from(["whole", "cut", "changed"]))
    if how == "cut":
        body = body[:at]
    elif how == "changed":
        body = body[:at] + draw(st.binary(max_size=3)) + body[at + draw(st.integers(0, 3)) :]
    return protocol, body


def framed(body: bytes, how: str, seed: int) -> list[Step]:
    """Return an HTTP answer in pieces of any size."""
    pieces = [piece for piece in random_pieces(body, seed) if piece][:50]
    pieces.append(body[sum(map(len, pieces)) :])
    if how == "chunked":
        parts = [part for piece in pieces if piece for part in chunks(piece, len(piece))]
        return [head(transfer_encoding="chunked"), *parts, b"0\r\n\r\n"]
    length = {"content_length": len(body)} if how == "length" else {}
    return [head(**length), *pieces]


class ScriptedServer(FaultServer):
    """Answers as it was told last."""

    def __init__(self) -> None:
        super().__init__(lambda number, request: self.answer, totals=None)
        self.answer: Sequence[Step] = ()


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


def note(outcome: Outcome, batch: Any) -> None:
    rows = list(batch.rows())
    outcome.rows += rows
    outcome.unknown += batch.unknown or [{}] * len(rows)


def read_sync(endpoint: Endpoint, report: Report) -> Outcome:
    client, outcome = SyncClient(endpoint), Outcome()
    try:
        with closing(client.batches(report, parameters_of(report), client.decoder(report))) as batches:
            for batch in batches:
                note(outcome, batch)
    except MailkitError as error:
        outcome.error = error
    return outcome


async def read_async(endpoint: Endpoint, report: Report) -> Outcome:
    outcome = Outcome()
    async with AsyncClient(endpoint) as client:
        try:
            async with aclosing(
                client.batches(report, parameters_of(report), client.decoder(report))
            ) as batches:
                async for batch in batches:
                    note(outcome, batch)
        except MailkitError as error:
            outcome.error = error
    return outcome


@pytest.mark.parametrize("report", SAMPLE, ids=[report.name for report in SAMPLE])
@settings(max_examples=25, derandomize=True, deadline=None, database=None)
@given(st.data(), st.sampled_from(["length", "chunked", "close"]), st.integers(0, 10**6))
def test_both_clients_give_what_the_decoder_gives(
    server: ScriptedServer, report: Report, data: st.DataObject, how: str, seed: int
) -> None:
    protocol, body = data.draw(bodies(report))
    expected = decode(protocol, body, report=report)
    server.answer = framed(body, how, seed)
    endpoint = Endpoint(Credentials(CLIENT_ID, CLIENT_MD5), server.base_url, protocol, read_timeout_s=10)
    for outcome in (read_sync(endpoint, report), asyncio.run(read_async(endpoint, report))):
        assert outcome.rows == expected.rows
        assert outcome.unknown == expected.unknown
        assert outcome.kind is expected.kind
        # What the error quotes may be less when less has arrived; the client adds what to do.
        told, told_by_decoder = (
            str(error).partition(" begins with")[0] for error in (outcome.error, expected.error)
        )
        assert re.sub(r"(?<=\.) (Check|Add) [^.]*\.\Z", "", told) == told_by_decoder
