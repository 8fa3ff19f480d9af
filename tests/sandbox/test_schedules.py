"""Scheduled deliveries of the sandbox, and its log of what it was asked to do."""

from __future__ import annotations

import http.client
from datetime import datetime, timedelta, tzinfo

import pytest
from sandbox.client import Client, Clock

from airflow_provider_mailkit.sandbox import Sandbox, clock
from airflow_provider_mailkit.sandbox.clock import zone

SCHEDULE = "mailkit.campaigns.single.schedule"
LIST = "mailkit.campaigns.schedule.list"
HISTORY = "mailkit.campaigns.history"


def waiting(client: Client, id_message: int = 3002) -> list[dict[str, object]]:
    data: list[dict[str, object]] = client.json(LIST, {"ID_message": id_message})["data"] or []
    return data


def sent(client: Client, id_message: int = 3002) -> list[str]:
    return [row["ID_SEND"] for row in client.json(HISTORY, {"ID_message": id_message, "list_count": 50})]


def test_a_delivery_waits_begins_and_is_there() -> None:
    clock = Clock()
    with Sandbox(recipients=30, queue_seconds=7, clock=clock) as sandbox:
        client = Client(sandbox)
        before = sent(client)
        made = client.json(SCHEDULE, {"ID_message": "3002", "send_date": "now", "subject": "Ahoj"})
        assert made == {"error_status": 0, "data": 70001}
        by_xmlrpc = client.xmlrpc(SCHEDULE, 3002, "", "now", "", "", "", {"ID_query": "5"})
        assert by_xmlrpc == 70002
        first, second = waiting(client)
        assert (first["ID_SEND_MESSAGE_QUEUE"], first["SUBJECT"]) == (70001, "Ahoj")
        assert second["ID_SEND_MESSAGE_QUEUE"] == 70002
        now = datetime.now(zone()).replace(tzinfo=None)
        assert abs(datetime.fromisoformat(str(first["DATE"])) - now) < timedelta(minutes=1)
        assert sent(client) == before
        clock.now += 7
        assert waiting(client) == []
        assert sent(client)[:2] == ["15005", "15004"]
        assert len(client.recipients(15004)) == 30
        assert client.json("mailkit.report.campaign", {"ID_message": 3002})[-1]["ID_SEND"] == "15005"
        ids = [{row["ID_SEND_MESSAGE"] for row in client.recipients(each)} for each in range(15001, 15006)]
        assert len(set().union(*ids)) == 5 * 30


def test_a_delivery_for_later() -> None:
    clock = Clock()
    with Sandbox(recipients=3, clock=clock) as sandbox:
        client = Client(sandbox)
        due = (datetime.now(zone()) + timedelta(hours=5)).strftime("%Y-%m-%d %H:%M")
        client.json(SCHEDULE, {"ID_message": 3002, "send_date": due, "time_zone": "Europe/Prague"})
        assert [row["DATE_SEND"] for row in waiting(client)] == [f"{due}:00"]
        clock.now += 4 * 3600
        assert len(waiting(client)) == 1
        clock.now += 2 * 3600
        assert waiting(client) == []
        newest = client.json(HISTORY, {"ID_message": 3002, "list_count": 50})[0]
        assert (newest["ID_SEND"], newest["DATE"]) == ("15004", f"{due}:00")


@pytest.mark.parametrize("hour", [0, 6, 12, 23])
def test_no_delivery_lies_ahead_at_any_hour(monkeypatch: pytest.MonkeyPatch, hour: int) -> None:
    class Now(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Now:
            return cls(2026, 3, 1, hour, 0, 1, tzinfo=tz)

    monkeypatch.setattr(clock, "datetime", Now)
    with Sandbox(recipients=3, campaigns=4) as sandbox:
        client = Client(sandbox)
        # But the one that the first campaign always has in its queue does.
        assert [row["DATE_SEND"] for row in waiting(client, 3001)] == ["2026-03-02 06:00:00"]
        for id_message in range(3001, 3005):
            client.json(SCHEDULE, {"ID_message": id_message, "send_date": "now"})
            rows = client.json(HISTORY, {"ID_message": id_message, "list_count": 50})
            dates = [datetime.fromisoformat(row["DATE"]) for row in rows]
            assert dates == sorted(dates, reverse=True)
            assert dates[0] == datetime(2026, 3, 1, hour, 0, 1)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"send_date": "now"}, "Missing ID_message"),
        ({"ID_message": 9, "send_date": "now"}, "Invalid ID_message"),
        ({"ID_message": 3002}, "Missing send_date"),
        ({"ID_message": 3002, "send_date": "soon"}, "Invalid send_date"),
    ],
)
def test_what_is_refused_is_not_done(parameters: dict[str, object], said: str) -> None:
    with Sandbox(recipients=3) as sandbox:
        client = Client(sandbox)
        assert client.json(SCHEDULE, parameters) == {"error_status": 1, "error": said}
        assert len(sent(client)) == 3
        assert sandbox.log.done[SCHEDULE] == 0
        assert (sandbox.log.entries[0].function, sandbox.log.entries[0].refusal) == (SCHEDULE, said)


def test_an_answer_gets_lost_and_the_delivery_is_made() -> None:
    with Sandbox(recipients=3, lose_answers=1) as sandbox:
        client = Client(sandbox)
        # Reads are answered.
        assert len(sent(client)) == 3
        asked = {"ID_message": 3002, "send_date": "now"}
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            client.json(SCHEDULE, asked)
        assert len(sent(client)) == 4
        assert client.json(SCHEDULE, asked)["error_status"] == 0
        assert sandbox.log.done[SCHEDULE] == 2


def test_the_state_of_a_campaign() -> None:
    with Sandbox(recipients=3) as sandbox:
        client = Client(sandbox)
        sandbox.set_campaign(3002, status="disabled")
        sandbox.set_campaign(3001, test_mode=True)
        one, two = client.json("mailkit.campaigns.list")
        assert (one["STATUS"], one["TEST_MODE"]) == ("enabled", True)
        assert (two["STATUS"], two["TEST_MODE"]) == ("disabled", False)


def test_the_log() -> None:
    with Sandbox(recipients=3) as sandbox:
        client = Client(sandbox)
        client.json("mailkit.mailinglist.list")
        client.xmlrpc(LIST, 3002)
        client.json("mailkit.campaigns.list", top_level={"ID_message": 3002})
        client.json("mailkit.mailinglist.list", {"recipients": [{"email": "x@example.com"}] * 3})
    assert [(entry.function, dict(entry.parameters)) for entry in sandbox.log.entries] == [
        ("mailkit.mailinglist.list", {}),
        (LIST, {"ID_message": 3002}),
        ("mailkit.campaigns.list", {"ID_message": 3002}),
        ("mailkit.mailinglist.list", {"recipients": "(3)"}),
    ]
    with pytest.raises(RuntimeError):
        Sandbox().log.done.total()
