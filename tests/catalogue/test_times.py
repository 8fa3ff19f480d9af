"""Days, instants, and the time when a delivery begins, as arguments."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from airflow_provider_mailkit.catalogue.calls import check_call
from airflow_provider_mailkit.exceptions import MailkitError

PRAGUE = ZoneInfo("Europe/Prague")
LATE = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "zone", "day"),
    [
        ("2026-03-01", None, "2026-03-01"),
        (" 2026-03-01 ", None, "2026-03-01"),
        (date(2026, 3, 1), None, "2026-03-01"),
        (datetime(2026, 3, 1, 23, 30), PRAGUE, "2026-03-01"),
        (LATE, None, "2026-03-01"),
        (LATE, PRAGUE, "2026-03-02"),
        # As templates are rendered.
        ("2026-03-01T23:30:00+00:00", PRAGUE, "2026-03-02"),
        ("2026-03-01 23:30:00.123456+00:00", PRAGUE, "2026-03-02"),
        ("2026-03-01T23:30:00", PRAGUE, "2026-03-01"),
        ("", None, ""),
    ],
)
def test_days(value: Any, zone: Any, day: str) -> None:
    call = check_call("mailkit.mailinglist.unsubscribed", {"range_from": value}, zone)
    assert call.for_json() == {"range_from": day}
    assert call.for_xmlrpc() == [day]


@pytest.mark.parametrize(
    "value",
    ["2026-02-30", "2026-3-1", "20260301", "2026-W10", "2026-W10-1", "0000-00-00", "today",
     "2026-03-01T25:00:00", 20260301, 1.5, True, "\uff12026-03-01",
     datetime.max.replace(tzinfo=timezone(timedelta(hours=-12)))],
)  # fmt: skip
def test_what_is_not_a_day(value: Any) -> None:
    with pytest.raises(MailkitError, match="range_from"):
        check_call("mailkit.report", {"range_from": value}, PRAGUE)


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("2026-03-01 08:00:00", "2026-03-01 08:00:00"),
        ("2026-03-01T08:00:00", "2026-03-01 08:00:00"),
        (date(2026, 3, 1), "2026-03-01 00:00:00"),
        ("2026-03-01", "2026-03-01 00:00:00"),
        (datetime(2026, 3, 1, 8, 0, 0, 123), "2026-03-01 08:00:00"),
        (LATE, "2026-03-02 00:30:00"),
        ("2026-03-01T23:30:00+00:00", "2026-03-02 00:30:00"),
        ("2026-03-01 23:30:00.5+00:00", "2026-03-02 00:30:00"),
    ],
)
def test_instants_are_on_the_accounts_clock(value: Any, instant: str) -> None:
    given = {"ID_user_list": 1, "change_date": value}
    assert check_call("mailkit.mailinglist.getstatus", given, PRAGUE).for_json()["change_date"] == instant
    for wrong in ("2026-02-30", "2026-03-01 08:00", "2026-03-01 25:00:00", "2026-03-01 08:00:00+25:00", 5):
        with pytest.raises(MailkitError, match="change_date must be a datetime"):
            check_call("mailkit.mailinglist.getstatus", given | {"change_date": wrong})


def test_pendulum_has_dates_too() -> None:
    pendulum = pytest.importorskip("pendulum")
    moment = pendulum.datetime(2026, 3, 1, 23, 30, tz="UTC")
    assert check_call(
        "mailkit.report", {"range_from": moment.date(), "range_to": moment}, PRAGUE
    ).for_json() == {
        "range_from": "2026-03-01",
        "range_to": "2026-03-02",
    }
    given = {"ID_user_list": 1, "change_date": moment}
    call = check_call("mailkit.mailinglist.getstatus", given, PRAGUE)
    assert call.for_json()["change_date"] == "2026-03-02 00:30:00"


def test_when_a_delivery_begins() -> None:
    name = "mailkit.campaigns.single.schedule"
    for value, sent in (
        ("now", "now"),
        ("2026-03-01 08:00", "2026-03-01 08:00"),
        (datetime(2026, 3, 1, 8, 0, 59), "2026-03-01 08:00"),
    ):
        call = check_call(name, {"ID_message": 1, "send_date": value})
        assert call.for_json() == {"ID_message": 1, "send_date": sent}
    for wrong in (LATE, "NOW", "", "2026-03-01", date(2026, 3, 1), 5):
        with pytest.raises(MailkitError, match="send_date"):
            check_call(name, {"ID_message": 1, "send_date": wrong})
