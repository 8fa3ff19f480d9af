"""What the hook's errors and retries say: the ID that was asked for, the connection, and what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from support.reports import CLIENT_ID, CLIENT_MD5, Protocol, encode, recipients
from support.server import FaultServer, plain

from airflow_provider_mailkit.exceptions import MailkitAccessError, MailkitApiError, MailkitError
from airflow_provider_mailkit.hooks.mailkit import MailkitHook

CONNECTION = "mailkit_shop"


async def _rows(hook: MailkitHook) -> list[dict[str, Any]]:
    return [row async for row in hook.aiter_recipients(5001)]


ASKS: dict[str, Callable[[MailkitHook], Any]] = {
    "iter_recipients": lambda hook: list(hook.iter_recipients(5001)),
    "count_recipients": lambda hook: hook.count_recipients("5001"),
    "call": lambda hook: hook.call("mailkit.report.message", {"ID_send": 5001}),
    "call that writes": lambda hook: hook.call(
        "mailkit.campaigns.update", {"ID_send": "5001"}, checked=False
    ),
    "aiter_recipients": lambda hook: asyncio.run(_rows(hook)),
    "acount_recipients": lambda hook: asyncio.run(hook.acount_recipients(5001)),
    "acall": lambda hook: asyncio.run(hook.acall("mailkit.report.message", {"ID_send": 5001})),
}


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(
    ("text", "kind", "advice"),
    [
        (
            "Invalid ID_send",
            MailkitApiError,
            f"Check that delivery 5001 exists in the Mailkit account of the connection '{CONNECTION}'.",
        ),
        (
            "Missing range_from",
            MailkitApiError,
            f"Add the parameter range_from to the call for delivery 5001 over the connection '{CONNECTION}'.",
        ),
        (
            "Unauthorized",
            MailkitAccessError,
            f"Check the client ID (login) and the MD5 code (password) of the connection '{CONNECTION}'.",
        ),
        (
            "Disallowed IP 192.0.2.7",
            MailkitAccessError,
            f"Add the address to the allowed IPs of the Mailkit account of the connection '{CONNECTION}' "
            "(Profile / Integration).",
        ),
    ],
)
def test_an_error_answer_names_what_was_asked_for(
    protocol: Protocol,
    mailkit_connection: Callable[..., str],
    status: int,
    text: str,
    kind: type[MailkitError],
    advice: str,
) -> None:
    answer = encode(protocol, {"error_status": 1, "error": text} if protocol == "json" else text)
    with FaultServer([plain(answer, status)], totals=None) as server:
        mailkit_connection(server.base_url, protocol, conn_id=CONNECTION)
        for name, ask in ASKS.items():
            with pytest.raises(kind) as caught:
                ask(MailkitHook(CONNECTION))
            assert str(caught.value).endswith(f": Mailkit answered with the error: {text}. {advice}"), name


def test_an_error_after_records_names_it_too(
    protocol: Protocol, mailkit_connection: Callable[..., str]
) -> None:
    answer = encode(protocol, [*recipients(7), {"error_status": 1, "error": "Invalid ID_send"}])
    with FaultServer([plain(answer)], totals=None) as server:
        mailkit_connection(server.base_url, protocol, conn_id=CONNECTION)
        for ask in ("iter_recipients", "acount_recipients"):
            with pytest.raises(MailkitApiError, match=f"delivery 5001 .* '{CONNECTION}'"):
                ASKS[ask](MailkitHook(CONNECTION))


@pytest.mark.parametrize(
    ("status", "check"),
    [
        (401, "Check the client ID (login), the MD5 code (password) and the host of the connection"),
        (403, "Check the client ID (login), the MD5 code (password) and the host of the connection"),
        (404, "Check the host of the connection"),
        (302, "Check the host of the connection"),
    ],
)
def test_a_page_instead_of_an_answer_names_the_connection(
    mailkit_connection: Callable[..., str], status: int, check: str
) -> None:
    with FaultServer([plain(b"<html>No</html>", status)], totals=None) as server:
        mailkit_connection(server.base_url, conn_id=CONNECTION)
        for ask in ASKS.values():
            with pytest.raises(MailkitError) as caught:
                ask(MailkitHook(CONNECTION))
            assert f"{check} '{CONNECTION}'." in str(caught.value)


@pytest.mark.parametrize("name", ["iter_recipients", "count_recipients", "call", "aiter_recipients", "acall"])
def test_a_retry_names_the_connection(
    protocol: Protocol,
    mailkit_connection: Callable[..., str],
    caplog: pytest.LogCaptureFixture,
    name: str,
) -> None:
    with FaultServer([plain(b"", 503), plain(encode(protocol, []))], totals=None) as server:
        mailkit_connection(server.base_url, protocol, conn_id=CONNECTION)
        ASKS[name](MailkitHook(CONNECTION))
    (line,) = [message for message in caplog.messages if "Try 1 of 5" in message]
    assert line.startswith(f"Connection '{CONNECTION}': mailkit.report.message")
    assert CLIENT_ID not in caplog.text
    assert CLIENT_MD5 not in caplog.text


def test_the_test_button_does_not_name_what_airflow_calls_the_connection(
    mailkit_connection: Callable[..., str],
) -> None:
    error = encode("json", {"error_status": 1, "error": "Unauthorized"})
    for answer in (plain(error), plain(b"", 401), plain(b"", 302)):
        with FaultServer([answer], totals=None) as server:
            mailkit_connection(server.base_url, conn_id="p0JwI6I9")
            works, said = MailkitHook("p0JwI6I9").test_connection()
        assert not works
        assert "p0JwI6I9" not in said
        assert "of the connection." in said
