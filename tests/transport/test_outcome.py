"""Whether a call may have acted: both clients against a server that counts what reaches it."""

from __future__ import annotations

import ssl
from contextlib import ExitStack
from typing import Any

import pytest
from support.ports import free_port
from support.reports import CLIENT_MD5, Protocol, assert_discreet, encode
from support.server import End, FaultServer, Step, close_delimited, gzipped, head, plain
from support.tls import trust
from support.tunnel import Tunnel
from transport.clients import CHANGES, Client, ask_call, assert_transport_error, endpoint

from airflow_provider_mailkit.exceptions import (
    MailkitAccessError,
    MailkitApiError,
    MailkitEnvironmentError,
    MailkitError,
    MailkitResponseError,
    MailkitTransportError,
    MailkitUnclearError,
)

ACTING = (
    CHANGES,
    "mailkit.sendmail",
    "mailkit.email.wipe",
    "mailkit.campaigns.messages",
    "mailkit.nobody.knows",
)

LOST: dict[str, list[Step]] = {
    "silence": [End.SILENCE],
    "reset": [End.RESET],
    "closed": [],
    "cut head": [head(content_length=9)[:30]],
    "cut body": [head(content_length=9), b'{"a'],
    "cut inside": close_delimited(b'[{"NAME": "person1@exam'),
    "empty": plain(b""),
    "not HTTP": [b"220 ready\r\n"],
    "page": plain(b"<html>person1@example.com</html>"),
    "cut gzip": close_delimited(b"\x1f\x8b\x08", content_encoding="gzip"),
    "other coding": plain(b"xxx", content_encoding="br"),
    **{str(code): plain(b"", code) for code in (201, 204, 206, 303, 408, 500, 502, 503, 504)},
    "503 Retry-After": plain(b"", 503, retry_after=7),
    "500 page": plain(b"<html>person1@example.com</html>", 500),
}  # fmt: skip


@pytest.mark.parametrize("name", LOST)
def test_nobody_knows(client: Client, protocol: Protocol, name: str) -> None:
    for function in ACTING if name in ("reset", "503") else ACTING[:1]:
        got, server = ask_call(client, [LOST[name]], function, protocol, read_timeout_s=0.2)
        assert got.kind is MailkitUnclearError, (function, got.error)
        assert got.error is not None
        assert not got.error.retryable
        assert got.error.function == function
        assert "It is unclear whether Mailkit has acted" in str(got.error)
        assert str(got.error).startswith(f"{function}: ")
        assert_discreet(got.error, "person")
        assert got.error.__cause__ is None
        assert got.error.__suppress_context__
        assert len(server.requests) == 1


def test_too_large_or_too_slow_an_answer_tells_nothing(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = gzipped(b"[" + b" " * 2**27 + b"]")
    got, server = ask_call(client, [answer], CHANGES)
    assert got.kind is MailkitUnclearError
    assert "larger than" in str(got.error)
    drip = [head(content_length=99), *(b"[" for _ in range(3)), End.SILENCE]
    monkeypatch.setattr("airflow_provider_mailkit.transport.endpoint.Endpoint.call_limit_s", 0.2)
    got, server = ask_call(client, [drip], CHANGES)
    assert got.kind is MailkitUnclearError
    assert "not complete within" in str(got.error)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (plain(b"", 429), MailkitTransportError),
        (plain(b"", 429, retry_after=1), MailkitTransportError),
        (plain(b"", 401), MailkitAccessError),
        (plain(b"<html>", 403), MailkitAccessError),
        (plain(b"<html>", 404), MailkitResponseError),
        (plain(b"", 400), MailkitResponseError),
        (plain(b"", 301, location="http://127.0.0.1:9"), MailkitResponseError),
        (plain(b"", 307, location="http://127.0.0.1:9"), MailkitResponseError),
    ],
)
def test_a_status_that_refuses_the_request(
    client: Client, protocol: Protocol, answer: list[Step], kind: type[MailkitError]
) -> None:
    for function in ACTING[:2]:
        got, server = ask_call(client, [answer], function, protocol)
        assert got.kind is kind
        assert got.error is not None
        assert got.error.retryable is (kind is MailkitTransportError)
        assert len(server.requests) == 1


def test_what_mailkit_answers_is_clear(client: Client, protocol: Protocol) -> None:
    for said, kind in (("Unauthorized", MailkitAccessError), ("Invalid name", MailkitApiError)):
        body = encode(protocol, {"error_status": 1, "error": said} if protocol == "json" else said)
        for status in (200, 400):
            got, _ = ask_call(client, [plain(body, status)], CHANGES, protocol)
            assert got.kind is kind


def test_nothing_is_sent_without_a_connection(
    client: Client, protocol: Protocol, no_proxies: None, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as stack:
        silent = stack.enter_context(FaultServer([[End.SILENCE]]))
        untrusted = stack.enter_context(FaultServer([plain(b"[]")], tls=tls))
        refused = f"127.0.0.1:{free_port()}"
        for url in (
            f"http://{refused}",
            f"https://{refused}",
            "http://nowhere.invalid",
            f"https://127.0.0.1:{silent.port}",
            untrusted.base_url,
        ):
            got = client.call(
                endpoint(url, protocol, connect_timeout_s=0.3, read_timeout_s=0.3), CHANGES, {"name": "x"}
            )
            assert_transport_error(got)
        assert not untrusted.requests


def test_through_a_proxy(
    client: Client, no_proxies: None, tls: ssl.SSLContext, certificate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(certificate, monkeypatch)
    with FaultServer([[End.RESET]], tls=tls) as server:
        with FaultServer([plain(b"", 407)]) as refusing:
            monkeypatch.setenv("https_proxy", refusing.base_url)
            assert_transport_error(client.call(endpoint(server.base_url), CHANGES), match="407")
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{free_port()}")
        assert_transport_error(client.call(endpoint(server.base_url), CHANGES), match="proxy")
        assert not server.requests
        with Tunnel(server.port) as tunnel:
            monkeypatch.setenv("https_proxy", f"http://{tunnel.address}")
            assert client.call(endpoint(server.base_url), CHANGES).kind is MailkitUnclearError
        assert len(server.requests) == 1


def test_a_setting_that_cannot_be_used_is_said_as_it_is(
    client: Client, no_proxies: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "socks5://127.0.0.1:1")
    got = client.call(endpoint("https://127.0.0.1:1"), CHANGES)
    assert got.kind is MailkitEnvironmentError
    assert "SOCKS" in str(got.error)


def test_reads_are_as_they_were(client: Client, protocol: Protocol) -> None:
    for answer, kind in (
        ([End.RESET], MailkitTransportError),
        (plain(b"", 503), MailkitTransportError),
        (plain(b"<html>"), MailkitResponseError),
    ):
        got, _ = ask_call(client, [answer], "mailkit.mailinglist.list", protocol)
        assert got.kind is kind


def test_a_connection_is_told_where_the_library_makes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """What replaces the library's connections, as mocks do, leaves it open whether anything was sent."""
    import requests

    from airflow_provider_mailkit.transport.sync_client import SyncClient

    def lose(*args: Any, **kwargs: Any) -> None:
        raise requests.ConnectionError(CLIENT_MD5)

    monkeypatch.setattr("requests.Session.post", lose)
    with pytest.raises(MailkitUnclearError) as caught:
        SyncClient(endpoint("http://127.0.0.1:1")).call(CHANGES)
    assert_discreet(caught.value)
