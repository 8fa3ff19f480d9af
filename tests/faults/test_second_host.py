"""Credentials go to the host of the connection and to no other: no redirect, no proxy, no plain http."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from faults.columns import COLUMNS
from support.reports import CLIENT_ID, CLIENT_MD5, PROTOCOLS, Protocol, encode
from support.server import FaultServer, plain

from airflow_provider_mailkit.exceptions import MailkitError, MailkitResponseError, MailkitTransportError

pytestmark = pytest.mark.trust

every_column = pytest.mark.parametrize("column", COLUMNS)
both_protocols = pytest.mark.parametrize("protocol", PROTOCOLS)
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture
def other() -> Iterator[FaultServer]:
    """A server that nobody may ask, though it would answer."""
    with FaultServer([plain(encode("json", []))]) as server:
        yield server


@pytest.fixture
def proxies(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set the proxies of the environment, all of them."""

    def use(**addresses: str) -> None:
        for name in PROXIES:
            for spelling in (name, name.upper()):
                monkeypatch.delenv(spelling, raising=False)
                if name in addresses:
                    monkeypatch.setenv(spelling, addresses[name])

    return use


@both_protocols
@every_column
@pytest.mark.parametrize("status", [200, 300, 301, 302, 303, 305, 307, 308])
def test_no_redirect_is_followed(
    status: int, column: str, protocol: Protocol, lab: Any, other: FaultServer, waits: Any, tmp_path: Path,
    count_combinations: Callable[..., None],
) -> None:  # fmt: skip
    """A 200 with such headers is not a redirect either."""
    address = f"{other.base_url}/json.fcgi"
    answer = plain(b"<html>", status, location=address, refresh=f"0; url={address}", content_location=address)
    with FaultServer([answer]) as server:
        lab.connect(server.base_url, protocol)
        ran = COLUMNS[column](tmp_path)
        assert len(server.requests) == 1
    assert isinstance(ran.error, MailkitResponseError)
    assert not other.requests
    count_combinations("second hosts")


@every_column
def test_a_proxy_sees_nothing_of_plain_http(
    column: str, lab: Any, other: FaultServer, proxies: Callable[..., None], tmp_path: Path,
    count_combinations: Callable[..., None],
) -> None:  # fmt: skip
    """Plain http goes to this machine only, so a proxy has no business there."""
    from faults.bodies import whole

    proxies(http_proxy=other.base_url, https_proxy=other.base_url, all_proxy=other.base_url)
    with FaultServer([plain(whole("json"))]) as server:
        lab.connect(server.base_url, "json")
        assert COLUMNS[column](tmp_path).error is None
        assert len(server.requests) == 1
    assert not other.requests
    count_combinations("second hosts")


@every_column
@pytest.mark.parametrize(
    "names", [("https_proxy",), ("all_proxy",), ("https_proxy", "all_proxy")], ids="+".join
)
@pytest.mark.parametrize("scheme", ["http://", "http://somebody:secret-of-proxy@", ""])
def test_a_proxy_sees_a_host_and_no_credentials(
    scheme: str, names: tuple[str, ...], column: str, lab: Any, other: FaultServer, waits: Any,
    proxies: Callable[..., None], tmp_path: Path, count_combinations: Callable[..., None],
) -> None:  # fmt: skip
    """Both clients use the same proxies, written in the same ways."""
    address = other.base_url.replace("http://", scheme)
    proxies(**dict.fromkeys(names, address))
    other.script = [plain(b"", 403)]
    lab.connect("https://mailkit.example.com", "json")
    ran = COLUMNS[column](tmp_path)
    assert isinstance(ran.error, MailkitTransportError)
    assert "proxy" in str(ran.error)
    assert "secret-of-proxy" not in str(ran.error)
    assert other.requests
    for request in other.requests:
        assert (request.method, request.path, request.body) == ("CONNECT", "mailkit.example.com:443", b"")
        assert ("proxy-authorization" in request.headers) is ("@" in scheme)
        assert CLIENT_MD5.encode() not in request.head
        assert CLIENT_ID.encode() not in request.head
    count_combinations("second hosts")


@every_column
@pytest.mark.parametrize(
    "host", ["http://api.mailkit.eu", "http://192.0.2.1:8080", "http://localhost.example.com"]
)
def test_plain_http_to_another_host_opens_no_connection(
    host: str, column: str, lab: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    count_combinations: Callable[..., None],
) -> None:  # fmt: skip
    def refuse(*arguments: Any, **others: Any) -> None:
        raise AssertionError(f"a connection was tried: {arguments}")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    lab.connect(host, "json")
    # Not the client ID of the sandbox, which may go anywhere.
    connection = json.loads(os.environ["AIRFLOW_CONN_MAILKIT_DEFAULT"]) | {"login": "1000002"}
    monkeypatch.setenv("AIRFLOW_CONN_MAILKIT_DEFAULT", json.dumps(connection))
    ran = COLUMNS[column](tmp_path)
    assert isinstance(ran.error, MailkitError), ran.error
    assert "https://" in str(ran.error)
    assert not ran.error.retryable
    count_combinations("second hosts")
