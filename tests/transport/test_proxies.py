"""Which proxy both clients use, for which hosts, and what they say of one that cannot be used."""

from __future__ import annotations

import ssl
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from support.ports import free_port
from support.reports import CLIENT_MD5, assert_discreet, encode, recipients
from support.server import FaultServer, plain
from support.tls import trust
from support.tunnel import Tunnel
from transport.bodies import COUNT, JSON_BODY
from transport.clients import Client, ask, assert_transport_error, endpoint

from airflow_provider_mailkit.exceptions import MailkitEnvironmentError, MailkitTransportError
from airflow_provider_mailkit.transport.proxies import is_excluded

BODY = encode("json", recipients(3))


@pytest.fixture(autouse=True)
def environment(no_proxies: None) -> None:
    """No test sees the proxies of this machine."""


EXCLUDED = [
    ("api.example.com", "api.example.com"),
    ("API.example.COM", "api.EXAMPLE.com"),
    ("api.example.com", "example.com"),
    ("api.example.com", ".example.com"),
    ("example.com", ".example.com"),
    ("api.example.com", "*.example.com"),
    ("api.example.com", "com"),
    ("api.example.com", "example.org, example.com"),
    ("api.example.com", "example.org example.com"),
    ("api.example.com", ",,example.com,"),
    ("api.example.com", "example.com."),
    ("api.example.com.", "example.com"),
    ("api.example.com", "*"),
    ("api.example.com", "example.org,*"),
    ("api.example.com", "example.com:443"),
    ("api.example.com", "*:443"),
    ("10.1.2.3", "10.1.2.3"),
    ("10.1.2.3", "10.1.2.3:443"),
    ("10.1.2.3", "10.0.0.0/8"),
    ("10.1.2.3", "192.168.0.0/16,10.0.0.0/8"),
    ("10.1.2.3", "10.1.2.3/8"),
    ("10.1.2.3", "10.0.0.0/255.0.0.0"),
    ("10.1.2.3", "0.0.0.0/0"),
    ("10.1.2.3", "*"),
    ("2001:db8::1", "2001:db8::1"),
    ("2001:db8::1", "2001:DB8:0::1"),
    ("2001:db8::1", "[2001:db8::1]"),
    ("2001:db8::1", "[2001:db8::1]:443"),
    ("2001:db8::1", "2001:db8::/32"),
    ("2001:db8::1", "[2001:db8::]/32"),
    ("::1", "::1"),
]

NOT_EXCLUDED = [
    ("api.example.com", ""),
    ("api.example.com", " , "),
    ("api.example.com", "ple.com"),
    ("api.example.com", "v1.api.example.com"),
    ("notexample.com", "example.com"),
    ("notexample.com", ".example.com"),
    ("api.example.com", "example.com:8443"),
    ("api.example.com", "*:8443"),
    ("api.example.com", "."),
    ("api.example.com", ":443"),
    ("api.example.com", "10.0.0.0/8"),
    ("api.example.com", "example.com/8"),
    ("api.example.com", "https://api.example.com"),
    ("11.1.2.3", "10.0.0.0/8"),
    ("10.1.2.3", "10.1.2.3:80"),
    ("10.1.2.3", "2.3"),
    ("10.1.2.3", "10.0.0.0/33"),
    ("10.1.2.3", "10.1.2.30"),
    ("10.1.2.3", "::/0"),
    ("2001:db8::1", "2001:db8::/129"),
    ("2001:db8::1", "0.0.0.0/0"),
    ("2001:db8::1", "[2001:db8::1]:80"),
    ("2001:db8::1", "2001:db8::10"),
]


@pytest.mark.parametrize(("host", "no_proxy"), EXCLUDED)
def test_hosts_that_go_past_the_proxy(host: str, no_proxy: str) -> None:
    assert is_excluded(host, 443, no_proxy)


@pytest.mark.parametrize(("host", "no_proxy"), NOT_EXCLUDED)
def test_hosts_that_do_not(host: str, no_proxy: str) -> None:
    assert not is_excluded(host, 443, no_proxy)


