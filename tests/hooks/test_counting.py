"""Recipients counted by status, which is tried again as a whole."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

from support.reports import Protocol, encode, recipients
from support.server import FaultServer, close_delimited, plain

from airflow_provider_mailkit.hooks.mailkit import MailkitHook

Define = Callable[..., str]


def test_counts(protocol: Protocol, mailkit_connection: Define) -> None:
    answer = [*recipients(23), {"ID_SEND_MESSAGE": "1"}, {"STATUS": "", "EMAIL": "a@example.com"}]
    expected = Counter(record.get("STATUS") or "" for record in answer)
    assert expected[""] == 2
    with FaultServer([plain(encode(protocol, answer))]) as server:
        mailkit_connection(server.base_url, protocol)
        assert MailkitHook().count_recipients(5001) == expected
        assert asyncio.run(MailkitHook().acount_recipients("5001")) == expected
        # recipients() begin: sent, sent, failed, wait
        until_waiting = {"sent": 2, "failed": 1, "wait": 1}
        assert MailkitHook().count_recipients(5001, stop_at=("wait", "wait_ab")) == until_waiting
        assert (
            asyncio.run(MailkitHook().acount_recipients(5001, stop_at=["wait_ab", "wait"])) == until_waiting
        )


def test_a_count_is_tried_again_as_a_whole(protocol: Protocol, mailkit_connection: Define) -> None:
    body = encode(protocol, recipients(5003))
    expected = Counter(record["STATUS"] for record in recipients(5003))
    for count in (
        lambda: MailkitHook().count_recipients(1),
        lambda: asyncio.run(MailkitHook().acount_recipients(1)),
    ):
        with FaultServer([close_delimited(body[:-300]), plain(body)]) as server:
            mailkit_connection(server.base_url, protocol)
            assert count() == expected
            assert len(server.requests) == 2
