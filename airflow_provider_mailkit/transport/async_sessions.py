"""Sessions of aiohttp, each made for one client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit.transport.endpoint import Endpoint
from airflow_provider_mailkit.transport.heads import MAX_LINE_BYTES

if TYPE_CHECKING:
    import aiohttp

# aiohttp stops receiving at twice this size. It is small, since every wait of a triggerer has such a buffer.
_BUFFER_BYTES = 2**17


def open_async_session(endpoint: Endpoint) -> aiohttp.ClientSession:
    """Return a session that makes a connection for each request, and records that in the request's outcome.

    The outcome (:class:`~.outcome.Outcome`) is given to a request as ``trace_request_ctx``.
    """
    import aiohttp

    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(
            # No limit in total: a report of millions takes as long as it takes.
            total=None,
            connect=None,
            sock_connect=endpoint.connect_timeout_s,
            sock_read=endpoint.read_timeout_s,
        ),
        # Polls are far apart, and a kept connection would cost a socket for every wait.
        connector=aiohttp.TCPConnector(force_close=True),
        auto_decompress=False,
        read_bufsize=_BUFFER_BYTES,
        max_line_size=MAX_LINE_BYTES,
        max_field_size=MAX_LINE_BYTES,
        cookie_jar=aiohttp.DummyCookieJar(),
        trace_configs=[_connections()],
        # Not trust_env: it would also take a login for the host out of a .netrc file.
        trust_env=False,
    )


def _connections() -> aiohttp.TraceConfig:
    import aiohttp

    async def begun(session: aiohttp.ClientSession, context: Any, what: Any) -> None:
        context.trace_request_ctx.connecting()

    async def made(session: aiohttp.ClientSession, context: Any, what: Any) -> None:
        context.trace_request_ctx.connected()

    traces = aiohttp.TraceConfig()
    traces.on_connection_create_start.append(begun)
    # This comes after TLS and the tunnel of a proxy.
    traces.on_connection_create_end.append(made)
    return traces
