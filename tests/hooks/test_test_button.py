"""The Test button of the connection form: what it asks, what it says, and that it always ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from support.reports import CLIENT_ID, CLIENT_MD5, Protocol, api_error, encode
from support.server import End, FaultServer, Step, plain

from airflow_provider_mailkit.hooks import _test_button
from airflow_provider_mailkit.hooks.mailkit import MailkitHook

Define = Callable[..., str]


def test_test_connection_makes_one_call_that_only_reads(
    protocol: Protocol, mailkit_connection: Define
) -> None:
    with FaultServer([plain(encode(protocol, []))]) as server:
        mailkit_connection(server.base_url, protocol)
        assert MailkitHook().test_connection() == (True, "Mailkit accepted the credentials.")
        (request,) = server.requests
        assert b"mailkit.mailinglist.list" in request.body


def test_test_connection_tells_the_cases_apart(protocol: Protocol, mailkit_connection: Define) -> None:
    answers: dict[str, list[Step]] = {
        "Unauthorized": plain(api_error(protocol, "Unauthorized")),
        "Disallowed IP 192.0.2.7": plain(api_error(protocol, "Disallowed IP 192.0.2.7")),
        "401": plain(b"", 401),
        "301": plain(b"", 301, location="https://example.com"),
        "503": plain(b"", 503),
        "without an answer": [],
        "Welcome": plain(b"<html>Welcome</html>"),
    }
    said = []
    for shown, answer in answers.items():
        with FaultServer([answer]) as server:
            mailkit_connection(server.base_url, protocol)
            worked, message = MailkitHook().test_connection()
            assert worked is False
            assert shown in message
            assert CLIENT_MD5 not in message
            assert CLIENT_ID not in message
            assert len(server.requests) == 1, "the button does not try again"
        said.append(message)
    mailkit_connection(server.base_url, protocol)
    said.append(MailkitHook().test_connection()[1])
    mailkit_connection("https://mailkit.invalid", protocol)
    said.append(MailkitHook().test_connection()[1])
    assert "host name was not found" in said[-1]
    assert len(set(said)) == len(answers) + 2


def test_test_connection_speaks_to_somebody_in_front_of_a_form(mailkit_connection: Define) -> None:
    with FaultServer([plain(api_error("json", "Unauthorized"))]) as server:
        mailkit_connection(server.base_url)
        assert MailkitHook().test_connection()[1] == (
            "Mailkit answered with the error: Unauthorized. "
            "Check the client ID (login) and the MD5 code (password) of the connection."
        )
    assert MailkitHook().test_connection()[1] == (
        f"No usable answer from {server.base_url}: the connection failed (Connection refused)."
    )
    mailkit_connection(server.base_url, "soap", conn_id="p0JwI6I9")
    assert MailkitHook("p0JwI6I9").test_connection()[1] == (
        "The connection cannot be used: extra 'protocol' must be json or xmlrpc."
    )
    mailkit_connection(server.base_url, password="")
    assert MailkitHook().test_connection()[1] == (
        "The connection cannot be used: password (MD5 code) missing. "
        "A saved code is not shown: type it again to test it."
    )


def test_test_connection_leaves_the_hash_key_to_the_form(
    mailkit_connection: Define, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A web server that masks the key shows ``***`` in the form, and Airflow 3.0 to 3.2 would save that."""
    masked: list[str] = []
    monkeypatch.setattr("airflow_provider_mailkit._compat.mask_secret", masked.append)
    with FaultServer([plain(encode("json", []))]) as server:
        mailkit_connection(server.base_url, hash_secret="a-hash-key")
        assert MailkitHook().test_connection()[0]
    assert CLIENT_MD5 in masked
    assert "a-hash-key" not in masked


def test_test_connection_names_what_is_wrong_with_the_connection(mailkit_connection: Define) -> None:
    mailkit_connection("https://api.example.com", login="", password="")
    worked, message = MailkitHook().test_connection()
    assert (worked, "login" in message, "password" in message) == (False, True, True)
    mailkit_connection("https://api.example.com", "soap")
    assert "protocol" in MailkitHook().test_connection()[1]
    mailkit_connection("https://api.example.com", "xmlrpc", login="me")
    assert "login" in MailkitHook().test_connection()[1]


def test_test_connection_never_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: MailkitHook) -> None:
        raise ZeroDivisionError(CLIENT_MD5)

    monkeypatch.setattr(MailkitHook, "account", property(fail))
    worked, message = MailkitHook().test_connection()
    assert worked is False
    assert "ZeroDivisionError" in message
    assert CLIENT_MD5 not in message


def test_test_connection_ends_against_a_silent_server(
    mailkit_connection: Define, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _test_button.TEST_TIMEOUT_S < 15
    monkeypatch.setattr(_test_button, "TEST_TIMEOUT_S", 0.3)
    with FaultServer([[End.SILENCE]]) as server:
        mailkit_connection(server.base_url)
        start = time.monotonic()
        assert MailkitHook().test_connection() == (False, "No answer within 0 seconds.")
        assert time.monotonic() - start < 5


def test_test_connection_ends_against_a_trickling_server(
    mailkit_connection: Define, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is never silent for long, so that no time-out between two reads ends it."""
    from support.server import Pause

    def trickle(number: int, request: object) -> Any:
        yield b"HTTP/1.1 200 OK\r\n\r\n["
        while True:
            yield Pause(0.02)
            yield b" "

    monkeypatch.setattr(_test_button, "TEST_TIMEOUT_S", 0.3)
    with FaultServer(trickle) as server:
        mailkit_connection(server.base_url)
        start = time.monotonic()
        assert MailkitHook().test_connection()[0] is False
        assert time.monotonic() - start < 5


def test_test_connection_says_so_where_no_thread_is_left(
    mailkit_connection: Define, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    mailkit_connection("http://127.0.0.1:9")
    monkeypatch.setattr(threading.Thread, "start", start)
    assert MailkitHook().test_connection() == (
        False,
        "The test could not be made: this machine has no thread left.",
    )
