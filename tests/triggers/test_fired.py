"""What a watcher remembers: every delivery is fired, and twice only where its store has failed."""

from __future__ import annotations

import asyncio
import json
from datetime import date, timedelta

import pytest
from hypothesis import given, settings, strategies as st

from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.triggers.fired import FiredDeliveries

TODAY = date(2026, 3, 8)
FIRST = TODAY - timedelta(days=7)
KEY = "mailkit/mailkit_default/3001"

#: How an access to the store ends: well, refused, or carried out without anybody being told.
ENDS = ("well", "refused", "unconfirmed")


class Store:
    """Keeps text, as Airflow's database does.

    :param ends: how the next accesses end; well from then on.
    """

    def __init__(self, ends=()):
        self.ends = list(ends)
        self.kept = {}
        self.failed = 0

    def _end(self):
        end = self.ends.pop(0) if self.ends else "well"
        self.failed += end != "well"
        return end

    async def aget(self, key):
        if self._end() != "well":
            raise ConnectionError("away")
        return json.loads(self.kept[key]) if key in self.kept else None

    async def aset(self, key, value):
        end = self._end()
        if end != "refused":
            self.kept[key] = json.dumps(value)
        if end != "well":
            raise TimeoutError("no answer")


class Watcher:
    """Does what the trigger does with its memory, without looking at any report."""

    def __init__(self, store):
        self.fired = FiredDeliveries(store, KEY)

    async def look(self, deliveries):
        """Yield what is fired: each one that is not remembered, unless the store refuses it."""
        try:
            await self.fired.load()
        except MailkitError:
            return
        for id_send in deliveries:
            if id_send in self.fired:
                continue
            try:
                await self.fired.add(id_send, TODAY, FIRST)
            except MailkitError:
                continue
            yield id_send


async def _watch(store, looks, restarts):
    watcher, events = Watcher(store), []
    for number, deliveries in enumerate(looks):
        if number in restarts:
            watcher = Watcher(store)
        events += [id_send async for id_send in watcher.look(deliveries)]
    # The store is back by now.
    store.ends = []
    for _ in range(2):
        events += [id_send async for id_send in Watcher(store).look(range(1, 8))]
        events += [id_send async for id_send in watcher.look(range(1, 8))]
    return events


@settings(max_examples=400, deadline=None)
@given(
    ends=st.lists(st.sampled_from(ENDS), max_size=40),
    looks=st.lists(st.lists(st.integers(1, 7), max_size=7, unique=True), max_size=8),
    restarts=st.sets(st.integers(0, 7)),
)
def test_every_delivery_is_fired_and_twice_only_where_the_store_has_failed(ends, looks, restarts):
    store = Store(ends)
    events = asyncio.run(_watch(store, looks, restarts))
    assert set(events) == set(range(1, 8))
    assert len(events) - 7 <= store.failed


@pytest.mark.parametrize("end", ["refused", "unconfirmed"])
def test_none_of_thirty_is_lost_with_a_store_that_fails_one_time_in_five(end):
    store = Store([end if number % 5 == 4 else "well" for number in range(200)])

    async def run():
        watcher, events = Watcher(store), []
        for number in range(30):
            # Each delivery is done at a look of its own, and every tenth one sees the triggerer restarted.
            watcher = Watcher(store) if number % 10 == 9 else watcher
            events += [id_send async for id_send in watcher.look(range(1, number + 2))]
        store.ends = []
        return events + [id_send async for id_send in Watcher(store).look(range(1, 31))]

    events = asyncio.run(run())
    assert set(events) == set(range(1, 31))
    assert len(events) - 30 <= store.failed


def test_a_store_that_takes_nothing_lets_nothing_be_fired():
    store = Store()

    async def run():
        watcher = Watcher(store)
        fired = []
        for _ in range(4):
            store.ends = ["well"] + ["refused"] * 9
            fired += [id_send async for id_send in watcher.look([1, 2, 3])]
        return fired

    assert asyncio.run(run()) == []
    assert store.kept == {}


@pytest.mark.parametrize("end", ["refused", "unconfirmed"])
def test_what_the_store_refuses_is_worth_another_try(end):
    with pytest.raises(MailkitError, match="could not be read") as reading:
        asyncio.run(FiredDeliveries(Store([end]), KEY).load())
    with pytest.raises(MailkitError, match="could not be written") as writing:
        asyncio.run(FiredDeliveries(Store([end]), KEY).add(1, TODAY, FIRST))
    assert reading.value.retryable
    assert writing.value.retryable


@pytest.mark.parametrize("end", ENDS)
def test_one_that_is_stopped_while_a_delivery_is_stored_fires_it_after_the_restart(end):
    """Airflow stops watchers with the triggerer: the write may be carried out, the event is not."""
    store = Store()

    async def run():
        watcher = Watcher(store)
        assert [id_send async for id_send in watcher.look([1])] == [1]
        reached, go_on = asyncio.Event(), asyncio.Event()
        set_value = store.aset

        async def slow(key, value):
            reached.set()
            await go_on.wait()
            store.ends = [end]
            store.aset = set_value
            await set_value(key, value)

        store.aset = slow
        adding = asyncio.create_task(watcher.fired.add(2, TODAY, FIRST))
        await reached.wait()
        adding.cancel()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await adding
        return [id_send async for id_send in Watcher(store).look([1, 2])]

    assert asyncio.run(run()) == [2]


@pytest.mark.parametrize("days", [0, 7, 89, 90, 91, 200])
def test_a_delivery_is_forgotten_after_ninety_days_or_when_it_is_not_asked_for_any_more(days):
    store = Store()
    first = TODAY - timedelta(days=days)

    async def run():
        fired = FiredDeliveries(store, KEY)
        store.kept[KEY] = json.dumps(
            {"1": str(first), "2": str(first - timedelta(days=1)), "3": str(TODAY - timedelta(days=90))}
        )
        await fired.load()
        await fired.add(4, TODAY, first)

    asyncio.run(run())
    kept = set(json.loads(store.kept[KEY]))
    assert kept == {"1", "3", "4"} | ({"2"} if days <= 89 else set())


def test_the_first_day_of_all_is_no_overflow():
    store = Store()
    asyncio.run(FiredDeliveries(store, KEY).add(1, TODAY, date.min))
    assert json.loads(store.kept[KEY]) == {"1": str(TODAY)}
