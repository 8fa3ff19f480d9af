"""Events that Airflow confirms, with Airflow's own manager of shared streams: nothing is lost."""

from __future__ import annotations

import asyncio
import json

import pytest
from support.server import Pause, plain

from airflow_provider_mailkit._compat import CONFIRMS_EVENTS, TriggerEvent
from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.triggers import campaign as module, tolerance
from airflow_provider_mailkit.triggers.mailkit import MailkitCampaignTrigger

if not CONFIRMS_EVENTS:
    pytest.skip("events are confirmed from Airflow 3.3.2 on", allow_module_level=True)

from airflow.triggers.shared_stream import AckTimeout, SharedStreamManager

from airflow_provider_mailkit.triggers.acknowledged import ConfirmedDeliveries, NoteProducer, hand_over

_REPORT = plain(json.dumps([{"STATUS": "sent", "ID_SEND_MESSAGE": "1"}]).encode())


class Store:
    """An asset's store, which may refuse what is written to it."""

    def __init__(self):
        self.values = {}
        self.refuses = 0

    async def aget(self, key):
        return self.values.get(key)

    async def aset(self, key, value):
        if self.refuses:
            self.refuses -= 1
            raise RuntimeError("no answer")
        self.values[key] = dict(value)

    def ids(self):
        return sorted(int(id_send) for value in self.values.values() for id_send in value)


class Triggerer:
    """Runs watchers as the triggerer does; ``database`` decides when an event is in Airflow's.

    :param database: takes the ID of a delivery; returns the seconds until it is stored, None for never.
    """

    def __init__(self, *watchers, database=lambda id_send: 0.01, ack_timeout=60.0):
        self.manager = SharedStreamManager(ack_timeout=ack_timeout)
        self.watchers = watchers
        self.database = database
        self.events = {number: [] for number in range(len(watchers))}

    async def run(self, until):
        running = [asyncio.create_task(self._run(*numbered)) for numbered in enumerate(self.watchers)]
        async with asyncio.timeout(20):
            while not until() and not all(task.done() for task in running):  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        for task in running:
            task.cancel()
        ended = await asyncio.gather(*running, return_exceptions=True)
        await self.manager.stop_all()
        return ended

    async def _run(self, number, watcher):
        key = watcher.shared_stream_key()
        notes = self.manager.subscribe(trigger_id=number, trigger=watcher, key=key)
        try:
            async for event in watcher.filter_shared_stream(notes):
                id_send = event.payload["id_send"]
                self.events[number].append(id_send)
                seq = self.manager.bind_pending_event(trigger_id=number, key=key)
                assert seq is not None, "Airflow would confirm nothing of this event"
                if (after_s := self.database(id_send)) is not None:
                    asyncio.get_running_loop().call_later(after_s, self.manager.confirm_persisted, [seq])
        finally:
            await self.manager.unsubscribe(number, key)


def watcher(store=None, **arguments):
    made = MailkitCampaignTrigger(**{"id_message": 3001, "poke_interval": 0.05} | arguments)
    made.asset_state_store = store
    return made


def test_a_delivery_is_stored_when_airflow_has_its_event_and_not_before(watched):
    campaign, store = watched({5001: [["sent"]], 5002: [["sent"]]}), Store()
    triggerer = Triggerer(watcher(store), database={5001: 0.01, 5002: None}.get)
    asyncio.run(triggerer.run(lambda: campaign.asked.count("campaign") >= 4 and store.ids() == [5001]))
    # Within one life a delivery is fired once, stored or not.
    assert triggerer.events == {0: [5001, 5002]}
    assert store.ids() == [5001]


def test_after_a_restart_what_airflow_does_not_have_is_fired_again_and_nothing_else(watched):
    watched({5001: [["sent"]], 5002: [["sent"]], 5003: [["sent"]]})
    store = Store()
    first = Triggerer(watcher(store), database={5001: 0.01, 5002: 0.01}.get)
    asyncio.run(first.run(lambda: store.ids() == [5001, 5002] and 5003 in first.events[0]))
    second = Triggerer(watcher(store))
    asyncio.run(second.run(lambda: store.ids() == [5001, 5002, 5003]))
    assert second.events == {0: [5003]}


def test_a_look_that_takes_longer_than_a_note_may_fails_nothing(watched):
    """Airflow gives a note five minutes; here it is a fifth of a second, and a report takes three."""
    slow = [_REPORT[0], Pause(0.6), _REPORT[1]]
    watched({5001: [slow], 5002: [["sent"]]})
    store = Store()
    triggerer = Triggerer(watcher(store), ack_timeout=0.2)
    ended = asyncio.run(triggerer.run(lambda: store.ids() == [5001, 5002]))
    assert triggerer.events == {0: [5001, 5002]}
    assert [type(end) for end in ended] == [asyncio.CancelledError]


