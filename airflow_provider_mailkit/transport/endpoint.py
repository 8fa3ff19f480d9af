"""Where and how Mailkit is called, and what the head of an answer means: shared by both clients."""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from airflow_provider_mailkit import __version__
from airflow_provider_mailkit.catalogue.function import Function
from airflow_provider_mailkit.catalogue.functions import find
from airflow_provider_mailkit.catalogue.report import Report
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
from airflow_provider_mailkit.protocol.json_decoder import JsonDecoder
from airflow_provider_mailkit.protocol.request import Credentials, Protocol, Request, make_request
from airflow_provider_mailkit.protocol.retry import RetryPolicy, parse_retry_after
from airflow_provider_mailkit.protocol.xmlrpc_decoder import XmlRpcDecoder

DEFAULT_BASE_URL = "https://api.mailkit.eu"
#: How many bytes are read from the socket at a time: many, since each time costs as much as ten recipients.
CHUNK_BYTES = 2**18
#: How much of an answer with an error status is read, to find out what the error is.
MAX_ERROR_BYTES = 2**16
#: How many seconds that may take.
ERROR_PAGE_S = 10.0

_RETRYABLE_STATUSES = (408, 429)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One Mailkit account as seen from here. Can be shared by threads; holds no connection.

    :param base_url: scheme, host and port, without a slash at the end.
    :param connection: ID of the connection, for messages; empty if it has none that its user knows.
    :param connect_timeout_s: seconds for the connection to be made.
    :param read_timeout_s: seconds between two reads; an answer may take much longer in all.
    :param zone: the zone of the account's dates; None leaves them without offset.
    :param max_concurrent_requests: how many waits of one event loop may poll the account at a time.
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

    @property
    def redactor(self) -> Redactor:
        """What makes texts of the server fit to be shown."""
        return Redactor((self.credentials.client_id, self.credentials.client_md5))

    @property
    def call_limit_s(self) -> float:
        """The seconds that a whole answer may take: ten minutes, unless the read time-out was changed."""
        return 5 * self.read_timeout_s

    @property
    def poll_limit_s(self) -> float:
        """The seconds that counting a report may take: an hour, unless the read time-out was changed."""
        return 30 * self.read_timeout_s

    @property
    def uses_proxies(self) -> bool:
        """Whether proxies of the environment apply: not to plain http, which they could read."""
        return self.base_url.startswith("https:")

    @property
    def proxy(self) -> str | None:
        """The proxy of the environment for this host, if there is one."""
        host = urlsplit(self.base_url).hostname or ""
        if not self.uses_proxies or proxy_bypass(host):
            return None
        proxies = getproxies()
        proxy = proxies.get("https") or proxies.get("all")
        # As requests has it: a proxy is often written without its scheme.
        return f"http://{proxy}" if proxy and "://" not in proxy else proxy

    def request(
        self, function: str | Function, parameters: Mapping[str, Any] | None = None, *, checked: bool = False
    ) -> Request:
        """Encode a call in the protocol of this endpoint, see :func:`make_request`."""
        return make_request(
            self.protocol, self.credentials, function, parameters, checked=checked, zone=self.zone
        )

    def url(self, request: Request) -> str:
        """Return the address that a request is posted to."""
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
        kind = JsonDecoder if self.protocol == "json" else XmlRpcDecoder
        return kind(report, columns, zone=self.zone, redactor=self.redactor, **options)

    def decode(self, function: str, body: bytes, *, checked: bool = False) -> Any:
        """Decode a whole answer of any function; of a checked call, with the types of the catalogue."""
        answer = decode_answer(self.protocol, function, body, self.redactor)
        declared = find(function) if checked else None
        if declared is None:
            return answer
        from airflow_provider_mailkit.catalogue.typed import typed_answer

        return typed_answer(declared, answer)

    @staticmethod
    def explains(status: int) -> bool:
        """Tell whether the body of an answer with this HTTP status is looked at."""
        return 400 <= status < 500 and status not in _RETRYABLE_STATUSES

    def status_error(self, function: str, status: int, retry_after: str | None, body: bytes) -> MailkitError:
        """Make the exception for an HTTP status other than 200; such an answer is never taken for data.

        :param retry_after: the ``Retry-After`` header.
        :param body: the beginning of the answer; for a client error it may hold the API's own error.
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
                f"{function}: HTTP status {status}: redirects are not followed, credentials would go along. "
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
        shown = self.redactor.excerpt(body) or "(nothing)"
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
        """Let an error answer of Mailkit say what was asked for, over which connection, and what to do."""
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
        return delay


def network_error(function: str, error: BaseException) -> MailkitTransportError:
    """Make the exception for a failure of the network or of the HTTP library.

    Only the kind of the failure is told: the libraries' own texts and objects hold the request.
    """
    chain = _chain(error)
    names = " ".join(type(link).__name__ for link in chain)
    what = next((what for kinds, what in _KINDS if re.search(kinds, names)), "the connection failed")
    reason = next((link.strerror for link in chain if isinstance(link, OSError) and link.strerror), None)
    detail = f" ({reason})" if reason and "Timeout" not in names else ""
    return MailkitTransportError(f"{function}: {what}{detail}.", function=function)


_KINDS = (
    ("ConnectTimeout|ConnectionTimeoutError", "no connection within the connect time-out"),
    ("ReadTimeout|SocketTimeoutError|ServerTimeoutError|TimeoutError", "no data within the read time-out"),
    ("SSL|Certificate", "the TLS connection failed"),
    ("NameResolution|gaierror|DNSError", "the host name was not found: check the host of the connection"),
    ("Proxy", "the proxy refused the connection"),
    (
        "ServerDisconnected|RemoteDisconnected|BadStatusLine",
        "the server closed the connection without an answer",
    ),
    ("ClientResponseError|InvalidHeader|LineTooLong", "the answer is not valid HTTP"),
    ("IncompleteRead|PayloadError|ProtocolError|ChunkedEncoding|ContentLength", "the answer was cut"),
)


def _chain(error: BaseException) -> list[BaseException]:
    """Return an exception and those that led to it; the libraries also keep them in args and reason."""
    found: list[BaseException] = []
    pending: list[Any] = [error]
    while pending and len(found) < 20:
        link = pending.pop(0)
        if isinstance(link, BaseException) and link not in found:
            found.append(link)
            pending += [*link.args, getattr(link, "reason", None), link.__cause__, link.__context__]
    return found


def is_loopback(base_url: str) -> bool:
    """Tell whether a URL leads to this machine without asking a name server."""
    host = urlsplit(base_url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
