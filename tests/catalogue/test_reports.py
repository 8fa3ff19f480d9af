"""All declared reports: what each of them must be like, and what is special about single ones."""

from __future__ import annotations

import pytest
from support.declared import VISITS

from airflow_provider_mailkit.catalogue.columns import ADDRESS, DECIMAL, INTEGER, OTHER
from airflow_provider_mailkit.catalogue.functions import FUNCTIONS
from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.catalogue.reports import REPORTS, by_name

EACH = pytest.mark.parametrize("report", REPORTS.values(), ids=list(REPORTS))


def test_the_reports_and_the_other_functions_that_list_something() -> None:
    reports = {name for name in FUNCTIONS if name.startswith("mailkit.report")}
    assert reports < set(REPORTS)
    # Others may be added.
    assert set(REPORTS) - reports >= {
        "mailkit.campaigns.history",
        "mailkit.campaigns.list",
        "mailkit.campaigns.schedule.list",
        "mailkit.email.getstatus.history",
        "mailkit.mailinglist.engagement",
        "mailkit.mailinglist.getstatus",
        "mailkit.mailinglist.list",
        "mailkit.mailinglist.unsubscribed",
        "mailkit.profile.emails.list",
        "mailkit.profile.queries.list",
    }


def test_a_report_is_declared_once_and_its_function_is_listed() -> None:
    links, visitors = (
        REPORTS["mailkit.report.message.links"],
        REPORTS["mailkit.report.message.links.visitors"],
    )
    assert by_name((links, visitors)) == {links.name: links, visitors.name: visitors}
    with pytest.raises(ValueError, match="links has two reports"):
        by_name((links, visitors, links))
    with pytest.raises(ValueError, match=r"mailkit\.shop\.visits: add the function"):
        by_name((links, VISITS))


@EACH
def test_names_are_the_same_wherever_the_same_is_meant(report: Report) -> None:
    for column in report.all_columns:
        if column.name.startswith("ID_") and column.name != "ID_UNSUBSCRIBE_GROUP":
            assert column.kind == INTEGER, column.name
        if column.name in ("EMAIL", "EMAIL_FROM"):
            assert column.personal == ADDRESS
        if column.name == "REV":
            assert column.kind == DECIMAL
        if "RATE" in column.name:
            assert column.kind == "text"
        assert "MESSGE" not in column.name


@EACH
def test_whoever_is_asked_for_is_told_in_the_rows(report: Report) -> None:
    """A required ID that the answer does not repeat is a context column."""
    for parameter in report.function.parameters:
        if parameter.required:
            assert parameter.name.upper() in report.column_names


@EACH
def test_personal_data_is_marked(report: Report) -> None:
    names = "FIRST_NAME LAST_NAME FULL_NAME NICK_NAME PREFIX VOCATIVE GENDER COMPANY REPLY_TO PREVIEW_URL"
    places = "STREET CITY ZIP STATE COUNTRY PHONE MOBILE FAX CONTINENT REGION CODE ORG"
    devices = "IP IP_ORIG USER_AGENT REFERER DEVICE OS BROWSER"
    personal = {*names.split(), *places.split(), *devices.split(), *(f"CUSTOM_{n}" for n in range(1, 26))}
    for column in report.columns:
        bare = column.name.removeprefix("DATA_").removeprefix("S_")
        if bare in personal or bare.startswith(("BROWSER_", "OS_", "REGION_")):
            assert column.personal == OTHER, column.name


def test_recipients_are_what_they_were_before_other_reports_were_declared() -> None:
    report = REPORTS["mailkit.report.message.recipients"]
    assert report.column_names == (
        "ID_SEND", "ID_SEND_MESSAGE", "ID_EMAIL", "EMAIL", "STATUS", "AB_VERSION", "DATE", "READ_COUNT",
        "CLICK_COUNT",
    )  # fmt: skip
    assert report.key == ("ID_SEND_MESSAGE",)
    kinds = {column.name: column.kind for column in report.columns}
    assert kinds == {
        "ID_SEND_MESSAGE": "integer", "ID_EMAIL": "integer", "EMAIL": "text", "STATUS": "text",
        "AB_VERSION": "text", "DATE": "instant", "READ_COUNT": "integer", "CLICK_COUNT": "integer",
    }  # fmt: skip
    assert tuple(c.name for c in report.columns if c.often_empty) == ("AB_VERSION", "DATE")
    assert {c.name: c.usual for c in report.columns if c.usual} == {
        "STATUS": ("sent", "failed", "wait", "wait_ab"), "AB_VERSION": ("", "A", "B")
    }  # fmt: skip
    assert [name for measure in report.measures for name in measure.names] == [
        "status_counts", "ab_counts", "read_total", "read_recipients", "click_total", "click_recipients",
        "first_date", "last_date",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("mailkit.report", 9),
        ("mailkit.report.campaign", 21),
        ("mailkit.report.message", 15),
        ("mailkit.report.message.feedback", 11),
        ("mailkit.report.message.links", 10),
        ("mailkit.report.message.links.visitors", 24),
        ("mailkit.report.message.bounces", 8),
        ("mailkit.report.raw.messages", 65),
        ("mailkit.report.raw.responses", 37),
        ("mailkit.report.raw.bounces", 14),
        ("mailkit.mailinglist.getstatus", 47),
    ],
)
def test_how_many_columns_a_report_has(name: str, number: int) -> None:
    assert len(REPORTS[name].column_names) == number


def test_pages_begin_with_the_id_that_the_request_calls_by_another_name() -> None:
    paged = {name: report.paging for name, report in REPORTS.items() if report.paging}
    found = {name: (each.start, each.column, each.page_size) for name, each in paged.items()}
    assert (
        found.items()
        >= {
            "mailkit.report.raw.messages": ("ID_send_message", "ID_SEND_MESSAGE", 25000),
            "mailkit.report.raw.responses": ("ID_log", "ID_LOG", 25000),
            "mailkit.report.raw.bounces": ("ID_undelivered_log", "ID_UNDELIVERED_LOG", 25000),
            "mailkit.mailinglist.getstatus": ("ID_email", "ID_EMAIL", 10000),
            "mailkit.mailinglist.engagement": ("ID_email", "ID_EMAIL", 25000),
        }.items()
    )


def test_mailkits_own_misspelling_stays_out_of_the_files() -> None:
    column = REPORTS["mailkit.report.raw.bounces"].column("ID_SEND_MESSAGE")
    assert column.member == "ID_SEND_MESSGE"


def test_ids_that_may_be_all() -> None:
    found = {(name, every.parameter): every for name, report in REPORTS.items() for every in report.every}
    assert set(found) >= {
        ("mailkit.report.campaign", "ID_message"),
        ("mailkit.report.message.links.visitors", "ID_url"),
    }
    for every in found.values():
        assert REPORTS[every.function.name].column(every.column).kind == INTEGER


def test_days_are_always_sent_where_sources_disagree_about_none() -> None:
    asked = {name: report.days for name, report in REPORTS.items() if report.days}
    found = {name: days.look_back_days for name, days in asked.items()}
    assert (
        found.items()
        >= {
            "mailkit.report": 30,
            "mailkit.report.campaign": 30,
            "mailkit.mailinglist.unsubscribed": None,
        }.items()
    )
