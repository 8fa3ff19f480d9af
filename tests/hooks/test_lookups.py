"""Waits that start together look their connection up once: a secrets backend may be slow, or cost money."""

from __future__ import annotations

import asyncio
import threading
import time
import traceback
from contextlib import suppress

import pytest
from support.reports import CLIENT_MD5

from airflow_provider_mailkit import _compat
from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.hooks import _lookups
from airflow_provider_mailkit.hooks.mailkit import MailkitHook


@pytest.fixture
def lookups(monkeypatch):
    """Return the ids that were looked up; each look-up takes a while."""
    asked = []
    look_up = _compat.get_async_connection

    async def slow(conn_id, hook):
        asked.append(conn_id)
        await asyncio.sleep(0.05)
        return await look_up(conn_id, hook)

    monkeypatch.setattr(_compat, "get_async_connection", slow)
    return asked


async def accounts(*conn_ids):
    return await asyncio.gather(*(MailkitHook(conn_id).aaccount() for conn_id in conn_ids))


def test_a_connection_is_looked_up_once_for_all_that_ask_at_the_same_time(mailkit_connection, lookups):
    mailkit_connection("http://127.0.0.1:1", conn_id="one")
    mailkit_connection("http://127.0.0.1:2", conn_id="two")

    async def run():
        return await accounts(*["one", "two"] * 50)

    for _ in range(2):
        found = asyncio.run(run())
        assert [account.endpoint.base_url[-1] for account in found] == ["1", "2"] * 50
    assert sorted(lookups) == ["one"] * 2 + ["two"] * 2


def test_a_connection_that_has_changed_is_seen_by_the_next_that_asks(mailkit_connection, lookups):
    async def run():
        mailkit_connection("http://127.0.0.1:1")
        before = await accounts("mailkit_default")
        mailkit_connection("http://127.0.0.1:2")
        return [*before, *await accounts("mailkit_default")]

    assert [account.endpoint.base_url[-1] for account in asyncio.run(run())] == ["1", "2"]
    assert len(lookups) == 2


def test_each_gets_an_error_of_its_own(mailkit_connection, lookups):
    mailkit_connection("http://192.0.2.1", login="1000002")

    async def run():
        asked = (MailkitHook("mailkit_default").aaccount() for _ in range(3))
        return await asyncio.gather(*asked, return_exceptions=True)

    errors = asyncio.run(run())
    assert all(isinstance(error, MailkitError) and "plain http" in str(error) for error in errors)
    assert len({id(error) for error in errors}) == 3


@pytest.mark.parametrize("cancelled", [0, 1, 2])
def test_one_that_is_cancelled_takes_nobody_along(mailkit_connection, lookups, cancelled):
    mailkit_connection("http://127.0.0.1:1")

    async def run():
        tasks = [asyncio.create_task(MailkitHook("mailkit_default").aaccount()) for _ in range(4)]
        await asyncio.sleep(0.02)
        gone = tasks.pop(cancelled)
        gone.cancel()
        with suppress(asyncio.CancelledError):
            await gone
        found = await asyncio.gather(*tasks)
        return found, [dict(pending) for pending in _lookups._under_way.values()]

    found, left = asyncio.run(run())
    assert [account.endpoint.base_url for account in found] == ["http://127.0.0.1:1"] * 3
    assert not any(left)
    assert len(lookups) == 1


def test_secrets_are_masked_beside_the_event_loop(mailkit_connection, monkeypatch):
    """Airflow asks its supervisor for it, and waits; on the loop that is refused as a deadlock."""
    masked = []

    def mask_secret(secret, *_):
        masked.append((secret, threading.current_thread() is threading.main_thread()))

    monkeypatch.setattr("airflow_provider_mailkit._compat.mask_secret", mask_secret)
    mailkit_connection("http://127.0.0.1:1", conn_id="one", hash_secret="a key")
    mailkit_connection("http://127.0.0.1:2", conn_id="two", hash_secret="another key")

    async def run():
        return await accounts("one", "two")

    asyncio.run(run())
    assert {secret for secret, _ in masked} >= {CLIENT_MD5, "a key", "another key"}
    assert not any(on_loop for _, on_loop in masked)


class VaultError(Exception):
    """What a secrets backend says, with a secret in it."""


@pytest.fixture
def vault(monkeypatch):
    """Return the failures of the next look-ups, each of which takes a while; and when one was made."""
    failures, begun = [], []
    look_up = _compat.get_async_connection

    async def away(conn_id, hook):
        begun.append(time.monotonic())
        failure = failures.pop(0) if failures else None
        await asyncio.sleep(0.2)
        if failure is not None:
            raise failure
        return await look_up(conn_id, hook)

    monkeypatch.setattr(_compat, "get_async_connection", away)
    return failures, begun


@pytest.mark.parametrize("asking", [1, 60])
def test_a_failed_look_up_is_given_to_all_that_wait_for_it(mailkit_connection, vault, asking):
    mailkit_connection("http://127.0.0.1:1")
    failures, begun = vault
    failures.append(VaultError("token s.0123456789abcdef is not valid"))

    async def run():
        began = time.monotonic()
        asked = (MailkitHook("mailkit_default").aaccount() for _ in range(asking))
        errors = await asyncio.gather(*asked, return_exceptions=True)
        seconds = time.monotonic() - began
        return errors, seconds, await accounts("mailkit_default")

    errors, seconds, (account,) = asyncio.run(run())
    assert seconds < 1
    assert len(begun) == 2
    assert account.endpoint.base_url == "http://127.0.0.1:1"
    assert len({id(error) for error in errors}) == asking
    for error in errors:
        assert isinstance(error, MailkitError)
        assert error.retryable
        assert "Connection 'mailkit_default' could not be looked up (VaultError)" in str(error)
        assert "s.0123" not in "".join(traceback.format_exception(error))


def test_a_connection_that_is_not_defined_may_be_there_later():
    with pytest.raises(
        MailkitError, match=r"'nobody' could not be looked up \(AirflowNotFoundExcep"
    ) as caught:
        asyncio.run(MailkitHook("nobody").aaccount())
    assert caught.value.retryable


def test_a_connection_that_cannot_be_used_is_a_permanent_error(mailkit_connection):
    mailkit_connection("http://127.0.0.1:1", login="")
    with pytest.raises(MailkitError, match="login") as caught:
        asyncio.run(MailkitHook("mailkit_default").aaccount())
    assert not caught.value.retryable


def test_a_backend_that_never_answers_is_given_up(mailkit_connection, vault, monkeypatch):
    mailkit_connection("http://127.0.0.1:1")
    monkeypatch.setattr(_lookups, "LOOK_UP_S", 0.05)
    with pytest.raises(MailkitError, match=r"'mailkit_default' could not be looked up \(TimeoutError\)"):
        asyncio.run(MailkitHook("mailkit_default").aaccount())
