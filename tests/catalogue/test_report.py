"""A report is refused when it is declared wrongly, not when it runs."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mailkit.catalogue.columns import DAY, INSTANT, INTEGER, NESTED, Column
from airflow_provider_mailkit.catalogue.function import Answer, Function
from airflow_provider_mailkit.catalogue.parameters import (
    DAY as DAY_PARAMETER,
    ID,
    INTEGER as NUMBER,
    Parameter,
)
from airflow_provider_mailkit.catalogue.report import (
    Context,
    CountBy,
    DayRange,
    Every,
    Paging,
    Range,
    Report,
    Total,
)

FUNCTION = Function(
    "mailkit.visits",
    "read",
    "A report that Mailkit does not have.",
    (
        Parameter("ID_shop", ID, required=True),
        Parameter("kind", choices=("day", "night")),
        Parameter("ID_visit", ID, minimum=0),
        Parameter("limit", NUMBER, maximum=500),
        Parameter("since", DAY_PARAMETER),
        Parameter("until", DAY_PARAMETER),
    ),
    answer=Answer("rows"),
)
SHOPS = Function("mailkit.shops", "read", "Another one.", answer=Answer("rows"))
OPENS = Function("mailkit.opens", "write", "One that acts.")
ID_SHOP = Context(Column("ID_SHOP", INTEGER), "ID_shop")
COLUMNS = (
    Column("ID_VISIT", INTEGER, key=True),
    Column("EMAIL"),
    Column("WHEN", INSTANT),
    Column("SPENT", INTEGER),
    Column("AT_CITY", inside="AT"),
)


def declared(**changes: Any) -> Report:
    right: dict[str, Any] = {
        "function": FUNCTION,
        "row": "visit",
        "columns": COLUMNS,
        "context": (ID_SHOP,),
        "measures": (CountBy("EMAIL", "by_email"), Total("SPENT", "spent", "spenders"), Range("WHEN")),
        "paging": Paging("ID_visit", "ID_VISIT", page_size=500),
        "days": DayRange("since", "until", 30),
        "every": (Every("ID_shop", SHOPS, "ID_SHOP"),),
    }
    return Report(**(right | changes))


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("only reads", {"function": OPENS}),
        (
            "only reads",
            {"function": Function("mailkit.visits", "read", "Unknown.", uncallable="nobody knows it")},
        ),
        ("a word for its row", {"row": ""}),
        ("and columns", {"columns": ()}),
        ("the column SPENT", {"columns": (*COLUMNS, Column("SPENT", INTEGER))}),
        ("the column EXPORTED_AT", {"columns": (*COLUMNS, Column("EXPORTED_AT", INSTANT))}),
        ("the column EXTRA", {"columns": (*COLUMNS, Column("EXTRA"))}),
        ("the column ID_SHOP", {"columns": (*COLUMNS, Column("ID_SHOP", INTEGER))}),
        ("two columns of the member EMAIL", {"columns": (*COLUMNS, Column("VISITOR", spelling="email"))}),
        ("AT is a column and holds", {"columns": (*COLUMNS, Column("AT", NESTED))}),
        ("no column is a key", {"columns": COLUMNS[1:], "paging": None}),
        ("ID_city is not a parameter", {"context": (Context(Column("ID_CITY", INTEGER), "ID_city"),)}),
        (
            "ID_SHOP is not in the answer",
            {"context": (Context(Column("ID_SHOP", INTEGER, spelling="ID_SHP"), "ID_shop"),)},
        ),
        ("the column ID_SHOP", {"context": (ID_SHOP, ID_SHOP)}),
        ("two measures are called spent", {"measures": (CountBy("EMAIL", "spent"), Total("SPENT", "spent"))}),
        ("two measures are called spent", {"measures": (Total("SPENT", "spent", "spent"),)}),
        ("EMAILS is not a column", {"measures": (CountBy("EMAILS", "by_email"),)}),
        ("SPENT cannot", {"measures": (CountBy("SPENT", "by_spent"),)}),
        ("EMAIL cannot", {"measures": (Total("EMAIL", "spent"),)}),
        ("SPENT cannot", {"measures": (Range("SPENT"),)}),
        (
            "EMAIL cannot be measured like that, or is personal",
            {
                "columns": (COLUMNS[0], Column("EMAIL", personal="address")),
                "measures": (CountBy("EMAIL", "n"),),
            },
        ),
        ("two measures are called date", {"measures": (Range("WHEN", "date", "date"),)}),
        ("ID_visits is not", {"paging": Paging("ID_visits", "ID_VISIT", page_size=500)}),
        ("kind is not a parameter", {"paging": Paging("kind", "ID_VISIT", page_size=500)}),
        ("a key that is a whole", {"paging": Paging("ID_visit", "EMAIL", page_size=500)}),
        ("a key that is a whole", {"paging": Paging("ID_visit", "SPENT", page_size=500)}),
        (
            "not inside of anything",
            {
                "columns": (*COLUMNS, Column("AT_ID", INTEGER, key=True, inside="AT")),
                "paging": Paging("ID_visit", "AT_ID", page_size=500),
            },
        ),
        ("one row, so it holds no object", {"is_log": True}),
        ("limits is not", {"paging": Paging("ID_visit", "ID_VISIT", "limits", page_size=500)}),
        ("from 2 to 500", {"paging": Paging("ID_visit", "ID_VISIT", page_size=501)}),
        ("from 2 to 500", {"paging": Paging("ID_visit", "ID_VISIT", page_size=1)}),
        ("from is not", {"days": DayRange("from", "until", 30)}),
        ("kind is not a parameter", {"days": DayRange("since", "kind", 30)}),
        ("from a last day", {"days": DayRange("since", None, 30)}),
        ("by 0 or more", {"days": DayRange("since", "until", -1)}),
        ("kind is not a parameter", {"every": (Every("kind", SHOPS, "ID_SHOP"),)}),
        ("all for ID_shop", {"every": (Every("ID_shop", OPENS, "ID_SHOP"),)}),
        ("all for ID_shop", {"every": (Every("ID_shop", FUNCTION, "ID_SHOP"),)}),
    ],
)
def test_a_wrong_declaration_is_refused(said: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=rf"^mailkit\.\w+: .*{said}"):
        declared(**wrong)


def test_what_a_report_says_of_itself() -> None:
    report = declared()
    assert report.name == "mailkit.visits"
    assert report.column_names == ("ID_SHOP", "ID_VISIT", "EMAIL", "WHEN", "SPENT", "AT_CITY")
    assert report.key == ("ID_VISIT",)
    assert report.id_lists == ("ID_shop",)
    assert report.column("WHEN").kind == INSTANT
    assert (report.rows_in, report.single) == (None, False)
    with pytest.raises(ValueError, match="WHEM is not a column"):
        report.column("WHEM")


def test_where_the_rows_are() -> None:
    function = Function(
        "mailkit.inside", "read", "Rows in an object.", answer=Answer("object", inside="data")
    )
    report = Report(function, row="row", columns=COLUMNS)
    assert (report.rows_in, report.single) == ("data", False)
    function = Function("mailkit.single", "read", "One object.", answer=Answer("object"))
    assert Report(function, row="row", columns=COLUMNS).single


def test_a_context_may_be_a_key_and_not_a_list() -> None:
    report = declared(
        context=(Context(Column("ID_SHOP", INTEGER, key=True), "ID_shop"), Context(Column("KIND"), "kind")),
        columns=(*COLUMNS, Column("BILLED", DAY)),
        measures=(Range("BILLED"),),
    )
    assert report.key == ("ID_SHOP", "ID_VISIT")
    assert report.id_lists == ("ID_shop",)
