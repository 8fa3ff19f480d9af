"""Errors whose text is broken, and what a cut answer says."""

from __future__ import annotations

from typing import Any

import pytest
from support.reports import PROTOCOLS, Protocol, cuttings, decode, encode

from airflow_provider_mailkit.exceptions import (
    MailkitAccessError,
    MailkitApiError,
    MailkitResponseError,
    MailkitTransportError,
)
from airflow_provider_mailkit.protocol.answers import decode_answer
from airflow_provider_mailkit.protocol.excerpt import Redactor

TEXTS = [r"a\ud83d", r"\ud83d", r"a\ud83d b", r"\ude00", r"\ud83d\ud83d", r"\ud83d" + " " * 20]


@pytest.mark.parametrize("text", TEXTS)
def test_an_error_with_half_a_surrogate_pair_is_an_error(text: str) -> None:
    error = f'{{"error_status":5,"error":"{text}"}}'
    for body in (error, f"[{error}]", f'[{{"STATUS":"sent"}},{error}]'):
        for how, pieces in cuttings(body.encode()):
            outcome = decode("json", pieces)
            assert outcome.kind is MailkitApiError, (how, outcome.error)
            assert isinstance(outcome.error, MailkitApiError)
            assert outcome.error.error_status == 5
            str(outcome.error).encode()
    with pytest.raises(MailkitApiError):
        decode_answer("json", "mailkit.report", error.encode(), Redactor())


@pytest.mark.parametrize("text", TEXTS)
def test_half_a_surrogate_pair_is_not_data(text: str) -> None:
    for body in (
        f'{{"STATUS":"{text}"}}',
        f'[{{"STATUS":"{text}"}}]',
        f'[{{"STATUS":"x"}},{{"STATUS":"{text}"}}]',
    ):
        assert decode("json", body.encode()).kind is MailkitResponseError
    with pytest.raises(MailkitResponseError):
        decode_answer("json", "mailkit.report", f'["{text}"]'.encode(), Redactor())


def test_an_error_that_is_cut_within_a_surrogate_pair_is_cut() -> None:
    body = rb'{"error_status":5,"error":"a\ud83d\ude00"}'
    for end in range(len(body)):
        assert decode("json", body[:end]).kind is MailkitTransportError, body[:end]


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
