"""What the sandbox keeps: imports, unsubscriptions and erasures, with what clients of Mailkit have met."""

from __future__ import annotations

from datetime import date

import pytest

from airflow_provider_mailkit.sandbox.changes import Action

IMPORT, UNSUBSCRIBE, WIPE = "mailkit.mailinglist.import", "mailkit.email.unsubscribe", "mailkit.email.wipe"
GETSTATUS = "mailkit.mailinglist.getstatus"
CUSTOMERS, DISABLED, VIP = 41001, 41002, 41003
ROWS = [
    {"email": "Anna.New@example.com", "first_name": "Anna", "custom7": "gold", "nonsense": "x"},
    {"email": "no address", "first_name": "Nobody"},
    {"email": "jana@example.cz", "city": ""},
]


@pytest.fixture
def client(serve):
    return serve(recipients=203, seconds=0, last_day=date(2026, 3, 2))


@pytest.fixture(params=["json", "xmlrpc"])
def call(request, client):
    """Call a function in either protocol, with the values in the order that XML-RPC has."""
    orders = {
        IMPORT: ("ID_user_list", "recipients"), WIPE: ("email",),
        UNSUBSCRIBE: ("email", "ID_send_message", "send_optout"),
    }  # fmt: skip

    def called(function, *values):
        if request.param == "xmlrpc":
            return client.xmlrpc(function, *values)
        words = [str(value).upper() if isinstance(value, bool) else value for value in values]
        return client.json(function, dict(zip(orders[function], words, strict=False)))

    return called


def members(client, id_user_list=CUSTOMERS, **parameters):
    return client.json(GETSTATUS, {"ID_user_list": id_user_list, **parameters})


def ints(answer):
    return {name: int(answer[f"count_{name}"]) for name in ("all", "new", "updated", "bad")}


def test_import_adds_and_updates_and_refuses(client, call):
    before = members(client)
    answer = call(IMPORT, CUSTOMERS, ROWS)
    assert ints(answer) == {"all": 3, "new": 2, "updated": 0, "bad": 1}
    assert answer["invalid_emails"] == ["no address"]
    again = call(IMPORT, CUSTOMERS, [{"email": "anna.new@EXAMPLE.com", "last_name": "Nová"}])
    assert ints(again) == {"all": 1, "new": 0, "updated": 1, "bad": 0}
    after = members(client)
    assert after[: len(before)] == before
    anna, jana = after[len(before) :]
    assert int(before[-1]["ID_EMAIL"]) < int(anna["ID_EMAIL"]) < int(jana["ID_EMAIL"])
    assert anna["EMAIL"] == "Anna.New@example.com"
    assert (anna["FIRST_NAME"], anna["LAST_NAME"], anna["CUSTOM_7"]) == ("Anna", "Nová", "gold")
    assert anna["STATUS"] == jana["STATUS"] == "unknown"
    assert set(anna) == set(before[0])
    assert client.sandbox.actions == [Action(IMPORT, "41001", 3), Action(IMPORT, "41001", 1)]
    assert len(members(client, VIP)) == 21


def test_what_was_imported_is_a_page_like_any_other(client):
    client.json(IMPORT, {"ID_user_list": CUSTOMERS, "recipients": ROWS})
    last = members(client)[-1]
    # One row is an object.
    assert members(client, ID_email=last["ID_EMAIL"], limit=5) == last
    assert client.json("mailkit.email.getstatus", {"email": "JANA@example.cz"})["EMAIL"] == "jana@example.cz"


def test_import_updates_made_up_people(client, call):
    somebody = members(client)[7]
    call(IMPORT, CUSTOMERS, [{"email": somebody["EMAIL"], "street": "Nová 5"}])
    now = members(client)[7]
    assert now == somebody | {"STREET": "Nová 5", "CHANGE_DATE": "2026-03-02 06:00:00"}


