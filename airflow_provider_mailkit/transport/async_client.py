"""Calls with aiohttp, for triggers. It mirrors the sync client."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from airflow_provider_mailkit.catalogue.functions import only_reads
from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.protocol.content import MAX_ANSWER_BYTES, ContentDecoder, WholeAnswer
from airflow_provider_mailkit.protocol.decoder import Decoder
from airflow_provider_mailkit.protocol.plan import HELD_ROWS, Call, Plan, ids_in
from airflow_provider_mailkit.protocol.records import Batch, drain
from airflow_provider_mailkit.protocol.request import Request
from airflow_provider_mailkit.transport.async_sessions import open_async_session
from airflow_provider_mailkit.transport.endpoint import ERROR_PAGE_S, MAX_ERROR_BYTES, Endpoint
from airflow_provider_mailkit.transport.failures import network_error
from airflow_provider_mailkit.transport.heads import check_emptiness, check_start, content_coding
from airflow_provider_mailkit.transport.outcome import Outcome
from airflow_provider_mailkit.transport.time_limit import within

if TYPE_CHECKING:
    import aiohttp

T = TypeVar("T")

# The pause that aiohttp's documentation advises before closing an event loop.
_TLS_GOODBYE_S = 0.25

# A larger answer is decoded in a thread, since it would block the event loop.
_DECODED_HERE_BYTES = 2**20


class AsyncClient:
    """Calls Mailkit without blocking the event loop. Use it as ``async with``; it holds one session."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = open_async_session(self.endpoint)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None
            if self.endpoint.base_url.startswith("https:"):
                # aiohttp does not wait for the end of TLS. If the loop ended now, the socket would stay open.
                await asyncio.sleep(_TLS_GOODBYE_S)

    async def call(
        self,
        function: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        checked: bool = False,
        max_bytes: int = MAX_ANSWER_BYTES,
    ) -> Any:
        """Call any function and return the decoded answer. Only functions that read are tried again.

        :param checked: whether to check the call against the catalogue, and to give the answer its types.
        :param max_bytes: the maximum size of the decompressed answer.
        :raises MailkitUnclearError: it is unclear whether the call has acted.
        :raises MailkitError: the call failed, or the answer is an error.
        """

        async def attempt() -> Any:
            return await self.call_once(function, parameters, checked=checked, max_bytes=max_bytes)

        return await (self.retrying(attempt) if only_reads(function) else attempt())

    async def call_once(
        self,
        function: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        checked: bool = False,
        max_bytes: int = MAX_ANSWER_BYTES,
        limit_s: float = math.inf,
    ) -> Any:
        """Call any function and return the decoded answer: one try.

        :param checked: whether to check the call against the catalogue, and to give the answer its types.
        :param max_bytes: the maximum size of the decompressed answer.
        :param limit_s: the maximum duration in seconds, if it is below the endpoint's own limit.
        :raises MailkitError: the call failed, or the answer is an error.
        """
        request = self.endpoint.request(function, parameters, checked=checked)
        outcome = Outcome()
        with self.endpoint.advising(request), outcome.judged(function):
            async with (
                within(function, min(limit_s, self.endpoint.call_limit_s)),
                aclosing(self._content(request, outcome)) as content,
            ):
                answer = WholeAnswer(function, max_bytes)
                async for data in content:
                    answer.add(data)
                    # One compressed piece may hold many parts, so let others run between them.
                    await asyncio.sleep(0)
            body = answer.body()
            if len(body) > _DECODED_HERE_BYTES:
                return await asyncio.to_thread(self.endpoint.decode, function, body, checked=checked)
            return self.endpoint.decode(function, body, checked=checked)

    async def read(
        self, plan: Plan, decoder: Callable[[Call], Decoder], hold_rows: int = 0
    ) -> AsyncGenerator[Batch]:
        """Do what the sync client's ``read`` does."""
        calls = plan.calls()
        ids = None
        with suppress(StopIteration):
            while True:
                call = calls.send(ids)
                ids = None
                try:
                    if call.is_listing:
                        ids = await self.retrying(partial(self._list, call, decoder))
                        continue
                    hold = partial(self._hold, call, decoder, hold_rows or HELD_ROWS)
                    held, rest = await self.retrying(hold)
                except MailkitError as error:
                    if not plan.skip(call, error):
                        raise
                    continue
                for batch in drain(held):
                    yield batch
                async with aclosing(rest):
                    async for batch in rest:
                        yield batch

    async def _list(self, call: Call, decoder: Callable[[Call], Decoder]) -> list[int]:
        batches = self.batches(call.report, call.parameters, decoder(call))
        return ids_in(call, [batch async for batch in batches])

    async def _hold(
        self, call: Call, decoder: Callable[[Call], Decoder], most: int
    ) -> tuple[list[Batch], AsyncGenerator[Batch]]:
        """Begin a call; return its first batches, and an iterator of the others if they exceed the limit."""
        batches = self.batches(call.report, call.parameters, decoder(call))
        if call.pages is not None:
            async with aclosing(batches):
                call.pages.begin()
                page = [new async for batch in batches if (new := call.pages.accept(batch)).records]
                call.pages.end()
            return page, batches
        held: list[Batch] = []
        rows = 0
        async for batch in batches:
            held.append(batch)
            rows += len(batch)
            if rows >= most:
                break
        return held, batches

    async def batches(
        self, report: Report, parameters: Mapping[str, Any], decoder: Decoder
    ) -> AsyncGenerator[Batch]:
        """Yield the records of one answer while they arrive: one try.

        :raises MailkitError: after the records that came before the fault.
        """
        request = self.endpoint.request(report.function, parameters, checked=True)
        with self.endpoint.advising(request):
            async with aclosing(self._content(request, Outcome())) as content:
                async for data in content:
                    for batch in decoder.feed(data):
                        yield batch
                    # One compressed piece may hold many batches, so let others run between its parts.
                    await asyncio.sleep(0)
            for batch in decoder.finish():
                yield batch

    def decoder(self, report: Report, columns: Sequence[str] | None = None, **options: Any) -> Decoder:
        """Return a decoder for one try of :meth:`batches`; options as of :class:`Decoder`."""
        return self.endpoint.decoder(report, columns, **options)

    async def retrying(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Return what a read returns, repeating it as the endpoint's policy says.

        :raises MailkitError: the failure of the last try.
        """
        waited_s = 0.0
        attempts = 0
        while True:
            attempts += 1
            try:
                return await attempt()
            except MailkitError as error:
                delay_s = self.endpoint.retry_delay_s(error, attempts, waited_s, random.random())  # noqa: S311 - jitter
                if delay_s is None:
                    raise
            await asyncio.sleep(delay_s)
            waited_s += delay_s

    async def _content(self, request: Request, outcome: Outcome) -> AsyncGenerator[bytes]:
        """Post a request and yield the content of the answer: one try."""
        import aiohttp

        if self._session is None:
            raise RuntimeError("AsyncClient is used as 'async with AsyncClient(endpoint) as client'.")
        # In a thread: the certificates are read from disk.
        route = await asyncio.to_thread(self.endpoint.route, request.function)
        failure: MailkitError | None = None
        outcome.sending()
        try:
            async with (
                self._session.post(
                    self.endpoint.url(request),
                    data=request.body,
                    headers=self.endpoint.headers(request),
                    allow_redirects=False,
                    ssl=route.tls or True,
                    proxy=route.proxy.url if route.proxy else None,
                    proxy_headers=route.proxy.headers if route.proxy else None,
                    trace_request_ctx=outcome,
                ) as response,
                aclosing(self._read(request, response, outcome)) as content,
            ):
                async for data in content:
                    yield data
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            failure = network_error(request.function, error, route.proxy)
        if failure is not None:
            # Raised outside the except clause, so that its context has no exception that holds the request.
            raise failure

    async def _read(
        self, request: Request, response: aiohttp.ClientResponse, outcome: Outcome
    ) -> AsyncGenerator[bytes]:
        check_start(request.function, response.version or (0, 0), response.status)
        outcome.answered(response.status)
        check_emptiness(request.function, response.status, response.headers.items())
        if response.status != 200:
            body = (
                await self._beginning(request, response) if self.endpoint.explains(response.status) else b""
            )
            retry_after = response.headers.get("Retry-After")
            raise self.endpoint.status_error(request.function, response.status, retry_after, body)
        async with aclosing(self._decoded(request, response)) as content:
            async for data in content:
                yield data

    async def _beginning(self, request: Request, response: aiohttp.ClientResponse) -> bytes:
        """Return the beginning of an error's body; the status counts even if the body breaks off."""
        import aiohttp

        body = b""
        with suppress(MailkitError, aiohttp.ClientError, TimeoutError, OSError):
            async with (
                within(request.function, ERROR_PAGE_S),
                aclosing(self._decoded(request, response)) as content,
            ):
                async for data in content:
                    body += data
                    if len(body) >= MAX_ERROR_BYTES:
                        break
        return body[:MAX_ERROR_BYTES]

    async def _decoded(self, request: Request, response: aiohttp.ClientResponse) -> AsyncGenerator[bytes]:
        head = response.headers.items()
        coding = ContentDecoder(content_coding(request.function, head), request.function)
        while data := await self._next(response):
            for part in coding.feed(data):
                yield part
        coding.finish()

    async def _next(self, response: aiohttp.ClientResponse) -> bytes:
        import aiohttp

        # After a malformed chunk aiohttp closes the connection, and forgets its time-out and its readers: a
        # pending read would wait for ever, and a later one raises RuntimeError.
        try:
            async with asyncio.timeout(self.endpoint.read_timeout_s):
                # Read whatever has arrived. Cutting it to a fixed size costs a quarter of a poll.
                return await response.content.readany()
        except RuntimeError:
            pass
        raise aiohttp.ClientPayloadError("the connection was closed for a malformed chunk")
