"""Addresses in unknown members, hashed or removed: the hash is that of the address, the rest stays."""

from __future__ import annotations

import pytest
from support.process import within_s

from airflow_provider_mailkit.export.privacy import AddressHider

HIDER = AddressHider(lambda address: f"[{address}]")


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("anna@example.com", "[anna@example.com]"),
        ("to anna@example.com.", "to [anna@example.com]."),
        ("Anna <anna@example.com>, Jan", "Anna <[anna@example.com]>, Jan"),
        ("&lt;anna@example.com&gt;", "&lt;[anna@example.com]&gt;"),
        ("'anna@example.com'", "'[anna@example.com]'"),
        ("mailto:anna@example.com?subject=1", "mailto:[anna@example.com]?subject=1"),
        (
            "https://x.example/?email=anna%40example.com&b=1",
            "https://x.example/?email=[anna@example.com]&b=1",
        ),
        ("https://x.example/u/anna@example.com/b", "https://x.example/u/[anna@example.com]/b"),
        ("email=anna@example.com;b=1", "email=[anna@example.com];b=1"),
        ("a@example.com,b@example.cz|c", "[a@example.com],[b@example.cz]|c"),
        ("anna=40example.com", "[anna@example.com]"),
        ("an=6Ea=40example=2Ecom", "[anna@example.com]"),
        ("anna (at) example (dot) com", "[anna@example.com]"),
        ("jan dot anna at example dot com", "[jan.anna@example.com]"),
        ("&#97;nna&#64;example&#46;com", "[anna@example.com]"),
        ("anna\\u0040example.com", "[anna@example.com]"),
        ("anna\uff20example.com", "[anna@example.com]"),
        ("o'brien@example.com", "[o'brien@example.com]"),
        ("john/doe@example.com", "[john/doe@example.com]"),
        ("b+john=example.com@example.org", "[b+john=example.com@example.org]"),
        ('"john doe"@example.com', '["john doe"@example.com]'),
        ("no address (at all), 40 = 40", "no address (at all), 40 = 40"),
    ],
)
def test_an_address_is_found_whatever_it_is_disguised_as(text: str, hidden: str) -> None:
    assert HIDER.hide(text) == hidden
    assert HIDER.hide({text: [text, 5, None]}) == {hidden: [hidden, 5, None]}


@pytest.mark.parametrize(
    "sign",
    ["@", "a", " at ", "=40", "&#64;", "(at)", "a=", "/", "//", "?a", "&a", "&amp;", "dot ", "\\x40", '"'],
)
def test_a_long_text_of_any_sign_takes_linear_time(sign: str) -> None:
    text = sign * (100_000 // len(sign))
    with within_s(1.5):
        for whole in (text, f"{text}@example.com", f"a@example.com {text}"):
            HIDER.hide(whole)
