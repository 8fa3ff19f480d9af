"""The pure rules: requests, retries, dates, waiting, what may be shown. No server, no clock."""

from __future__ import annotations

import json
import math
import pickle
import random
import xmlrpc.client
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings, strategies as st
from support.batches import batch_of
from support.reports import CLIENT_ID, CLIENT_MD5, PROTOCOLS, Protocol, decode, encode, recipient, recipients

from airflow_provider_mailkit import exceptions
from airflow_provider_mailkit.exceptions import (
    MailkitAccessError,
    MailkitApiError,
    MailkitError,
    MailkitResponseError,
    MailkitTransportError,
)
from airflow_provider_mailkit.protocol.answers import decode_answer
from airflow_provider_mailkit.protocol.excerpt import Redactor
from airflow_provider_mailkit.protocol.records import Batch
from airflow_provider_mailkit.protocol.request import Credentials, make_request, parse_id_send
from airflow_provider_mailkit.protocol.retry import RetryPolicy, parse_retry_after
from airflow_provider_mailkit.waiting.pauses import poll_interval_s
from airflow_provider_mailkit.waiting.rule import WaitRule, result_of
from airflow_provider_mailkit.waiting.tally import StatusTally

RECIPIENTS = "mailkit.report.message.recipients"
CREDENTIALS = Credentials(CLIENT_ID, CLIENT_MD5)
NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


# -- Requests ----------------------------------------------------------------------------------------


def test_a_json_request() -> None:
    request = make_request("json", CREDENTIALS, RECIPIENTS, {"ID_send": 5001, "text": 'ž"😀\n'})
    assert request.path == "/json.fcgi"
    assert json.loads(request.body) == {
        "function": RECIPIENTS,
        "id": CLIENT_ID,
        "md5": CLIENT_MD5,
        "parameters": {"ID_send": 5001, "text": 'ž"😀\n'},
    }


def test_json_parameters_that_stand_beside_the_function() -> None:
    body = json.loads(make_request("json", CREDENTIALS, "mailkit.campaigns.list", {"ID_message": 7}).body)
    assert body == {"function": "mailkit.campaigns.list", "id": CLIENT_ID, "md5": CLIENT_MD5, "ID_message": 7}


@pytest.mark.parametrize("parameters", [None, {}])
def test_a_json_request_without_parameters(parameters: dict[str, Any] | None) -> None:
    body = json.loads(make_request("json", CREDENTIALS, "mailkit.report", parameters).body)
    assert body == {"function": "mailkit.report", "id": CLIENT_ID, "md5": CLIENT_MD5}


XML_TEXT = "ž<&>\"'😀 ]]>"
XML_LIST = ["a", 2, []]
XML_STRUCT = {"b": {"ž&": "c"}, "d": [True]}
XML_VALUES: list[Any] = [
    5001,
    2**31 - 1,
    -(2**31),
    True,
    False,
    1.5,
    "",
    XML_TEXT,
    None,
    XML_LIST,
    XML_STRUCT,
]


def test_an_xmlrpc_request_is_read_by_the_standard_library() -> None:
    parameters = {f"p{n}": value for n, value in enumerate(XML_VALUES)}
    request = make_request("xmlrpc", CREDENTIALS, RECIPIENTS, parameters)
    values, method = xmlrpc.client.loads(request.body)
    assert request.path == "/rpc.fcgi"
    assert method == RECIPIENTS
    assert list(values) == [int(CLIENT_ID), CLIENT_MD5, *XML_VALUES]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (2**31 - 1, "<i4>2147483647</i4>"),
        (2**31, "<i8>2147483648</i8>"),
        (-(2**31) - 1, "<i8>-2147483649</i8>"),
        (-(2**63), "<i8>-9223372036854775808</i8>"),
        (b"\0x", "<base64>AHg=</base64>"),
        ("a\r\n&", "<string>a&#13;\n&amp;</string>"),
        (("a",), "<array><data><value><string>a</string></value></data></array>"),
    ],
)
def test_xmlrpc_values(value: Any, written: str) -> None:
    body = make_request("xmlrpc", CREDENTIALS, RECIPIENTS, {"a": value}).body.decode()
    assert f"<value>{written}</value>" in body


