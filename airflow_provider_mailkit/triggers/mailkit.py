"""The triggers: this one waits for a delivery on the triggerer's event loop, the other watches a campaign."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit import _metrics
from airflow_provider_mailkit._arguments import check_statuses, flag, optional, seconds, statuses, text
from airflow_provider_mailkit._boundary import failure_event
from airflow_provider_mailkit._compat import BaseTrigger, TriggerEvent
from airflow_provider_mailkit.exceptions import MailkitConnectionError, MailkitError
from airflow_provider_mailkit.protocol.request import parse_id_send
from airflow_provider_mailkit.transport.gate import gate_of
from airflow_provider_mailkit.triggers.campaign import MailkitCampaignTrigger
from airflow_provider_mailkit.triggers.class_path import class_path_of
from airflow_provider_mailkit.waiting.pauses import (
    LAST_POLL_S,
    MAX_FAILURES,
    failure_pause_s,
    is_over,
    poll_interval_s,
)
from airflow_provider_mailkit.waiting.rule import WaitRule, result_of, timed_out
from airflow_provider_mailkit.waiting.statuses import FINAL_STATUSES, WAITING_STATUSES
from airflow_provider_mailkit.waiting.totals import Totals, TotalsFirst

if TYPE_CHECKING:
    from airflow_provider_mailkit.hooks.mailkit import MailkitHook
    from airflow_provider_mailkit.transport.async_client import AsyncClient

__all__ = ["MAX_FAILURES", "MailkitCampaignTrigger", "MailkitRecipientsTrigger"]


class MailkitRecipientsTrigger(BaseTrigger):
    """Fires once: when nobody is waiting any more, when time is up, or when an error has ended the wait.

    It only reads, so a restart, or a second copy that runs elsewhere, does no harm. The arguments are stored
    in Airflow's database. None of them is a secret, and all can be written as JSON.

    In one triggerer, only a few waits poll an account at a time, as the connection says. A wait that has to
    wait for its turn holds no connection, and ends when its time is up. A poll ends then, too; one that has
    just begun gets five more seconds, or ``poke_interval`` if that is less.

    Up to five temporary failures in a row are tolerated, with pauses that grow from ``poke_interval``. A
    connection that cannot be looked up is such a failure.

    :param id_send: ID of the delivery.
    :param mailkit_conn_id: connection to Mailkit, looked up when the trigger runs.
    :param poke_interval: seconds between two polls on average. A pause is up to a tenth shorter or longer.
    :param waiting_statuses: statuses of recipients who are not done.
    :param final_statuses: statuses that recipients may have in the end.
    :param allow_empty: whether a report without any recipient counts as done.
    :param stop_at_first_waiting: whether a poll stops reading at the first waiting recipient.
    :param totals_first: whether the totals of the delivery may save reading the report, see the sensor.
    :param totals_known: what the sensor has learnt about the totals.
    :param exponential_backoff: whether the interval doubles with every poll.
    :param max_wait: the longest interval in seconds; None for no limit.
    :param started: when the waiting began, in seconds since the epoch.
    :param deadline: when it must end, in seconds since the epoch; None for never.
    :param of_another_release: arguments that another release has stored and this one does not know. The wait
        goes on without them, and the log names them.
    :raises MailkitError: an argument cannot be used.
    """

    def __init__(
        self,
        *,
        id_send: int | str,
        mailkit_conn_id: str = "mailkit_default",
        poke_interval: float | timedelta = 60.0,
        waiting_statuses: Sequence[str] = WAITING_STATUSES,
        final_statuses: Sequence[str] = FINAL_STATUSES,
        allow_empty: bool = False,
        stop_at_first_waiting: bool = False,
        totals_first: bool = True,
        totals_known: dict[str, Any] | None = None,
        exponential_backoff: bool = False,
        max_wait: float | timedelta | None = None,
        started: float | None = None,
        deadline: float | None = None,
        **of_another_release: Any,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.id_send = parse_id_send(id_send)
        self.mailkit_conn_id = text("mailkit_conn_id", mailkit_conn_id)
        self.poke_interval = seconds("poke_interval", poke_interval)
        self.waiting_statuses = list(statuses("waiting_statuses", waiting_statuses))
        self.final_statuses = list(statuses("final_statuses", final_statuses))
        check_statuses(self.waiting_statuses, self.final_statuses)
        self.allow_empty = flag("allow_empty", allow_empty)
        self.stop_at_first_waiting = flag("stop_at_first_waiting", stop_at_first_waiting)
        self.totals_first = flag("totals_first", totals_first)
        self.totals_known = totals_known or {}
        self.exponential_backoff = flag("exponential_backoff", exponential_backoff)
        self.max_wait = optional(seconds)("max_wait", max_wait)
        self.started = started
        self.deadline = deadline
        if of_another_release:
            self.log.warning(
                "Delivery %s: another release of the provider began this wait; it goes on without %s.",
                self.id_send, ", ".join(sorted(of_another_release)),
            )  # fmt: skip

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments."""
        names = (
            "id_send", "mailkit_conn_id", "poke_interval", "waiting_statuses", "final_statuses",
            "allow_empty", "stop_at_first_waiting", "totals_first", "totals_known", "exponential_backoff",
            "max_wait", "started", "deadline",
        )  # fmt: skip
        return class_path_of(self), {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Poll until there is a result, and yield it once."""
        yield TriggerEvent(await self._wait())

    async def _wait(self) -> dict[str, Any]:
        hook = await asyncio.to_thread(self._make_hook)
        try:
            async with AsyncExitStack() as stack:
                return await self._poll_until_done(hook, stack)
        except MailkitError as error:
            return failure_event(error)

    def _make_hook(self) -> MailkitHook:
        # Run in a thread: the first time these imports take a third of a second, which would block all
        # triggers.
        import aiohttp  # noqa: F401
        import msgspec  # noqa: F401

        import airflow_provider_mailkit.catalogue.typed
        import airflow_provider_mailkit.hooks._polls  # noqa: F401
        from airflow_provider_mailkit.hooks.mailkit import MailkitHook

        return MailkitHook(self.mailkit_conn_id)

    async def _poll_until_done(self, hook: MailkitHook, stack: AsyncExitStack) -> dict[str, Any]:
        """Return the event. Raise a permanent error, or the failure that is one too many."""
        client = None
        failures = 0
        totals = self._totals()
        # The sensor has just polled, so begin by looking the connection up and waiting.
        polls = 1
        while True:
            try:
                if client is None:
                    client = await stack.enter_async_context(await self._look_up(hook))
                    # Referenced during the wait, because an unreferenced gate disappears.
                    gate = gate_of(client.endpoint)
                else:
                    if event := await self._poll(client, gate, totals):
                        return event
                    polls += 1
                failures = 0
                pause_s = self._interval_s(polls)
            except MailkitError as error:
                failures += 1
                if error.retryable and is_over(self._left_s()):
                    return self._timed_out()
                if not error.retryable or failures > MAX_FAILURES:
                    self._log_end(failures, error)
                    raise
                pause_s = failure_pause_s(self.poke_interval, failures, error, _jitter())
                _metrics.retried(error.function, self.mailkit_conn_id)
                self.log.warning(
                    "Delivery %s: %s This is failure %d in a row with connection '%s', "
                    "up to %d are tolerated; next try in %.0f s.",
                    self.id_send, error, failures, self.mailkit_conn_id, MAX_FAILURES, pause_s,
                )  # fmt: skip
            await asyncio.sleep(max(0.0, min(pause_s, self._left_s())))

    async def _look_up(self, hook: MailkitHook) -> AsyncClient:
        """Look the connection up. If its backend is slow, the failure is temporary."""
        try:
            async with asyncio.timeout(None if self.deadline is None else max(self._left_s(), LAST_POLL_S)):
                return await hook.aget_conn()
        except TimeoutError:
            raise MailkitConnectionError(
                f"Connection '{self.mailkit_conn_id}' could not be looked up in time.", retryable=True
            ) from None

    async def _poll(
        self, client: AsyncClient, gate: asyncio.Semaphore, totals: TotalsFirst
    ) -> dict[str, Any] | None:
        """Ask once, for the totals or for the report; return the event, or None if the waiting goes on."""
        from airflow_provider_mailkit.hooks._polls import Poll

        rule = self._rule()
        if not await self._enters(gate):
            return self._timed_out()
        try:
            poll = Poll(self.id_send, totals, rule.stop_at, self._deadline(), self.poke_interval)
            seen = await poll.amake(client)
        finally:
            gate.release()
        if isinstance(seen, Totals):
            self.log.info("%s", seen.describe(self.id_send, self._elapsed_s()))
            return None
        self.log.info("%s", rule.describe(self.id_send, seen, self._elapsed_s()))
        if rule.is_done(seen):
            return {"status": "success", "result": result_of(self.id_send, seen)}
        return self._timed_out() if is_over(self._left_s()) else None

    async def _enters(self, gate: asyncio.Semaphore) -> bool:
        """Wait for the turn to poll; return whether it came before the deadline."""
        try:
            async with asyncio.timeout(None if self.deadline is None else self._left_s()):
                return await gate.acquire()
        except TimeoutError:
            return False

    def _log_end(self, failures: int, error: MailkitError) -> None:
        why = f"This is failure {failures} in a row" if error.retryable else "Asking again would not help"
        self.log.error(
            "Delivery %s: %s %s: the wait ends. Its connection is '%s'.",
            self.id_send, error, why, self.mailkit_conn_id,
        )  # fmt: skip

    def _rule(self) -> WaitRule:
        return WaitRule(
            tuple(self.waiting_statuses),
            tuple(self.final_statuses),
            self.allow_empty,
            self.stop_at_first_waiting,
        )

    def _totals(self) -> TotalsFirst:
        totals = TotalsFirst(self._rule(), partial(self.log.info, "%s"), wanted=self.totals_first)
        totals.go_on_from(self.totals_known)
        return totals

    def _interval_s(self, polls: int) -> float:
        return poll_interval_s(
            self.poke_interval,
            polls,
            exponential=self.exponential_backoff,
            max_wait_s=self.max_wait,
            jitter=_jitter(),
        )

    def _deadline(self) -> float:
        return math.inf if self.deadline is None else self.deadline

    def _left_s(self) -> float:
        return self._deadline() - time.time()

    def _elapsed_s(self) -> float:
        return 0.0 if self.started is None else time.time() - self.started

    def _timed_out(self) -> dict[str, Any]:
        message = timed_out(self.id_send, self._elapsed_s())
        self.log.info(message)
        return {"status": "timeout", "message": message}


def _jitter() -> float:
    return random.random()  # noqa: S311 - spreads polls, protects nothing
