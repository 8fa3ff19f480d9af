"""What an export says about itself, in words."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mailkit.catalogue.reports import REPORTS
from airflow_provider_mailkit.export.summary import describe_asked, describe_export, describe_size
from airflow_provider_mailkit.protocol.plan import Plan

RECIPIENTS = "mailkit.report.message.recipients"
SUMMARY = {
    "function": RECIPIENTS,
    "id_send": 5001,
    "uri": "file:///data/a.csv",
    "rows": 7,
    "bytes": 1234,
    "status_counts": {"sent": 4, "failed": 3},
    "ab_counts": {"A": 1},
    "duplicates": 0,
    "seconds": 0.25,
}


def test_an_export_in_a_sentence() -> None:
    assert describe_export(SUMMARY, f"{RECIPIENTS} of delivery 5001") == (
        "Exported 7 rows (failed 3, sent 4) to file:///data/a.csv, 1.2 kB in 0.2 s: "
        "mailkit.report.message.recipients of delivery 5001."
    )


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"duplicates": 2}, "7 rows (failed 3, sent 4; 2 duplicates) to"),
        ({"pages": 3, "skipped": 0}, "(failed 3, sent 4; 3 pages) to"),
        ({"duplicates": 1, "pages": 2, "skipped": 5}, "; 1 duplicate; 2 pages; 5 skipped) to"),
        ({"status_counts": {}, "ab_counts": {}}, "7 rows to"),
        ({"uri": None}, ") to XCom, "),
        ({"status_counts": 5}, "7 rows (A 1) to"),
    ],
)
def test_what_is_told_of_an_export_beside_its_rows(more: dict[str, Any], words: str) -> None:
    assert words in describe_export(SUMMARY | more, RECIPIENTS)


@pytest.mark.parametrize(
    ("function", "parameters", "words"),
    [
        (RECIPIENTS, {"ID_send": "5001"}, " of delivery 5001"),
        (RECIPIENTS, {"ID_send": [7, 8, 9]}, " of 3 deliveries"),
        ("mailkit.report.campaign", {"ID_message": "all"}, " of all campaigns"),
        (
            "mailkit.report.message.links.visitors",
            {"ID_send": 7, "ID_url": [1, 2]},
            " of delivery 7, 2 links",
        ),
        ("mailkit.mailinglist.getstatus", {"ID_user_list": [1, 2]}, " of 2 mailing lists"),
        ("mailkit.campaigns.schedule.list", {}, ""),
        ("mailkit.campaigns.schedule.list", {"ID_message": 7}, " of campaign 7"),
        ("mailkit.report", {}, ""),
        ("mailkit.email.getstatus.history", {"email": "a@example.com"}, ""),
    ],
)
def test_what_is_asked_for(function: str, parameters: dict[str, Any], words: str) -> None:
    plan = Plan(REPORTS[function], parameters)
    assert describe_asked(function, plan.asked()) == function + words


def test_what_is_asked_for_of_a_report_that_nobody_knows() -> None:
    """The name of an ID says what it identifies, unless that is a person."""
    asked = {
        "id_zoo": 5,
        "id_animal": [7, 8],
        "id_city": "all",
        "id_survey": [1, 2],
        "id_polar_bear": 9,
        "id_email": 11,
        "kind": "x",
    }
    said = "mailkit.zoo.feedings of zoo 5, 2 animals, all cities, 2 surveys, polar bear 9"
    assert describe_asked("mailkit.zoo.feedings", asked) == said


@pytest.mark.parametrize(("size", "words"), [(0, "0.0 kB"), (999_949, "999.9 kB"), (2_500_000, "2.5 MB")])
def test_sizes(size: int, words: str) -> None:
    assert describe_size(size) == words
