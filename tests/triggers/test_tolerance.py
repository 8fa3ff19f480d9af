"""A watcher survives a connection that is not found, limits each question, and names its connection."""

from __future__ import annotations

import asyncio
import itertools
import time

import pytest
from support.campaign import AsyncStore, Campaign
from support.server import Pause, head, plain

from airflow_provider_mailkit import _compat
from airflow_provider_mailkit.exceptions import MailkitError, MailkitTransportError
from airflow_provider_mailkit.transport.endpoint import Endpoint
from airflow_provider_mailkit.triggers import tolerance as module
from airflow_provider_mailkit.triggers.mailkit import MAX_FAILURES, MailkitCampaignTrigger

if _compat.IS_AIRFLOW_2:
    pytest.skip("assets have watchers from Airflow 3 on", allow_module_level=True)


class VaultError(Exception):
    """What a secrets backend says."""


@pytest.fixture
def pause(monkeypatch):
    monkeypatch.setattr(module, "PAUSE_BEFORE_END_S", 0.2)


async def first_event(**arguments):
    trigger = MailkitCampaignTrigger(**{"id_message": 3001, "poke_interval": 0.02} | arguments)
    trigger.asset_state_store = AsyncStore()
    events = trigger.run()
    try:
        async with asyncio.timeout(20):
            return (await anext(events)).payload
    finally:
        await events.aclose()


def test_failed_look_ups_are_failed_polls(watched, failing_look_ups, task_log):
    failures, made = failing_look_ups
    failures += [VaultError("s.0123")] * MAX_FAILURES
    watched(Campaign("json", {5001: [["sent"]]}))
    assert asyncio.run(first_event())["id_send"] == 5001
    assert len(made) == MAX_FAILURES + 1
    log = task_log()
    assert "Campaign 3001 (connection 'mailkit_default'): Connection 'mailkit_default' could not be" in log
    assert "This is failure 5 in a row, up to 5 are tolerated" in log
    assert "s.0123" not in log


def test_the_sixth_look_up_that_fails_ends_it_after_a_pause(failing_look_ups, pause, task_log):
    failures, made = failing_look_ups
    failures += [VaultError("s.0123")] * 20
    began = time.monotonic()
    with pytest.raises(MailkitError, match=r"Connection 'gone' could not be looked up \(VaultError\)"):
        asyncio.run(first_event(mailkit_conn_id="gone"))
    assert len(made) == MAX_FAILURES + 1
    assert time.monotonic() - began > 0.2
    log = task_log()
    assert "Campaign 3001 (connection 'gone'): " in log
    assert "The watcher starts again" in log
    assert "s.0123" not in log


@pytest.mark.parametrize("where", ["listing", "report"])
def test_every_failure_in_the_log_names_the_connection(watched, task_log, where):
    bad, good = plain(b"", 503), plain(b"<html>")
    if where == "listing":
        watched(Campaign("json", {5001: [["sent"]]}, instead=[bad]))
    else:
        watched(Campaign("json", {5001: [bad, ["sent"]], 5002: [good]}))
    assert asyncio.run(first_event())["id_send"] == 5001
    told = [
        line for line in task_log().splitlines() if "HTTP status 503" in line or "cannot be judged" in line
    ]
    assert told
    assert all("Campaign 3001 (connection 'mailkit_default'): " in line for line in told)


def trickle(*_):
    yield head(transfer_encoding="chunked")
    yield b"1\r\n[\r\n"
    for piece in itertools.islice(itertools.repeat(b"1\r\n \r\n"), 1000):
        yield piece
        yield Pause(0.03)


@pytest.mark.parametrize("where", ["listing", "report"])
def test_a_question_whose_answer_trickles_is_given_up_and_asked_again(watched, task_log, where, monkeypatch):
    monkeypatch.setattr(Endpoint, "call_limit_s", 0.5)
    monkeypatch.setattr(Endpoint, "poll_limit_s", 0.5)
    if where == "listing":
        watched(Campaign("json", {5001: [["sent"]]}, instead=[trickle()]))
    else:
        # An answer is told from a report by its first step being bytes.
        watched(Campaign("json", {5001: [list(trickle()), ["sent"]]}))
    began = time.monotonic()
    assert asyncio.run(first_event())["id_send"] == 5001
    assert 0.4 < time.monotonic() - began < 15
    assert "was not complete within the " in task_log()


def test_a_trickling_listing_ends_the_watcher_as_any_failure(watched, pause, monkeypatch):
    monkeypatch.setattr(Endpoint, "call_limit_s", 0.2)
    campaign = Campaign("json", {})
    campaign.instead = [list(trickle()) for _ in range(10)]
    watched(campaign)
    with pytest.raises(MailkitTransportError, match="was not complete within"):
        asyncio.run(first_event())
    assert campaign.asked == ["campaign"] * (MAX_FAILURES + 1)
