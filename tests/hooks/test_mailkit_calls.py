"""``MailkitHook.call`` and ``acall``, against a server on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from support.reports import CLIENT_ID, CLIENT_MD5, Protocol, encode
from support.server import FaultServer, Received, plain

from airflow_provider_mailkit.exceptions import (
    MailkitApiError,
    MailkitError,
    MailkitTransportError,
    MailkitUnclearError,
)
from airflow_provider_mailkit.hooks.mailkit import MailkitHook
from airflow_provider_mailkit.protocol.xml_values import parse_value, parse_xml

Define = Callable[..., str]
Call = Callable[..., Any]


def _call(*args: Any, **options: Any) -> Any:
    return MailkitHook().call(*args, **options)


def _acall(*args: Any, **options: Any) -> Any:
    return asyncio.run(MailkitHook().acall(*args, **options))


@pytest.fixture(params=[_call, _acall], ids=["sync", "async"])
def call(request: pytest.FixtureRequest) -> Call:
    chosen: Call = request.param
    return chosen


def sent(request: Received) -> tuple[str, Any]:
    """Return the function and what was given to it: the JSON object, or the values of XML-RPC."""
    if request.path == "/json.fcgi":
        body = json.loads(request.body)
        assert (body.pop("id"), body.pop("md5")) == (CLIENT_ID, CLIENT_MD5)
        return body.pop("function"), body
    root = parse_xml(request.body)
    values = [parse_value(value) for value in root.findall("params/param/value")]
    assert values[:2] == [int(CLIENT_ID), CLIENT_MD5]
    return root.findtext("methodName") or "", values[2:]


def test_a_wrong_call_makes_no_request(call: Call, protocol: Protocol, mailkit_connection: Define) -> None:
    with FaultServer([plain(b"[]")], totals=None) as server:
        mailkit_connection(server.base_url, protocol)
        for name, parameters, said in (
            ("mailkit.report.mesage", {}, "the nearest is mailkit.report.message"),
            ("mailkit.report.message", {"ID_Send": 5001}, "'ID_Send' is not a parameter"),
            ("mailkit.report.message", {}, "ID_send is missing"),
            ("mailkit.report.message", {"ID_send": "jan@example.com"}, "must be an ID"),
            ("mailkit.report", {"range_from": "yesterday"}, "must be a day"),
            ("mailkit.campaigns.messages", {}, "only its name is known"),
            ("Event API", {}, "interface of its own"),
        ):
            with pytest.raises(MailkitError, match=said) as caught:
                call(name, parameters)
            assert not caught.value.retryable
            assert "example.com" not in str(caught.value)
        assert not server.requests


def test_what_is_sent(call: Call, protocol: Protocol, mailkit_connection: Define) -> None:
    with FaultServer([plain(encode(protocol, []))], totals=None) as server:
        mailkit_connection(server.base_url, protocol)
        call("mailkit.report.campaign", {"range_to": "2026-03-31", "ID_message": "7"})
        call("mailkit.campaigns.list", {"ID_message": 7})
        call("mailkit.profile.queries.list")
        call("mailkit.mailinglist.list")
        call("mailkit.campaigns.schedule.timezone")
        call("mailkit.campaigns.schedule.timezones")
        got = [sent(request) for request in server.requests]
    times = "mailkit.campaigns.schedule.timezones"
    assert got == [
        (
            "mailkit.report.campaign",
            {"parameters": {"ID_message": 7, "range_to": "2026-03-31"}}
            if protocol == "json"
            else [7, "", "2026-03-31"],
        ),
        ("mailkit.campaigns.list", {"ID_message": 7} if protocol == "json" else [7]),
        ("mailkit.profile.queries.list", {"parameters": {}} if protocol == "json" else []),
        ("mailkit.mailinglist.list", {} if protocol == "json" else []),
        (times, {} if protocol == "json" else []),
        (times, {} if protocol == "json" else []),
    ]


def test_unchecked_everything_is_passed_on(
    call: Call, protocol: Protocol, mailkit_connection: Define
) -> None:
    answer = [{"ID_MESSAGE": "7"}]
    with FaultServer([plain(encode(protocol, answer))], totals=None) as server:
        mailkit_connection(server.base_url, protocol)
        parameters = {"z": "x", "a": [1, "2", 3]}
        for name in ("mailkit.report", "mailkit.nobody.knows", "mailkit.campaigns.messages.last"):
            assert call(name, parameters, checked=False) == answer
        got = [sent(request)[1] for request in server.requests]
    assert got == [{"parameters": parameters} if protocol == "json" else list(parameters.values())] * 3


def test_answers_have_the_same_types(call: Call, protocol: Protocol, mailkit_connection: Define) -> None:
    number = str if protocol == "json" else int
    answer = [{"ID_SEND": number(5), "REV": "1.50" if protocol == "json" else 1.5, "SUBJECT": "2026"}] * 3
    with FaultServer([plain(encode(protocol, answer))], totals=None) as server:
        mailkit_connection(server.base_url, protocol)
        rows = call("mailkit.report.campaign", {"ID_message": 7})
    assert rows == [{"ID_SEND": 5, "REV": 1.5, "SUBJECT": "2026"}] * 3


def test_an_error_text_is_never_a_result(call: Call, mailkit_connection: Define) -> None:
    with FaultServer([plain(encode("xmlrpc", "Unknown function"))], totals=None) as server:
        mailkit_connection(server.base_url, "xmlrpc")
        for name, options in (
            ("mailkit.mailinglist.list", {}),
            ("mailkit.nobody.knows", {"checked": False}),
            ("mailkit.campaigns.messages", {"checked": False}),
        ):
            with pytest.raises(MailkitApiError, match="Unknown function"):
                call(name, **options)
        assert len(server.requests) == 3


def test_only_reads_are_repeated(call: Call, protocol: Protocol, mailkit_connection: Define) -> None:
    for name, parameters, checked, tries in (
        ("mailkit.report.message", {"ID_send": 1}, True, 3),
        ("mailkit.campaigns.schedule.timezone", {}, True, 3),
        ("mailkit.mailinglist.list", {}, False, 3),
        ("mailkit.mailinglist.create", {"name": "a"}, True, 1),
        ("mailkit.campaigns.single.schedule", {"ID_message": 1, "send_date": "now"}, True, 1),
        ("mailkit.email.wipe", {"email": "jan@example.com"}, True, 1),
        ("mailkit.nobody.knows", {}, False, 1),
    ):
        with FaultServer([plain(b"", 503)], totals=None) as server:
            mailkit_connection(server.base_url, protocol, max_attempts="3")
            with pytest.raises(MailkitTransportError if tries > 1 else MailkitUnclearError):
                call(name, parameters, checked=checked)
            assert len(server.requests) == tries, name


def test_days_with_an_offset_are_those_of_the_accounts_zone(
    call: Call, protocol: Protocol, mailkit_connection: Define
) -> None:
    from datetime import UTC, datetime

    late = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    with FaultServer([plain(encode(protocol, []))], totals=None) as server:
        mailkit_connection(server.base_url, protocol, timezone="Europe/Prague")
        call("mailkit.mailinglist.unsubscribed", {"range_from": late})
        (_, given) = sent(server.requests[0])
    assert given == ({"parameters": {"range_from": "2026-03-02"}} if protocol == "json" else ["2026-03-02"])
