"""Rows of any report through the hook: the same on a worker and on an event loop, page after page."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

import pytest
from support.reports import PROTOCOLS, encode
from support.server import Answer, FaultServer, Received, close_delimited, plain

from airflow_provider_mailkit.catalogue.reports import REPORTS
from airflow_provider_mailkit.exceptions import MailkitApiError, MailkitError, MailkitTransportError
from airflow_provider_mailkit.hooks.mailkit import MailkitHook
from airflow_provider_mailkit.sandbox import Sandbox

RESPONSES = "mailkit.report.raw.responses"
LINKS = "mailkit.report.message.links"
Rows = list[dict[str, Any]]


def sync_rows(function: str, parameters: Any = None) -> Rows:
    return list(MailkitHook().iter_rows(function, parameters))


def async_rows(function: str, parameters: Any = None) -> Rows:
    async def read() -> Rows:
        return [row async for row in MailkitHook().aiter_rows(function, parameters)]

    return asyncio.run(read())


READS = {"sync": sync_rows, "async": async_rows}
both = pytest.mark.parametrize("read", READS.values(), ids=READS)
both_protocols = pytest.mark.parametrize("protocol", PROTOCOLS)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(recipients=37, seconds=0, last_day=date(2026, 3, 5)) as running:
        yield running


ASKED: dict[str, dict[str, Any]] = {
    "mailkit.report": {"range_from": "2026-02-01", "range_to": "2026-03-31"},
    "mailkit.report.campaign": {"ID_message": "all", "range_from": "2026-02-01", "range_to": "2026-03-31"},
    "mailkit.report.message": {"ID_send": [5001, 5003]},
    "mailkit.report.message.recipients": {"ID_send": 5002},
    "mailkit.report.message.feedback": {"ID_send": 5001, "period": "WEEK"},
    LINKS: {"ID_send": [5003, 5001]},
    "mailkit.report.message.links.visitors": {"ID_send": [5001, 5002], "ID_url": "all"},
    "mailkit.report.raw.messages": {"limit": 50},
    RESPONSES: {"ID_message": 3001, "limit": 20},
    "mailkit.report.raw.bounces": {"limit": 4},
    "mailkit.mailinglist.unsubscribed": {"range_from": "2026-02-01"},
    "mailkit.mailinglist.getstatus": {"ID_user_list": 41001, "limit": 10},
    "mailkit.mailinglist.engagement": {"ID_user_list": [41001, 41002]},
    "mailkit.mailinglist.list": {},
    "mailkit.campaigns.list": {},
    "mailkit.campaigns.history": {"list_count": 5},
    "mailkit.campaigns.schedule.list": {"ID_message": 3001},
    "mailkit.email.getstatus.history": {"ID_email": 200000000},
    "mailkit.profile.emails.list": {},
    "mailkit.profile.queries.list": {},
}


# What the others are asked for, by the parameters that they require.
KNOWN: dict[str, Any] = {
    "ID_send": [5001, 5002, 5003],
    "ID_message": [3001, 3002],
    "ID_user_list": [41001, 41002],
    "ID_email": 200000000,
}
ASKED |= {
    name: {
        parameter.name: KNOWN[parameter.name]
        for parameter in report.function.parameters
        if parameter.required
    }
    for name, report in REPORTS.items()
    if name not in ASKED
}


@pytest.mark.parametrize("function", ASKED)
def test_clients_and_protocols_agree(
    sandbox: Sandbox, mailkit_connection: Callable[..., str], function: str
) -> None:
    found = []
    for protocol in PROTOCOLS:
        mailkit_connection(sandbox.base_url, protocol, timezone="Europe/Prague")
        found += [read(function, ASKED[function]) for read in READS.values()]
    assert found[0] == found[1] == found[2] == found[3] != []
    report = REPORTS[function]
    assert {tuple(row) for row in found[0]} == {report.column_names}
    keys = [tuple(row[name] for name in report.key) for row in found[0]]
    assert len(set(keys)) == len(keys)
    assert not [row for row in found[0] if all(value is None for value in row.values())]


@both
def test_pages_make_one_report(
    sandbox: Sandbox, mailkit_connection: Callable[..., str], read: Callable[..., Rows]
) -> None:
    mailkit_connection(sandbox.base_url)
    whole = read(RESPONSES)
    assert len(whole) > 100
    for size in (2, 7, len(whole) - 1, len(whole), len(whole) + 1):
        assert read(RESPONSES, {"limit": size}) == whole, size
    later = read(RESPONSES, {"ID_log": whole[10]["ID_LOG"], "limit": 7})
    assert later == whole[10:]


class Paged:
    """Answers a raw report in pages by its inclusive start ID, each request as it is told to."""

    def __init__(self, ids: Sequence[int], faults: dict[int, str]) -> None:
        self.ids = ids
        self.faults = faults
        self.starts: list[int | None] = []

    def __call__(self, number: int, request: Received) -> Answer:
        asked = json.loads(request.body)["parameters"]
        start = asked.get("ID_log")
        self.starts.append(start and int(start))
        rows = [
            {"ID_log": id_, "TYPE": "read"} for id_ in self.ids if id_ >= int(start or 0)
        ][: int(asked["limit"])]  # fmt: skip
        body = encode("json", rows)
        match self.faults.get(number):
            case "cut":
                return close_delimited(body[: len(body) // 2])
            case "503":
                return plain(b"", 503)
        return plain(body)


@both
@pytest.mark.parametrize("fault", ["cut", "503"])
def test_a_page_is_repeated_and_not_the_pages_before(
    mailkit_connection: Callable[..., str], read: Callable[..., Rows], fault: str
) -> None:
    paged = Paged(range(101, 108), {1: fault, 2: fault, 4: fault})
    with FaultServer(paged) as server:
        mailkit_connection(server.base_url, max_attempts=3)
        rows = read(RESPONSES, {"limit": 3})
    assert [row["ID_LOG"] for row in rows] == list(range(101, 108))
    assert paged.starts == [None, 103, 103, 103, 105, 105, 107]


@both
def test_a_page_that_stays_broken_ends_the_reading_after_the_pages_before(
    mailkit_connection: Callable[..., str], read: Callable[..., Rows]
) -> None:
    paged = Paged(range(101, 108), dict.fromkeys(range(1, 9), "cut"))
    with FaultServer(paged) as server:
        mailkit_connection(server.base_url, max_attempts=3)
        with pytest.raises(MailkitTransportError, match="cut"):
            read(RESPONSES, {"limit": 3})
        rows = MailkitHook().iter_rows(RESPONSES, {"limit": 3})
        # The fault of the second page comes after the rows of the first one.
        paged.faults = dict.fromkeys(range(len(paged.starts) + 1, 20), "cut")
        assert [next(rows)["ID_LOG"] for _ in range(3)] == [101, 102, 103]
        with pytest.raises(MailkitTransportError, match="cut"):
            next(rows)
    assert paged.starts[:4] == [None, 103, 103, 103]


@both
def test_an_ignored_start_is_noticed(
    mailkit_connection: Callable[..., str], read: Callable[..., Rows]
) -> None:
    page = plain(encode("json", [{"ID_log": id_} for id_ in (101, 102, 103)]))
    with FaultServer([page]) as server:
        mailkit_connection(server.base_url)
        with pytest.raises(MailkitError, match="ID_log seems ignored"):
            read(RESPONSES, {"limit": 3})
    assert len(server.requests) == 2


@both
@both_protocols
def test_a_call_is_repeated_until_its_first_rows_and_one_of_several_alone(
    mailkit_connection: Callable[..., str], read: Callable[..., Rows], protocol: Any
) -> None:
    first, second = (encode(protocol, [{"ID_URL": id_, "CLICK": "7"}]) for id_ in (11, 22))
    script = [plain(b"", 503), plain(first), close_delimited(second[: second.index(b"22")]), plain(second)]
    with FaultServer(script) as server:
        mailkit_connection(server.base_url, protocol, max_attempts=2)
        rows = read(LINKS, {"ID_send": [5001, 5002]})
    assert [(row["ID_SEND"], row["ID_URL"], row["CLICK"]) for row in rows] == [(5001, 11, 7), (5002, 22, 7)]
    assert len(server.requests) == 4


class Vanishing:
    """Lists three campaigns, of which one is unknown when it is asked for."""

    def __init__(self, protocol: Any, error: str = "Invalid ID_message") -> None:
        self.protocol = protocol
        self.error = error

    def __call__(self, number: int, request: Received) -> Answer:
        if number == 0:
            return plain(encode(self.protocol, [{"ID_MESSAGE": id_} for id_ in (3001, 3002, 3003)]))
        if number == 2:
            error = {"error_status": 1, "error": self.error}
            return plain(encode(self.protocol, error if self.protocol == "json" else self.error))
        return plain(encode(self.protocol, [{"ID_SEND": 5000 + number, "DATE2": "2026-03-01"}]))


@both
@both_protocols
def test_a_campaign_that_has_vanished_is_skipped_with_a_warning(
    mailkit_connection: Callable[..., str],
    read: Callable[..., Rows],
    protocol: Any,
    task_log: Callable[[], str],
) -> None:
    with FaultServer(Vanishing(protocol)) as server:
        mailkit_connection(server.base_url, protocol)
        rows = read("mailkit.report.campaign", {"ID_message": "all"})
    assert [(row["ID_MESSAGE"], row["ID_SEND"]) for row in rows] == [(3001, 5001), (3003, 5003)]
    log = task_log()
    assert "campaign 3002" in log
    assert "is skipped" in log


@both
def test_another_error_of_one_campaign_ends_the_reading(
    mailkit_connection: Callable[..., str], read: Callable[..., Rows]
) -> None:
    with FaultServer(Vanishing("json", "Missing range_from")) as server:
        mailkit_connection(server.base_url)
        with pytest.raises(MailkitApiError, match="Missing range_from"):
            read("mailkit.report.campaign", {"ID_message": "all"})


@both
@pytest.mark.parametrize(
    ("function", "parameters", "words"),
    [
        ("mailkit.report.message.link", {"ID_send": 5001}, f"The nearest is {LINKS}"),
        ("mailkit.sendmail", {}, "MailkitHook.call"),
        (LINKS, {}, "ID_send is missing"),
        (LINKS, {"ID_send": []}, "empty list"),
        (LINKS, {"ID_send": [5001, "x"]}, "ID_send must be"),
        (LINKS, {"ID_send": "all"}, "ID_send must be"),
        (LINKS, {"ID_sent": 5001}, "'ID_sent' is not a parameter"),
        (LINKS, ["ID_send", 5001], "parameters must be a dict"),
        (RESPONSES, {"limit": 1}, "limit must be 2 or more"),
    ],
    ids=str,
)
def test_a_wrong_question_is_not_sent(
    mailkit_connection: Callable[..., str],
    read: Callable[..., Rows],
    function: str,
    parameters: Any,
    words: str,
) -> None:
    with FaultServer([plain(b"[]")]) as server:
        mailkit_connection(server.base_url)
        with pytest.raises(MailkitError, match=words):
            read(function, parameters)
    assert server.requests == []
