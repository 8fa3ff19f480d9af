"""The queries of the page about logs tell what the sandbox holds, counted here without the provider."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import duckdb
import pytest
import requests
from docs.blocks import block

PAGE = "docs/how-to/land-the-logs.md"
PRAGUE = "Europe/Prague"
Rows = Callable[..., list[dict[str, Any]]]

pytestmark = pytest.mark.usefixtures("files")


@pytest.fixture
def held(sandbox) -> Rows:
    """Return what the sandbox answers, with names in lower case."""

    def ask(function: str, **parameters: int) -> list[dict[str, Any]]:
        order = {"function": f"mailkit.report.{function}", "parameters": parameters}
        account = {"id": sandbox.client_id, "md5": sandbox.client_md5}
        answer = requests.post(f"{sandbox.base_url}/json.fcgi", json=order | account, timeout=60).json()
        rows = [answer] if isinstance(answer, dict) else answer
        # Fewer than fit into a page: they are all there are.
        assert len(rows) < 25_000
        return [{name.lower(): value for name, value in row.items()} for row in rows]

    return ask


def query(word: str) -> list[dict[str, Any]]:
    """Return the rows of the page's query with this word."""
    with duckdb.connect() as connection:
        connection.execute(f"SET TimeZone = '{PRAGUE}'")
        result = connection.sql(block(PAGE, word).text)
        rows = [dict(zip(result.columns, row, strict=True)) for row in result.fetchall()]
    assert len(rows) > 1
    return rows


def test_how_each_delivery_was_received(held: Rows, sandbox) -> None:
    responses = held("raw.responses")

    def counted(id_send: int) -> dict[str, int]:
        own = [row for row in responses if int(row["id_send"]) == id_send]
        return {
            "ID_SEND": id_send,
            "recipients": len(held("message.recipients", ID_send=id_send)),
            "clicks": sum(row["type"] == "click" for row in own),
            "readers": len({row["id_send_message"] for row in own if row["type"] == "read"}),
        }

    assert query("AS readers") == [counted(id_send) for id_send in sandbox.id_sends]


def test_who_has_unsubscribed(held: Rows) -> None:
    newest: dict[int, tuple[str, str]] = {}
    for row in held("raw.responses"):
        if row["type"] == "unsubscribe":
            told = row["date"], row["unsubscribe_answer"]
            newest[int(row["id_email"])] = max(newest.get(int(row["id_email"]), told), told)
    rows = query("AS unsubscribed")
    assert len(rows) == len(newest)
    told = {row["ID_EMAIL"]: (f"{row['unsubscribed']:%Y-%m-%d %H:%M:%S}", row["reason"]) for row in rows}
    assert told == newest


def test_why_messages_came_back(held: Rows) -> None:
    counted = Counter((row["bounce_cat"], row["status"]) for row in held("raw.bounces"))
    rows = query("AS bounces")
    assert {(row["BOUNCE_CAT"], row["STATUS"]): row["bounces"] for row in rows} == counted
    assert [row["bounces"] for row in rows] == sorted(counted.values(), reverse=True)


def test_the_last_reaction_to_each_message(held: Rows) -> None:
    last: dict[int, tuple[int, str]] = {}
    for row in held("raw.responses"):
        told = int(row["id_log"]), row["type"]
        last[int(row["id_send_message"])] = max(last.get(int(row["id_send_message"]), told), told)
    rows = query("QUALIFY")
    assert {row["ID_SEND_MESSAGE"]: (row["ID_LOG"], row["TYPE"]) for row in rows} == last
    assert len(rows) == len(last)


def test_whether_it_is_complete(held: Rows, sandbox) -> None:
    messages = Counter(int(row["id_send"]) for row in held("raw.messages"))

    def total(id_send: int) -> int:
        (row,) = held("message", ID_send=id_send)
        return int(row["send_count"])

    assert query("rows_in_the_lake") == [
        {"ID_SEND": id_send, "SEND_COUNT": total(id_send), "rows_in_the_lake": messages[id_send]}
        for id_send in sandbox.id_sends
    ]
