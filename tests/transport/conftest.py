from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.server import FaultServer, plain
from support.tls import make_certificate, server_context
from transport.clients import CLIENTS, Client

PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(params=CLIENTS, ids=lambda client: client.__name__.lower())
def client(request: pytest.FixtureRequest) -> Client:
    chosen: Client = request.param
    return chosen


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate of our own for this machine."""
    return make_certificate(tmp_path_factory.mktemp("tls") / "both.pem")


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    return server_context(certificate)


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without proxies."""
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def tempting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, no_proxies: None) -> Iterator[FaultServer]:
    """An environment with a proxy for everything, and a login for this machine in a .netrc file."""
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\ndefault login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    with FaultServer([plain(b"[]")]) as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.base_url)
            monkeypatch.setenv(name.upper(), proxy.base_url)
        yield proxy
