"""Servers and people that get hold of secrets or addresses and say them back: we never pass them on."""

from __future__ import annotations

import asyncio
import html
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from faults.columns import COLUMNS, Ran
from faults.witness import Witness, as_stored, assert_never_said, told_by
from support import modes
from support.reports import CLIENT_ID, CLIENT_MD5, PROTOCOLS, Protocol, encode, recipient
from support.server import FaultServer, Received, Step, chunks, head, plain

from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.hooks.mailkit import MailkitHook
from airflow_provider_mailkit.protocol.excerpt import Redactor

pytestmark = [pytest.mark.trust, pytest.mark.long]

both_protocols = pytest.mark.parametrize("protocol", PROTOCOLS)
every_column = pytest.mark.parametrize("column", COLUMNS)

ADDRESSES = (
    "person1@example.com, 'person2@example.com' <person3@example.com> person4%40example.com "
    "person5%2540example.com person6&#64;example.com person7&commat;example.com person8\\u0040example.com "
    'mailto:person9@example.com?cc=person10@example.com "person eleven"@example.com o\'person12@example.com '
    "person13\\x40example.com person14\uff20example.com"
)

#: Ways in which an error page repeats what it was sent.
ECHOES: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in HTML": lambda text: f"<html><pre>{html.escape(text)}</pre></html>",
    "in a URL": lambda text: f"<a href='https://example.org/?body={quote(text, safe='')}'>back</a>",
    "in a form": lambda text: f"body={quote_plus(text)}",
    "as JSON text": lambda text: json.dumps({"message": text}),
    "as Python": lambda text: repr(text.encode()),
    "in UTF-16": lambda text: text.encode("utf-16-le").decode("latin-1"),
    "in upper case": str.upper,
    "in a sentence": lambda text: f"Refused: {text} is not allowed",
}
# An excerpt of an answer may show what is around the secrets.
MARKUP = ('"md5"', "methodCall", "%22md5%22")
STATUSES = (200, 400, 401, 403, 404, 422, 500)


def echo(said: str, status: int) -> Callable[[int, Received], list[Step]]:
    def answer(number: int, request: Received) -> list[Step]:
        text = ECHOES[said](f"{request.body.decode()} {CLIENT_ID} {ADDRESSES}")
        return plain(text.encode("latin-1" if "16" in said else "utf-8", "replace"), status)

    return answer


def echo_in_head(place: str) -> Callable[[int, Received], list[Step]]:
    def answer(number: int, request: Received) -> list[Step]:
        said = request.body.replace(b"\n", b" ") + b" person1@example.com"
        line = b"HTTP/1.1 200 OK\r\n"
        match place:
            case "reason":
                return [b"HTTP/1.1 500 " + said + b"\r\n\r\n"]
            case "status line":
                return [said + b"\r\n\r\n"]
            case "chunk":
                return [head(transfer_encoding="chunked"), said + b"\r\n"]
            case "chunk extension":
                return [head(transfer_encoding="chunked"), b"3;a=" + said + b"\r\n[{}\r\nx"]
            case "trailer":
                return [head(transfer_encoding="chunked"), *chunks(b"{"), b"0\r\nX: " + said + b"\r\n\r\n"]
            case "no header":
                return [line + b"no header " + said + b"\r\nContent-Length: 2\r\n\r\n[]"]
            case "half a header":
                return [line + b"X: a\rb " + said + b"\r\nContent-Length: 2\r\n\r\n[]"]
            case _:
                return [line + place.encode() + b": " + said + b"\r\n\r\n"]

    return answer


HEADS = (
    "reason", "status line", "chunk", "chunk extension", "trailer", "no header", "half a header",
    "Content-Length", "Content-Encoding", "Transfer-Encoding", "Set-Cookie", "Location", "Retry-After",
    "Content-Type", "WWW-Authenticate", "Connection", "Upgrade",
)  # fmt: skip


def new_folder(parent: Path) -> Path:
    folder = parent / f"out{len(list(parent.iterdir()))}"
    folder.mkdir()
    return folder


@pytest.fixture
def ask(lab: Any, waits: list[float], witness: Witness, tmp_path: Path) -> Iterator[Callable[..., Ran]]:
    """Run a column against a server, and see that nobody says what must not be said."""
    servers: list[FaultServer] = []

    def run(column: str, script: Any, protocol: Protocol) -> Ran:
        server = FaultServer(script).__enter__()
        servers.append(server)
        lab.connect(server.base_url, protocol)
        modes.kept.clear()
        ran = COLUMNS[column](new_folder(tmp_path))
        assert server.requests
        # Rows are what was asked for; everything beside them is not.
        told = told_by(ran.error) if ran.error else as_stored(ran.pushed)
        assert_never_said(told + "".join(modes.kept) + witness.heard(), but=MARKUP)
        return ran

    yield run
    for server in servers:
        server.__exit__(None, None, None)


