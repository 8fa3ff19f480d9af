"""What can be an address or a phone number, and when two addresses are the same."""

from __future__ import annotations

import pytest

from airflow_provider_mailkit.imports.addresses import is_phone, is_possible, make_key, trimmed

POSSIBLE = [
    "a@example.com", "First.Last+tag@Sub.Example.COM", "o'neill@example.com", '"John Doe"@example.com',
    r'"a\"b@c"@example.com', "jana@příklad.example.cz", "jana@xn--pklad-zsa96e.example.cz",
    "žofie@example.cz", "a@b-c.example",
    "a@1.example.com", "пошта@приклад.example.com", "a..b@example.com", f"{'a' * 64}@example.com",
]  # fmt: skip


IMPOSSIBLE = [
    "", "a", "@example.com", "a@", "a@example", "a b@example.com", "a@exa mple.com", "a@@example.com",
    "a@b@example.com", "Jana <jana@example.com>", "a@example.com, b@example.com",
    "a@example.com;b@example.com", "a@-example.com", "a@example-.com", "a@example..com",
    "a@.example.com", "a@example.com.", "a@127.0.0.1",
    "a@[127.0.0.1]", "mailto:a@example.com", "a@exam_ple.com", '"a@example.com', 'a"b@example.com',
    f"{'a' * 65}@example.com", f"a@{'b' * 64}.com", f"a@{'b.' * 130}com", "a\n@example.com",
    "a@example.c\u200bom",
]  # fmt: skip


@pytest.mark.parametrize("text", POSSIBLE)
def test_possible_addresses(text: str) -> None:
    assert is_possible(text)


@pytest.mark.parametrize("text", IMPOSSIBLE)
def test_impossible_addresses(text: str) -> None:
    assert not is_possible(text)


def test_blanks_and_what_cannot_be_seen_around_an_address_are_dropped() -> None:
    assert trimmed(" \t\u200b\ufeffa@example.com\u00a0\u200e\r\n") == "a@example.com"


def test_addresses_that_differ_in_letter_case_have_one_key() -> None:
    key = make_key()
    assert key("Žofie@Example.CZ") == key("žofie@example.cz") != key("zofie@example.cz")
    # The next import has another secret.
    assert make_key()("a@example.com") != key("a@example.com")
    assert len(key("\ud800")) == 16


def test_phone_numbers() -> None:
    assert [is_phone(text) for text in ("+420900123456", "420900123456", "+420 900", "+0123456789")] == [
        True, False, False, False
    ]  # fmt: skip
