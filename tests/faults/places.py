"""Addresses to call at which something is wrong before HTTP begins."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from support.ports import free_port, full_listener
from support.reports import Protocol, encode
from support.server import FaultServer, Pause, close_delimited, plain
from support.tls import make_certificate, server_context, trust

#: Makes a place and yields its base URL.
Place = Callable[[Protocol, Path, pytest.MonkeyPatch], Iterator[str]]


def refused(protocol: Protocol, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    yield f"http://127.0.0.1:{free_port()}"


def no_such_name(protocol: Protocol, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    yield "https://mailkit.invalid"


def no_room(protocol: Protocol, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with full_listener() as base_url:
        yield base_url


def no_tls(protocol: Protocol, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with FaultServer([plain(b"[]")]) as server:
        yield server.base_url.replace("http:", "https:")
        assert {request.head for request in server.requests} == {b"TLS"}


def silent_tls(protocol: Protocol, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"


def untrusted(protocol: Protocol, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    certificate = make_certificate(folder / "untrusted.pem")
    with FaultServer([plain(b"[]")], server_context(certificate)) as server:
        yield server.base_url
        assert not server.requests, "credentials went to a server that is not trusted"


def wrong_name(protocol: Protocol, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    certificate = make_certificate(folder / "name.pem", x509.DNSName("mailkit.example.com"))
    trust(certificate, monkeypatch)
    with FaultServer([plain(b"[]")], server_context(certificate)) as server:
        yield server.base_url
        assert not server.requests, "credentials went to a server with another name"


def cut_tls(protocol: Protocol, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The connection ends without the goodbye of TLS, as when somebody in between cuts it."""
    certificate = make_certificate(folder / "cut.pem")
    trust(certificate, monkeypatch)
    body = encode(protocol, [])
    answer = [*close_delimited(body[: len(body) // 2]), Pause(0.02)]
    with FaultServer([answer], server_context(certificate), totals=None) as server:
        yield server.base_url
        assert server.requests


@contextmanager
def standing(
    place: Place, protocol: Protocol, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Make a place for the time of a ``with`` statement."""
    yield from place(protocol, folder, monkeypatch)