@both_protocols
@every_column
@pytest.mark.parametrize("said", ECHOES)
def test_a_body_that_repeats_the_request(
    said: str, column: str, protocol: Protocol, ask: Any, count_combinations: Callable[..., None]
) -> None:
    for status in STATUSES:
        ran = ask(column, echo(said, status), protocol)
        assert isinstance(ran.error, MailkitError)
        count_combinations("echoes")


@both_protocols
@every_column
@pytest.mark.parametrize("place", HEADS)
def test_a_head_that_repeats_the_request(
    place: str, column: str, protocol: Protocol, ask: Any, count_combinations: Callable[..., None]
) -> None:
    ran = ask(column, echo_in_head(place), protocol)
    assert isinstance(ran.error, MailkitError)
    count_combinations("echoes")


@both_protocols
@every_column
@pytest.mark.parametrize("shape", ["error", "fault", "list", "record"])
def test_an_answer_that_repeats_the_request(
    shape: str, column: str, protocol: Protocol, ask: Any, count_combinations: Callable[..., None]
) -> None:
    """As the text of an error, and in places of a report where no address belongs."""

    def answer(number: int, request: Received) -> list[Step]:
        said = f"{request.body.decode()} {ADDRESSES}"
        if shape == "fault" and protocol == "xmlrpc":
            from support.reports import Fault

            return plain(encode(protocol, Fault(1, said)))
        whole: Any = {"error_status": 1, "error": said}
        if shape == "list":
            whole = [said]
        elif shape == "record":
            whole = [recipient(0), recipient(1, READ_COUNT=said, DATE=said)]
        return plain(encode(protocol, said if protocol == "xmlrpc" and shape == "error" else whole))

    ran = ask(column, answer, protocol)
    if shape == "record":
        # The rows before the bad one are what was asked for.
        assert ran.error is not None or "counts" in column or "sensor" in column
    else:
        assert isinstance(ran.error, MailkitError)
    count_combinations("echoes")


@both_protocols
@every_column
def test_a_status_that_is_an_address_is_not_said(
    column: str, protocol: Protocol, lab: Any, waits: list[float], witness: Witness, tmp_path: Path
) -> None:
    """As when the members of a record are shifted by one."""
    many = [
        recipient(n, STATUS=f"person{n}@example.com", AB_VERSION="person0@example.com") for n in range(300)
    ]
    if "XCom" in column:
        many = many[:20]
    with FaultServer([plain(encode(protocol, many))]) as server:
        lab.connect(server.base_url, protocol)
        modes.kept.clear()
        ran = COLUMNS[column](new_folder(tmp_path))
    if "sensor" in column:
        assert isinstance(ran.error, MailkitError)
        assert_never_said(told_by(ran.error))
    else:
        assert ran.error is None
    heard = witness.heard()
    assert_never_said(as_stored(ran.pushed) + "".join(modes.kept) + heard)
    lines = [line for line in heard.splitlines() if "recipients waiting" in line or "Exported" in line]
    assert all(len(line) < 3000 for line in lines)


@pytest.mark.parametrize("said", ECHOES)
def test_a_client_id_inside_a_word_is_not_shown(said: str) -> None:
    """Where it stands alone, also a short one."""
    shown = Redactor((CLIENT_ID, CLIENT_MD5)).excerpt(
        ECHOES[said](f'{{"id":"{CLIENT_ID}"}}').encode("latin-1")
    )
    assert CLIENT_ID not in shown.replace(" ", "")


def test_a_number_that_is_larger_than_any_wait_is_shown_short() -> None:
    with FaultServer([plain(b"", 429, retry_after="9" * 300)]) as server:
        from support.reports import CLIENT_MD5 as MD5

        from airflow_provider_mailkit.protocol.request import Credentials
        from airflow_provider_mailkit.transport.endpoint import Endpoint
        from airflow_provider_mailkit.transport.sync_client import SyncClient

        with pytest.raises(MailkitError) as caught:
            SyncClient(Endpoint(Credentials(CLIENT_ID, MD5), server.base_url)).call("mailkit.report")
    assert len(str(caught.value)) < 150


def test_the_test_button_says_nothing_either(lab: Any, witness: Witness) -> None:
    for said in ECHOES:
        for status in STATUSES:
            with FaultServer(echo(said, status)) as server:
                lab.connect(server.base_url, "json")
                worked, message = MailkitHook().test_connection()
            # A JSON object with a message might be an answer.
            assert not worked or (said, status) == ("as JSON text", 200)
            assert_never_said(message, but=MARKUP)
    assert_never_said(witness.heard(), but=MARKUP)


def test_others_still_hear_what_urllib3_cannot_read(caplog: pytest.LogCaptureFixture) -> None:
    """We are silent about our own calls only."""
    import requests

    with FaultServer([[b"HTTP/1.1 200 OK\r\nno header\r\n\r\n"]]) as server, caplog.at_level(logging.DEBUG):
        asyncio.run(asyncio.sleep(0))
        requests.get(server.base_url, timeout=5).close()
    assert "Failed to parse headers" in caplog.text