def test_xmlrpc_values_go_in_the_order_of_the_mapping() -> None:
    values, _ = xmlrpc.client.loads(make_request("xmlrpc", CREDENTIALS, "f", {"z": 1, "a": 2, "m": 3}).body)
    assert values[2:] == (1, 2, 3)


@pytest.mark.parametrize(
    "value", [2**63, math.nan, math.inf, "a\0b", "\ud83d", "\ufffe", object(), {1}, [object()]]
)
def test_xmlrpc_values_that_cannot_be_sent(value: Any) -> None:
    with pytest.raises(ValueError, match="XML-RPC") as caught:
        make_request("xmlrpc", CREDENTIALS, RECIPIENTS, {"a": value})
    assert CLIENT_MD5 not in str(caught.value)


def test_xmlrpc_needs_a_number_for_client_id() -> None:
    with pytest.raises(ValueError, match="whole number"):
        make_request("xmlrpc", Credentials("me", CLIENT_MD5), RECIPIENTS)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_nothing_shows_the_credentials(protocol: Protocol) -> None:
    shown = repr(CREDENTIALS) + repr(make_request(protocol, CREDENTIALS, RECIPIENTS))
    assert CLIENT_MD5 not in shown
    assert CLIENT_ID not in shown


@pytest.mark.parametrize(
    ("value", "number"),
    [(5001, 5001), ("5001", 5001), (" 5001\n", 5001), ("0005", 5), (2**63 - 1, 2**63 - 1)],
)
def test_an_id_of_a_delivery(value: Any, number: int) -> None:
    assert parse_id_send(value) == number


@pytest.mark.parametrize(
    "value",
    [
        0,
        -1,
        "0",
        "-5",
        "",
        " ",
        "None",
        None,
        True,
        5.0,
        "5.0",
        "5 001",
        "\u0665",
        "{{ id }}",
        [5],
        2**63,
        "9" * 19,
        "9" * 5000,
    ],
)
def test_what_is_no_id_of_a_delivery(value: Any) -> None:
    with pytest.raises(MailkitError, match="id_send") as caught:
        parse_id_send(value)
    assert not caught.value.retryable


# -- Answers of any function -------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "answer",
    [
        {"a": [1, "2", None, True, {"b": 1.5}]},
        [],
        {},
        "OK",
        17,
        {"error_status": 0, "error": "OK", "x": "1"},
        {"error_status": "0"},
    ],
)
def test_a_whole_answer(protocol: Protocol, answer: Any) -> None:
    body = encode(protocol, answer)
    assert decode_answer(protocol, "mailkit.sendsms", body, Redactor()) == answer
    for end in range(len(body)):
        if protocol == "json" and not isinstance(answer, list | dict):
            break  # the half of a number or a word is not the beginning of anything else
        with pytest.raises(MailkitTransportError):
            decode_answer(protocol, "mailkit.sendsms", body[:end], Redactor())


@pytest.mark.parametrize(
    ("function", "success"),
    [
        ("mailkit.mailinglist.edituser", "OK"),
        ("mailkit.mailinglist.adduser", "Sent subscribe email"),
        ("mailkit.campaigns.messages.test", "ok version b"),
        ("mailkit.email.unsubscribe.getstatus", "FALSE"),
        ("mailkit.filemanager.delete", "DELETED"),
        # Nobody has described what these answer.
        ("mailkit.sendsms", "OK"),
        ("mailkit.campaigns.single.schedule", "1234567890123"),
        ("mailkit.nobody.knows.this", "Sent subscribe email"),
    ],
)
def test_an_xmlrpc_string_is_an_error_unless_it_is_a_documented_success(function: str, success: str) -> None:
    assert decode_answer("xmlrpc", function, encode("xmlrpc", success), Redactor()) == success
    for text in ("Something is wrong", "Unknown function", success + "!", f"OK, not {success}"):
        with pytest.raises(MailkitApiError):
            decode_answer("xmlrpc", function, encode("xmlrpc", text), Redactor())
    with pytest.raises(MailkitAccessError):
        decode_answer("xmlrpc", function, encode("xmlrpc", "Unauthorized"), Redactor())


