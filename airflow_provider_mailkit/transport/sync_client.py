"""Calls with requests, for workers."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_mailkit.catalogue.functions import only_reads
from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.protocol.content import MAX_ANSWER_BYTES, ContentDecoder, WholeAnswer
from airflow_provider_mailkit.protocol.decoder import Decoder
from airflow_provider_mailkit.protocol.plan import HELD_ROWS, Call, Calls, ids_in
from airflow_provider_mailkit.protocol.records import Batch, drain
from airflow_provider_mailkit.protocol.request import Request
from airflow_provider_mailkit.transport.endpoint import (
    CHUNK_BYTES,
    ERROR_PAGE_S,
    MAX_ERROR_BYTES,
    Endpoint,
)
from airflow_provider_mailkit.transport.failures import network_error
from airflow_provider_mailkit.transport.heads import check_emptiness, content_coding
from airflow_provider_mailkit.transport.outcome import Outcome
from airflow_provider_mailkit.transport.sessions import open_session
from airflow_provider_mailkit.transport.time_limit import TimeLimit

if TYPE_CHECKING:
    import requests

T = TypeVar("T")


def unprepared(batch: Batch) -> Batch:
    """Return a batch as it came: see :meth:`SyncClient.read_prepared`."""
    return batch


class SyncClient:
    """Calls Mailkit and waits for the answer.

    Every try has its own session. So nothing is shared with forked processes, and no try begins on a
    connection that the server has closed.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint

    def call(
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

        def attempt() -> Any:
            return self.call_once(function, parameters, checked=checked, max_bytes=max_bytes)

        return self.retrying(attempt) if only_reads(function) else attempt()

    def call_once(
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
            answer = WholeAnswer(function, max_bytes)
            limit_s = min(limit_s, self.endpoint.call_limit_s)
            with closing(self._content(request, limit_s, outcome)) as content:
                for data in content:
                    answer.add(data)
            return self.endpoint.decode(function, answer.body(), checked=checked)

    def read(self, plan: Calls, decoder: Callable[[Call], Decoder], hold_rows: int = 0) -> Generator[Batch]:
        """Yield the rows of all calls of a plan, one call after the other.

        A call is repeated while its rows are held back: a page until it is complete, one of several calls
        until it is complete or ``hold_rows`` are held. Later failures, and those of a plan's only call, are
        not repeated here, since rows have already been yielded.

        :param decoder: makes a decoder for one try of a call.
        :param hold_rows: how many rows of a plan's only call are held back at the beginning. 0: it is made
            once.
        :raises MailkitError: a call failed; after the rows before the fault.
        """
        return self.read_prepared(plan, decoder, unprepared, hold_rows)

    def read_prepared(
        self,
        plan: Calls,
        decoder: Callable[[Call], Decoder],
        prepare: Callable[[Batch], T],
        hold_rows: int = 0,
    ) -> Generator[T]:
        """Do what :meth:`read` does, and yield what is made of each batch as soon as it has come.

        :param prepare: makes what is held back and yielded; it should be smaller than a batch. What it has
            made of a try that fails is dropped.
        """
        calls = plan.calls()
        ids = None
        with suppress(StopIteration):
            while True:
                call = calls.send(ids)
                ids = None
                if plan.is_one_answer and not hold_rows:
                    with closing(self.batches(call.report, call.parameters, decoder(call))) as batches:
                        yield from map(prepare, batches)
                    continue
                try:
                    if call.is_listing:
                        ids = self.retrying(partial(self._list, call, decoder))
                        continue
                    hold = partial(self._hold, call, decoder, prepare, hold_rows or HELD_ROWS)
                    held, rest = self.retrying(hold)
                except MailkitError as error:
                    if not plan.skip(call, error):
                        raise
                    continue
                yield from drain(held)
                with closing(rest):
                    yield from map(prepare, rest)

    def _list(self, call: Call, decoder: Callable[[Call], Decoder]) -> list[int]:
        return ids_in(call, self.batches(call.report, call.parameters, decoder(call)))

    def _hold(
        self, call: Call, decoder: Callable[[Call], Decoder], prepare: Callable[[Batch], T], most: int
    ) -> tuple[list[T], Generator[Batch]]:
        """Begin a call; return what is made of its first batches, and the others if they exceed the limit."""
        batches = self.batches(call.report, call.parameters, decoder(call))
        held: list[T] = []
        if call.pages is not None:
            with closing(batches):
                call.pages.begin()
                held.extend(prepare(new) for batch in batches if (new := call.pages.accept(batch)).records)
                call.pages.end()
            return held, batches
        rows = 0
        for batch in batches:
            held.append(prepare(batch))
            rows += len(batch)
            if rows >= most:
                break
        return held, batches

    def batches(
        self, report: Report, parameters: Mapping[str, Any], decoder: Decoder, limit_s: float = math.inf
    ) -> Generator[Batch]:
        """Yield the records of one answer while they arrive: one try.

        :param limit_s: the seconds that it may take in all.
        :raises MailkitError: after the records that came before the fault.
        """
        request = self.endpoint.request(report.function, parameters, checked=True)
        with self.endpoint.advising(request):
            with closing(self._content(request, limit_s, Outcome())) as content:
                for data in content:
                    yield from decoder.feed(data)
            yield from decoder.finish()

    def decoder(self, report: Report, columns: Sequence[str] | None = None, **options: Any) -> Decoder:
        """Return a decoder for one try of :meth:`batches`; options as of :class:`Decoder`."""
        return self.endpoint.decoder(report, columns, **options)

    def retrying(self, attempt: Callable[[], T], limit_s: float = math.inf) -> T:
        """Return what a read returns, repeating it as the endpoint's policy says.

        :param limit_s: the seconds after which no further try begins.
        :raises MailkitError: the failure of the last try.
        """
        waited_s = 0.0
        attempts = 0
        ends = time.monotonic() + limit_s
        while True:
            attempts += 1
            try:
                return attempt()
            except MailkitError as error:
                delay_s = self.endpoint.retry_delay_s(error, attempts, waited_s, random.random())  # noqa: S311 - jitter
                if delay_s is None:
                    raise
                failure = error
            left_s = ends - time.monotonic()
            time.sleep(max(0.0, min(delay_s, left_s)))
            if delay_s >= left_s:
                raise failure
            waited_s += delay_s

    def _content(self, request: Request, limit_s: float, outcome: Outcome) -> Generator[bytes]:
        """Post a request and yield the content of the answer: one try."""
        import requests
        import urllib3

        failure: MailkitError | None = None
        route = self.endpoint.route(request.function)
        limit = TimeLimit(request.function, limit_s)
        try:
            with (
                open_session(route, limit, self.endpoint.read_timeout_s, outcome) as session,
                self._post(session, request, limit, outcome) as response,
            ):
                outcome.answered(response.status_code)
                yield from self._read(request, response, limit)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            failure = limit.error() or network_error(request.function, error, route.proxy)
        if failure is not None:
            # Raised outside the except clause, so that its context has no exception that holds the request.
            raise failure

    def _post(
        self, session: requests.Session, request: Request, limit: TimeLimit, outcome: Outcome
    ) -> requests.Response:
        connect_s = min(self.endpoint.connect_timeout_s, limit.left_s())
        outcome.sending()
        return session.post(
            self.endpoint.url(request),
            data=request.body,
            headers=self.endpoint.headers(request),
            timeout=(connect_s, self.endpoint.read_timeout_s),
            allow_redirects=False,
            stream=True,
        )

    def _read(self, request: Request, response: requests.Response, limit: TimeLimit) -> Generator[bytes]:
        check_emptiness(request.function, response.status_code, response.raw.headers.iteritems())
        if response.status_code != 200:
            limit.shorten(ERROR_PAGE_S)
            body = self._beginning(request, response) if self.endpoint.explains(response.status_code) else b""
            retry_after = response.headers.get("Retry-After")
            raise self.endpoint.status_error(request.function, response.status_code, retry_after, body)
        yield from self._decoded(request, response)

    def _beginning(self, request: Request, response: requests.Response) -> bytes:
        """Return the beginning of an error's body; the status counts even if the body breaks off."""
        import urllib3

        body = b""
        with suppress(MailkitError, urllib3.exceptions.HTTPError, OSError):
            # Byte by byte, since an incomplete piece would be lost when the time is up.
            for data in self._decoded(request, response, piece_bytes=1):
                body += data
                if len(body) >= MAX_ERROR_BYTES:
                    break
        return body[:MAX_ERROR_BYTES]

    def _decoded(
        self, request: Request, response: requests.Response, piece_bytes: int = CHUNK_BYTES
    ) -> Generator[bytes]:
        head = response.raw.headers.iteritems()
        coding = ContentDecoder(content_coding(request.function, head), request.function)
        for data in response.raw.stream(piece_bytes, decode_content=False):
            yield from coding.feed(data)
        coding.finish()
