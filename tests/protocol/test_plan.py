"""Which calls an export makes, and how they are checked before the first one."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from support.batches import batch_of, of_page

from airflow_provider_mailkit.catalogue.reports import REPORTS
from airflow_provider_mailkit.exceptions import MailkitAccessError, MailkitApiError, MailkitError
from airflow_provider_mailkit.protocol.plan import Call, Plan, check_parameters, exportable, ids_in, plan_for

LINKS = "mailkit.report.message.links"
VISITORS = "mailkit.report.message.links.visitors"
DELIVERIES = "mailkit.report.campaign"
MEMBERS = "mailkit.mailinglist.getstatus"
DAYS = {"range_from": date(2026, 2, 1), "range_to": date(2026, 3, 1)}


def calls(plan: Plan, *listings: Sequence[int]) -> list[Call]:
    """Return the calls of a plan whose listings answer these IDs; a page is the last one."""
    answers, made = iter(listings), []
    asked = plan.calls()
    found: Sequence[int] | None = None
    while True:
        try:
            call = asked.send(found)
        except StopIteration:
            assert next(answers, None) is None
            return made
        made.append(call)
        found = next(answers) if call.is_listing else None
        if call.pages is not None:
            of_page(call.pages, [])


def asked(plan: Plan, *listings: Sequence[int]) -> list[dict[str, Any]]:
    return [call.parameters for call in calls(plan, *listings) if not call.is_listing]


def test_one_id_is_one_call_whose_answer_may_be_of_any_size() -> None:
    plan = plan_for(LINKS, {"ID_send": " 5001 "}, None)
    (call,) = calls(plan)
    assert (call.parameters, call.context, call.pages) == ({"ID_send": 5001}, {"ID_SEND": 5001}, None)
    assert plan.is_one_answer
    assert (plan.asked(), plan.constant_context()) == ({"id_send": 5001}, {"ID_SEND": 5001})
    assert (plan.pages, plan.skipped) == (None, None)


@pytest.mark.parametrize("given", [[7, 5, 7, "5", " 7"], (7, 5), ["7", 5]], ids=str)
def test_several_ids_are_asked_for_in_their_order_and_each_once(given: Any) -> None:
    plan = plan_for(LINKS, {"ID_send": given}, None)
    assert [(call.parameters, call.context) for call in calls(plan)] == [
        ({"ID_send": 7}, {"ID_SEND": 7}), ({"ID_send": 5}, {"ID_SEND": 5})
    ]  # fmt: skip
    assert (plan.is_one_answer, plan.asked(), plan.constant_context()) == (False, {"id_send": [7, 5]}, {})


def test_two_lists_are_asked_for_in_all_their_pairs() -> None:
    plan = plan_for(VISITORS, {"ID_send": [1, 2], "ID_url": [8, 9]}, None)
    assert [call.context for call in calls(plan)] == [
        {"ID_SEND": send, "ID_URL": url} for send in (1, 2) for url in (8, 9)
    ]


@pytest.mark.parametrize("word", ["all", "ALL", " All "])
def test_all_asks_another_function_first(word: str) -> None:
    plan = plan_for(DELIVERIES, {"ID_message": word, **DAYS}, None)
    listing, *others = calls(plan, [30, 10, 30])
    assert listing.is_listing
    # It is asked for the same days.
    assert (listing.report.name, listing.parameters) == ("mailkit.report", DAYS)
    assert [call.parameters["ID_message"] for call in others] == [30, 10]
    assert [call.context for call in others] == [{"ID_MESSAGE": 30}, {"ID_MESSAGE": 10}]
    assert (plan.is_one_answer, plan.asked(), plan.constant_context()) == (False, {"id_message": "all"}, {})


def test_all_within_each_of_several_ids() -> None:
    plan = plan_for(VISITORS, {"ID_url": "all", "ID_send": ["1", 2]}, None)
    made = calls(plan, [8, 9], [])
    assert [(call.is_listing, call.parameters) for call in made] == [
        (True, {"ID_send": 1}),
        (False, {"ID_send": 1, "ID_url": 8}),
        (False, {"ID_send": 1, "ID_url": 9}),
        (True, {"ID_send": 2}),
    ]
    assert plan.skipped is None


def test_nothing_listed_is_nothing_asked_for() -> None:
    assert asked(plan_for(DELIVERIES, {"ID_message": "all"}, None), []) == []


def test_the_ids_of_a_listing() -> None:
    listing = next(plan_for(DELIVERIES, {"ID_message": "all"}, None).calls())
    rows = [batch_of({"ID_MESSAGE": [3, None, 1]}), batch_of({"ID_MESSAGE": [3]})]
    assert ids_in(listing, rows) == [3, 1, 3]


UNKNOWN_ID = MailkitApiError("f: Invalid ID_message.", is_unknown_id=True)


def test_an_id_of_all_that_has_vanished_is_skipped_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    plan = plan_for(DELIVERIES, {"ID_message": "all"}, None)
    listing, *others = calls(plan, [30, 10, 20])
    assert plan.skipped == 0
    with caplog.at_level(logging.WARNING):
        assert [plan.skip(call, UNKNOWN_ID) for call in others[:2]] == [True, True]
    assert plan.skipped == 2
    assert caplog.text.count("vanished") == 2
    for error in (MailkitApiError("x"), MailkitAccessError("x"), MailkitError("x")):
        assert not plan.skip(others[2], error)
    assert not plan.skip(listing, UNKNOWN_ID)
    assert plan.skipped == 2
    # Another reading counts anew.
    calls(plan, [])
    assert plan.skipped == 0


@pytest.mark.parametrize(
    ("function", "parameters", "listings"),
    [(DELIVERIES, {"ID_message": [1, 2]}, []), (VISITORS, {"ID_send": 1, "ID_url": "all"}, [[8]])],
)
def test_an_id_that_somebody_asked_for_is_not_skipped(
    function: str, parameters: dict[str, Any], listings: list[list[int]]
) -> None:
    plan = plan_for(function, parameters, None)
    for call in calls(plan, *listings):
        assert not plan.skip(call, UNKNOWN_ID)
    assert not plan.skipped


def test_pages_are_asked_for_until_one_is_short_and_are_counted() -> None:
    plan = plan_for(MEMBERS, {"ID_user_list": [1, 2], "limit": 2}, None)
    assert not plan.is_one_answer
    starts = []
    for call in plan.calls():
        starts.append((call.context["ID_USER_LIST"], call.parameters.get("ID_email")))
        assert call.pages is not None
        ids = {None: [5, 6], 6: [6, 7], 7: [7]}[call.parameters.get("ID_email")]
        of_page(call.pages, [batch_of({"ID_EMAIL": ids})])
    assert starts == [(1, None), (1, 6), (1, 7), (2, None), (2, 6), (2, 7)]
    assert plan.pages == 6


def test_a_page_that_was_not_taken_is_the_end_of_its_pages() -> None:
    plan = plan_for(MEMBERS, {"ID_user_list": [1, 2], "limit": 2}, None)
    assert [call.context["ID_USER_LIST"] for call in plan.calls()] == [1, 2]
    assert plan.pages == 0


def test_context_that_was_not_asked_for_has_its_default() -> None:
    feedback = plan_for("mailkit.report.message.feedback", {"ID_send": 5}, None)
    assert feedback.constant_context() == {"ID_SEND": 5, "PERIOD": "DAY"}
    schedule = plan_for("mailkit.campaigns.schedule.list", None, None)
    assert [(call.parameters, call.context) for call in calls(schedule)] == [({}, {"ID_MESSAGE": None})]


def test_days_are_complete_in_every_call() -> None:
    plan = plan_for(DELIVERIES, {"ID_message": [1, 2], "range_to": "20260301"}, None, look_back_days=1)
    expected = {"range_from": date(2026, 2, 28), "range_to": date(2026, 3, 1)}
    assert asked(plan) == [{"ID_message": n, **expected} for n in (1, 2)]


REFUSED: list[tuple[str, Any, str]] = [
    (LINKS, {}, "ID_send is missing"),
    (LINKS, None, "ID_send is missing"),
    (LINKS, {"ID_send": None}, "ID_send is missing"),
    (LINKS, {"id_send": 5}, "'id_send' is not a parameter .* nearest is ID_send"),
    (LINKS, {"ID_send": 5, "limit": 5}, "'limit' is not a parameter"),
    (LINKS, {"ID_send": []}, "ID_send is an empty list"),
    (LINKS, {"ID_send": [5, 0]}, "ID_send must be an ID"),
    (LINKS, {"ID_send": [5, "x"]}, "ID_send must be an ID"),
    (LINKS, {"ID_send": [[5]]}, "ID_send must be an ID"),
    (LINKS, {"ID_send": "1,2"}, "ID_send must be an ID"),
    (LINKS, {"ID_send": {1, 2}}, "ID_send must be an ID"),
    (LINKS, {"ID_send": "all"}, "ID_send must be an ID"),
    (VISITORS, {"ID_send": 5, "ID_url": ["all"]}, "ID_url must be an ID"),
    (VISITORS, {"ID_url": "all"}, "ID_send is missing"),
    (DELIVERIES, {"ID_message": "all", "range_from": "soon"}, "range_from must be a day"),
    (MEMBERS, {"ID_user_list": 1, "limit": 10**9}, "limit"),
    (LINKS, [5], "must be a dict"),
    (LINKS, "ID_send=5", "must be a dict"),
]


def test_days_may_be_instants_in_whatever_form_before_they_are_read() -> None:
    for given in ("2026-03-01T23:30:00+00:00", "2026-03-01 23:30:00.5+00:00", "20260301", 20260301, "", None):
        check_parameters(REPORTS[DELIVERIES], {"ID_message": 30, "range_from": given, "range_to": given})
        plan_for(DELIVERIES, {"ID_message": 30, "range_from": given, "range_to": given}, None)


@pytest.mark.parametrize(("function", "parameters", "message"), REFUSED)
def test_wrong_parameters_are_refused_before_anything_is_asked(
    function: str, parameters: Any, message: str
) -> None:
    with pytest.raises(MailkitError, match=message) as caught:
        plan_for(function, parameters, None)
    assert not caught.value.retryable


def test_what_is_not_known_yet_is_taken_for_right() -> None:
    template = "{{ ds }}"
    report = REPORTS[VISITORS]
    check_parameters(report, {"ID_send": template, "ID_url": [1]}, unknown=["ID_send"])
    check_parameters(report, {"ID_send": [1, template], "ID_url": "all"}, unknown=["ID_send"])
    check_parameters(REPORTS[DELIVERIES], {"ID_message": "all", "range_to": template}, unknown=["range_to"])
    with pytest.raises(MailkitError, match="ID_url must be an ID"):
        check_parameters(report, {"ID_send": template, "ID_url": "x"}, unknown=["ID_send"])
    with pytest.raises(MailkitError, match="'ID_sent' is not a parameter"):
        check_parameters(report, {"ID_sent": template, "ID_url": 1}, unknown=["ID_sent"])


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("mailkit.report.campain", DELIVERIES), ("mailkit.mailinglist.getstate", MEMBERS),
     ("mailkit.sendmail", "mailkit."), ("", "mailkit."), (None, "mailkit."), (5, "mailkit.")],
)  # fmt: skip
def test_a_function_without_rows_is_refused_and_the_nearest_one_named(name: Any, nearest: str) -> None:
    with pytest.raises(MailkitError, match=f"must be one whose answer has rows.* nearest is {nearest}"):
        exportable(name)


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_is_exportable(name: str) -> None:
    assert exportable(name) is REPORTS[name]
