"""The table of functions: what it must hold, and what a wrong name is told."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from airflow_provider_mailkit.catalogue.calls import check_call
from airflow_provider_mailkit.catalogue.function import Function
from airflow_provider_mailkit.catalogue.functions import (
    CAMPAIGN,
    FUNCTIONS,
    MAILING_LISTS,
    RECIPIENTS,
    callable_function,
    find,
    only_reads,
    success_texts,
)
from airflow_provider_mailkit.catalogue.functions.mailinglists import IMPORT_COLUMNS
from airflow_provider_mailkit.catalogue.parameters import Parameter
from airflow_provider_mailkit.exceptions import MailkitError

NAMES_ONLY = (
    "mailkit.campaigns.messages",
    "mailkit.campaigns.messages.last",
    "mailkit.campaigns.schedule.cancel",
)


def test_all_names_of_the_api_are_there() -> None:
    # Others may be found out about: none of these is missing.
    assert Counter(name.split(".")[1] if "." in name else name for name in FUNCTIONS) >= Counter(
        {
            "report": 11,
            "campaigns": 11,
            "mailinglist": 9,
            "email": 9,
            "sendmail": 1,
            "sendmail_mass": 2,
            "sendsms": 1,
            "profile": 2,
            "filemanager": 3,
            "Event API": 1,
        }
    )
    assert {RECIPIENTS, CAMPAIGN, MAILING_LISTS} <= set(FUNCTIONS)


def test_effects() -> None:
    effects = {
        effect: {name for name, function in FUNCTIONS.items() if function.effect == effect}
        for effect in ("read", "write", "send", "delete", None)
    }
    assert effects["send"] == {
        "mailkit.campaigns.single.schedule",
        "mailkit.campaigns.messages.test",
        "mailkit.sendmail",
        "mailkit.sendmail_mass",
        "mailkit.sendsms",
    }
    assert effects["delete"] == {
        "mailkit.mailinglist.delete",
        "mailkit.email.delete",
        "mailkit.email.wipe",
        "mailkit.filemanager.delete",
    }
    assert effects[None] == {"mailkit.campaigns.messages", "mailkit.campaigns.messages.last"}
    assert len(effects["read"]) >= 26
    assert all(".report" in name or "list" in name or "get" in name or "results" in name or "history" in name
               or "timezone" in name or "unsubscribed" in name or "engagement" in name
               for name in effects["read"])  # fmt: skip


def test_only_what_is_known_to_read_is_repeated() -> None:
    assert only_reads("mailkit.report")
    # By either of its two names.
    assert only_reads("mailkit.campaigns.schedule.timezone")
    assert only_reads("mailkit.campaigns.schedule.timezones")
    for name in ("mailkit.sendmail", "mailkit.campaigns.messages", "mailkit.unknown", "Event API", ""):
        assert not only_reads(name)


def test_both_names_of_the_time_zones_are_one_function() -> None:
    assert find("mailkit.campaigns.schedule.timezones") is find("mailkit.campaigns.schedule.timezone")
    assert callable_function("mailkit.campaigns.schedule.timezone").spoken.endswith("timezones")


def test_the_columns_of_an_import() -> None:
    assert len(IMPORT_COLUMNS) == len(set(IMPORT_COLUMNS)) == 43
    recipients = FUNCTIONS["mailkit.mailinglist.import"].parameter("recipients")
    assert recipients is not None
    assert [member.name for member in recipients.members] == list(IMPORT_COLUMNS)
    assert [member.name for member in recipients.members if member.required] == ["email"]
    assert not any(member.base64 for member in recipients.members)


def test_what_is_sent_in_base64() -> None:
    def encoded(parameters: tuple[Parameter, ...]) -> bool:
        return any(parameter.base64 or encoded(parameter.members) for parameter in parameters)

    assert {name for name, function in FUNCTIONS.items() if encoded(function.parameters)} == {
        "mailkit.campaigns.create",
        "mailkit.campaigns.update",
        "mailkit.campaigns.messages.test",
        "mailkit.mailinglist.adduser",
        "mailkit.mailinglist.edituser",
        "mailkit.sendmail",
        "mailkit.sendmail_mass",
        "mailkit.sendsms",
        "mailkit.filemanager.upload",
    }


def test_success_texts_are_no_error_texts() -> None:
    assert {"ok", "deleted", "true", "false", "sent subscribe email"} <= success_texts()
    assert not any(text.startswith(("invalid", "missing", "unauthorized")) for text in success_texts())


@pytest.mark.parametrize(
    ("name", "closest"),
    [
        ("mailkit.report.message.recipient", "mailkit.report.message.recipients"),
        ("mailkit.Report", "mailkit.report"),
        ("report.raw.bounces", "mailkit.report.raw.bounces"),
        ("mailkit.mailinglist.getStatus", "mailkit.mailinglist.getstatus"),
        ("mailkit.campaigns.single.schedul", "mailkit.campaigns.single.schedule"),
    ],
)
def test_an_unknown_function_names_the_nearest(name: str, closest: str) -> None:
    with pytest.raises(
        MailkitError, match=rf"'{name}' is not .*; the nearest is {closest}\. .*checked=False"
    ):
        callable_function(name)


@pytest.mark.parametrize("name", [None, 5, "", "jan@example.com", ["mailkit.report"]])
def test_what_is_not_a_name_at_all_does_not_show(name: object) -> None:
    with pytest.raises(MailkitError, match="not shown") as caught:
        callable_function(name)
    assert "example" not in str(caught.value)


def test_what_is_known_by_its_name_only_says_so() -> None:
    for name in NAMES_ONLY:
        with pytest.raises(MailkitError, match=f"{name}: only its name is known.*checked=False") as caught:
            callable_function(name)
        assert caught.value.function == name
    assert {name for name, function in FUNCTIONS.items() if function.uncallable} == {*NAMES_ONLY, "Event API"}


def test_the_event_api_is_not_a_function() -> None:
    with pytest.raises(MailkitError, match="interface of its own") as caught:
        callable_function("Event API")
    assert "checked=False" not in str(caught.value)


COST = """
import collections.abc, dataclasses, datetime, decimal, difflib, re, sys, time, typing
import airflow_provider_mailkit.exceptions
before = set(sys.modules)
start = time.process_time()
import airflow_provider_mailkit.catalogue.functions
print(time.process_time() - start, *sorted(set(sys.modules) - before))
"""


def test_importing_the_table_costs_little_and_brings_nothing(tmp_path: Path) -> None:
    # Measured by coverage, each line costs a multiple; without a cache, the time of the compiler would count.
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("COVERAGE_") and name != "PYTHONDONTWRITEBYTECODE"
    } | {"PYTHONPYCACHEPREFIX": str(tmp_path)}
    costs = []
    # Whatever else the machine does makes an import dearer, never cheaper; the first one compiles.
    while len(costs) < 20 and not (costs and min(costs) < 0.010):
        run = subprocess.run(
            [sys.executable, "-c", COST], capture_output=True, check=True, text=True, env=environment
        )
        seconds, *modules = run.stdout.split()
        assert all(name.startswith("airflow_provider_mailkit.catalogue") for name in modules), modules
        costs.append(float(seconds))
    assert min(costs) < 0.010


CALLABLE = [function for function in FUNCTIONS.values() if not function.uncallable]


def misspelt(name: str) -> str:
    """Return a name with one letter too many in its middle."""
    middle = len(name) // 2
    return f"{name[:middle]}q{name[middle:]}"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_misspelt_function_names_itself(name: str) -> None:
    for wrong in (misspelt(name), name.upper(), name[:-1]):
        if find(wrong) is None:
            with pytest.raises(MailkitError) as caught:
                callable_function(wrong)
            # Some names differ by their last letter only, or in nothing but the letter case.
            close = [other for other in FUNCTIONS if other.lower().startswith(wrong.lower()[:-1])]
            assert any(f"the nearest is {each}." in str(caught.value) for each in {name, *close}), wrong


@pytest.mark.parametrize("function", CALLABLE, ids=lambda function: function.name)
def test_every_misspelt_parameter_names_the_nearest(function: Function) -> None:
    for parameter in function.parameters:
        wrong = misspelt(parameter.name)
        with pytest.raises(MailkitError) as caught:
            check_call(function.name, {wrong: "x"})
        assert f"'{wrong}' is not a parameter of this function" in str(caught.value) or "/" in wrong
        assert f"the nearest is {parameter.name}." in str(caught.value)
    with pytest.raises(MailkitError, match=r"'zqx' is not a parameter of this function"):
        check_call(function.name, {"zqx": 1})


@pytest.mark.parametrize("function", CALLABLE, ids=lambda function: function.name)
def test_every_missing_parameter_is_named(function: Function) -> None:
    required = [parameter.name for parameter in function.parameters if parameter.required]
    if required:
        with pytest.raises(MailkitError, match=f"{required[0]} is missing"):
            check_call(function.name, {})
    elif function.one_of:
        with pytest.raises(MailkitError, match=r"one of .* must be given"):
            check_call(function.name, {})
    else:
        assert check_call(function.name, {}).values == {}


def test_what_is_not_known_yet_is_checked_by_its_name() -> None:
    known = {"ID_user_list": 5}
    with pytest.raises(MailkitError, match="personal is missing"):
        check_call("mailkit.mailinglist.adduser", known)
    check_call("mailkit.mailinglist.adduser", known | {"personal": "{{ x }}"}, unknown=["personal"])
    with pytest.raises(MailkitError, match="'persnal' is not a parameter"):
        check_call("mailkit.mailinglist.adduser", known | {"persnal": "{{ x }}"}, unknown=["persnal"])
    # One of several, and two that exclude each other.
    check_call("mailkit.email.wipe", {"email": "{{ x }}"}, unknown=["email"])
    with pytest.raises(MailkitError, match="either"):
        check_call("mailkit.email.wipe", {"email": "{{ x }}", "ID_email": 5}, unknown=["email"])


def test_what_may_be_personal() -> None:
    shown = {
        parameter.name
        for function in CALLABLE
        for parameter in function.parameters
        if not parameter.may_be_personal
    }
    assert {"ID_send", "ID_message", "ID_user_list", "limit", "range_from", "send_date", "period"} <= shown
    hidden = {"email", "ID_email", "ID_send_message", "ID_preview_email", "personal", "recipients", "name",
              "subject", "content"}  # fmt: skip
    assert not shown & hidden


def test_documented_answers_have_members() -> None:
    from airflow_provider_mailkit.catalogue.reports import REPORTS

    for name, function in FUNCTIONS.items():
        answer = function.answer
        is_listed = bool(answer.members) or name in REPORTS
        assert is_listed is (answer.kind is not None), name
