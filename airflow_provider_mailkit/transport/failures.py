"""What failures of the network and of the HTTP libraries mean."""

from __future__ import annotations

import re
from typing import Any

from airflow_provider_mailkit.exceptions import MailkitTransportError
from airflow_provider_mailkit.transport.proxies import Proxy


def network_error(function: str, error: BaseException, proxy: Proxy | None) -> MailkitTransportError:
    """Make the exception for a failure of the network or of the HTTP library.

    It says only the kind of the failure, since the libraries' texts and objects hold the request.

    :param proxy: the proxy of the connection.
    """
    chain = _chain(error)
    if proxy and (status := _refusal(chain)):
        advice = " Write user and password into the address in https_proxy." if status == 407 else ""
        return MailkitTransportError(
            f"{function}: the proxy refused the connection with HTTP status {status}.{advice}",
            function=function,
        )
    names = " ".join(type(link).__name__ for link in chain)
    what = next((what for kinds, what in _KINDS if re.search(kinds, names)), "the connection failed")
    if proxy and what is _NO_HOST_NAME:
        what = _NO_PROXY_NAME
    reason = next((link.strerror for link in chain if isinstance(link, OSError) and link.strerror), None)
    detail = f" ({reason})" if reason and "Timeout" not in names else ""
    return MailkitTransportError(f"{function}: {what}{detail}.", function=function)


_NO_HOST_NAME = "the host name was not found: check the host of the connection"
# With a proxy only the proxy's name is looked up here. The proxy looks up the host.
_NO_PROXY_NAME = "the name of the proxy was not found: check https_proxy"

_KINDS = (
    ("ConnectTimeout|ConnectionTimeoutError", "no connection within the connect time-out"),
    ("ReadTimeout|SocketTimeoutError|ServerTimeoutError|TimeoutError", "no data within the read time-out"),
    ("SSL|Certificate", "the TLS connection failed"),
    ("NameResolution|gaierror|DNSError", _NO_HOST_NAME),
    (
        "ServerDisconnected|RemoteDisconnected",
        "the server closed the connection without an answer",
    ),
    (
        "ClientResponseError|BadStatusLine|UnknownProtocol|HTTPException|InvalidHeader|LineTooLong",
        "the answer is not valid HTTP",
    ),
    ("IncompleteRead|PayloadError|ProtocolError|ChunkedEncoding|ContentLength", "the answer was cut"),
    ("Proxy", "the connection to the proxy failed"),
)


def _refusal(chain: list[BaseException]) -> int | None:
    """Return the HTTP status with which a proxy refused a tunnel, if it did."""
    for link in chain:
        if type(link).__name__ == "ClientHttpProxyError":
            return int(getattr(link, "status", 0))
        # http.client has it in its text only.
        if told := re.match(r"Tunnel connection failed: ([0-9]{3})\b", str(link)):
            return int(told[1])
    return None


def _chain(error: BaseException) -> list[BaseException]:
    """Return an exception and its causes. The libraries also keep causes in args and reason."""
    found: list[BaseException] = []
    pending: list[Any] = [error]
    while pending and len(found) < 20:
        link = pending.pop(0)
        if isinstance(link, BaseException) and link not in found:
            found.append(link)
            pending += [*link.args, getattr(link, "reason", None), link.__cause__, link.__context__]
    return found
