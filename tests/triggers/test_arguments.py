"""Arguments of the triggers: a wrong one is refused at once, and equal ones are stored alike."""

from __future__ import annotations

import asyncio
import json
import math
from contextlib import aclosing
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pendulum
import pytest
from airflow.triggers import base
from support.campaign import AsyncStore, Campaign, serve

from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.protocol.days import days_before
from airflow_provider_mailkit.triggers.mailkit import MailkitCampaignTrigger, MailkitRecipientsTrigger

needs_airflow_3 = pytest.mark.skipif(
    not hasattr(base, "BaseEventTrigger"), reason="assets have watchers from Airflow 3 on"
)


def wait(**arguments: Any) -> MailkitRecipientsTrigger:
    return MailkitRecipientsTrigger(**{"id_send": 5001} | arguments)


def watch(**arguments: Any) -> MailkitCampaignTrigger:
    return MailkitCampaignTrigger(**{"id_message": 3001} | arguments)


BOTH = [pytest.param(wait, id="wait"), pytest.param(watch, id="watch", marks=needs_airflow_3)]
BROKEN = [
    *({"poke_interval": value} for value in (0, -1, None, True, math.nan, math.inf, "soon", timedelta(0))),
    *({"waiting_statuses": value} for value in ("wait", None, [5], iter(["wait"]), {"wait": 1})),
    *({"final_statuses": value} for value in ("sent", None, [], ["sent", "wait"])),
    *({"mailkit_conn_id": value} for value in (None, "", 5)),
]


@pytest.mark.parametrize("make", BOTH)
@pytest.mark.parametrize("arguments", BROKEN, ids=lambda value: str(value).split(" object at ")[0])
def test_wrong_arguments_of_both(make, arguments):
    with pytest.raises(MailkitError, match=next(iter(arguments))):
        make(**arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        *({"id_send": value} for value in (None, "", "None", 0, 5001.0, True)),
        *({"max_wait": value} for value in (0, -1, True, math.nan, "long")),
        *({name: "False"} for name in ("allow_empty", "stop_at_first_waiting", "exponential_backoff")),
    ],
    ids=str,
)
def test_wrong_arguments_of_a_wait(arguments):
    with pytest.raises(MailkitError, match=next(iter(arguments))):
        wait(**arguments)


@needs_airflow_3
@pytest.mark.parametrize(
    "arguments",
    [
        *({"id_message": value} for value in (None, "", 3001.0)),
        *({"look_back_days": value} for value in (-1, None, True, 1.5, math.inf, "week")),
        *({"since": value} for value in ("2026-W10", "2026-02-30", 5, True, "{{ ds }}")),
    ],
    ids=str,
)
def test_wrong_arguments_of_a_watcher(arguments):
    with pytest.raises(MailkitError, match=next(iter(arguments))):
        watch(**arguments)


@pytest.mark.parametrize("make", BOTH)
def test_the_same_written_in_other_ways_is_stored_alike(make):
    stored = make(poke_interval=300.0, final_statuses=["bounced", "sent"]).serialize()
    assert json.loads(json.dumps(stored[1])) == stored[1]
    for poke_interval in (300, "300", timedelta(minutes=5)):
        # The order in a set of texts is another one in every process.
        for statuses in ({"sent", "bounced"}, frozenset({"bounced", "sent"}), ("bounced", "sent")):
            assert make(poke_interval=poke_interval, final_statuses=statuses).serialize() == stored


@needs_airflow_3
@pytest.mark.parametrize(
    "since",
    ["2026-03-01", "20260301", 20260301, date(2026, 3, 1), datetime(2026, 3, 1, 8),
     pendulum.date(2026, 3, 1), pendulum.naive(2026, 3, 1, 8), "2026-03-01T08:00:00"],
    ids=repr,
)  # fmt: skip
def test_the_first_day_may_be_written_in_every_way(since):
    assert watch(since=since, look_back_days="7").serialize() == watch(since="2026-03-01").serialize()
    assert watch(since="").since is watch(since=None).since is None


@needs_airflow_3
@pytest.mark.parametrize(
    "since",
    [datetime(2026, 3, 1, 8, tzinfo=UTC), pendulum.datetime(2026, 3, 1, 8), "2026-03-01 08:00:00Z"],
    ids=repr,
)
def test_an_instant_stays_one_until_the_zone_is_known(since):
    watcher = watch(since=since)
    assert watcher.since == "2026-03-01T08:00:00+00:00"
    assert watch(since=watcher.since).serialize() == watcher.serialize()


def test_no_look_back_leaves_the_calendar():
    assert days_before(date(2026, 3, 8), 999_999) == days_before(date(2026, 3, 8), 10**17) == date.min
    assert days_before(date(2026, 3, 8), 7) == date(2026, 3, 1)


@needs_airflow_3
def test_the_longest_look_back_fires(mailkit_connection):
    campaign = Campaign("json", {5001: [["sent"]]}, [])
    store = AsyncStore()

    async def first(watcher: MailkitCampaignTrigger) -> Any:
        async with asyncio.timeout(20), aclosing(watcher.run()) as events:
            return await anext(events)

    with serve(campaign) as server:
        mailkit_connection(server.base_url)
        watcher = watch(poke_interval=0.01, look_back_days=999_999)
        watcher.asset_state_store = store
        assert asyncio.run(first(watcher)).payload["id_send"] == 5001
    (stored,) = store.values.values()
    assert list(json.loads(stored)) == ["5001"]