def test_an_undocumented_text_says_that_it_may_be_a_success() -> None:
    with pytest.raises(MailkitApiError, match=r"error: Well done\. What a success .* look in Mailkit"):
        decode_answer("xmlrpc", "mailkit.sendsms", encode("xmlrpc", "Well done"), Redactor())
    with pytest.raises(MailkitApiError, match=r"error: Invalid ID_message\.$"):
        decode_answer("xmlrpc", "mailkit.sendsms", encode("xmlrpc", "Invalid ID_message"), Redactor())


@pytest.mark.parametrize("function", ["mailkit.report", "mailkit.mailinglist.create", "mailkit.sendmail"])
def test_an_xmlrpc_string_is_an_error_where_the_function_never_answers_one(function: str) -> None:
    for text in ("Something is wrong", "OK", "12"):
        with pytest.raises(MailkitApiError):
            decode_answer("xmlrpc", function, encode("xmlrpc", text), Redactor())


@pytest.mark.parametrize(
    "function", ["mailkit.mailinglist.create", "mailkit.email.wipe", "mailkit.nobody.knows"]
)
def test_a_plain_text_is_an_error_over_json_too(function: str) -> None:
    with pytest.raises(MailkitApiError, match="error: Invalid ID_user_list"):
        decode_answer("json", function, b'"Invalid ID_user_list"', Redactor())
    with pytest.raises(MailkitAccessError):
        decode_answer("json", function, b'"Unauthorized"', Redactor())
    assert decode_answer("json", function, b'"OK"', Redactor()) == "OK"


def test_an_error_without_a_number_counts_where_the_function_acts() -> None:
    body = b'{"error": "List is disabled", "ID_email": 5}'
    with pytest.raises(MailkitApiError, match="List is disabled"):
        decode_answer("json", "mailkit.email.wipe", body, Redactor())
    assert decode_answer("json", "mailkit.email.getstatus", body, Redactor())["ID_email"] == 5
    fine = b'{"error": "OK", "ID_email": 5}'
    assert decode_answer("json", "mailkit.email.wipe", fine, Redactor())["ID_email"] == 5


def test_failures_of_xmlrpc_that_are_not_texts() -> None:
    """A recipient who was not moved, and an address that Mailkit does not know."""
    with pytest.raises(MailkitApiError):
        decode_answer("xmlrpc", "mailkit.email.move", encode("xmlrpc", 0), Redactor())
    assert decode_answer("xmlrpc", "mailkit.email.move", encode("xmlrpc", 1), Redactor()) == 1
    with pytest.raises(MailkitApiError, match="no text"):
        decode_answer("xmlrpc", "mailkit.email.getstatus", encode("xmlrpc", ""), Redactor())
    assert decode_answer("xmlrpc", "mailkit.campaigns.list", encode("xmlrpc", ""), Redactor()) == ""


def test_the_status_of_an_xmlrpc_answer_around_a_list() -> None:
    answer: dict[str, object] = {"ID_message": 1, "error": 0, "data": ""}
    function = "mailkit.campaigns.schedule.list"
    assert decode_answer("xmlrpc", function, encode("xmlrpc", answer), Redactor()) == answer
    with pytest.raises(MailkitApiError) as caught:
        decode_answer("xmlrpc", function, encode("xmlrpc", answer | {"error": 3}), Redactor())
    assert caught.value.error_status == 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_dtd_is_refused_in_any_encoding(encoding: str) -> None:
    """The parser finds out some encodings by itself, and would read a DTD that nobody else sees."""
    dtd = '<!DOCTYPE a [<!ENTITY b "boo">]>'
    value = "<methodResponse><params><param><value>&b;</value></param></params></methodResponse>"
    for declaration in ("", '<?xml version="1.0"?>', f'<?xml version="1.0" encoding="{encoding}"?>'):
        body = f"{declaration}{dtd}{value}".encode(encoding)
        with pytest.raises(MailkitResponseError):
            decode_answer("xmlrpc", "mailkit.sendsms", body, Redactor())


