"""Where and how to call Mailkit, and what the head of an answer means, for both clients."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from airflow_provider_mailkit import __version__
from airflow_provider_mailkit.catalogue.function import Function
from airflow_provider_mailkit.catalogue.functions import find
from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.catalogue.reports import REPORTS
from airflow_provider_mailkit.exceptions import (
    MailkitAccessError,
    MailkitError,
    MailkitResponseError,
    MailkitTransportError,
)
from airflow_provider_mailkit.protocol.advice import named
from airflow_provider_mailkit.protocol.answers import add_advice, decode_answer
from airflow_provider_mailkit.protocol.content import ACCEPT_ENCODING
from airflow_provider_mailkit.protocol.decoder import Decoder
from airflow_provider_mailkit.protocol.excerpt import Redactor
from airflow_provider_mailkit.protocol.request import Credentials, Protocol, Request, make_request
from airflow_provider_mailkit.protocol.retry import RetryPolicy, parse_retry_after
from airflow_provider_mailkit.transport.certificates import tls_context
from airflow_provider_mailkit.transport.proxies import Proxy, proxy_for

DEFAULT_BASE_URL = "https://api.mailkit.eu"
#: Bytes per read from the socket: many, since a read costs as much as ten recipients.
CHUNK_BYTES = 2**18
#: How much of an answer with an error status is read to find the error.
MAX_ERROR_BYTES = 2**16
#: How many seconds that may take.
ERROR_PAGE_S = 10.0

_RETRYABLE_STATUSES = (408, 429)

log = logging.getLogger(__name__)


class Route(NamedTuple):
    """The way to the host.

    :param tls: the TLS context, also for the proxy; None for plain http.
    """

    tls: ssl.SSLContext | None
    proxy: Proxy | None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A Mailkit account and how to reach it. It can be shared by threads, and holds no connection.

    :param base_url: scheme, host and port, without a slash at the end.
    :param connection: ID of the connection, for messages; empty if the user does not know it.
    :param connect_timeout_s: seconds for the connection to be made.
    :param read_timeout_s: seconds between two reads. An answer may take much longer in all.
    :param zone: the zone of the account's dates; None leaves them without offset.
    :param max_concurrent_requests: how many waits of one event loop may poll the account at a time.
    :param on_retry: called with the function and the connection for every repeated read.
    """

    credentials: Credentials
    base_url: str = DEFAULT_BASE_URL
    protocol: Protocol = "json"
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 120.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    zone: tzinfo | None = None
    max_concurrent_requests: int = 8
    connection: str = field(default="", compare=False)
    on_retry: Callable[[str | None, str], None] | None = field(default=None, repr=False, compare=False)

    @property
    def redactor(self) -> Redactor:
        """Makes texts of the server fit to be shown."""
        return Redactor((self.credentials.client_id, self.credentials.client_md5))

    def redactor_for(self, function: str) -> Redactor:
        """Return a redactor that also hides the personal data of a function's answer."""
        report = REPORTS.get(function)
        return self.redactor.hiding(report.personal_members) if report else self.redactor

    @property
    def call_limit_s(self) -> float:
        """The seconds that a whole answer may take: ten minutes, unless the read time-out was changed."""
        return 5 * self.read_timeout_s

    @property
    def poll_limit_s(self) -> float:
        """The seconds that counting a report may take: an hour, unless the read time-out was changed."""
        return 30 * self.read_timeout_s

    def route(self, function: str) -> Route:
        """Return the way to the host, as the environment is now.

        :raises MailkitError: the environment names a proxy or certificates that cannot be used.
        """
        url = urlsplit(self.base_url)
        if url.scheme != "https":
            # Plain http goes only to this machine, or carries no secret. A proxy could read it.
            return Route(None, None)
        return Route(tls_context(function), proxy_for(function, url.hostname or "", url.port or 443))

    def request(
        self, function: str | Function, parameters: Mapping[str, Any] | None = None, *, checked: bool = False
    ) -> Request:
        """Encode a call in the protocol of this endpoint, see :func:`make_request`."""
        return make_request(
            self.protocol, self.credentials, function, parameters, checked=checked, zone=self.zone
        )

    def url(self, request: Request) -> str:
        """Return the URL of the request."""
        return self.base_url + request.path

    def headers(self, request: Request) -> dict[str, str]:
        """Return the headers of a request."""
        return {
            "Content-Type": request.content_type,
            "Accept-Encoding": ACCEPT_ENCODING,
            "User-Agent": f"airflow-provider-mailkit/{__version__}",
        }

    def decoder(self, report: Report, columns: Sequence[str] | None = None, **options: Any) -> Decoder:
        """Return a decoder for one answer to a report's function; options as of :class:`Decoder`."""
        return Decoder(self.protocol, report, columns, zone=self.zone, redactor=self.redactor, **options)

    def decode(self, function: str, body: bytes, *, checked: bool = False) -> Any:
        """Decode an answer of any function. After a checked call, values get the catalogue's types."""
        answer = decode_answer(self.protocol, function, body, self.redactor_for(function))
        declared = find(function) if checked else None
        if declared is None:
            return answer
        from airflow_provider_mailkit.catalogue.typed import typed_answer

        return typed_answer(declared, answer)

    @staticmethod
    def explains(status: int) -> bool:
        """Tell whether the body of an answer with this HTTP status is read."""
        return 400 <= status < 500 and status not in _RETRYABLE_STATUSES

    def status_error(self, function: str, status: int, retry_after: str | None, body: bytes) -> MailkitError:
        """Make the exception for an HTTP status other than 200. Such an answer is never treated as data.

        :param retry_after: the ``Retry-After`` header.
        :param body: the beginning of the answer. For a client error it may hold an error of the API.
        """
        if status in _RETRYABLE_STATUSES or status >= 500:
            wait_s = parse_retry_after(retry_after, datetime.now(UTC))
            asked = (
                "" if wait_s is None else f", which asks to wait {min(wait_s, 1e9):.0f} s before the next try"
            )
            return MailkitTransportError(
                f"{function}: HTTP status {status}{asked}.", function=function, retry_after_s=wait_s
            )
        if 300 <= status < 400:
            return MailkitResponseError(
                f"{function}: HTTP status {status}: redirects are not followed, to protect the credentials. "
                f"Check the host of {named(self.connection)}.",
                function=function,
            )
        if status >= 400:
            try:
                self.decode(function, body)
            except (MailkitResponseError, MailkitTransportError):
                pass
            except MailkitError as error:
                return error
        shown = self.redactor_for(function).excerpt(body) or "(nothing)"
        is_refused = status in (401, 403)
        check = "the client ID (login), the MD5 code (password) and the host" if is_refused else "the host"
        kind = MailkitAccessError if is_refused else MailkitResponseError
        return kind(
            f"{function}: HTTP status {status}. Check {check} of {named(self.connection)}. "
            f"The answer begins with: {shown}",
            function=function,
        )

    @contextmanager
    def advising(self, request: Request) -> Iterator[None]:
        """Add the call, the connection and advice to an error answer of Mailkit."""
        try:
            yield
        except MailkitError as error:
            add_advice(error, request.parameters, self.connection)
            raise

    def retry_delay_s(
        self, error: MailkitError, attempt: int, waited_s: float, jitter: float
    ) -> float | None:
        """Return the seconds before the next try of a read, and log it; None if there is none."""
        delay = self.retry.delay_s(error, attempt, waited_s, jitter)
        if delay is not None:
            where = f"Connection '{self.connection}': " if self.connection else ""
            log.warning(
                "%s%s Try %d of %d; the next one in %.1f s.",
                where, error, attempt, self.retry.max_attempts, delay,
            )  # fmt: skip
            if self.on_retry is not None:
                self.on_retry(error.function, self.connection)
        return delay
