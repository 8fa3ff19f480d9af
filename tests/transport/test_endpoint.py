"""What both clients make of the status of an answer, whatever its body does."""

from __future__ import annotations

import pytest
from support.reports import Protocol, api_error, assert_discreet
from support.server import End, FaultServer, Pause, Step, chunked, close_delimited, gzipped, head, plain
from transport.bodies import JSON_BODY
from transport.clients import QUICK, READS, Client, ask, ask_call

from airflow_provider_mailkit.exceptions import (
    MailkitAccessError,
    MailkitApiError,
    MailkitError,
    MailkitResponseError,
    MailkitTransportError,
)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 300, 304])
@pytest.mark.parametrize("fault", ["whole", "cut", "bad address", "no address"])
def test_redirects_are_not_followed(client: Client, status: int, fault: str) -> None:
    with FaultServer([plain(b"[]")]) as other:
        headers = {"location": f"{other.base_url}/json.fcgi"}
        if fault == "bad address":
            headers = {"location": "http://[::1/\xff"}
        elif fault == "no address":
            headers = {}
        answer = plain(b"" if status == 304 else b"moved", status, **headers)
        if fault == "cut" and status != 304:
            answer = [head(status, content_length=100, **headers), b"moved"]
        got, server = ask(client, [answer], retry=QUICK)
        assert isinstance(got.error, MailkitResponseError), got.error
        assert not got.error.retryable
        assert str(status) in str(got.error)
        assert_discreet(got.error)
        called, called_server = ask_call(client, [answer], READS, retry=QUICK)
        assert isinstance(called.error, MailkitResponseError)
        assert len(server.requests) == len(called_server.requests) == 1
        assert not other.requests


STATUSES: list[tuple[int, str | bytes, type[MailkitError], str]] = [
    (400, "Invalid ID_send", MailkitApiError, "Invalid ID_send"),
    (400, b"", MailkitResponseError, "400"),
    (400, b"<html>Bad Request</html>", MailkitResponseError, "Bad Request"),
    (401, "Unauthorized", MailkitAccessError, "Unauthorized"),
    (401, b"", MailkitAccessError, "401"),
    (403, "Disallowed IP 192.0.2.7", MailkitAccessError, "192.0.2.7"),
    (403, b"<html>Forbidden</html>", MailkitAccessError, "Forbidden"),
    (404, b"<html>Not Found</html>", MailkitResponseError, "Not Found"),
    (404, "Unauthorized", MailkitAccessError, "Unauthorized"),
    (405, b"no", MailkitResponseError, "405"),
    (410, b"[]", MailkitResponseError, "410"),
    (418, JSON_BODY, MailkitResponseError, "418"),
    (413, b"x" * 300_000, MailkitResponseError, "413"),
    (201, b"[]", MailkitResponseError, "201"),
    (204, b"", MailkitResponseError, "204"),
    (206, JSON_BODY, MailkitResponseError, "206"),
    (999, b"", MailkitTransportError, "999"),
    (408, b"", MailkitTransportError, "408"),
    (429, b"", MailkitTransportError, "429"),
    (500, b"<html>oops</html>", MailkitTransportError, "500"),
    (500, "Unauthorized", MailkitTransportError, "500"),
    (502, JSON_BODY, MailkitTransportError, "502"),
    (503, b"", MailkitTransportError, "503"),
    (504, b"", MailkitTransportError, "504"),
]


@pytest.mark.parametrize(("status", "body", "kind", "shown"), STATUSES)
def test_statuses(
    client: Client, protocol: Protocol, status: int, body: str | bytes, kind: type[MailkitError], shown: str
) -> None:
    content = body if isinstance(body, bytes) else api_error(protocol, body)
    for answer in (
        plain(content, status),
        gzipped(content, status),
        chunked(content, 7, status),
        close_delimited(content, status),
        [head(status, content_length=len(content)), content[:9], Pause(0.02), content[9:]],
    )[: 1 if status == 204 else 5]:
        got, server = ask(client, [answer], protocol)
        assert got.kind is kind, got.error
        assert got.error is not None
        assert shown in str(got.error)
        assert got.rows == []
        assert got.error.retryable is (kind is MailkitTransportError)
        assert_discreet(got.error, "person")
        assert len(server.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 429, 503])
@pytest.mark.parametrize("end", [End.RESET, End.SILENCE, None], ids=["reset", "silence", "cut"])
def test_a_status_counts_even_when_its_body_breaks_off(client: Client, status: int, end: End | None) -> None:
    steps: list[Step] = [head(status, content_length=500, retry_after=7), b"<html>Sorry", Pause(0.02)]
    got, _ = ask(client, [[*steps, end] if end else steps], read_timeout_s=0.3)
    expected = {400: MailkitResponseError, 401: MailkitAccessError, 403: MailkitAccessError}
    assert got.kind is expected.get(status, MailkitTransportError), got.error
    assert str(status) in str(got.error)
    if isinstance(got.error, MailkitTransportError):
        assert got.error.retry_after_s == 7


@pytest.mark.parametrize("coding", ["br", "deflate", "zstd"])
def test_a_coding_that_was_not_asked_for(client: Client, coding: str) -> None:
    got, _ = ask(client, [plain(JSON_BODY, content_encoding=coding)])
    assert got.kind is MailkitResponseError
