"""The watcher of a campaign: fires once per finished delivery, also across restarts, and never runs hot."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from airflow.triggers import base
from support.campaign import AsyncStore, Store
from support.reports import PROTOCOLS
from support.server import close_delimited, plain

from airflow_provider_mailkit.exceptions import (
    MailkitAccessError,
    MailkitApiError,
    MailkitError,
    MailkitTransportError,
)
from airflow_provider_mailkit.triggers import tolerance as module
from airflow_provider_mailkit.triggers.mailkit import MAX_FAILURES, MailkitCampaignTrigger

if not hasattr(base, "BaseEventTrigger"):
    pytest.skip("assets have watchers from Airflow 3 on", allow_module_level=True)

both_protocols = pytest.mark.parametrize("protocol", PROTOCOLS)

ARGUMENTS_OF_0_2 = {
    "id_message": 3001, "mailkit_conn_id": "mailkit_default", "poke_interval": 300.0, "look_back_days": 7,
    "since": None, "waiting_statuses": ["wait", "wait_ab"], "final_statuses": ["sent", "failed"],
}  # fmt: skip


@pytest.fixture
def watcher_log(caplog, capsys):
    """Return what was logged: Airflow 3 prints some of it, Airflow 2 does not."""
    caplog.set_level(logging.INFO)
    return lambda: caplog.text + "".join(capsys.readouterr())


def watcher(store=None, **arguments):
    """Return a watcher as it comes out of Airflow's database, with what the triggerer gives it."""
    made = MailkitCampaignTrigger(**{"id_message": 3001, "poke_interval": 0.01} | arguments)
    path, kwargs = made.serialize()
    assert path == "airflow_provider_mailkit.triggers.mailkit.MailkitCampaignTrigger"
    stored = MailkitCampaignTrigger(**json.loads(json.dumps(kwargs)))
    stored.asset_state_store = store
    return stored


def watch(campaign, *, looks, store=None, **arguments):
    """Run a watcher until it has looked at the campaign so often and begun once more, then kill it."""
    return asyncio.run(payloads(watcher(store, **arguments), campaign, looks))


async def payloads(trigger, campaign, looks):
    seen = []
    goal = campaign.asked.count("campaign") + looks + 1

    async def run():
        async for event in trigger.run():
            assert json.loads(json.dumps(event.payload)) == event.payload
            seen.append(event.payload)

    running = asyncio.create_task(run())
    async with asyncio.timeout(20):
        while campaign.asked.count("campaign") < goal and not running.done():  # noqa: ASYNC110 - in a thread
            await asyncio.sleep(0.005)
    if running.done():
        running.result()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return seen


@both_protocols
def test_each_delivery_fires_once_when_nobody_waits_any_more(watched, protocol):
    campaign = watched(
        {
            5001: [["wait_ab", "sent"], ["sent", "wait"], ["sent", "failed", "sent"]],
            5002: [["sent"]],
            5003: [["wait"]],
        },
        protocol,
        timezone="Europe/Prague",
    )
    events = watch(campaign, looks=6)
    assert [event["id_send"] for event in events] == [5002, 5001]
    date = datetime.fromisoformat(events[1].pop("date"))
    assert date.utcoffset() in (timedelta(hours=1), timedelta(hours=2))
    assert events[1] == {
        "id_send": 5001,
        "total": 3,
        "status_counts": {"failed": 1, "sent": 2},
        "id_message": 3001,
        "dedupe_key": "mailkit_default/5001",
    }
    # What has been fired is not read again.
    assert campaign.asked.count("5002") == 1
    assert campaign.asked.count("5001") == 3


@pytest.mark.parametrize("kind", [AsyncStore, Store])
def test_a_restart_fires_nothing_again(watched, kind):
    campaign = watched({5001: [["sent"]], 5002: [["wait"], ["wait"], ["sent"]]})
    store = kind()
    assert [event["id_send"] for event in watch(campaign, looks=1, store=store)] == [5001]
    assert [event["id_send"] for event in watch(campaign, looks=3, store=store)] == [5002]
    assert watch(campaign, looks=2, store=store) == []
    assert campaign.asked.count("5001") == 1
    (stored,) = store.values.values()
    today = str(datetime.now(UTC).date())
    assert json.loads(stored) == {"5001": today, "5002": today}


def test_a_kill_right_behind_the_event_fires_nothing_again(watched):
    campaign = watched({5001: [["sent"]]})
    store = AsyncStore()

    async def killed():
        async with aclosing(watcher(store).run()) as events:
            return (await anext(events)).payload["id_send"]

    assert asyncio.run(killed()) == 5001
    assert watch(campaign, looks=2, store=store) == []


def test_without_a_state_store_a_restart_fires_again_with_the_same_key(watched):
    campaign = watched({5001: [["sent"]]})
    first, second = (watch(campaign, looks=2) for _ in range(2))
    assert len(first) == len(second) == 1
    assert first[0]["dedupe_key"] == second[0]["dedupe_key"]


