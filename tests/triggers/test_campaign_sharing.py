"""What Airflow 3.3 adds for watchers: its own state store of several assets, and polls that are shared."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime

import pytest
from support.server import Pause, plain

from airflow_provider_mailkit._compat import CONFIRMS_EVENTS
from airflow_provider_mailkit.exceptions import MailkitTransportError
from airflow_provider_mailkit.triggers import tolerance as module
from airflow_provider_mailkit.triggers.mailkit import MAX_FAILURES, MailkitCampaignTrigger

_REPORT = plain(json.dumps([{"STATUS": "sent", "ID_SEND_MESSAGE": "1"}]).encode())
SLOW = [_REPORT[0], Pause(0.5), _REPORT[1]]

shared_stream = pytest.importorskip("airflow.triggers.shared_stream", reason="polls are shared from 3.3 on")


class Triggerer:
    """Runs watchers as the triggerer does: those with equal keys on one stream."""

    def __init__(self, *triggers):
        self.triggers = triggers
        self.confirms = CONFIRMS_EVENTS
        self.events = {number: [] for number in range(len(triggers))}
        self.running = []
        self.manager = shared_stream.SharedStreamManager()

    async def run(self, until):
        self.running = [asyncio.create_task(self._run(*numbered)) for numbered in enumerate(self.triggers)]
        async with asyncio.timeout(20):
            while not until() and not all(task.done() for task in self.running):  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        for task in self.running:
            task.cancel()
        ended = await asyncio.gather(*self.running, return_exceptions=True)
        await self.manager.stop_all()
        return ended

    async def _run(self, number, trigger):
        key = trigger.shared_stream_key()
        assert key is not None
        stream = self.manager.subscribe(trigger_id=number, trigger=trigger, key=key)
        try:
            async for event in trigger.filter_shared_stream(stream):
                self.events[number].append(event.payload["id_send"])
                # As the triggerer does when the event is in Airflow's database, if this one is said to tell.
                if self.confirms:
                    seq = self.manager.bind_pending_event(trigger_id=number, key=key)
                    asyncio.get_running_loop().call_later(0.02, self.manager.confirm_persisted, [seq])
        finally:
            await self.manager.unsubscribe(number, key)


def watcher(**arguments):
    return MailkitCampaignTrigger(**{"id_message": 3001, "poke_interval": 0.1} | arguments)


def test_watchers_of_one_account_ask_each_question_once(watched):
    campaign = watched({5001: [["sent"]], 5002: [["wait"], ["wait"], ["sent"]], 5003: [["wait"]]})
    today = str(datetime.now(UTC).date())
    triggerer = Triggerer(watcher(), watcher(since=today), watcher(final_statuses=["sent", "failed", "x"]))
    asyncio.run(triggerer.run(lambda: campaign.asked.count("campaign") == 5))
    assert triggerer.events == {number: [5001, 5002] for number in range(3)}
    asked = Counter(campaign.asked)
    assert asked["5001"] == 1
    assert asked["5002"] == 3
    assert asked["campaign"] == 5
    assert 4 <= asked["5003"] <= 5


def test_watchers_of_one_account_share_totals_and_what_they_have_learnt(watched):
    asked = []

    def totals(request):
        asked.append(request)
        return plain(json.dumps({"SEND_COUNT": "2", "DELIVERED_COUNT": "1", "FAILED_COUNT": ""}).encode())

    campaign = watched({5001: [["wait", "sent"]]}, totals=totals)
    triggerer = Triggerer(watcher(), watcher(since="2020-01-01"), watcher(final_statuses=["sent", "x"]))

    def is_over():
        # The others go on without the one that has asked so far.
        if campaign.asked.count("campaign") == 4:
            triggerer.running[0].cancel()
        return campaign.asked.count("campaign") == 8

    asyncio.run(triggerer.run(is_over))
    assert campaign.asked.count("5001") == 1
    # Before and after the report, and once in each later round.
    assert 7 <= len(asked) <= 9
    assert triggerer.events == {0: [], 1: [], 2: []}


def test_watchers_of_other_campaigns_and_accounts_do_not_mix(watched):
    one = watched({5001: [["sent"]]})
    two = watched({5002: [["sent"]]}, conn_id="other")
    triggerer = Triggerer(watcher(), watcher(id_message=3002), watcher(mailkit_conn_id="other"))
    asyncio.run(triggerer.run(lambda: one.asked.count("campaign") > 6 and two.asked.count("campaign") > 3))
    assert triggerer.events == {0: [5001], 1: [5001], 2: [5002]}
    campaigns = [json.loads(body)["parameters"].get("ID_message") for body in one.bodies]
    assert {3001, 3002} <= set(campaigns)


def test_a_slow_report_holds_up_the_next_round_and_nothing_else(watched):
    campaign = watched({5001: [SLOW], 5002: [["sent"]]})
    triggerer = Triggerer(watcher(poke_interval=0.05), watcher(poke_interval=0.05, since="2020-01-01"))
    asyncio.run(triggerer.run(lambda: campaign.asked.count("campaign") == 3))
    assert triggerer.events == {0: [5001, 5002], 1: [5001, 5002]}
    assert campaign.asked[:3] == ["campaign", "5001", "5002"]


def test_one_that_is_cancelled_takes_nothing_from_the_others(watched):
    campaign = watched({5001: [SLOW]})

    async def run():
        triggerer = Triggerer(watcher(), watcher(since="2020-01-01"))
        running = asyncio.create_task(triggerer.run(lambda: campaign.asked.count("campaign") == 3))
        while "5001" not in campaign.asked:  # noqa: ASYNC110 - the server runs in a thread
            await asyncio.sleep(0.005)
        triggerer.running[0].cancel()
        await running
        return triggerer.events

    assert asyncio.run(run()) == {0: [], 1: [5001]}
    assert campaign.asked.count("5001") == 1


def test_a_failure_ends_them_all_after_the_pause(watched, monkeypatch):
    monkeypatch.setattr(module, "PAUSE_BEFORE_END_S", 0.2)
    campaign = watched({}, instead=[plain(b"", 503)] * 100)
    triggerer = Triggerer(watcher(poke_interval=0.01), watcher(poke_interval=0.01, since="2020-01-01"))
    ended = asyncio.run(triggerer.run(lambda: False))
    assert [type(error) for error in ended] == [MailkitTransportError] * 2
    assert campaign.asked.count("campaign") == MAX_FAILURES + 1


KEY = "mailkit/mailkit_default/3001"


class Supervisor:
    """Answers what Airflow's state store asks, out of a dict by asset and key."""

    def __init__(self, comms):
        self.comms = comms
        self.values = {}

    async def asend(self, message):
        place = (message.name, message.key)
        if isinstance(message, self.comms.SetAssetStateStoreByName):
            self.values[place] = json.dumps(message.value)
            return self.comms.OKResponse(ok=True)
        if place in self.values:
            return self.comms.AssetStateStoreResult(value=json.loads(self.values[place]))
        return self.comms.ErrorResponse(error="ASSET_STORE_NOT_FOUND")