@pytest.mark.parametrize("encoding", ["utf8", "UTF8", "utf-8", "us-ascii", "US-ASCII"])
def test_encodings_that_are_utf_8(encoding: str) -> None:
    body = encode("xmlrpc", ["žluť"]).replace(b"UTF-8", encoding.encode())
    assert decode_answer("xmlrpc", "mailkit.sendsms", body, Redactor()) == ["žluť"]


@pytest.mark.parametrize(
    "encoding", ["utf8mb4", "utf-8-sig", "windows-1250", "iso-8859-2", "rot13", "", "x y"]
)
def test_encodings_that_are_not(encoding: str) -> None:
    body = encode("xmlrpc", "zlut").replace(b"UTF-8", encoding.encode())
    with pytest.raises(MailkitResponseError):
        decode_answer("xmlrpc", "mailkit.sendsms", body, Redactor())


# -- Retries -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("17", 17.0),
        (" 17 ", 17.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("-3", 0.0),
        ("nan", None),
        ("", None),
        ("soon", None),
        ("Sun, 01 Mar 2026 08:01:30 GMT", 90.0),
        ("Sun, 01 Mar 2026 09:01:30 +0100", 90.0),
        ("Sunday, 01-Mar-26 08:01:30 GMT", 90.0),
        ("Sun Mar  1 08:01:30 2026", 90.0),
        ("Sun, 01 Mar 2026 07:00:00 GMT", 0.0),
        ("Sun, 41 Mar 2026 08:01:30 GMT", None),
        ("2026-03-01", None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, NOW) == seconds


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(st.text(max_size=40) | st.text("0123456789:,-+ GMTSunJa", max_size=40))
def test_any_retry_after_is_a_number_or_nothing(value: str) -> None:
    seconds = parse_retry_after(value, NOW)
    assert seconds is None or seconds >= 0


TRANSIENT = MailkitTransportError("x")


def test_delays_double_up_to_a_bound() -> None:
    policy = RetryPolicy(max_attempts=100, first_delay_s=1, max_delay_s=30, budget_s=math.inf)
    assert [policy.delay_s(TRANSIENT, attempt, 0, 1.0) for attempt in range(1, 8)] == [1, 2, 4, 8, 16, 30, 30]
    assert [policy.delay_s(TRANSIENT, attempt, 0, 0.0) for attempt in range(1, 4)] == [0.5, 1, 2]
    assert policy.backoff_s(100_000, 1.0) == 30


def test_when_there_is_no_further_try() -> None:
    policy = RetryPolicy(max_attempts=3, first_delay_s=10, max_retry_after_s=60, budget_s=50)
    asked = lambda seconds: MailkitTransportError("x", retry_after_s=seconds)  # noqa: E731
    assert policy.delay_s(TRANSIENT, 2, 0, 1) == 20
    assert policy.delay_s(TRANSIENT, 3, 0, 1) is None
    assert policy.delay_s(TRANSIENT, 2, 30, 1) == 20
    assert policy.delay_s(TRANSIENT, 2, 31, 1) is None
    assert policy.delay_s(asked(45), 1, 0, 1) == 45
    assert policy.delay_s(asked(3), 1, 0, 1) == 10
    assert policy.delay_s(asked(51), 1, 0, 1) is None
    assert policy.delay_s(asked(61), 1, 0, 1) is None
    assert policy.delay_s(MailkitResponseError("x"), 1, 0, 1) is None
    assert policy.delay_s(MailkitTransportError("x", retryable=False), 1, 0, 1) is None


# -- Dates -------------------------------------------------------------------------------------------

PRAGUE = ZoneInfo("Europe/Prague")


def dates(protocol: Protocol, texts: list[str | None], zone: Any = None) -> list[str | None]:
    outcome = decode(
        protocol, encode(protocol, [recipient(n, DATE=text) for n, text in enumerate(texts)]), zone=zone
    )
    assert outcome.error is None, outcome.error
    return [row["DATE"] for row in outcome.rows]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_dates_without_a_zone_stay_without_offset(protocol: Protocol) -> None:
    texts = ["2026-03-29 02:30:00", "2026-10-25 02:30:00", "2026-03-01", None, "0000-00-00 00:00:00"]
    assert dates(protocol, texts) == [
        "2026-03-29T02:30:00",
        "2026-10-25T02:30:00",
        "2026-03-01T00:00:00",
        None,
        None,
    ]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_dates_with_a_zone_have_its_offset(protocol: Protocol) -> None:
    assert dates(
        protocol,
        [
            "2026-01-15 12:00:00",
            "2026-07-15 12:00:00",
            "2026-03-29 01:59:59",
            "2026-03-29 02:30:00",  # skipped: read with the offset before, so it lands after the gap
            "2026-03-29 03:00:00",
            "2026-10-25 01:59:59",
            "2026-10-25 02:30:00",  # comes twice: the first of the two
            "2026-10-25 03:00:00",
            "0000-00-00 00:00:00",
            "",
        ],
        PRAGUE,
    ) == [
        "2026-01-15T12:00:00+01:00",
        "2026-07-15T12:00:00+02:00",
        "2026-03-29T01:59:59+01:00",
        "2026-03-29T03:30:00+02:00",
        "2026-03-29T03:00:00+02:00",
        "2026-10-25T01:59:59+02:00",
        "2026-10-25T02:30:00+02:00",
        "2026-10-25T03:00:00+01:00",
        None,
        None,
    ]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("zone", "text"), [("Europe/Prague", "0001-01-01 00:00:00"), ("America/New_York", "9999-12-31 23:59:59")]
)
def test_dates_beyond_the_calendar_are_a_response_error(protocol: Protocol, zone: str, text: str) -> None:
    body = encode(protocol, [recipient(1), recipient(2, DATE=text)])
    outcome = decode(protocol, body, zone=ZoneInfo(zone))
    assert (outcome.kind, len(outcome.rows)) == (MailkitResponseError, 1)
    assert decode(protocol, body).error is None


