"""Sessions of requests, each made for one try."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit.transport.endpoint import Route
from airflow_provider_mailkit.transport.http_client import Answer
from airflow_provider_mailkit.transport.outcome import Outcome
from airflow_provider_mailkit.transport.time_limit import TimeLimit

if TYPE_CHECKING:
    import requests


def open_session(route: Route, limit: TimeLimit, read_timeout_s: float, outcome: Outcome) -> requests.Session:
    """Return a session with one route and one time limit, which also covers the head.

    :param outcome: notes when a connection begins and when it is ready.
    """
    import requests

    session = requests.Session()
    # Not trust_env: it would also take a login for the host out of a .netrc file.
    session.trust_env = False
    # Even if it does not follow a redirect, requests would read its body and parse its URL.
    session.get_redirect_target = _no_target  # type: ignore[assignment, method-assign]
    if route.proxy:
        session.proxies = {"https": route.proxy.url}
    answer = partial(Answer, limit=limit, read_timeout_s=read_timeout_s)
    adapter = _adapter_class()(route, partial(_connection, answer, outcome))
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _no_target(response: Any) -> None:
    """Keep requests from reading the target of a redirect."""


@cache
def _adapter_class() -> Any:
    """Return a class. It is created late, since requests is imported late."""
    from requests.adapters import HTTPAdapter

    class Adapter(HTTPAdapter):
        """Passes the TLS context, the proxy's login and our connection classes to urllib3."""

        def __init__(self, route: Route, connection: Any) -> None:
            self._route = route
            self._connection = connection
            super().__init__()

        def build_connection_pool_key_attributes(self, *args: Any, **kwargs: Any) -> Any:
            host, pool = super().build_connection_pool_key_attributes(*args, **kwargs)
            return host, (pool | {"ssl_context": self._route.tls} if self._route.tls else pool)

        def proxy_manager_for(self, proxy: Any, **kwargs: Any) -> Any:
            return super().proxy_manager_for(proxy, proxy_ssl_context=self._route.tls, **kwargs)

        def proxy_headers(self, proxy: Any) -> dict[str, str]:
            return self._route.proxy.headers if self._route.proxy else {}

        def cert_verify(self, conn: Any, *args: Any) -> None:
            # The context has the authorities. requests would add its own.
            conn.cert_reqs = "CERT_REQUIRED"

        def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
            pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
            pool.ConnectionCls = partial(self._connection, pool.ConnectionCls)
            return pool

    return Adapter


def _connection(answer: Any, outcome: Outcome, kind: Any, *args: Any, **kwargs: Any) -> Any:
    made = kind(*args, **kwargs)
    made.response_class = answer
    connect = made.connect

    def connect_and_tell() -> None:
        outcome.connecting()
        connect()
        outcome.connected()

    made.connect = connect_and_tell
    return made