def test_the_pause_between_events_is_no_part_of_a_note(watched, monkeypatch):
    monkeypatch.setattr(module, "EVENT_SPACING_S", 0.4)
    watched({5001: [["sent"]], 5002: [["sent"]], 5003: [["sent"]]})
    store = Store()
    triggerer = Triggerer(watcher(store, poke_interval=1.0), ack_timeout=0.2)
    ended = asyncio.run(triggerer.run(lambda: store.ids() == [5001, 5002, 5003]))
    assert [type(end) for end in ended] == [asyncio.CancelledError]


def test_a_database_that_takes_no_event_ends_the_watcher_and_the_next_one_fires_it_again(watched):
    watched({5001: [["sent"]]})
    store = Store()
    ended = asyncio.run(
        Triggerer(watcher(store), database=lambda _: None, ack_timeout=0.1).run(lambda: False)
    )
    assert [type(end) for end in ended] == [AckTimeout]
    assert store.ids() == []
    again = Triggerer(watcher(store))
    asyncio.run(again.run(lambda: store.ids() == [5001]))
    assert again.events == {0: [5001]}


def test_each_watcher_stores_its_own(watched):
    watched({5001: [["sent"]]})
    stores = Store(), Store()
    triggerer = Triggerer(watcher(stores[0]), watcher(stores[1], since="2020-01-01"))
    asyncio.run(triggerer.run(lambda: [store.ids() for store in stores] == [[5001], [5001]]))
    assert triggerer.events == {0: [5001], 1: [5001]}


def test_a_store_that_fails_when_an_event_is_confirmed_ends_nothing_and_gets_it_later(watched, task_log):
    campaign, store = watched({5001: [["sent"]], 5002: [["wait"], ["wait"], ["sent"]]}), Store()

    def database(id_send):
        store.refuses = 1 if id_send == 5001 else 0
        return 0.01

    triggerer = Triggerer(watcher(store), database=database)
    asyncio.run(triggerer.run(lambda: store.ids() == [5001, 5002]))
    assert triggerer.events == {0: [5001, 5002]}
    assert campaign.asked.count("campaign") >= 3
    assert "Delivery 5001 is fired, but the asset state store has not confirmed it" in task_log()


def test_an_error_of_the_watcher_ends_it(watched, monkeypatch):
    monkeypatch.setattr(tolerance, "PAUSE_BEFORE_END_S", 0.05)
    watched({}, instead=[plain(json.dumps({"error_status": 1, "error": "Unauthorized"}).encode())] * 3)
    (ended,) = asyncio.run(Triggerer(watcher(Store())).run(lambda: False))
    assert isinstance(ended, MailkitError)


def test_watching_is_said_to_have_begun_once_and_over_which_connection(watched, task_log):
    campaign = watched({})
    asyncio.run(Triggerer(watcher(poke_interval=0.01)).run(lambda: campaign.asked.count("campaign") >= 3))
    said = "Campaign 3001 (connection 'mailkit_default'): watching begins"
    assert task_log().count(said) == 1


async def closing_counted(closed):
    try:
        while True:
            yield object()
            await asyncio.sleep(0.01)
    finally:
        closed.append(True)


def test_the_stream_of_rounds_is_closed_with_the_notes():
    closed = []

    async def run():
        notes = NoteProducer(lambda: closing_counted(closed)).open_stream()
        first, payload = await anext(notes)
        assert first is payload
        assert first.round is not None
        first.bell.set()
        second, _ = await anext(notes)
        assert second.round is None
        await notes.aclose()

    asyncio.run(run())
    assert closed == [True]


def test_two_events_are_never_of_one_note_unless_both_were_ready():
    """The watcher goes on when its event is handed over: what comes then belongs to the next note."""

    async def watch(rounds):
        async for _ in rounds:
            for id_send in (1, 2):
                yield TriggerEvent({"id_send": id_send})

    async def run():
        producer = NoteProducer(lambda: closing_counted([]))
        notes = []

        async def stream():
            async for note, _ in producer.open_stream():
                notes.append(note)
                yield note

        events = hand_over(watch, stream(), ConfirmedDeliveries(None, "key"))
        async with asyncio.timeout(5):
            got = [(await anext(events)).payload["id_send"] for _ in range(2)]
        await events.aclose()
        return got, [len(note.on_confirmed) for note in notes]

    got, counts = asyncio.run(run())
    assert got == [1, 2]
    assert max(counts) == 1