# -- Waiting -----------------------------------------------------------------------------------------


def batches_of(statuses: list[str | None], sizes: list[int]) -> list[Batch]:
    found, start = [], 0
    for size in sizes:
        if statuses[start : start + size]:
            found.append(batch_of({"STATUS": statuses[start : start + size]}))
        start += size
    return found


def test_a_tally_counts_by_status() -> None:
    tally = StatusTally()
    stops = [
        tally.add(batch)
        for batch in batches_of(["sent", None, "wait", "sent", None, "odd", "sent"], [3, 1, 3])
    ]
    assert stops == [False] * 3
    assert tally.counts == {"sent": 3, "": 2, "wait": 1, "odd": 1}


@pytest.mark.parametrize("seed", range(20))
def test_where_a_tally_stops_does_not_depend_on_the_batches(seed: int) -> None:
    chance = random.Random(seed)
    statuses: list[str | None] = [
        chance.choice(["sent", "sent", "sent", None, "failed", "wait", "wait_ab"]) for _ in range(50)
    ]
    first = next((n for n, status in enumerate(statuses) if status in ("wait", "wait_ab")), len(statuses))
    expected = Counter(status or "" for status in statuses[: first + 1])
    for sizes in ([50], [1] * 50, [chance.randint(1, 9) for _ in range(50)]):
        tally = StatusTally(("wait", "wait_ab"))
        stopped = False
        for batch in batches_of(statuses, sizes):
            if stopped := tally.add(batch):
                break
        assert tally.counts == expected
        assert stopped is (first < 50)


