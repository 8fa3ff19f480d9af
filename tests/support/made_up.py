"""Records that Hypothesis makes up out of a declaration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from airflow_provider_mailkit.catalogue.columns import ADDRESS, DAY, DECIMAL, INSTANT, INTEGER, NESTED, Column
from airflow_provider_mailkit.catalogue.report import Report

# What XML can hold. White space is left out where the two parsers of the standard library would differ.
TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=12
) | st.sampled_from(["", "}", "},{", "</struct>", "</value><value>", "&amp;", "]]>", '"', "\\", "[", "0"])
_COUNTER = st.none() | st.just("") | st.integers(-(2**63), 2**63 - 1) | st.integers(0, 10**18).map(str)
_AMOUNT = (
    st.none()
    | st.just("")
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(10**9), 10**9).map(lambda cents: f"{cents / 100:.2f}")
    | st.integers(-(2**53), 2**53)
)
_ABSENT_DATE = st.none() | st.sampled_from(["", "0000-00-00 00:00:00"])
_INSTANT = _ABSENT_DATE | st.datetimes().map(lambda date: f"{date.replace(microsecond=0)}")
_DAY = _ABSENT_DATE | st.dates().map(str)
_OTHER = st.sampled_from((12, True, False, 1.5, 0))
JSON_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT.map(str.strip), inner, max_size=3),
    max_leaves=6,
)
# A text would be one as it is, and not as JSON.
_NESTED = st.none() | st.lists(JSON_VALUE, max_size=3) | st.dictionaries(TEXT.map(str.strip), JSON_VALUE)
_KINDS: dict[str, st.SearchStrategy[Any]] = {
    INTEGER: _COUNTER,
    DECIMAL: _AMOUNT,
    INSTANT: _INSTANT,
    DAY: _DAY,
    NESTED: _NESTED,
}
#: No report has these members.
_NEW = ("NEW_MEMBER", "x", "Ž}")
# Of a report with a hundred columns a record has this many members: more take long to make up.
_MEMBERS = 10


def values_of(column: Column) -> st.SearchStrategy[Any]:
    """Return values that a column may have in an answer."""
    if column.kind in _KINDS:
        return _KINDS[column.kind]
    texts = st.none() | TEXT
    return texts if column.usual or column.personal == ADDRESS else texts | _OTHER


@st.composite
def records(draw: st.DrawFn, report: Report) -> dict[str, Any]:
    """One record: some of the members, in any order and letter case, and now and then an unknown one."""
    letters: list[Callable[[str], str]] = [str, str, str.lower, str.title]
    change = draw(st.sampled_from(letters))

    def some(columns: list[Column]) -> dict[str, Any]:
        chosen = draw(st.lists(st.sampled_from(columns), min_size=1, max_size=_MEMBERS, unique=True))
        return {change(column.member): draw(values_of(column)) for column in chosen}

    record = some([column for column in report.columns if column.inside is None])
    for number, holder in enumerate(
        dict.fromkeys(column.inside for column in report.columns if column.inside)
    ):
        inner = [column for column in report.columns if column.inside == holder]
        # Two lists in a record are refused.
        match draw(st.sampled_from(["one", "one" if number else "several", None, ""])):
            case "one":
                record[change(holder)] = some(inner)
            case "several":
                record[change(holder)] = [some(inner) for _ in range(draw(st.integers(0, 2)))]
            case absent:
                record[change(holder)] = absent
    if draw(st.integers(0, 5)) == 0:
        record[draw(st.sampled_from(_NEW))] = draw(JSON_VALUE)
    return record


def answers(report: Report, least: int = 0) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Return the records of an answer; of a report of one object, one or none."""
    return st.lists(records(report), min_size=least, max_size=1 if report.single else 6)
