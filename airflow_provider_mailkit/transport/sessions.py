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
    """Return a session that takes one way and keeps to a limit, from the first byte of the head on.

    :param outcome: is told when a connection is begun and when it is made.
    """
    import requests

    session = requests.Session()
    # Not trust_env: it would also take a login for the host out of a .netrc file.
    session.trust_env = False
    # Even without following it, requests would read a redirect's body and parse its address.
    session.get_redirect_target = _no_target  # type: ignore[assignment, method-assign]
    if route.proxy:
        session.proxies = {"https": route.proxy.url}
    answer = partial(Answer, limit=limit, read_timeout_s=read_timeout_s)
    adapter = _adapter_class()(route, partial(_connection, answer, outcome))
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _no_target(response: Any) -> None:
    """Keep requests from looking where a redirect leads."""


@cache
def _adapter_class() -> Any:
    """Return a class that is made late, since requests is imported late."""
    from requests.adapters import HTTPAdapter

    class Adapter(HTTPAdapter):
        """Brings a TLS context, a login for the proxy and own connections to where urllib3 uses them."""

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
            # The context has the authorities; requests would add its own ones.
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