def test_unsubscribed_recipients_stay_so(client, call):
    gone = next(row for row in members(client) if row["STATUS"] == "unsubscribe")
    call(IMPORT, CUSTOMERS, [{"email": gone["EMAIL"], "status": "enabled"}])
    assert {row["EMAIL"]: row["STATUS"] for row in members(client)}[gone["EMAIL"]] == "unsubscribe"
    call(IMPORT, CUSTOMERS, [{"email": "jana@example.cz", "status": "enabled"}])
    assert members(client)[-1]["STATUS"] == "enabled"
    call(UNSUBSCRIBE, "jana@example.cz", 0, False)
    call(IMPORT, CUSTOMERS, [{"email": "jana@example.cz", "status": "enabled"}])
    assert members(client)[-1]["STATUS"] == "unsubscribe"
    call(IMPORT, VIP, [{"email": "jana@example.cz"}])
    assert members(client, VIP)[-1]["STATUS"] == "unsubscribe"


def test_counts_of_0_after_a_success(serve):
    client = serve(recipients=5, seconds=0, zero_counts=True)
    assert set(ints(client.json(IMPORT, {"ID_user_list": CUSTOMERS, "recipients": ROWS})).values()) == {0}
    assert len(members(client)) == 7


def test_a_disabled_list_and_an_unknown_one_refuse(client):
    for id_user_list, text in ((DISABLED, "Mailing list is disabled"), (5, "Invalid ID_user_list")):
        answer = client.json(IMPORT, {"ID_user_list": id_user_list, "recipients": ROWS})
        assert answer == {"error_status": 1, "error": text}
    assert client.json(IMPORT, {"ID_user_list": CUSTOMERS})["error"] == "Missing recipients"
    assert client.sandbox.actions == []


def test_unsubscribe_shows_everywhere_and_tells_of_mail(client, call):
    active = next(row for row in members(client) if row["STATUS"] == "enabled")
    call(UNSUBSCRIBE, active["EMAIL"], 0, False)
    call(UNSUBSCRIBE, active["EMAIL"].upper())
    assert client.sandbox.actions == [
        Action(UNSUBSCRIBE, active["EMAIL"]), Action(UNSUBSCRIBE, active["EMAIL"], sends_mail=True)
    ]  # fmt: skip
    assert client.json(f"{UNSUBSCRIBE}.getstatus", {"email": active["EMAIL"]})["unsubscribe"] == "TRUE"
    rows = client.json("mailkit.mailinglist.unsubscribed", {"range_from": "2026-03-02"})
    assert active["EMAIL"] in [row["EMAIL"] for row in ([rows] if isinstance(rows, dict) else rows)]


def test_answers_to_an_unsubscription(client):
    somebody = members(client)[3]
    assert client.json(UNSUBSCRIBE, {"ID_email": somebody["ID_EMAIL"], "email": None}) == {
        "error_status": "0", "ID_email": somebody["ID_EMAIL"], "status": "1"
    }  # fmt: skip
    assert client.xmlrpc(UNSUBSCRIBE, int(somebody["ID_EMAIL"]), 0, False, {}) == int(somebody["ID_EMAIL"])
    assert client.json(UNSUBSCRIBE, {"email": "x@example.com"})["error"] == "Invalid ID_email or email"


def test_wipes_are_queued_once(client, call):
    somebody = members(client)[3]
    answer = call(WIPE, somebody["EMAIL"])
    assert (answer["error"], int(answer["ID_email"])) == ("OK", int(somebody["ID_EMAIL"]))
    assert client.sandbox.wiped == {somebody["EMAIL"].lower()}
    assert client.json(WIPE, {"email": somebody["EMAIL"]}) == {
        "error_status": 1, "error": "Email has already been inserted"
    }  # fmt: skip
    assert client.json(WIPE, {"email": "x@example.com"})["error"] == "Invalid ID_email or email"
    assert client.json(WIPE, {})["error"] == "Missing ID_email"
    assert [action.subject for action in client.sandbox.actions] == [somebody["EMAIL"]] * 2
