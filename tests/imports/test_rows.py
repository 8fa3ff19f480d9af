"""What becomes a recipient, and why the rest does not."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.imports.rows import RecipientBuilder, Rejection, as_text

TEXTS = [
    (None, ""), ("a", "a"), (" a ", " a "), (5, "5"), (True, "true"), (False, "false"), (2.5, "2.5"),
    (11000.0, "11000"), (float("nan"), ""), (1e300, "1e+300"), (float("inf"), "inf"),
    (Decimal("1.50"), "1.50"),
    (datetime.date(2026, 3, 1), "2026-03-01"), (datetime.datetime(2026, 3, 1, 8), "2026-03-01T08:00:00"),
    (datetime.time(8, 5), "08:05:00"), (b"a", None), ([], None), ({}, None), ((1,), None), (object, None),
]  # fmt: skip


@pytest.mark.parametrize(("value", "text"), TEXTS, ids=repr)
def test_values_as_texts(value: Any, text: str | None) -> None:
    assert as_text(value) == text


def test_a_row_under_mailkits_own_names() -> None:
    builder = RecipientBuilder(constants={"custom1": 5})
    row = {
        "Email": " A@example.com",
        "FIRST_NAME ": "A",
        "city": None,
        "zip": "",
        "street": "\t",
        "custom25": 1,
    }
    assert builder.build("rows", row) == {
        "custom1": "5", "email": "A@example.com", "first_name": "A", "custom25": "1"
    }  # fmt: skip


REJECTED: list[tuple[dict[str, Any], Rejection]] = [
    ({}, Rejection("no address", "email")),
    ({"email": None}, Rejection("no address", "email")),
    ({"email": " \ufeff "}, Rejection("no address", "email")),
    ({"email": 5}, Rejection("not an address", "email")),
    ({"email": ["a@example.com"]}, Rejection("a nested value", "email")),
    ({"email": "a@example.com", "city": {"a": 1}}, Rejection("a nested value", "city")),
    ({"email": "a@example.com", "city": "a\x00b"}, Rejection("a character that cannot be sent", "city")),
    ({"email": "a\ud800@example.com"}, Rejection("a character that cannot be sent", "email")),
    ({"email": "a@example.com", "status": "gone"}, Rejection("not a status", "status")),
]


@pytest.mark.parametrize(("row", "rejection"), REJECTED)
def test_rows_that_are_rejected(row: dict[str, Any], rejection: Rejection) -> None:
    assert RecipientBuilder(allow_status=True).build("rows", row) == rejection


HEADERS: list[tuple[dict[str, Any], list[str], str]] = [
    ({}, ["mail", "name"], "'mail', which is not one of Mailkit's; the nearest is"),
    ({}, ["first_name"], "no column email. Its columns: 'first_name'"),
    ({}, ["email", "Status"], "status is not sent unless allow_status"),
    ({"columns": {"mial": "email"}}, ["mail", "name"], "no column 'mial'.*nearest is 'mail'"),
    ({}, ["Anna", "anna@example.com"], "an address instead of the names of columns"),
    ({"columns": {"email": "email"}}, ["Anna", "anna@example.com"], "an address instead"),
    ({"constants": {"city": "Brno"}}, ["email", "city"], "city is in constants as well"),
]


@pytest.mark.parametrize(("options", "names", "message"), HEADERS)
def test_headers_that_are_refused(options: dict[str, Any], names: list[str], message: str) -> None:
    with pytest.raises(MailkitError, match=message) as caught:
        RecipientBuilder(**options).check_header("a.csv", names)
    assert "nna@" not in str(caught.value)


def test_a_column_that_no_row_has_is_told_at_the_end() -> None:
    builder = RecipientBuilder({"mail": "email", "nmae": "first_name"})
    builder.build("rows", {"mail": "a@example.com", "name": "A"})
    builder.check_end("rows", 0)
    with pytest.raises(MailkitError, match="No row of rows has a value named 'nmae'"):
        builder.check_end("rows", 1)
    builder.build("rows", {"nmae": "A"})
    builder.check_end("rows", 2)


def test_rows_of_many_shapes_take_no_more_memory() -> None:
    builder = RecipientBuilder({"mail": "email"})
    for number in range(3000):
        assert builder.build("rows", {"mail": "a@example.com", f"x{number}": 1}) == {"email": "a@example.com"}
    assert len(builder._shapes) == 1000