def test_two_copies_with_one_store_do_not_fire_what_the_other_has_fired(watched):
    campaign = watched({5001: [["sent"]], 5002: [["wait"]] * 3 + [["sent"]]})
    store = AsyncStore()
    assert len(watch(campaign, looks=1, store=store)) == 1
    other = watcher(store)
    store.set("mailkit/mailkit_default/3001", {"5001": "2026-03-01", "5002": "2026-03-01"})
    assert asyncio.run(payloads(other, campaign, 4)) == []


def test_nothing_is_fired_that_cannot_be_remembered(watched):
    campaign = watched({5001: [["sent"]]})
    store = AsyncStore()
    store.fail_reading = [RuntimeError("gone")]
    store.fail_writing = [RuntimeError("gone"), None]
    events = watch(campaign, looks=4, store=store)
    assert [event["id_send"] for event in events] == [5001]
    assert campaign.asked.count("5001") == 2


def test_a_write_that_was_carried_out_but_not_confirmed_loses_no_event(watched):
    campaign = watched({5001: [["sent"]]})

    class Unconfirmed(AsyncStore):
        async def aset(self, key, value):
            known = self.values.copy()
            self.set(key, value)
            if not known:
                raise TimeoutError

    assert len(watch(campaign, looks=4, store=Unconfirmed())) == 1


def test_a_store_that_cannot_tell_its_assets_apart_is_done_without(watched, watcher_log):
    campaign = watched({5001: [["sent"]]})
    store = AsyncStore()
    store.fail_reading = [ValueError("Task has 2 concrete inlets and outlets")]
    assert len(watch(campaign, looks=2, store=store)) == 1
    assert store.values == {}
    assert "in memory only" in watcher_log()


def test_what_is_stored_does_not_grow_for_ever(watched):
    campaign = watched({5001: [["sent"]]})
    store = AsyncStore()
    today = datetime.now(UTC).date()
    store.set("mailkit/mailkit_default/3001", {"4": str(today - timedelta(days=91)), "5": str(today)})
    watch(campaign, looks=1, store=store)
    assert json.loads(store.values["mailkit/mailkit_default/3001"]) == {"5": str(today), "5001": str(today)}


def test_an_empty_report_is_not_done(watched):
    campaign = watched({5001: [[]]})
    assert watch(campaign, looks=2) == []


def test_only_recent_deliveries_are_asked_for_and_since_leaves_out_older_ones(watched):
    campaign = watched({5001: [["sent"]]})
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    assert watch(campaign, looks=1, look_back_days=2, since=str(tomorrow)) == []
    assert "5001" not in campaign.asked
    parameters = json.loads(campaign.bodies[0])["parameters"]
    first, last = (datetime.fromisoformat(parameters[name]) for name in ("range_from", "range_to"))
    assert (last - first).days == 2
    assert last.date() <= datetime.now(UTC).date()


@pytest.mark.parametrize(("timezone", "fired"), [("UTC", [5001]), ("Pacific/Kiritimati", [])])
def test_the_first_day_is_that_of_the_accounts_zone(watched, timezone, fired):
    """At noon in UTC it is tomorrow there, and the delivery has begun today."""
    campaign = watched({5001: [["sent"]]}, timezone=timezone)
    noon = datetime.now(UTC).replace(hour=12)
    assert [event["id_send"] for event in watch(campaign, looks=1, since=noon)] == fired


@both_protocols
def test_a_delivery_that_cannot_be_judged_is_logged_and_does_not_hold_up_the_others(
    watched, protocol, watcher_log
):
    campaign = watched({5001: [["sent", "mystery"]], 5002: [plain(b"<html>")], 5003: [["sent"]]}, protocol)
    assert [event["id_send"] for event in watch(campaign, looks=2)] == [5003]
    text = watcher_log()
    assert "Delivery 5001 cannot be judged" in text
    assert "'mystery'" in text
    assert "Delivery 5002 cannot be judged" in text
    assert "@" not in text


def test_events_come_apart_so_that_the_scheduler_sees_each(watched):
    campaign = watched({5001: [["sent"]], 5002: [["sent"]], 5003: [["sent"]]})
    times = []

    async def run():
        async with aclosing(watcher(poke_interval=0.2).run()) as events:
            async for _ in events:
                times.append(time.monotonic())
                if len(times) == 3:
                    return

    asyncio.run(run())
    assert campaign.asked.count("campaign") == 1
    assert all(later - earlier >= 0.2 for earlier, later in pairwise(times))


def test_each_look_logs_one_line(watched, watcher_log):
    campaign = watched({5001: [["sent"]], 5002: [["wait"]]})
    watch(campaign, looks=2)
    text = watcher_log()
    assert "Campaign 3001: 2 deliveries from " in text
    assert "; 0 fired before, 1 now, 1 not done." in text
    assert "; 1 fired before, 0 now, 1 not done." in text
    assert "@" not in text


FAILURES = [plain(b"", 503), plain(b"", 429), close_delimited(b""), plain(b"", 500), plain(b"", 504)]


@pytest.fixture
def pause(monkeypatch):
    monkeypatch.setattr(module, "PAUSE_BEFORE_END_S", 0.3)