@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
@pytest.mark.parametrize(
    ("no_proxy", "is_direct"),
    [
        ("127.0.0.0/8", True),
        ("127.0.0.1:{port}", True),
        ("*", True),
        ("10.0.0.0/8, 127.0.0.1", True),
        ("10.0.0.0/8", False),
        ("127.0.0.1:1", False),
    ],
)
def test_both_clients_follow_no_proxy(
    client: Client, no_proxy: str, is_direct: bool, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv(name, no_proxy.format(port=port))
    with FaultServer([plain(b"", 403)]) as proxy:
        monkeypatch.setenv("https_proxy", proxy.base_url)
        got = client.report(endpoint(f"https://127.0.0.1:{port}"))
        assert len(proxy.requests) == (0 if is_direct else 1)
    assert_transport_error(got, match="the connection failed" if is_direct else "the proxy refused")


@pytest.fixture
def through(
    tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Client, str, bool], Tunnel]:
    """Read a report over TLS through a proxy, whose address is written in some way."""
    trust(certificate, monkeypatch)

    def read(client: Client, written: str, with_tls: bool) -> Tunnel:
        with (
            FaultServer([plain(BODY)], tls) as server,
            Tunnel(server.port, tls if with_tls else None) as tunnel,
        ):
            monkeypatch.setenv("https_proxy", written.format(tunnel.address))
            got = client.report(endpoint(f"https://127.0.0.1:{server.port}"))
            assert (got.error, len(got.rows), len(server.requests)) == (None, 3, 1)
            assert "proxy-authorization" not in server.requests[0].headers
        (request,) = tunnel.requests
        assert (request.method, request.path, request.body) == ("CONNECT", f"127.0.0.1:{server.port}", b"")
        assert CLIENT_MD5.encode() not in request.head
        return tunnel

    return read


@pytest.mark.parametrize("with_tls", [False, True], ids=["http", "https"])
def test_a_report_through_a_proxy(client: Client, with_tls: bool, through: Callable[..., Tunnel]) -> None:
    """TLS goes through the proxy, and maybe through TLS with it."""
    tunnel = through(client, "https://{}/" if with_tls else "http://{}", with_tls)
    assert "proxy-authorization" not in tunnel.requests[0].headers


@pytest.mark.parametrize("with_tls", [False, True], ids=["http", "https"])
@pytest.mark.parametrize(
    ("login", "sent"),
    [
        ("user:word", "user:word"),
        ("user", "user:"),
        ("domain%5Cuser:p%40ss%3A%2F", "domain\\user:p@ss:/"),
        ("ž:ř", "ž:ř"),
    ],
)
def test_a_login_for_the_proxy(
    client: Client, login: str, sent: str, with_tls: bool, through: Callable[..., Tunnel]
) -> None:
    tunnel = through(client, f"http{'s' * with_tls}://{login}@{{}}", with_tls)
    expected = f"Basic {b64encode(sent.encode()).decode()}"
    assert tunnel.requests[0].headers["proxy-authorization"] == expected


