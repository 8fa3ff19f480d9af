"""What an error shows of a wrong value: what helps with usual slips, and nothing that may be somebody's."""

from __future__ import annotations

import base64
from datetime import date
from typing import Any

import pytest

from airflow_provider_mailkit._arguments import identifier, texts
from airflow_provider_mailkit._shown import shown
from airflow_provider_mailkit.catalogue.parameters import shown as shown_name
from airflow_provider_mailkit.exceptions import MailkitError

CODED = base64.b64encode(b"person.7@example.com").decode()
PERSONAL = [
    "person@example.com", "person%40example.com", "person&#64;example.com", "person\uff20example.com",
    r"person\u0040example.com", "person=40example.com", "person (at) example.com", "person @ example.com",
    "0123456789abcdef0123456789ABCDEF", ["5001", "person@example.com"], b"person@example.com",
    CODED, CODED.rstrip("="), f"id-{CODED.rstrip('=')}", f"a.{CODED.rstrip('=')}.b", [CODED.rstrip("=")],
    "+420 777 123 456", "Person Example", {"person@example.com": 1}, {"id": CODED}, ("person (at) x",),
]  # fmt: skip


@pytest.mark.parametrize("personal", PERSONAL, ids=repr)
def test_what_may_be_personal_or_secret_is_not_shown(personal: Any) -> None:
    assert shown(personal) == f"this {type(personal).__name__}"
    for kind in (identifier("delivery"), texts):
        if kind is texts and isinstance(personal, list | tuple):
            continue
        with pytest.raises(MailkitError) as caught:
            kind("id_send", personal)
        parts = ("person", "example", "012345", "777", CODED[:8])
        assert not any(part in str(caught.value).lower() for part in map(str.lower, parts))


@pytest.mark.parametrize(
    "slip",
    [
        "", "hahs", "5001.0", "None", "ID_send_message", "MailkitRecipientsOperator", "2026-03-32", 5001.0,
        None, True, date(2026, 3, 1), [5001, "x"], {"ID_send": 5001}, ("wait", "sent"), "Europe/Prague",
        "https://api.mailkit.example/json.fcgi", "{{ ti.task.id_send | default('x') }}",
        "mailkit.email.getstatus.history",
    ],
    ids=repr,
)  # fmt: skip
def test_a_usual_slip_is_shown(slip: Any) -> None:
    assert shown(slip) == repr(slip)


def test_a_long_value_is_shortened_or_not_shown() -> None:
    assert shown([1234567890] * 50) == repr([1234567890] * 50)[:59] + "…"
    assert shown("x" * 61) == "this str"
    assert shown(10**5000) == "this int"


def test_a_name_that_is_an_address_in_base64_is_not_shown() -> None:
    assert shown_name(CODED.rstrip("=")) == "(a name that is not shown)"
