"""An answer that is cut at any byte, its head included, is an error that passes; never a shorter report."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from faults.columns import COLUMNS, HOOK, Ran, state_of
from faults.outcomes import TRIES
from support.reports import (
    CLIENT_ID,
    CLIENT_MD5,
    PROTOCOLS,
    Protocol,
    assert_discreet,
    encode,
    oracle,
    recipient,
)
from support.server import FaultServer, Received, Step, chunked, close_delimited, plain

from airflow_provider_mailkit.catalogue.reports.deliveries import RECIPIENTS
from airflow_provider_mailkit.exceptions import MailkitError, MailkitTransportError
from airflow_provider_mailkit.protocol.request import Credentials
from airflow_provider_mailkit.protocol.retry import RetryPolicy
from airflow_provider_mailkit.transport.async_client import AsyncClient
from airflow_provider_mailkit.transport.endpoint import Endpoint
from airflow_provider_mailkit.transport.sync_client import SyncClient

pytestmark = pytest.mark.trust

FRAMES: dict[str, Callable[[bytes], list[Step]]] = {
    "plain": plain,
    "chunked": lambda body: chunked(body, 90),
    "close-delimited": close_delimited,
    "gzip": lambda body: plain(gzip.compress(body, mtime=0), content_encoding="gzip"),
    "gzip chunked": lambda body: chunked(gzip.compress(body, mtime=0), 90, content_encoding="gzip"),
    "gzip close-delimited": lambda body: close_delimited(
        gzip.compress(body, mtime=0), content_encoding="gzip"
    ),
}
every_frame = pytest.mark.parametrize("frame", FRAMES)
both_protocols = pytest.mark.parametrize("protocol", PROTOCOLS)

#: Small, with every member and both ends of a separator.
REPORT = [recipient(0, STATUS="sent"), recipient(1, STATUS="failed")]
#: How many calls are under way at a time.
AT_ONCE = 8


def wire(frame: str, body: bytes) -> bytes:
    """Return all bytes of an answer."""
    pieces = FRAMES[frame](body)
    assert all(isinstance(piece, bytes) for piece in pieces)
    return b"".join(piece for piece in pieces if isinstance(piece, bytes))


def needed(frame: str, body: bytes) -> int:
    """Return how many bytes must have come before the report can be known to be whole.

    The last chunk is empty; some clients take an answer for whole without it, once its content is.
    """
    return len(wire(frame, body)) - (len(b"0\r\n\r\n") if "chunked" in frame else 0)


class CutServer:
    """Answers with as many bytes as the ID of the delivery says."""

    def __init__(self, protocol: Protocol, answer: bytes) -> None:
        self._protocol = protocol
        self._answer = answer

    def __call__(self, number: int, request: Received) -> list[Step]:
        return [self._answer[: self.cut_of(request)]]

    def cut_of(self, request: Received) -> int:
        # Counted from 1, since 0 is not an ID.
        mark, end = (b'"ID_send":', b"}") if self._protocol == "json" else (b"<i4>", b"</i4>")
        return int(request.body.rpartition(mark)[2].partition(end)[0]) - 1


def endpoint(server: FaultServer, protocol: Protocol) -> Endpoint:
    return Endpoint(
        Credentials(CLIENT_ID, CLIENT_MD5),
        server.base_url,
        protocol,
        connect_timeout_s=20,
        read_timeout_s=20,
        retry=RetryPolicy(max_attempts=1),
    )


Got = tuple[list[dict[str, Any]], MailkitError | None]


def read_sync(where: Endpoint, cuts: range) -> list[Got]:
    client = SyncClient(where)

    def read(cut: int) -> Got:
        rows: list[dict[str, Any]] = []
        try:
            for batch in client.batches(RECIPIENTS, {"ID_send": cut + 1}, client.decoder(RECIPIENTS)):
                rows += batch.rows()
        except MailkitError as error:
            return rows, error
        return rows, None

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(read, cuts))


def read_async(where: Endpoint, cuts: range) -> list[Got]:
    async def read(client: AsyncClient, cut: int, gate: asyncio.Semaphore) -> Got:
        rows: list[dict[str, Any]] = []
        async with gate:
            try:
                async for batch in client.batches(
                    RECIPIENTS, {"ID_send": cut + 1}, client.decoder(RECIPIENTS)
                ):
                    rows += batch.rows()
            except MailkitError as error:
                return rows, error
        return rows, None

    async def read_all() -> list[Got]:
        gate = asyncio.Semaphore(AT_ONCE)
        async with AsyncClient(where) as client:
            return await asyncio.gather(*(read(client, cut, gate) for cut in cuts))

    return asyncio.run(read_all())


@pytest.mark.parametrize("read", [read_sync, read_async], ids=["sync", "async"])
@both_protocols
@every_frame
def test_every_cut_of_an_answer_is_noticed(
    read: Callable[[Endpoint, range], list[Got]],
    protocol: Protocol,
    frame: str,
    count_combinations: Callable[..., None],
) -> None:
    body = encode(protocol, REPORT)
    answer, expected = wire(frame, body), oracle(protocol, body)
    with FaultServer(CutServer(protocol, answer)) as server:
        every = read(endpoint(server, protocol), range(len(answer) + 1))
        assert len(server.requests) == len(answer) + 1
    for cut, (rows, error) in enumerate(every):
        told = f"cut at {cut} of {len(answer)}: {error!r}"
        assert rows == expected[: len(rows)], told
        if cut == len(answer):
            assert (rows, error) == (expected, None), told
        elif error is None:
            # Whole, and taken for whole before the very last bytes of the frame.
            assert cut > needed(frame, body), told
            assert rows == expected, told
        else:
            assert type(error) is MailkitTransportError, told
            assert error.retryable, told
            assert_discreet(error, "person")
    count_combinations("cuts of a hook's answer", len(every))


@pytest.mark.parametrize("column", [column for column in COLUMNS if column not in HOOK])
@both_protocols
@every_frame
def test_a_cut_in_every_other_column(
    column: str,
    protocol: Protocol,
    frame: str,
    lab: Any,
    spool: Path,
    tmp_path: Path,
    waits: list[float],
    count_combinations: Callable[..., None],
) -> None:
    """Around every border, and at some bytes between."""
    answer = wire(frame, encode(protocol, REPORT))
    head, end = answer.index(b"\r\n\r\n") + 4, needed(frame, encode(protocol, REPORT))
    cuts = sorted({0, 1, head - 1, head, head + 1, end - 2, end - 1, *range(head, end, (end - head) // 5)})
    for cut in cuts:
        folder = tmp_path / str(cut)
        folder.mkdir()
        with FaultServer([[answer[:cut]]]) as server:
            lab.connect(server.base_url, protocol)
            ran: Ran = COLUMNS[column](folder)
            assert len(server.requests) == TRIES, cut
        assert isinstance(ran.error, MailkitTransportError), (cut, ran.error)
        assert state_of(ran.error, column) == "up_for_retry"
        assert list(spool.iterdir()) == []
        assert "5001.jsonl" not in ran.left
        assert ran.pushed == {}
    count_combinations("cuts in other columns", len(cuts))