def test_a_large_report_through_tls_in_tls(
    client: Client, tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(certificate, monkeypatch)
    body = encode("json", recipients(7001))
    with FaultServer([plain(body)], tls) as server, Tunnel(server.port, tls) as tunnel:
        monkeypatch.setenv("all_proxy", f"https://{tunnel.address}")
        got = client.report(endpoint(server.base_url))
    assert (got.error, len(got.rows)) == (None, 7001)


@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("socks5://127.0.0.1:{}", "SOCKS"),
        ("socks5h://user:secret-of-proxy@127.0.0.1:{}", "SOCKS"),
        ("socks4://127.0.0.1:{}", "SOCKS"),
        ("SOCKS4A://127.0.0.1:{}", "SOCKS"),
        ("socks://127.0.0.1:{}", "SOCKS"),
        ("ftp://127.0.0.1:{}", "begin with http:// or https://"),
        ("://127.0.0.1:{}", "begin with http:// or https://"),
        ("http://", "an address such as"),
        ("http://user:secret-of-proxy@", "an address such as"),
        ("http://user:secret-of-proxy#@127.0.0.1:{}", "an address such as"),
        ("http://proxy..example.com:{}", "an address such as"),
        ("http://127.0.0.1:99999", "an address such as"),
        ("http://127.0.0.1:0", "an address such as"),
        ("http://127.0.0.1:port", "an address such as"),
        ("http://127.0.0.1:{}/path", "an address such as"),
        ("http://[::1:{}", "an address such as"),
        ("http://a b:{}", "an address such as"),
    ],
)
def test_a_proxy_that_cannot_be_used(
    client: Client, address: str, why: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said at once and for good, and nobody is called."""
    with FaultServer([plain(b"[]")]) as server:
        monkeypatch.setenv(variable, address.format(server.port))
        got = client.report(endpoint("https://mailkit.example.com"))
        assert not server.requests
    assert got.kind is MailkitEnvironmentError, got.error
    assert not got.error.retryable
    for shown in (why, f"({variable.lower()})", "no_proxy"):
        assert shown in str(got.error)
    assert "secret-of-proxy" not in str(got.error)
    assert got.error.__context__ is None
    assert_discreet(got.error)


def test_a_proxy_for_an_excluded_host_may_be_of_any_kind(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "socks5://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert_transport_error(client.report(endpoint(f"https://127.0.0.1:{free_port()}")))


def test_a_proxy_that_is_not_there(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{free_port()}")
    got = client.report(endpoint("https://mailkit.example.com"))
    assert_transport_error(got, match="the connection to the proxy failed")
    monkeypatch.setenv("https_proxy", "http://proxy.invalid:3128")
    got = client.report(endpoint("https://mailkit.example.com"))
    assert_transport_error(got, match="the name of the proxy was not found")


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "status 403"),
        (b"HTTP/1.1 407 Login\r\nContent-Length: 3\r\n\r\nabc", "password into the address in https_proxy"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n", "status 302"),
        (b"HTTP/1.1 200 OK\r\n\r\n[]", "failed"),
        (b"SSH-2.0-OpenSSH\r\n", "not valid HTTP"),
        (b"", "without an answer"),
        (b"HTTP/1.1 103 E\r\n\r\nHTTP/1.1 502 Bad\r\n\r\n", "the proxy refused the connection"),
    ],
)
def test_a_proxy_that_opens_no_tunnel(
    client: Client, answer: bytes, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer([[answer]]) as proxy:
        monkeypatch.setenv("https_proxy", f"http://user:secret-of-proxy@127.0.0.1:{proxy.port}")
        got = client.report(endpoint("https://mailkit.example.com"))
    error = assert_transport_error(got, match=shown)
    assert "secret-of-proxy" not in str(error)


def test_proxies_and_netrc_of_the_environment_are_not_used_for_plain_http(
    client: Client, tempting: FaultServer
) -> None:
    got, server = ask(client, [plain(JSON_BODY)])
    assert (got.error, len(got.rows)) == (None, COUNT)
    assert not tempting.requests
    assert "authorization" not in server.requests[0].headers


def test_https_goes_through_the_proxy_and_tells_it_nothing(client: Client, tempting: FaultServer) -> None:
    """The proxy sees a CONNECT, without body, and refuses it here."""
    tempting.script = [plain(b"no", 403)]
    got = client.report(endpoint("https://127.0.0.1:9"))
    assert got.error is not None
    assert isinstance(got.error, MailkitTransportError)
    (request,) = tempting.requests
    assert (request.method, request.path, request.body) == ("CONNECT", "127.0.0.1:9", b"")
    assert not {"authorization", "proxy-authorization"} & request.headers.keys()
    assert_discreet(got.error)


def test_a_host_outside_the_proxy(
    client: Client, tempting: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    got = client.report(endpoint(f"https://127.0.0.1:{free_port()}"))
    assert_transport_error(got)
    assert not tempting.requests
