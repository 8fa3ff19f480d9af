"""Watchers spare an account as deferred waits do, and take turns with them."""

from __future__ import annotations

import asyncio
import statistics
import time
from contextlib import aclosing

import pytest
from airflow.triggers import base
from support.campaign import Campaign
from support.modes import first_event
from support.pauses import first_pauses
from support.server import plain
from support.slow_server import SlowServer

from airflow_provider_mailkit.triggers.mailkit import MailkitCampaignTrigger, MailkitRecipientsTrigger

if not hasattr(base, "BaseEventTrigger"):
    pytest.skip("assets have watchers from Airflow 3 on", allow_module_level=True)


async def first_of_many(trigger):
    async with aclosing(trigger.run()) as events:
        return (await anext(events)).payload


def watches(count, **arguments):
    """Return the first events of watchers of campaigns of their own, which share no round."""
    triggers = [
        MailkitCampaignTrigger(**{"id_message": 3001 + number, "poke_interval": 0.05} | arguments)
        for number in range(count)
    ]
    return [first_of_many(trigger) for trigger in triggers]


def waits(count):
    return [
        first_event(MailkitRecipientsTrigger(id_send=5001, poke_interval=0.01)) for _ in range(count)
    ]  # fmt: skip


async def all_events(*coroutines):
    return await asyncio.wait_for(asyncio.gather(*coroutines), 30)


def test_no_more_requests_at_a_time_than_the_connection_says(mailkit_connection):
    campaign = Campaign("json", {5001: [["sent"]]})
    with SlowServer(campaign) as server:
        mailkit_connection(server.base_url, max_concurrent_requests=3)
        events = asyncio.run(all_events(*watches(20)))
    assert {event["id_send"] for event in events} == {5001}
    assert campaign.asked.count("campaign") >= 20
    assert campaign.asked.count("5001") >= 20
    assert server.peak == 3


def test_watchers_and_waits_take_turns(mailkit_connection):
    campaign = Campaign("json", {5001: [["sent"]]})
    with SlowServer(campaign) as server:
        mailkit_connection(server.base_url, max_concurrent_requests=2)
        asyncio.run(all_events(*watches(8), *waits(8)))
    assert server.peak == 2


def test_the_pause_before_another_try_keeps_nobody_from_a_turn(mailkit_connection):
    busy = plain(b"", 503, retry_after=3)
    campaign = Campaign("json", {5001: [["sent"]]}, instead=[busy])
    with SlowServer(campaign, seconds=0) as server:
        mailkit_connection(server.base_url, max_concurrent_requests=1)

        async def run():
            (watch,) = watches(1)
            watching = asyncio.create_task(watch)
            while not campaign.asked:  # noqa: ASYNC110 - the server runs in a thread
                await asyncio.sleep(0.005)
            begun = time.monotonic()
            events = await all_events(*waits(3))
            seconds = time.monotonic() - begun
            await all_events(watching)
            return events, seconds

        events, seconds = asyncio.run(run())
    assert [event["status"] for event in events] == ["success"] * 3
    assert seconds < 2
    assert campaign.asked.count("campaign") == 2


def test_watchers_that_begin_together_do_not_go_on_together(monkeypatch, mailkit_connection):
    campaign = Campaign("json", {5001: [["wait"]]})
    with SlowServer(campaign, seconds=0) as server:
        mailkit_connection(server.base_url)
        module = "airflow_provider_mailkit.triggers.campaign"
        pauses = first_pauses(monkeypatch, module, watches(200, poke_interval=60))
    assert len(pauses) == 200
    assert min(pauses) >= 54
    assert max(pauses) <= 66
    assert statistics.pstdev(pauses) == pytest.approx(12 / 12**0.5, abs=0.6)