@pytest.mark.parametrize(
    ("counts", "settings_", "done"),
    [
        ({}, {}, False),
        ({}, {"allow_empty": True}, True),
        ({"sent": 3}, {}, True),
        ({"sent": 3, "failed": 2}, {}, True),
        ({"sent": 3, "wait": 1}, {}, False),
        ({"wait_ab": 1}, {"allow_empty": True}, False),
        ({"paused": 1}, {"waiting_statuses": ("paused",)}, False),
        ({"paused": 1}, {"final_statuses": ("sent", "paused")}, True),
        ({"wait": 1}, {"waiting_statuses": ("wait_ab",), "final_statuses": ("sent", "wait")}, True),
    ],
)
def test_when_a_delivery_is_done(counts: dict[str, int], settings_: dict[str, Any], done: bool) -> None:
    assert WaitRule(**settings_).is_done(Counter(counts)) is done


@pytest.mark.parametrize("status", ["paused", "", "Sent", "person@example.com"])
def test_an_unknown_status_is_an_error_that_names_the_arguments(status: str) -> None:
    with pytest.raises(MailkitError, match=r"waiting_statuses.*final_statuses") as caught:
        WaitRule().is_done(Counter({"sent": 5, "wait": 1, status: 2}))
    assert not caught.value.retryable
    assert "person" not in str(caught.value)
    if status == "paused":
        assert "'paused'" in str(caught.value)


def test_the_line_of_a_poll() -> None:
    line = WaitRule().describe(5001, Counter({"sent": 5, "wait": 2, "wait_ab": 1, "": 1}), 61.4)
    assert line == (
        "Delivery 5001: 3 of 9 recipients waiting (33.3 %); "
        "(none) 1, sent 5, wait 2, wait_ab 1; 61 s elapsed."
    )
    assert "the report is empty" in WaitRule().describe(5001, Counter(), 0)
    # A clock that was set back, or a beginning that is only looked up after the poll.
    assert "; 0 s elapsed." in WaitRule().describe(5001, Counter(), -0.2)
    assert "read no further" in WaitRule(stop_at_first_waiting=True).describe(5001, Counter({"wait": 1}), 0)


def test_the_result_of_a_wait() -> None:
    result = result_of(5001, Counter({"sent": 5, "failed": 2}))
    assert result == {"id_send": 5001, "total": 7, "status_counts": {"failed": 2, "sent": 5}}
    assert json.loads(json.dumps(result)) == result


def test_poll_intervals() -> None:
    for jitter, seconds in ((0, 54), (0.5, 60), (1, 66)):
        plain = [poll_interval_s(60, n, exponential=False, max_wait_s=10, jitter=jitter) for n in (2, 3, 99)]
        assert plain == pytest.approx([seconds] * 3)
    for jitter, seconds in ((0, 6), (0.5, 33), (1, 60)):
        first = poll_interval_s(60, 1, exponential=False, max_wait_s=None, jitter=jitter)
        assert first == pytest.approx(seconds)
    low, high = (
        [
            poll_interval_s(60, polls, exponential=True, max_wait_s=None, jitter=jitter)
            for polls in (1, 2, 3, 4)
        ]
        for jitter in (0, 1)
    )
    assert low == [30, 60, 120, 240]
    assert high == [60, 120, 240, 480]
    assert poll_interval_s(60, 10**9, exponential=True, max_wait_s=600, jitter=1) == 600
    assert poll_interval_s(0.001, 1, exponential=True, max_wait_s=None, jitter=0) == 1


