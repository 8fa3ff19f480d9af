"""Values of a call: what is accepted for each kind, and what is refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any

import pytest

from airflow_provider_mailkit.catalogue.calls import check_call
from airflow_provider_mailkit.catalogue.function import READ, Answer, Function
from airflow_provider_mailkit.catalogue.parameters import DAY, ID, INTEGER, Parameter
from airflow_provider_mailkit.exceptions import MailkitError

ADDRESS = "jan.novak@example.com"


def json_of(name: str, /, **given: Any) -> dict[str, Any]:
    return check_call(name, given).for_json()


def xmlrpc_of(name: str, /, **given: Any) -> list[Any]:
    return check_call(name, given).for_xmlrpc()


class Campaign(int, Enum):
    SPRING = 12


class Period(StrEnum):
    WEEK = "WEEK"


@pytest.mark.parametrize("value", [5001, "5001", " 5001 ", "0005001"])
def test_ids(value: Any) -> None:
    assert json_of("mailkit.report.message", ID_send=value) == {"ID_send": 5001}
    assert xmlrpc_of("mailkit.report.message", ID_send=value) == [5001]


@pytest.mark.parametrize(
    "value",
    [0, -1, "0", "", " ", "None", True, 5001.0, "5001.0",
     "\uff15001", "1_000", "+5", 2**63, "9" * 19, "5001;5002", [1], b"5"],
)  # fmt: skip
def test_what_is_not_an_id(value: Any) -> None:
    with pytest.raises(MailkitError, match=r"^mailkit\.report\.message: ID_send must be an ID"):
        check_call("mailkit.report.message", {"ID_send": value})


SHOWN = {
    "ID_send": [5001, " 5001 ", [5001, "5002"], "all", " ALL ", None, Campaign.SPRING],
    "period": ["WEEK", Period.WEEK],
    "limit": [5, "5"],
    "range_from": ["2026-03-01", date(2026, 3, 1)],
}
HIDDEN = {
    "ID_send": [ADDRESS, [5001, ADDRESS], "+420 777 123 456", "aGFuYS4y", 5001.0, {"a": 1}, b"5001", "x"],
    "period": ["hana.200000077", "week"],
    "limit": ["+420", -1, 10**30],
    "range_from": [ADDRESS, "soon", "777-123-456"],
    "ID_email": [5, "5"],
    "email": ["x", ADDRESS],
    "id_send": [5001],
}
MADE = Function(
    "mailkit.zoo.visits",
    READ,
    "Visits.",
    (
        Parameter("ID_send", ID), Parameter("period", choices=("WEEK", "DAY")), Parameter("limit", INTEGER),
        Parameter("range_from", DAY), Parameter("ID_email", ID), Parameter("email"),
    ),
    answer=Answer("rows"),
)  # fmt: skip


@pytest.mark.parametrize("name", SHOWN)
def test_a_right_value_that_is_about_nobody_may_be_shown(name: str) -> None:
    assert [value for value in SHOWN[name] if not MADE.may_show(name, value)] == []


@pytest.mark.parametrize("name", HIDDEN)
def test_a_wrong_or_personal_value_must_not_be_shown(name: str) -> None:
    assert [value for value in HIDDEN[name] if MADE.may_show(name, value)] == []


def test_values_of_subclasses_become_plain_ones() -> None:
    call = json_of("mailkit.report.message.feedback", ID_send=Campaign.SPRING, period=Period.WEEK)
    assert call == {"ID_send": 12, "period": "WEEK"}
    assert [type(value) for value in call.values()] == [int, str]


def test_numbers_of_numpy_are_numbers() -> None:
    numpy = pytest.importorskip("numpy")
    assert xmlrpc_of("mailkit.report.message", ID_send=numpy.int64(5001)) == [5001]
    with pytest.raises(MailkitError):
        check_call("mailkit.report.message", {"ID_send": numpy.float64(5001)})


def test_the_beginning_of_pages_may_be_0() -> None:
    assert json_of("mailkit.report.raw.responses", ID_log=0)["ID_log"] == 0
    with pytest.raises(MailkitError, match="ID_send must be an ID"):
        check_call("mailkit.report.raw.responses", {"ID_send": 0})


def test_limits() -> None:
    assert json_of("mailkit.campaigns.history", list_count="50") == {"list_count": 50}
    for value in (0, 51, -1, "x", True, None):
        if value is not None:
            with pytest.raises(MailkitError, match="list_count must be a whole number from 1 to 50"):
                check_call("mailkit.campaigns.history", {"list_count": value})
    assert json_of("mailkit.mailinglist.engagement", ID_user_list=1, limit=10**6)["limit"] == 10**6


def test_choices_are_exact_and_the_nearest_is_offered() -> None:
    for value in ("week", "WEEKS", ""):
        with pytest.raises(MailkitError, match="period must be one of DAY, WEEK, MONTH; the nearest is"):
            check_call("mailkit.report.message.feedback", {"ID_send": 1, "period": value})
    with pytest.raises(MailkitError, match=r"the nearest is unsubscribe\.$"):
        check_call("mailkit.mailinglist.getstatus", {"ID_user_list": 1, "status": "unsubscribed"})


@pytest.mark.parametrize("value", [True, "TRUE", "true", " True "])
def test_booleans(value: Any) -> None:
    name = "mailkit.mailinglist.delete"
    assert json_of(name, ID_user_list=1, keep_list=value) == {"ID_user_list": 1, "keep_list": "TRUE"}
    assert xmlrpc_of(name, ID_user_list=1, keep_list=value) == [1, "TRUE"]
    # Some are booleans over XML-RPC, some in either protocol, some are written small.
    name = "mailkit.email.revalidate"
    assert json_of(name, ID_email=1, agreement=value)["agreement"] == "TRUE"
    assert xmlrpc_of(name, ID_email=1, agreement=value) == [1, "", True]
    sms = json_of("mailkit.sendsms", campaign={"use_utf": value}, recipient={"mobile": "+420700000000"})
    assert sms["campaign"] == {"use_utf": True}
    assert xmlrpc_of("mailkit.campaigns.update", ID_message=1, update=value) == ["1", "true"]


@pytest.mark.parametrize("value", [1, 0, "", "yes", "1", [], 1.0])
def test_what_is_not_a_boolean(value: Any) -> None:
    with pytest.raises(MailkitError, match="keep_list must be a bool, or TRUE or FALSE"):
        check_call("mailkit.mailinglist.delete", {"ID_user_list": 1, "keep_list": value})


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("x", "x"),
        ("", ""),
        (11000, "11000"),
        (2.5, "2.5"),
        (Decimal("2.50"), "2.50"),
        (date(2026, 3, 1), "2026-03-01"),
    ],
)
def test_texts(value: Any, sent: str) -> None:
    rows = [{"email": ADDRESS}, {"email": ADDRESS, "custom1": value}]
    call = json_of("mailkit.mailinglist.import", ID_user_list=1, recipients=rows)
    assert call["recipients"] == [{"email": ADDRESS}, {"email": ADDRESS, "custom1": sent}]


@pytest.mark.parametrize(
    "value", [True, float("inf"), Decimal("NaN"), 2**63, "\x00", "\ud800", b"x", ["x"], {}]
)
def test_what_is_not_a_text(value: Any) -> None:
    rows = [{"email": ADDRESS}, {"email": ADDRESS, "custom1": value}]
    with pytest.raises(MailkitError, match=r"recipients\[1\]\.custom1"):
        check_call("mailkit.mailinglist.import", {"ID_user_list": 1, "recipients": rows})


def test_what_only_base64_can_carry() -> None:
    call = json_of("mailkit.mailinglist.edituser", ID_user_list=1, ID_email=2, custom={"custom1": "a\x0bb"})
    assert call["custom"] == {"custom1": "YQti"}
    for value in ("\ud800", Decimal("sNaN"), bytearray(b"x"), [b"x"]):
        with pytest.raises(MailkitError, match=r"custom\.custom1"):
            check_call(
                "mailkit.mailinglist.edituser",
                {"ID_user_list": 1, "ID_email": 2, "custom": {"custom1": value}},
            )
    with pytest.raises(MailkitError, match=r"personal\.email is empty"):
        check_call("mailkit.mailinglist.adduser", {"ID_user_list": 1, "personal": {"email": ""}})


def test_rows_of_an_import() -> None:
    def refused(rows: Any, said: str) -> None:
        with pytest.raises(MailkitError, match=said) as caught:
            check_call("mailkit.mailinglist.import", {"ID_user_list": 1, "recipients": rows})
        assert "novak" not in str(caught.value)

    refused([], "not empty")
    refused({"email": ADDRESS}, "must be a list of dicts")
    refused([{"email": ADDRESS}, ADDRESS], r"recipients\[1\] must be a dict, not str")
    refused([{"first_name": "Jan"}], r"recipients\[0\]\.email is missing")
    refused([{"email": " "}], r"recipients\[0\]\.email is empty")
    refused(
        [{"email": ADDRESS, "custom26": "x"}],
        r"'custom26' is not a member in recipients\[0\]; the nearest is custom2",
    )
    refused([{"Email": ADDRESS}], "'Email' is not a member .*; the nearest is email")
