from __future__ import annotations

import re
from collections import Counter
from datetime import date

import pytest

FAMILY = 3 * 1000 + 457
RANK = {"wait_ab": 0, "wait": 1, "sent": 2, "failed": 2}


def statuses(rows):
    return Counter(row["STATUS"] for row in rows)


@pytest.mark.parametrize("seconds", [0, 30])
def test_same_seed_same_answer(serve, clock, seconds):
    settings = {"recipients": FAMILY, "seconds": seconds, "clock": clock, "last_day": date(2026, 3, 1)}
    first, second, other = serve(**settings), serve(**settings), serve(**settings, seed=2)
    for client in (first, second, other):
        client.recipients()
    clock.now += 20
    assert first.recipients() == second.recipients()
    assert first.recipients() != other.recipients()


def test_a_delivery_moves_only_forward_and_ends_in_time(serve, clock):
    client = serve(recipients=FAMILY, seconds=100, clock=clock)
    before = client.recipients()
    assert set(statuses(before)) == {"wait", "wait_ab"}
    for _ in range(11):
        clock.now += 20
        after = client.recipients()
        for old, new in zip(before, after, strict=True):
            assert RANK[new["STATUS"]] >= RANK[old["STATUS"]]
            assert old["STATUS"] not in ("sent", "failed") or new["STATUS"] == old["STATUS"]
            assert old["DATE"] in ("", new["DATE"])
            assert old["AB_VERSION"] in ("", new["AB_VERSION"])
            assert int(new["READ_COUNT"]) >= int(old["READ_COUNT"])
            assert int(new["CLICK_COUNT"]) >= int(old["CLICK_COUNT"])
        before = after
        if clock.now == 1100:
            at_the_end = after
    assert set(statuses(at_the_end)) == {"sent", "failed"}
    assert statuses(before) == statuses(at_the_end)
    reads = [sum(int(row["READ_COUNT"]) for row in rows) for rows in (at_the_end, before)]
    assert reads[0] < reads[1]


def test_the_ab_test_comes_before_the_others(serve, clock):
    client = serve(recipients=FAMILY, seconds=100, clock=clock)
    client.recipients()
    clock.now += 45
    tested = client.recipients()
    assert {row["AB_VERSION"] for row in tested if row["STATUS"] in ("sent", "failed")} == {"A", "B"}
    assert {row["AB_VERSION"] for row in tested if row["STATUS"] == "wait_ab"} == {""}
    assert 0.7 < statuses(tested)["wait_ab"] / FAMILY < 0.9
    clock.now += 10
    chosen = client.recipients()
    assert statuses(chosen)["wait_ab"] == 0
    waiting = {row["AB_VERSION"] for row in chosen if row["STATUS"] == "wait"}
    assert waiting in ({"A"}, {"B"})


def test_without_an_ab_test_nobody_has_a_version(serve, clock):
    client = serve(recipients=FAMILY, seconds=100, ab_test=False, clock=clock)
    client.recipients()
    clock.now += 50
    rows = client.recipients()
    assert {row["AB_VERSION"] for row in rows} == {""}
    assert set(statuses(rows)) == {"wait", "sent", "failed"}


def test_each_delivery_has_a_clock_of_its_own(serve, clock):
    client = serve(recipients=57, seconds=10, clock=clock)
    client.recipients(5001)
    clock.now += 10
    assert set(statuses(client.recipients(5001))) <= {"sent", "failed"}
    assert set(statuses(client.recipients(5002))) <= {"wait", "wait_ab"}


def test_every_row_is_one_that_the_documentation_allows(serve, clock):
    client = serve(recipients=FAMILY, seconds=100, clock=clock)
    client.recipients()
    clock.now += 75
    for row in client.recipients():
        waits = row["STATUS"] in ("wait", "wait_ab")
        assert (row["DATE"] == "") == waits
        assert waits or re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", row["DATE"])
        assert row["AB_VERSION"] in ("A", "B", "")
        assert int(row["CLICK_COUNT"]) <= int(row["READ_COUNT"])
        assert row["STATUS"] == "sent" or row["READ_COUNT"] == "0"
        assert re.fullmatch(r"[a-z]+\.\d+@example\.(com|org|cz)", row["EMAIL"])
        assert all(isinstance(value, str) for value in row.values())


def test_all_over_at_once(serve):
    # More than one pattern, so that blocks are used again.
    rows = serve(recipients=33_333, seconds=0).recipients()
    assert len(rows) == 33_333
    assert set(statuses(rows)) == {"sent", "failed"}
    assert 0.02 < statuses(rows)["failed"] / len(rows) < 0.04
    assert 0.3 < sum(row["READ_COUNT"] != "0" for row in rows) / len(rows) < 0.6
    assert 0 < sum(row["CLICK_COUNT"] != "0" for row in rows) / len(rows) < 0.3


def test_message_ids_are_unique_and_people_stay_the_same(serve):
    client = serve(recipients=33_333, seconds=0, deliveries=2)
    first, second = client.recipients(5001), client.recipients(5002)
    messages = {row["ID_SEND_MESSAGE"] for row in first + second}
    assert len(messages) == 2 * 33_333
    assert min(map(int, messages)) < 2**31 < max(map(int, messages)) < 2**63
    assert [(row["ID_EMAIL"], row["EMAIL"]) for row in first] == [
        (row["ID_EMAIL"], row["EMAIL"]) for row in second
    ]
    assert len({row["EMAIL"] for row in first}) == 33_333


@pytest.mark.parametrize("recipients", [0, 1, 999, 1000, 1001, 16_001])
def test_any_number_of_recipients(serve, recipients):
    client = serve(recipients=recipients, seconds=0, deliveries=1)
    assert len(client.recipients()) == recipients
    assert len(client.xmlrpc("mailkit.report.message.recipients", 5001)) == recipients


def test_the_largest_sandbox_keeps_its_integers(serve):
    # Its last delivery, of one recipient, still has its own numbers, and the plain ones fit an i4.
    client = serve(recipients=100_000, seconds=0, campaigns=1, deliveries=10_000)
    last = client.recipients(15_000)[0]
    first = client.recipients(5001)[0]
    assert int(first["ID_SEND_MESSAGE"]) < int(last["ID_SEND_MESSAGE"]) < 2**31


def test_no_date_is_in_the_hour_that_the_clock_leaves_out(serve):
    """Europe/Prague went from 2 to 3 o'clock on 29 March 2026."""
    client = serve(recipients=FAMILY, seconds=0, last_day=date(2026, 3, 28))
    rows = client.json("mailkit.report.raw.responses", {"ID_send": 5003})
    hours = Counter(row["date"][:13] for row in rows)
    # What would have been in it is an hour later.
    assert (hours["2026-03-29 01"] > 0, hours["2026-03-29 02"]) == (True, 0)
    assert hours["2026-03-29 03"] > 1.5 * hours["2026-03-29 04"] > 0
    client = serve(recipients=FAMILY, seconds=0, last_day=date(2026, 3, 29))
    changed = Counter(row["DATE"][:13] for row in client.json("mailkit.mailinglist.unsubscribed"))
    assert (changed["2026-03-29 02"], changed["2026-03-29 03"] > 0) == (0, True)
