"""Checked calls: what is refused, and what is sent in each protocol."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mailkit.catalogue import parameters as kinds
from airflow_provider_mailkit.catalogue.calls import check_call
from airflow_provider_mailkit.catalogue.functions import FUNCTIONS
from airflow_provider_mailkit.catalogue.parameters import Parameter
from airflow_provider_mailkit.exceptions import MailkitError

CALLABLE = [function for function in FUNCTIONS.values() if not function.uncallable]
EACH = pytest.mark.parametrize("function", CALLABLE, ids=lambda function: function.name)
ADDRESS = "jan.novak@example.com"


def sample(parameter: Parameter) -> Any:
    """Return a value that is right for a parameter."""
    if parameter.choices:
        return parameter.choices[-1]
    return {
        kinds.ID: 5001,
        kinds.ID_OR_ADDRESS: ADDRESS,
        kinds.INTEGER: parameter.maximum or 17,
        kinds.TEXT: "ž & <b>",
        kinds.BOOLEAN: True,
        kinds.DAY: "2026-03-01",
        kinds.INSTANT: "2026-03-01 08:00:00",
        kinds.SEND_DATE: "now",
        kinds.STRUCT: {member.name: sample(member) for member in parameter.members} or {"any": "x"},
        kinds.STRUCTS: [{member.name: sample(member) for member in parameter.members}] * 3,
        kinds.IDS: [7, "8", 9],
        kinds.ANYTHING: {"a": [1, None, 2.5]},
    }[parameter.kind]


def whole(function: Any) -> dict[str, Any]:
    """Return all parameters of a function, of several that share a place one."""
    shared = [place.parameters[1:] for place in function.order if place.shape == "one"]
    left_out = {name for names in shared for name in names}
    if function.name == "mailkit.email.revalidate":
        left_out.add("ID_template")
    return {
        parameter.name: sample(parameter)
        for parameter in reversed(function.parameters)
        if parameter.name not in left_out
    }


def json_of(name: str, /, **given: Any) -> dict[str, Any]:
    return check_call(name, given).for_json()


def xmlrpc_of(name: str, /, **given: Any) -> list[Any]:
    return check_call(name, given).for_xmlrpc()


# -- All functions -----------------------------------------------------------------------------------


@EACH
def test_every_parameter_reaches_both_protocols(function: Any) -> None:
    call = check_call(function.name, whole(function))
    assert list(call.for_json()) == [p.name for p in function.parameters if p.name in call.for_json()]
    assert set(whole(function)) <= set(call.for_json())
    sent = call.for_xmlrpc()
    flat = [value for value in sent if not isinstance(value, dict | list)]
    assert len(sent) == len(function.order)
    assert not any(value is None for value in flat)


@EACH
def test_every_misspelt_parameter_is_refused_with_the_right_name(function: Any) -> None:
    right = whole(function)
    for name in right:
        for wrong in (name + "s", name.swapcase(), name[:-1]):
            if wrong in right:
                continue
            given = {wrong if key == name else key: value for key, value in right.items()}
            with pytest.raises(MailkitError, match=r"is not a parameter of this function") as caught:
                check_call(function.name, given)
            assert f"the nearest is {name}." in str(caught.value) or name in str(caught.value)
            assert caught.value.function == function.name
            assert not caught.value.retryable


@EACH
def test_every_required_parameter_is_missed(function: Any) -> None:
    right = whole(function)
    for parameter in function.parameters:
        if parameter.required:
            for given in (
                {k: v for k, v in right.items() if k != parameter.name},
                right | {parameter.name: None},
            ):
                with pytest.raises(MailkitError, match=f"{parameter.name} is missing; it is required"):
                    check_call(function.name, given)
    if function.one_of:
        given = {k: v for k, v in right.items() if k not in function.one_of}
        with pytest.raises(MailkitError, match="must be given"):
            check_call(function.name, given)


@EACH
def test_a_value_of_another_kind_is_refused_and_never_shown(function: Any) -> None:
    right = whole(function)
    for parameter in function.parameters:
        if parameter.name not in right:
            continue
        for wrong in (object(), [ADDRESS], {ADDRESS: 1}, float("nan"), f"{ADDRESS}\ud800"):
            if parameter.open and wrong == {ADDRESS: 1}:
                continue
            with pytest.raises(MailkitError, match=parameter.name.replace("/", ".")) as caught:
                check_call(function.name, right | {parameter.name: wrong})
            assert "novak" not in str(caught.value)
            assert caught.value.__context__ is None
            assert caught.value.__cause__ is None


@EACH
def test_an_unknown_name_that_is_an_address_is_not_shown(function: Any) -> None:
    with pytest.raises(MailkitError) as caught:
        check_call(function.name, {ADDRESS: 1})
    assert "novak" not in str(caught.value)


# -- What is sent ------------------------------------------------------------------------------------


def test_the_order_is_the_functions_and_not_the_dicts() -> None:
    given = {"range_to": "2026-03-31", "ID_message": 5, "range_from": "2026-03-01"}
    call = check_call("mailkit.report.campaign", given)
    assert call.for_xmlrpc() == [5, "2026-03-01", "2026-03-31"]
    assert list(call.for_json()) == ["ID_message", "range_from", "range_to"]


def test_unused_places_in_the_middle_are_kept() -> None:
    assert xmlrpc_of("mailkit.report.raw.responses", ID_log=7) == ["", "", "", 7]
    assert xmlrpc_of("mailkit.report.raw.responses") == []
    assert xmlrpc_of("mailkit.report.raw.bounces", ID_send=3, limit="500") == ["", 3, "", 500]
    assert xmlrpc_of("mailkit.report", range_to="2026-03-01") == ["", "2026-03-01"]
    assert xmlrpc_of("mailkit.mailinglist.getstatus", ID_user_list=1, limit=10) == [1, "", "", "", "10"]
    name = "mailkit.campaigns.single.schedule"
    assert xmlrpc_of(name, ID_message=1, send_date="now") == [1, "", "now"]
    assert xmlrpc_of(name, ID_message=1, send_date="now", ID_query=4) == [
        1, "", "now", "", "", "", {"ID_query": "4"}
    ]  # fmt: skip
    assert xmlrpc_of("mailkit.mailinglist.edituser", ID_user_list=1, ID_email=2, custom={"custom2": "x"}) == [
        1, "2", "", {}, {}, {"custom2": "eA=="}
    ]  # fmt: skip
    assert xmlrpc_of("mailkit.email.revalidate", email=ADDRESS, agreement=False, language="CZ") == [
        ADDRESS, "", False, "", 0, "CZ"
    ]  # fmt: skip


def test_none_is_not_given() -> None:
    given = {"ID_message": None, "ID_send": 3, "ID_log": None}
    assert check_call("mailkit.report.raw.responses", given).for_json() == {"ID_send": 3}
    assert check_call("mailkit.mailinglist.list", None).for_json() == {}


def test_options_that_are_one_struct_over_xmlrpc() -> None:
    assert xmlrpc_of("mailkit.campaigns.history", ID_message=3, list_count=5) == [
        {"list_count": 5, "ID_message": "3"}
    ]
    assert xmlrpc_of("mailkit.campaigns.history") == []
    both = {"email": ADDRESS, "ID_email": 3}
    assert check_call("mailkit.email.getstatus.history", both).for_xmlrpc() == [both]
    assert xmlrpc_of("mailkit.email.topics", email=ADDRESS, ID_topics=("1", 2)) == [
        {"ID_topics": [1, 2], "email": ADDRESS}
    ]
    assert xmlrpc_of("mailkit.filemanager.upload", name="a.txt", data=b"\xff") == [
        [{"name": "a.txt", "data": "/w=="}]
    ]


def test_an_address_and_an_id_share_a_place() -> None:
    for name in ("mailkit.email.unsubscribe.getstatus", "mailkit.email.getstatus"):
        assert xmlrpc_of(name, email=ADDRESS) == [ADDRESS]
        assert xmlrpc_of(name, ID_email="3") == [3]
        with pytest.raises(MailkitError, match="either ID_email or email") as caught:
            check_call(name, {"email": ADDRESS, "ID_email": 3})
        assert "novak" not in str(caught.value)
    assert xmlrpc_of("mailkit.email.wipe", ID_email=3) == ["3"]
    assert xmlrpc_of("mailkit.email.getstatus", ID_send_message=9) == ["", 9]
    assert xmlrpc_of("mailkit.email.delete", ID_email=ADDRESS) == [ADDRESS]
    assert xmlrpc_of("mailkit.email.delete", ID_email="3") == [3]


def test_unsubscribing_names_both_and_never_mails_unless_it_is_said() -> None:
    name = "mailkit.email.unsubscribe"
    assert json_of(name, email=ADDRESS, send_optout=False) == {
        "email": ADDRESS,
        "ID_email": None,
        "send_optout": "FALSE",
    }
    assert xmlrpc_of(name, ID_email=3, send_optout="false", timeout=True, timeout_days=14) == [
        3, "", False, {"timeout": True, "timeout_days": 14}
    ]  # fmt: skip
    # Mailkit's own default, where the place must be filled.
    assert xmlrpc_of(name, ID_email=3, timeout=True) == [3, "", True, {"timeout": True}]


def test_base64_is_made_here_of_texts_and_bytes() -> None:
    given: dict[str, Any] = {
        "ID_user_list": 1,
        "confirm": False,
        "personal": {"email": ADDRESS, "first_name": "Žofie", "company": b"\xc5\xbd"},
    }
    encoded = {"email": "amFuLm5vdmFrQGV4YW1wbGUuY29t", "first_name": "xb1vZmll", "company": "xb0="}
    name = "mailkit.mailinglist.adduser"
    assert json_of(name, **given) == {
        "ID_user_list": 1, "confirm": "FALSE", "personal": encoded, "address": {}, "custom": {}
    }  # fmt: skip
    assert xmlrpc_of(name, **given) == [1, False, encoded, {}, {}]
    campaign = json_of("mailkit.campaigns.create", name="a", subject="b", ID_allow_email=7, web_template=True)
    assert campaign == {
        "name": "YQ==",
        "subject": "Yg==",
        "ID_allow_email": "Nw==",
        "web_template": "dHJ1ZQ==",
    }
    assert xmlrpc_of("mailkit.campaigns.create", name="a", subject="b", ID_allow_email=7) == [
        {"name": "YQ==", "subject": "Yg==", "ID_allow_email": "Nw=="}
    ]


def test_a_message_with_variables_and_attachments() -> None:
    given: dict[str, Any] = {
        "mailinglist_id": 1,
        "campaign_id": 2,
        "main": {"send_to": ADDRESS, "content": {"order": {"lines": ["a", 7]}, "name": "b"}},
        "attachment": [{"name": "x", "data": b"y"}, {"url": "https://example.com/z"}],
    }
    main = {"send_to": ADDRESS, "content": {"order": {"lines": ["YQ==", "Nw=="]}, "name": "Yg=="}}
    files = [{"name": "x", "data": "eQ=="}, {"url": "https://example.com/z"}]
    assert json_of("mailkit.sendmail", **given)["main"] == main
    assert json_of("mailkit.sendmail", **given)["attachment"] == files
    # Each attachment has a place of its own.
    assert xmlrpc_of("mailkit.sendmail", **given) == [1, 2, main, {}, {}, {}, *files]
    one = given | {"attachment": given["attachment"][0]}
    assert xmlrpc_of("mailkit.sendmail", **one) == [1, 2, main, {}, {}, {}, files[0]]


def test_what_only_json_can_say() -> None:
    call = check_call("mailkit.email.revalidate", {"ID_email": 1, "agreement": True, "ID_template": 2})
    assert call.for_json()["ID_template"] == 2
    with pytest.raises(MailkitError, match="ID_template has no place in an XML-RPC call"):
        call.for_xmlrpc()


def test_parameters_that_are_not_a_dict() -> None:
    for wrong in ([1], "ID_send", 5):
        with pytest.raises(MailkitError, match="must be a dict"):
            check_call("mailkit.report.message", wrong)  # type: ignore[arg-type]