@both_protocols
def test_five_failures_in_a_row_are_survived(watched, protocol):
    assert len(FAILURES) == MAX_FAILURES
    campaign = watched({5001: [["sent"]]}, protocol, instead=FAILURES)
    assert len(watch(campaign, looks=MAX_FAILURES + 2)) == 1


@pytest.mark.parametrize("where", ["listing", "report"])
def test_the_sixth_failure_in_a_row_ends_it_after_a_pause(watched, pause, where):
    bad = plain(b"", 503)
    campaign = watched({5001: [bad]}, instead=[bad] * 20 if where == "listing" else ())
    begun = time.monotonic()
    with pytest.raises(MailkitTransportError):
        watch(campaign, looks=20)
    assert campaign.asked.count("campaign" if where == "listing" else "5001") == MAX_FAILURES + 1
    assert time.monotonic() - begun > 0.3


def test_failures_that_do_not_follow_each_other_are_not_counted_together(watched, pause):
    campaign = watched({5001: [FAILURES[0], ["wait"]] * 8 + [["sent"]]})
    assert len(watch(campaign, looks=20)) == 1


def test_failures_pause_longer_and_longer(watched):
    campaign = watched({5001: [["sent"]]}, instead=FAILURES[:4])
    begun = time.monotonic()
    assert len(watch(campaign, looks=6, poke_interval=0.05)) == 1
    # 1 + 2 + 4 + 8 intervals, each at most a tenth shorter.
    assert time.monotonic() - begun > 15 * 0.05 * 0.9


@both_protocols
@pytest.mark.parametrize(
    ("error", "kind"), [("Unauthorized", MailkitAccessError), ("Invalid ID_message", MailkitApiError)]
)
def test_a_permanent_error_is_logged_at_once_and_ends_it_after_a_pause(
    watched, protocol, error, kind, pause, watcher_log
):
    campaign = watched({}, protocol)
    answer = error if protocol == "xmlrpc" else {"error_status": 1, "error": error}
    campaign.instead = [campaign._answer(answer)] * 3
    begun = time.monotonic()
    with pytest.raises(kind):
        watch(campaign, looks=3)
    assert time.monotonic() - begun > 0.3
    assert campaign.asked == ["campaign"]
    assert "The watcher starts again in 0 s." in watcher_log()


def test_a_connection_that_is_not_there_is_no_hot_loop(pause, monkeypatch, watcher_log):
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", '{"conn_type": "mailkit", "login": "1000001"}')

    async def run():
        async for _ in watcher(mailkit_conn_id="other").run():
            pass

    begun = time.monotonic()
    with pytest.raises(MailkitError, match="other"):
        asyncio.run(run())
    assert time.monotonic() - begun > 0.3
    assert "starts again" in watcher_log()


def test_arguments_stored_by_version_0_2_still_make_a_watcher():
    added = {"totals_first": True}
    assert MailkitCampaignTrigger(**ARGUMENTS_OF_0_2).serialize()[1] == ARGUMENTS_OF_0_2 | added


def test_arguments_are_plain_and_equal_watchers_have_equal_ones():
    made = MailkitCampaignTrigger(
        id_message="3001", poke_interval=60, since="2026-03-01", waiting_statuses=("wait",)
    )
    same = MailkitCampaignTrigger(
        id_message=3001, poke_interval=60.0, since=datetime(2026, 3, 1).date(), waiting_statuses=["wait"]
    )
    assert made.serialize() == same.serialize()
    for value in made.serialize()[1].values():
        assert value is None or type(value) in (str, int, float, bool, list)
    text = repr(made) + str(made.serialize())
    assert "0123456789abcdef" not in text


def test_the_hash_is_the_same_after_the_database(airflow_db):
    from airflow.models.trigger import Trigger

    path, kwargs = MailkitCampaignTrigger(id_message=3001).serialize()
    stored = Trigger(classpath=path, kwargs=kwargs)
    hashes = {
        base.BaseEventTrigger.hash(path, kwargs),
        base.BaseEventTrigger.hash(path, MailkitCampaignTrigger(id_message="3001").serialize()[1]),
        base.BaseEventTrigger.hash(stored.classpath, stored.kwargs),
    }
    assert len(hashes) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        {"id_message": "None"},
        {"id_message": "{{ params.id_message }}"},
        {"id_message": 3001, "poke_interval": 0},
        {"id_message": 3001, "since": "yesterday"},
        {"id_message": 3001, "look_back_days": -1},
        {"id_message": 3001, "totals_first": "perhaps"},
    ],
)
def test_bad_arguments_are_named_when_the_dag_is_parsed(arguments):
    with pytest.raises(MailkitError, match=list(arguments)[-1]):
        MailkitCampaignTrigger(**arguments)


def test_an_asset_takes_it_as_its_watcher():
    from airflow.sdk import Asset, AssetWatcher

    trigger = MailkitCampaignTrigger(id_message=3001)
    asset = Asset("deliveries", watchers=[AssetWatcher(name="campaign", trigger=trigger)])
    (watched,) = asset.watchers
    assert watched.trigger == {
        "classpath": trigger.serialize()[0], "kwargs": trigger.serialize()[1]
    } or watched.trigger is trigger  # fmt: skip
