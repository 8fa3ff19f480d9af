"""All answers about a delivery tell the same story, at every moment, over both protocols."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date

import pytest
from sandbox.client import Client, Clock

from airflow_provider_mailkit.sandbox import Sandbox

SETTINGS = {"recipients": 16_457, "deliveries": 2, "seconds": 100, "last_day": date(2026, 3, 2)}
REPORT = "mailkit.report"
LIST = {"ID_user_list": 41001}
COUNTERS = ("READ_COUNT", "CLICK_COUNT")


@pytest.fixture(scope="module", params=[30, 75, 300], ids=lambda s: f"after {s} s")
def story(request):
    """A client of a sandbox at one moment, and the recipients of delivery 5002 then."""
    clock = Clock()
    with Sandbox(**SETTINGS, clock=clock) as sandbox:
        client = Client(sandbox)
        client.recipients(5002)
        clock.now += request.param
        yield client, client.recipients(5002)


def rows_of(answer):
    """Return an answer as a list, whatever stands for a list of none or one."""
    return answer if isinstance(answer, list) else [answer] if answer else []


def ask(client, function, **parameters):
    return rows_of(client.json(function, {"ID_send": "5002", **parameters}))


def totals(rows):
    statuses = Counter(row["STATUS"] for row in rows)
    return {
        "SEND_COUNT": len(rows),
        "DELIVERED_COUNT": statuses["sent"],
        "READ_COUNT": sum(int(row["READ_COUNT"]) for row in rows),
        "READ_COUNT_U": sum(row["READ_COUNT"] != "0" for row in rows),
        "CLICK_COUNT": sum(int(row["CLICK_COUNT"]) for row in rows),
        "CLICK_COUNT_U": sum(row["CLICK_COUNT"] != "0" for row in rows),
    }


def test_totals(story):
    client, rows = story
    message = client.json(f"{REPORT}.message", {"ID_send": 5002})
    expected = totals(rows)
    failed = sum(row["STATUS"] == "failed" for row in rows)
    assert {name: int(message[name]) for name in expected} == expected
    assert int(message["FAILED_COUNT"] or 0) == failed > 0
    _, delivery = client.json(f"{REPORT}.campaign", {"ID_message": 3001})
    for name in (*expected, "CONVERSION_COUNT", "CONVERSION_COUNT_U", "REV"):
        assert delivery[name] == message[name]
    first, second = client.json(REPORT, {"range_from": "2026-03-02", "range_to": "2026-03-02"})
    assert {name: int(first[name]) for name in expected} == expected
    assert (first["ID_MESSAGE"], second["ID_MESSAGE"]) == ("3001", "3002")
    everything = client.json(REPORT)
    assert int(everything[0]["SEND_COUNT"]) == 2 * 16_457


def test_bounces(story):
    client, rows = story
    failed = {row["ID_SEND_MESSAGE"]: row for row in rows if row["STATUS"] == "failed"}
    bounces = ask(client, f"{REPORT}.message.bounces")
    raw = ask(client, f"{REPORT}.raw.bounces")
    assert len(bounces) == len(raw) == len(failed) > 0
    for name, found in (("ID_SEND_MESSAGE", bounces), ("ID_SEND_MESSGE", raw)):
        for bounce in found:
            recipient = failed[bounce[name]]
            assert (bounce["ID_EMAIL"], bounce["EMAIL"]) == (recipient["ID_EMAIL"], recipient["EMAIL"])
    assert all(bounce["DATE"] == failed[bounce["ID_SEND_MESSAGE"]]["DATE"] for bounce in bounces)
    states = {row["ID_EMAIL"]: row["STATUS"] for row in members(client)}
    assert {bounce["ID_EMAIL"]: bounce["EMAIL_STATUS"] for bounce in bounces} == {
        bounce["ID_EMAIL"]: states[bounce["ID_EMAIL"]] for bounce in bounces
    }
    assert {row["ID_SEND_MESSGE"]: row["STATUS"] for row in raw} == {
        row["ID_SEND_MESSAGE"]: row["STATUS"] for row in bounces
    }


def members(client, **parameters):
    """Return all members of the first list, page by page."""
    found = rows_of(client.json("mailkit.mailinglist.getstatus", LIST | parameters))
    while len(page := rows_of(page_after(client, found, parameters))) > 1:
        assert page[0] == found[-1]
        found += page[1:]
    return found


def page_after(client, found, parameters):
    start = {"ID_email": found[-1]["ID_EMAIL"]}
    return client.json("mailkit.mailinglist.getstatus", LIST | parameters | start)


def test_responses(story):
    client, rows = story
    responses = []
    start = {}
    while len(page := ask(client, f"{REPORT}.raw.responses", limit=9000, **start)) > 1:
        responses += page[1:] if start else page
        start = {"ID_log": page[-1]["ID_log"]}
    assert [int(row["ID_log"]) for row in responses] == sorted({int(row["ID_log"]) for row in responses})
    seen = {kind: Counter() for kind in ("read", "click", "unsubscribe", "spam_report")}
    clicks_of_links = Counter()
    for row in responses:
        seen[row["type"]][row["ID_send_message"]] += 1
        clicks_of_links[row["ID_url"]] += row["type"] == "click"
    for kind, counter in zip(("read", "click"), COUNTERS, strict=True):
        assert seen[kind] == {
            row["ID_SEND_MESSAGE"]: int(row[counter]) for row in rows if row[counter] != "0"
        }
    dates = {row["ID_SEND_MESSAGE"]: row["DATE"] for row in rows}
    assert all(row["date"] >= dates[row["ID_send_message"]] > "" for row in responses)
    check_feedback(client, seen, rows)
    check_links(client, clicks_of_links)
    unsubscribed = {row["ID_EMAIL"] for row in members(client, status="unsubscribe")}
    assert {row["ID_email"] for row in responses if row["type"] == "unsubscribe"} <= unsubscribed


def check_feedback(client, seen, rows):
    sums = Counter()
    for row in ask(client, f"{REPORT}.message.feedback", period="MONTH"):
        date.fromisoformat(row["DATE"])
        sums.update({name: int(value) for name, value in row.items() if name != "DATE"})
    readers, clickers = (sum(row[counter] != "0" for row in rows) for counter in COUNTERS)
    assert +sums == +Counter(
        READ=seen["read"].total(), OPEN=readers, OPEN_P=readers,
        CLICK=seen["click"].total(), VISIT=clickers, VISIT_P=clickers,
        UNSUBSCRIBE=seen["unsubscribe"].total(), SPAM_REPORT=seen["spam_report"].total(),
    )  # fmt: skip
    _, delivery = client.json(f"{REPORT}.campaign", {"ID_message": 3001})
    assert int(delivery["UNSUBSCRIBE"]) == seen["unsubscribe"].total()
    assert int(delivery["SPAM_REPORT"]) == seen["spam_report"].total()


def check_links(client, clicks_of_links):
    clicks, visits, conversions = Counter(), Counter(), 0
    for row in ask(client, f"{REPORT}.message.links"):
        clicks[str(row["ID_URL"])] += row["CLICK"]
        visits[str(row["ID_URL"])] += row["VISIT"]
        conversions += row["CONVERSION"]
        assert row["AB_VERSION"] in ("A", "B")
    assert clicks == {link: count for link, count in clicks_of_links.items() if link}
    for link, count in clicks.items():
        visitors = ask(client, f"{REPORT}.message.links.visitors", ID_url=link)
        assert sum(int(row["COUNT"]) for row in visitors) == count
        assert len({row["ID_EMAIL"] for row in visitors}) == len(visitors) == visits[link]
        assert all(row["DATA"]["DATETIME"] > "2026-03-02" for row in visitors)
    assert conversions == int(client.json(f"{REPORT}.message", {"ID_send": 5002})["CONVERSION_COUNT"])


def test_messages(story):
    client, rows = story
    messages = ask(client, f"{REPORT}.raw.messages")
    assert [int(row["ID_send_message"]) for row in messages] == sorted(
        int(row["ID_SEND_MESSAGE"]) for row in rows
    )
    state = ("message_status", "date_sent", "ab_version", "email", "ID_email")
    expected = ("STATUS", "DATE", "AB_VERSION", "EMAIL", "ID_EMAIL")
    assert {row["ID_send_message"]: [row[name] for name in state] for row in messages} == {
        row["ID_SEND_MESSAGE"]: [row[name] for name in expected] for row in rows
    }


def test_one_recipient(story):
    client, rows = story
    responses = defaultdict(int)
    for row in rows_of(client.json(f"{REPORT}.raw.responses", {"ID_send": 5002})):
        responses[row["ID_send_message"]] += 1
    # The last one is the only one of its kind: a recipient after a whole pattern of others.
    for recipient in (rows[0], rows[7], rows[16_450]):
        message = {"ID_send_message": recipient["ID_SEND_MESSAGE"]}
        history = rows_of(client.json("mailkit.email.getstatus.history", {"email": recipient["EMAIL"]}))
        sent = [row for row in history if row["ID_SEND"] == "5002"]
        if recipient["DATE"]:
            assert [row["DATE_SEND"] for row in sent] == [recipient["DATE"]]
            assert [row[name] for row in sent for name in COUNTERS] == [recipient[name] for name in COUNTERS]
            own = rows_of(client.json(f"{REPORT}.raw.responses", message))
            assert len(own) == len(sent[0]["RESPONSE_DATA"]) == responses[recipient["ID_SEND_MESSAGE"]]
        else:
            assert sent == []
        (status,) = rows_of(client.json("mailkit.email.getstatus", message))
        assert (status["EMAIL"], str(status["ID_EMAIL"])) == (recipient["EMAIL"], recipient["ID_EMAIL"])


def test_lists(story):
    client, rows = story
    everybody = members(client)
    assert [row["ID_EMAIL"] for row in everybody] == [row["ID_EMAIL"] for row in rows]
    by_state = Counter(row["STATUS"] for row in everybody)
    assert set(by_state) == {"enabled", "disabled", "unknown", "temporary", "permanent", "unsubscribe"}
    for state, count in by_state.items():
        assert len(members(client, status=state)) == count
    vip = rows_of(client.json("mailkit.mailinglist.getstatus", {"ID_user_list": 41003}))
    assert {row["EMAIL"] for row in vip} < {row["EMAIL"] for row in everybody}
    assert not {row["ID_EMAIL"] for row in vip} & {row["ID_EMAIL"] for row in everybody}
    gone = [row for row in [*everybody, *vip] if row["STATUS"] == "unsubscribe"]
    unsubscribed = rows_of(client.json("mailkit.mailinglist.unsubscribed"))
    assert [row["DATE"] for row in unsubscribed] == [row["CHANGE_DATE"] for row in gone]
    assert all(
        row["EMAIL"] in (of["EMAIL"], of["MOBILE"]) for row, of in zip(unsubscribed, gone, strict=True)
    )
    engagement = rows_of(client.json("mailkit.mailinglist.engagement", LIST))
    assert [str(row["ID_EMAIL"]) for row in engagement] == [row["ID_EMAIL"] for row in everybody]
