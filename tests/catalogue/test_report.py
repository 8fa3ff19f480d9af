"""A report is refused when it is declared wrongly, not when it runs."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mailkit.catalogue.columns import (
    DAY,
    INSTANT,
    INTEGER,
    NESTED,
    UTC_INSTANT,
    Column,
)
from airflow_provider_mailkit.catalogue.function import Answer, Function, Place
from airflow_provider_mailkit.catalogue.parameters import (
    BOOLEAN,
    DAY as DAY_PARAMETER,
    ID,
    ID_OR_ADDRESS,
    INSTANT as INSTANT_PARAMETER,
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
        Parameter("email"),
        Parameter("who", ID_OR_ADDRESS),
        Parameter("paid", BOOLEAN),
        Parameter("at", INSTANT_PARAMETER),
        Parameter("rows", NUMBER),
    ),
    answer=Answer("rows"),
)
SHOPS = Function("mailkit.shops", "read", "Another one.", answer=Answer("rows"))
TEXT_ONLY = Function("mailkit.shops", "read", "No rows.", answer=Answer("text"))
OPENS = Function("mailkit.opens", "write", "One that acts.")
TOWNS = Function(
    "mailkit.towns",
    "read",
    "It needs more.",
    (Parameter("ID_land", ID, required=True),),
    answer=Answer("rows"),
)
ONE: dict[str, Any] = {
    "function": Function("mailkit.visits", "read", "One.", FUNCTION.parameters, answer=Answer("object")),
    "paging": None,
}
ID_SHOP = Context(Column("ID_SHOP", INTEGER), "ID_shop")
COLUMNS = (
    Column("ID_VISIT", INTEGER, key=True),
    Column("EMAIL"),
    Column("WHEN", INSTANT),
    Column("SPENT", INTEGER),
    Column("AT_CITY", inside="AT"),
)


def answered(*args: Any, **options: Any) -> Function:
    """Return the function with another answer."""
    return Function(
        "mailkit.visits", "read", "Another answer.", FUNCTION.parameters, answer=Answer(*args, **options)
    )


def placed(*names: str) -> Function:
    """Return the function with other places over XML-RPC."""
    return Function(
        "mailkit.visits",
        "read",
        "Other places.",
        FUNCTION.parameters,
        places=tuple(Place((name,)) for name in names),
        answer=Answer("rows"),
    )


def columns(*added: Column) -> dict[str, Any]:
    """Return the columns with others after them."""
    return {"columns": (*COLUMNS, *added)}


def context(column: Column, parameter: str) -> dict[str, Any]:
    """Return a context with another one after it."""
    return {"context": (ID_SHOP, Context(column, parameter))}


def measures(*declared: Any) -> dict[str, Any]:
    return {"measures": declared}


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
        ("a word for its row", {"row": " "}),
        ("and columns", {"columns": ()}),
        ("the column SPENT", {"columns": (*COLUMNS, Column("SPENT", INTEGER))}),
        ("the column EXPORTED_AT", {"columns": (*COLUMNS, Column("EXPORTED_AT", INSTANT))}),
        ("the column EXTRA", {"columns": (*COLUMNS, Column("EXTRA"))}),
        ("the column ID_SHOP", {"columns": (*COLUMNS, Column("ID_SHOP", INTEGER))}),
        ("two columns of the member EMAIL", columns(Column("VISITOR", spelling="email"))),
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
            "of the row itself",
            {
                "columns": (*COLUMNS, Column("AT_ID", INTEGER, key=True, inside="AT")),
                "paging": Paging("ID_visit", "AT_ID", page_size=500),
            },
        ),
        ("one row, so it holds no object", {"is_log": True}),
        ("limits is not", {"paging": Paging("ID_visit", "ID_VISIT", "limits", page_size=500)}),
        ("from 2 to 500", {"paging": Paging("ID_visit", "ID_VISIT", page_size=501)}),
        ("from 2 to 500", {"paging": Paging("ID_visit", "ID_VISIT", page_size=1)}),
        ("page_size must be a whole number", {"paging": Paging("ID_visit", "ID_VISIT", page_size="200")}),  # type: ignore[arg-type]
        ("page_size must be a whole number", {"paging": Paging("ID_visit", "ID_VISIT", page_size=20.5)}),  # type: ignore[arg-type]
        ("from is not", {"days": DayRange("from", "until", 30)}),
        ("kind is not a parameter", {"days": DayRange("since", "kind", 30)}),
        ("from a last day", {"days": DayRange("since", None, 30)}),
        ("by 0 or more", {"days": DayRange("since", "until", -1)}),
        ("is a whole number", {"days": DayRange("since", "until", "7")}),  # type: ignore[arg-type]
        ("kind is not a parameter", {"every": (Every("kind", SHOPS, "ID_SHOP"),)}),
        ("all for ID_shop needs another", {"every": (Every("ID_shop", OPENS, "ID_SHOP"),)}),
        ("all for ID_shop needs another", {"every": (Every("ID_shop", FUNCTION, "ID_SHOP"),)}),
        ("UTC is for EXPORTED_AT only", columns(Column("SEEN", UTC_INSTANT))),
        ("UTC is for EXPORTED_AT only", context(Column("SINCE", UTC_INSTANT), "at")),
        # Answers that are not rows in both protocols.
        ("answer must be rows or an object", {"function": answered("text")}),
        ("answer must be rows or an object", {"function": answered("number")}),
        ("answer must be rows or an object", {"function": answered("rows", xmlrpc="text")}),
        ("answer must be rows or an object", {"function": answered("object", xmlrpc="number")}),
        # Context columns.
        ("SINCE: .* from an ID or a number, or a text", context(Column("SINCE", DAY), "since")),
        ("AT: .* from an ID or a number, or a text", context(Column("AT", INSTANT), "at")),
        ("PAID: .* from an ID or a number, or a text", context(Column("PAID"), "paid")),
        ("SHOP: .* from an ID or a number, or a text", {"context": (Context(Column("SHOP"), "ID_shop"),)}),
        ("KIND: .* from an ID or a number, or a text", context(Column("KIND", INTEGER), "kind")),
        ("two context columns of ID_shop", context(Column("SHOP", INTEGER), "ID_shop")),
        # Members that two columns share.
        (
            "(Q|DATA) is a column and holds",
            columns(Column("Q", spelling="data"), Column("DATA_X", inside="DATA")),
        ),
        (
            "(Q|DATA) is a column and holds",
            columns(Column("DATA", spelling="Q"), Column("DATA_X", inside="DATA")),
        ),
        ("two columns of the member [AB]", columns(Column("A", spelling="B"), Column("B", spelling="A"))),
        ("two columns of the member SPENT", columns(Column("COST", INTEGER, spelling="Spent"))),
        ("two columns of the member AT.CITY", columns(Column("AT_TOWN", inside="AT", spelling="city"))),
        ("ERROR_STATUS is for Mailkit's errors", columns(Column("ERROR_STATUS", INTEGER))),
        ("ERROR_STATUS is for Mailkit's errors", columns(Column("STATE", spelling="error_status"))),
        (
            "DATA holds the rows",
            columns(Column("DATA")) | {"function": answered("object", inside="data")},
        ),
        (
            "AT holds the rows",
            {"function": answered("object", inside="At"), "paging": None},
        ),
        ("ERROR_STATUS is for Mailkit's errors", columns(Column("ERROR_STATUS_X", inside="ERROR_STATUS"))),
        ("ERROR is for Mailkit's errors", columns(Column("ERROR")) | ONE),
        ("ERROR is for Mailkit's errors", columns(Column("ERROR_X", inside="ERROR")) | ONE),
        # A comma that was forgotten.
        ("columns must be a tuple of Column: .* comma", {"columns": COLUMNS[0]}),
        ("columns must be a tuple", {"columns": [*COLUMNS]}),
        ("context must be a tuple of Context", {"context": ID_SHOP}),
        ("measures must be a tuple of CountBy or Total or Range", {"measures": Total("SPENT", "spent")}),
        ("every must be a tuple of Every", {"every": Every("ID_shop", SHOPS, "ID_SHOP")}),
        # Members of the summary.
        *(
            (f"the summary has {name} already", measures(CountBy("EMAIL", name)))
            for name in (
                "function",
                "uri",
                "file_format",
                "compression",
                "rows",
                "bytes",
                "sha256",
                "duplicates",
                "pages",
                "skipped",
                "exported_at",
                "seconds",
                "id_shop",
            )
        ),
        ("the summary has rows already", measures(Total("SPENT", "rows"))),
        ("the summary has bytes already", measures(Total("SPENT", "spent", "bytes"))),
        ("the summary has uri already", measures(Range("WHEN", "first_date", "uri"))),
        ("the summary has rows already", context(Column("ROW_COUNT", INTEGER), "rows")),
        ("'' is not a name", measures(CountBy("EMAIL", ""))),
        ("'By e' is not a name", measures(CountBy("EMAIL", "By e"))),
        # Pages.
        (
            "a key that is a whole number of the row itself",
            {
                "paging": Paging("ID_visit", "ID_SHOP", page_size=500),
                "context": (Context(Column("ID_SHOP", INTEGER, key=True), "ID_shop"),),
            },
        ),
        (
            "a key that is a whole number of the row itself",
            columns(Column("AT_ID", INTEGER, key=True, inside="AT"))
            | {"paging": Paging("ID_visit", "AT_ID", page_size=500)},
        ),
        ("one object has no pages", {"function": answered("object")}),
        (
            "ID_shop says where pages begin or end",
            {"paging": Paging("ID_shop", "ID_VISIT", page_size=500)},
        ),
        ("limit has no place", {"function": placed("ID_shop", "ID_visit", "since", "until")}),
        ("ID_visit has no place", {"function": placed("ID_shop", "limit", "since", "until")}),
        ("until has no place", {"function": placed("ID_shop", "limit", "ID_visit", "since")}),
        ("ID_shop has no place", {"function": placed("limit", "ID_visit", "since", "until")}),
        # Days.
        ("a log comes in pages", {"paging": None, "is_log": True}),
        ("the first and the last day", {"days": DayRange("since", "since", 30)}),
        # All IDs.
        ("all for ID_shop needs a context column", {"context": ()}),
        ("all for ID_visit needs a context column", {"every": (Every("ID_visit", SHOPS, "ID_VISIT"),)}),
        (
            "all is declared twice for ID_shop",
            {"every": (Every("ID_shop", SHOPS, "ID_SHOP"), Every("ID_shop", SHOPS, "ID"))},
        ),
        ("all for ID_shop: a column needs a name", {"every": (Every("ID_shop", SHOPS, ""),)}),
        (
            "all for ID_shop: .* rows or an object",
            {"every": (Every("ID_shop", TEXT_ONLY, "ID_SHOP"),)},
        ),
        ("all for ID_shop: .*needs ID_land", {"every": (Every("ID_shop", TOWNS, "ID_SHOP"),)}),
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
    # What nobody has seen is read as it comes.
    assert not Report(answered(), row="row", columns=COLUMNS).single


def test_a_context_may_be_a_key_and_not_a_list() -> None:
    report = declared(
        context=(Context(Column("ID_SHOP", INTEGER, key=True), "ID_shop"), Context(Column("KIND"), "kind")),
        columns=(*COLUMNS, Column("BILLED", DAY)),
        measures=(Range("BILLED"),),
    )
    assert report.key == ("ID_SHOP", "ID_VISIT")
    assert report.id_lists == ("ID_shop",)
