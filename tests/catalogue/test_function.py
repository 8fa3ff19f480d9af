from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mailkit.catalogue.function import Answer, Function, Place
from airflow_provider_mailkit.catalogue.parameters import Parameter, texts

A, B, C = texts("a", "b", "c")


def declared(**changes: Any) -> Function:
    right: dict[str, Any] = {
        "name": "mailkit.x",
        "effect": "read",
        "purpose": "For tests.",
        "parameters": (A, B, C),
    }
    return Function(**(right | changes))


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("placement must be one of parameters, top level, none or None", {"placement": "top-level"}),
        (
            "the shape of a position must be one of one, struct, list, each",
            {"places": (Place(("a",), "array"),)},
        ),
        ("its answer must be one of rows, object, number, text or None", {"answer": Answer("list")}),
        ("its answer must be one of rows, object", {"answer": Answer("rows", xmlrpc="struct")}),
        ("inside must name a member", {"answer": Answer("rows", inside="")}),
        ("inside must name a member", {"answer": Answer("number", inside="data")}),
        ("inside must name a member", {"answer": Answer(inside="data")}),
        ("inside must name a member, without blanks", {"answer": Answer("object", inside=" data ")}),
        ("error is for Mailkit's errors", {"answer": Answer("object", inside="error")}),
        ("Error_Status is for Mailkit's errors", {"answer": Answer("object", inside="Error_Status")}),
        ("parameters must be a tuple of Parameter: .* comma", {"parameters": A}),
        ("one_of must be a tuple of str", {"one_of": "a"}),
        ("places must be a tuple of Place", {"places": Place(("a",))}),
        ("the parameters of a place must be a tuple", {"places": (Place("a"),)}),  # type: ignore[arg-type]
        ("unknown must be a tuple of str", {"unknown": "its answer"}),
        ("texts of its answer must be a tuple", {"answer": Answer("text", texts="OK")}),  # type: ignore[arg-type]
        ("integers of its answer must be a tuple", {"answer": Answer("rows", integers="a")}),  # type: ignore[arg-type]
        ("members of its answer must be a tuple", {"answer": Answer("rows", members="a")}),  # type: ignore[arg-type]
        ("failures of its answer must be a tuple", {"answer": Answer("rows", failures=0)}),  # type: ignore[arg-type]
        ("a is declared twice", {"parameters": (A, B, A)}),
        ("one_of names d", {"one_of": ("a", "d")}),
        ("what is required", {"one_of": ("a", "r"), "parameters": (A, Parameter("r", required=True))}),
        ("it has parameters, so", {"placement": "none"}),
        ("one of the four", {"effect": None}),
        ("one of the four", {"effect": "reads"}),
        ("a position for d", {"places": (Place(("a",)), Place(("d",)))}),
        ("two positions for a", {"places": (Place(("a",)), Place(("b", "a")))}),
        ("stand at the end", {"places": (Place(("a",), "each"), Place(("b",)))}),
        ("stand at the end", {"places": (Place(("a", "b"), "each"),)}),
        ("texts are declared", {"answer": Answer("rows", texts=("OK",))}),
    ],
)
def test_a_wrong_declaration_is_refused(said: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=rf"^mailkit\.x: .*{said}"):
        declared(**wrong)


@pytest.mark.parametrize("name", ["", " mailkit.x", "mailkit.x "])
def test_a_function_has_a_name(name: str) -> None:
    with pytest.raises(ValueError, match="a function needs a name without blanks around it"):
        declared(name=name)


def test_each_parameter_has_a_place_of_its_own_unless_it_is_said() -> None:
    assert [place.parameters for place in declared().order] == [("a",), ("b",), ("c",)]
    assert declared(places=(Place(("c",)),)).order == (Place(("c",)),)
    assert declared(places=()).order == ()


def test_what_a_function_says_of_itself() -> None:
    assert declared().reads
    assert not declared(effect="write").reads
    assert not declared(effect=None, uncallable="nobody knows it").reads
    assert declared().spoken == "mailkit.x"
    assert declared(method="mailkit.y").spoken == "mailkit.y"
    assert declared().parameter("b") is B
    assert declared().parameter("B") is None
    assert declared(parameters=()).sends_no_parameters
    assert not declared(parameters=(), placement="none").sends_no_parameters
    assert not Answer().is_known
    assert Answer(None, xmlrpc="text").is_known