@pytest.fixture
def supervisor(monkeypatch):
    from airflow.sdk.execution_time import comms, task_runner

    supervisor = Supervisor(comms)
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", supervisor, raising=False)
    return supervisor


@pytest.mark.parametrize("assets", [["one"], ["one", "two"]])
def test_airflows_own_store_works_for_one_asset_and_for_several(watched, supervisor, assets):
    from airflow.sdk import Asset
    from airflow.sdk.execution_time.context import AssetStateStoreAccessors

    campaign = watched({5001: [["sent"]], 5002: [["sent"]]})

    def with_store(names):
        made = watcher()
        made.asset_state_store = AssetStateStoreAccessors(inlets=[Asset(name) for name in names])
        return made

    triggerer = Triggerer(with_store(assets))
    stored = lambda: [name for name in assets if "5002" in supervisor.values.get((name, KEY), "")]  # noqa: E731
    asyncio.run(triggerer.run(lambda: campaign.asked.count("campaign") >= 2 and stored() == assets))
    assert triggerer.events == {0: [5001, 5002]}
    assert {name for name, _ in supervisor.values} == set(assets)
    # One of the assets may lose the watcher, another may get it.
    for names in (assets[:1], [*assets, "new"]):
        before = campaign.asked.count("campaign")
        again = Triggerer(with_store(names))
        asyncio.run(again.run(lambda before=before: campaign.asked.count("campaign") >= before + 2))
        assert again.events == {0: []}
