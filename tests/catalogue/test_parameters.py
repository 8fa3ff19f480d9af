from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mailkit.catalogue.parameters import (
    BOOLEAN,
    DAY,
    ID,
    INTEGER,
    STRUCT,
    STRUCTS,
    Parameter,
    nearest,
    shown,
    texts,
)


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("needs a name", {"name": ""}),
        ("needs a name", {"name": " ID_send"}),
        ("p: choices must be a tuple of str: .* comma", {"choices": "ab"}),
        ("p: words must be a tuple of str", {"words": "YES"}),
        ("p: members must be a tuple of Parameter", {"kind": STRUCT, "members": Parameter("a")}),
        ("p: minimum, maximum and max_length must be whole", {"kind": INTEGER, "minimum": "1"}),
        ("p: minimum, maximum and max_length must be whole", {"max_length": "50"}),
        ("has choices", {"choices": ("a", "a")}),
        ("has choices", {"choices": ("a", "")}),
        ("has choices", {"choices": ("1",), "kind": ID}),
        ("a minimum or a maximum", {"minimum": 1}),
        ("a minimum or a maximum", {"maximum": 9, "kind": BOOLEAN}),
        ("below the minimum", {"minimum": 10, "maximum": 9, "kind": INTEGER}),
        ("below the minimum", {"maximum": 0, "kind": ID}),
        ("needs members", {"kind": STRUCT}),
        ("needs members", {"kind": STRUCTS}),
        ("needs members", {"members": texts("a")}),
        ("needs members", {"open": True}),
        ("a is declared twice", {"kind": STRUCT, "members": texts("a", "b", "a")}),
        ("Base64", {"kind": STRUCT, "members": texts("a"), "base64": True}),
        ("Base64", {"kind": "list of ids", "base64": True}),
        ("many is for a struct only", {"many": True}),
        ("only a boolean", {"xmlrpc": "boolean"}),
        ("the kind must be one of id, id or address", {"kind": "ID"}),
        ("the kind must be one of", {"kind": None}),
        ("xmlrpc must be text, boolean", {"xmlrpc": "i4"}),
        ("the default must be", {"choices": ("a", "b"), "default": "c"}),
        ("the default must be", {"kind": INTEGER, "default": "5"}),
        ("the default must be", {"kind": INTEGER, "default": True}),
        ("the default must be", {"kind": INTEGER, "default": 10, "maximum": 9}),
        ("the default must be", {"kind": ID, "default": 0}),
        ("the default must be", {"kind": BOOLEAN, "default": "TRUE"}),
        ("the default must be", {"kind": DAY, "default": 5}),
        ("never absent", {"required": True, "when_absent": None}),
    ],
)
def test_a_wrong_declaration_is_refused(said: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=said):
        Parameter(**({"name": "p"} | wrong))


def test_declarations_that_are_right() -> None:
    assert Parameter("p", ID).smallest == 1
    assert Parameter("p", ID, minimum=0).smallest == 0
    assert Parameter("p", INTEGER).smallest == 0
    Parameter("p", INTEGER, minimum=9, maximum=9, default=9)
    Parameter("p", BOOLEAN, default=False)
    Parameter("p", choices=("a", "b"), default="b")
    Parameter("p", default="anything")
    Parameter("p", STRUCT, open=True, base64=True)


def test_a_declaration_stays_as_it_is() -> None:
    parameter = Parameter("p")
    with pytest.raises(AttributeError):
        parameter.name = "q"  # type: ignore[misc]


def test_the_nearest_name_whatever_its_letter_case() -> None:
    names = ("ID_send", "ID_message", "range_from")
    assert nearest("id_SEND", names) == "ID_send"
    assert nearest("IDmessage", names) == "ID_message"
    assert nearest("rangefrom", names) == "range_from"
    assert nearest("x", ()) is None


@pytest.mark.parametrize("name", ["jan@example.com", "x" * 81, "", "a b", "1000001", None, 5, "a\n"])
def test_a_name_that_could_be_anything_is_not_shown(name: Any) -> None:
    assert shown(name) == "(a name that is not shown)"


def test_a_name_that_looks_like_one_is_shown() -> None:
    assert shown("mailkit.report.A/B") == "'mailkit.report.A/B'"
