from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mailkit.catalogue.columns import (
    ADDRESS,
    INSTANT,
    INTEGER,
    NESTED,
    OTHER,
    Column,
    others,
)


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("needs a name", {"name": "Id"}),
        ("needs a name", {"name": "ID-A"}),
        ("needs a name", {"name": ""}),
        ("needs a name", {"name": "1A"}),
        ("the kind must be", {"kind": "number"}),
        ("personal must be", {"personal": "email"}),
        ("an address is a text", {"personal": ADDRESS, "kind": INTEGER}),
        ("for an address only", {"may_be_number": True}),
        ("usual values", {"usual": ("a", "b", "a")}),
        ("A: usual must be a tuple of str: .* comma", {"usual": "abc"}),
        ("A: usual must be a tuple", {"usual": ["a"]}),
        ("A: usual must be a tuple", {"usual": (1,)}),
        ("usual values", {"usual": ("a",), "kind": INTEGER}),
        ("usual values", {"usual": ("a",), "unique": True}),
        ("must begin with DATA_", {"inside": "DATA"}),
        ("must begin with DATA_", {"name": "DATA_", "inside": "DATA"}),
        ("D_X: inside must be in upper case", {"name": "D_X", "inside": "d"}),
        ("D_X: inside must be in upper case", {"name": "D_X", "inside": "D "}),
        ("D_X: inside must be in upper case", {"name": "D_X", "inside": ""}),
        ("spelling", {"spelling": ""}),
        ("spelling", {"spelling": " A"}),
        ("must begin with DATA_", {"name": "DATA", "inside": "DATA"}),
    ],
)
def test_a_wrong_declaration_is_refused(said: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=said):
        Column(**({"name": "A"} | wrong))


def test_the_member_that_a_column_comes_from() -> None:
    assert Column("EMAIL").member == "EMAIL"
    assert Column("ID_SEND_MESSAGE", spelling="ID_SEND_MESSGE").member == "ID_SEND_MESSGE"
    assert Column("DATA_IP_ORIG", inside="DATA").member == "IP_ORIG"
    assert [column.member for column in others("DATA_DATA_X", "DATA_Y", inside="DATA")] == ["DATA_X", "Y"]


def test_what_is_searched_for_addresses() -> None:
    assert Column("TEXT_STATUS").is_searched
    assert Column("RESPONSE_DATA", NESTED, personal=OTHER).is_searched
    # It is hidden as a whole.
    assert not Column("EMAIL", personal=ADDRESS).is_searched
    assert not Column("TLD", may_quote_addresses=False).is_searched
    assert not Column("DATE", INSTANT).is_searched


def test_ranges_help_where_values_are_not_texts() -> None:
    assert [Column("A", kind).ranged for kind in (INTEGER, INSTANT, NESTED)] == [True, True, False]
    assert not Column("A").ranged
