"""Reports that Mailkit does not have, of every kind there is, and all reports together."""

from __future__ import annotations

from typing import Any, Final

from airflow_provider_mailkit.catalogue.columns import (
    ADDRESS,
    DAY,
    DECIMAL,
    INSTANT,
    INTEGER,
    NESTED,
    OTHER,
    Column,
)
from airflow_provider_mailkit.catalogue.function import READ, Answer, Function
from airflow_provider_mailkit.catalogue.parameters import (
    DAY as A_DAY,
    ID,
    ID_OR_ADDRESS,
    INTEGER as A_NUMBER,
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
from airflow_provider_mailkit.catalogue.reports import REPORTS

_ID_SHOP = Parameter("ID_shop", ID, required=True)
_OF_A_SHOP = Context(Column("ID_SHOP", INTEGER, key=True), "ID_shop")

SHOPS: Final = Function("mailkit.shop.list", READ, "The shops.", answer=Answer("rows"))

#: In pages, with every kind of column, and objects in it.
VISITS: Final = Report(
    Function(
        "mailkit.shop.visits",
        READ,
        "Every visit of a shop, in pages.",
        (
            _ID_SHOP,
            Parameter("kind", choices=("day", "night"), default="day"),
            Parameter("ID_visit", ID, minimum=0),
            Parameter("limit", A_NUMBER, minimum=1, maximum=500),
        ),
        answer=Answer("rows"),
    ),
    row="visit",
    context=(_OF_A_SHOP, Context(Column("KIND", usual=("day", "night")), "kind")),
    columns=(
        Column("ID_VISIT", INTEGER, key=True, unique=True),
        Column("EMAIL", personal=ADDRESS, unique=True),
        Column("SEEN", INSTANT, spelling="WHEN_SEEEN"),
        Column("BIRTHDAY", DAY, personal=OTHER),
        Column("SPENT", DECIMAL),
        Column("STEPS", INTEGER, often_empty=True),
        Column("STATE", usual=("", "new", "known"), often_empty=True),
        Column("VIP"),
        Column("NOTE"),
        Column("COLOUR", may_quote_addresses=False),
        Column("NAME", personal=OTHER),
        Column("BASKET", NESTED),
        Column("AT_CITY", personal=OTHER, inside="AT"),
        Column("AT_COUNT", INTEGER, inside="AT"),
        Column("AT_SEEN", INSTANT, inside="AT"),
        Column("AT_DAY", DAY, inside="AT"),
        Column("AT_SHARE", DECIMAL, inside="AT"),
    ),
    measures=(
        CountBy("STATE", "state_counts"),
        Total("STEPS", "steps", "walkers"),
        Range("SEEN"),
        Range("AT_DAY", "first_day", "last_day"),
    ),
    paging=Paging("ID_visit", "ID_VISIT", page_size=200),
    every=(Every("ID_shop", SHOPS, "ID_SHOP", may_vanish=True),),
)

#: Whole and flat, which is the fast way; told apart by a text and an instant.
ORDERS: Final = Report(
    Function(
        "mailkit.shop.orders",
        READ,
        "The orders of a shop in a range of days.",
        (_ID_SHOP, Parameter("since", A_DAY), Parameter("until", A_DAY)),
        answer=Answer("rows"),
    ),
    row="order",
    context=(_OF_A_SHOP,),
    columns=(
        Column("NUMBER", key=True),
        Column("ORDERED", INSTANT, key=True),
        Column("DELIVERY", DAY),
        Column("AMOUNT", DECIMAL),
        Column("PIECES", INTEGER),
        Column("BUYER", personal=ADDRESS),
        Column("PHONE", personal=OTHER),
        Column("REMARK", often_empty=True),
        Column("PAID"),
    ),
    measures=(CountBy("PAID", "paid_counts"), Total("PIECES", "pieces"), Range("DELIVERY")),
    days=DayRange("since", "until", look_back_days=7),
)

#: Its rows are inside an object.
STAFF: Final = Report(
    Function(
        "mailkit.shop.staff",
        READ,
        "Who works in the shops.",
        (Parameter("who", ID_OR_ADDRESS),),
        answer=Answer("object", xmlrpc="rows", inside="people"),
    ),
    row="person",
    columns=(
        Column("ID_PERSON", INTEGER, key=True),
        Column("EMAIL", personal=ADDRESS),
        Column("SURNAME", personal=OTHER),
        Column("HOURS", DECIMAL, often_empty=True),
    ),
)

#: One object, the only row.
TILL: Final = Report(
    Function("mailkit.shop.till", READ, "What is in the till.", (_ID_SHOP,), answer=Answer("object")),
    row="till",
    context=(_OF_A_SHOP,),
    columns=(
        Column("COUNTED", INSTANT),
        Column("COINS", INTEGER),
        Column("TOTAL", DECIMAL),
        Column("CASHIER", personal=OTHER),
        Column("REMARK"),
    ),
    measures=(Range("COUNTED"),),
)

#: In pages, of two IDs, and with two objects in each record. Numbers outside and inside are added up.
CALLS: Final = Report(
    Function(
        "mailkit.shop.calls",
        READ,
        "Every call to a desk of a shop, in pages.",
        (
            _ID_SHOP,
            Parameter("ID_desk", ID, required=True),
            Parameter("ID_call", ID, minimum=0),
            Parameter("limit", A_NUMBER, minimum=1, maximum=500),
        ),
        answer=Answer("rows"),
    ),
    row="call",
    context=(_OF_A_SHOP, Context(Column("ID_DESK", INTEGER, key=True), "ID_desk")),
    columns=(
        Column("GEO_CITY", personal=OTHER, inside="GEO"),
        Column("GEO_HOPS", INTEGER, inside="GEO"),
        Column("ID_CALL", INTEGER, key=True),
        Column("SECONDS", INTEGER),
        Column("WHO_NAME", personal=OTHER, inside="WHO"),
        Column("WHO_EMAIL", personal=ADDRESS, inside="WHO"),
        Column("WHO_IP", personal=OTHER, inside="WHO"),
    ),
    measures=(Total("SECONDS", "seconds_total", "answered"), Total("GEO_HOPS", "hops")),
    paging=Paging("ID_call", "ID_CALL", page_size=200),
)

#: Its rows are inside an object over both protocols, and its only key is inside an object of each record.
PARCELS: Final = Report(
    Function(
        "mailkit.shop.parcels",
        READ,
        "What was packed.",
        answer=Answer("object", inside="parcels"),
    ),
    row="parcel",
    columns=(
        Column("LABEL_NUMBER", INTEGER, key=True, inside="LABEL"),
        Column("LABEL_PRINTED", INSTANT, inside="LABEL"),
        Column("WEIGHT", DECIMAL),
        Column("REMARK", may_quote_addresses=False),
    ),
)

OWN: Final = {report.name: report for report in (VISITS, ORDERS, STAFF, TILL, CALLS, PARCELS)}
EVERY_REPORT: Final[dict[str, Report]] = {**REPORTS, **OWN}

_VALUES = {
    "id": 5001,
    "id or address": 5001,
    "integer": 3,
    "day": "2026-03-01",
    "instant": "2026-03-01 08:00:00",
}


def parameters_of(report: Report) -> dict[str, Any]:
    """Return what a report can be asked for with: what is required, and few rows a page."""
    asked: dict[str, Any] = {
        parameter.name: parameter.choices[0] if parameter.choices else _VALUES.get(parameter.kind, "text")
        for parameter in report.function.parameters
        if parameter.required
    }
    if report.function.one_of and not asked.keys() & set(report.function.one_of):
        # The last one is an ID, the first one an address.
        asked[report.function.one_of[-1]] = 5001
    if report.paging is not None:
        asked[report.paging.limit] = 7
    return asked


def xmlrpc_names(report: Report) -> tuple[str, ...]:
    """Return the parameters in the order in which XML-RPC gets them."""
    return tuple(place.parameters[0] for place in report.function.order if place.parameters)