# -- Errors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", exceptions.__all__)
def test_errors_can_be_pickled_with_all_they_know(name: str) -> None:
    kind = getattr(exceptions, name)
    more = {MailkitApiError: {"error_status": 17}, MailkitTransportError: {"retry_after_s": 2.5}}.get(
        kind, {}
    )
    error = kind("what", function=RECIPIENTS, retryable=not kind.retryable_by_default, **more)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert type(copy) is kind
    assert (str(copy), vars(copy)) == ("what", vars(error))
    assert copy.function == RECIPIENTS
    assert copy.retryable is not kind.retryable_by_default


def test_which_errors_are_retryable_unless_told() -> None:
    kinds = [getattr(exceptions, name) for name in exceptions.__all__]
    assert [kind for kind in kinds if kind("x").retryable] == [MailkitTransportError]
    assert all(issubclass(kind, MailkitError) for kind in kinds)


# -- What may be shown -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Invalid ID_send", "Invalid ID_send"),
        ("for person@example.com.", "for <address>"),
        ("person%40example.com", "<address>"),
        ('"EMAIL":"person\\u0040example.com","X"', '"EMAIL":"<address>","X"'),
        ("person&#64;example.com", "<address>"),
        ("person&#x40;example.com", "<address>"),
        (f"id {CLIENT_ID}, md5 {CLIENT_MD5}", "id <secret>, md5 <code>"),
        (f"id_{CLIENT_ID}_x", "id_<secret>_x"),
        (f"x{CLIENT_MD5}y", "x<code>y"),
        ("ffffffffffffffffffffffffffffffff", "<code>"),
        ("another number 10000017", "another number <secret>7"),
        ("line\nends\tand\0more", "line ends and more"),
        ("", ""),
    ],
)
def test_texts_are_cleaned(text: str, shown: str) -> None:
    assert Redactor((CLIENT_ID, CLIENT_MD5)).clean(text) == shown


def test_short_secrets_do_not_blank_everything() -> None:
    assert Redactor(("1", "")).clean("1 of 11 and 21") == "<secret> of 11 and 21"


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"", ""),
        (b"Service unavailable", "Service unavailable"),
        (b"<html>Bad Gateway</html>", "<html>Bad Gateway</html>"),
        (b'[{"EMAIL":"person', '[{"EMAIL":"<address>'),
        (b'[{"NAME":"person', '[{"NAME":"…'),
        (b',{"a" "x"},{"NAME":"person', ',{"a" "x"},{"NAME":"…'),
        (b"</value><value><string>person", "</value><value><string>…"),
        (
            b"<name>EMAIL</name><value><string>a b</string>",
            "<name>EMAIL</name><value><string><address></string>",
        ),
        (b"No \xff\xfe", "No \ufffd\ufffd"),
    ],
)
def test_excerpts(data: bytes, shown: str) -> None:
    assert Redactor().excerpt(data) == shown


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(st.text("ab.@%40\\u&#;x \"'<>{}:,", max_size=60), st.integers(0, 6000))
def test_any_excerpt_is_short_and_shows_no_address(noise: str, padding: int) -> None:
    secrets = Redactor((CLIENT_ID, CLIENT_MD5))
    text = f"{noise} {'x ' * (padding // 2)}person@example.com {CLIENT_ID} {CLIENT_MD5}"
    for shown in (secrets.clean(text), secrets.excerpt(text.encode())):
        assert len(shown) <= 200
        for hidden in ("person", "example.com", "@", CLIENT_ID, CLIENT_MD5):
            assert hidden not in shown


def test_a_long_run_of_any_sign_is_cleaned_soon() -> None:
    start = datetime.now(UTC)
    for sign in ("@", "%", "\\", "a", " ", "<", "&#"):
        Redactor((CLIENT_ID,)).excerpt(sign.encode() * 100_000)
    assert datetime.now(UTC) - start < timedelta(seconds=3)


def test_recipients_of_the_fixtures_have_unequal_counts() -> None:
    """A test that mixes up rows and columns must not pass by chance."""
    assert len({len(recipients(23)), len(recipient(1)), 1}) == 3
