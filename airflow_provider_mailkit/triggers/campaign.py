"""The event trigger: watches a campaign for the AssetWatcher of an asset, on Airflow 3."""

from __future__ import annotations

import asyncio
import math
import random
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Hashable, Sequence
from contextlib import aclosing
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit._arguments import check_statuses, day, flag, seconds, statuses, text
from airflow_provider_mailkit._compat import (
    CONFIRMS_EVENTS,
    HAS_ASSET_WATCHERS,
    BaseEventTrigger,
    TriggerEvent,
)
from airflow_provider_mailkit.exceptions import MailkitEnvironmentError, MailkitError
from airflow_provider_mailkit.protocol.days import LOOK_BACK_DAYS, last_days, read_day
from airflow_provider_mailkit.protocol.request import parse_id_message
from airflow_provider_mailkit.triggers.class_path import class_path_of
from airflow_provider_mailkit.triggers.fired import FiredDeliveries
from airflow_provider_mailkit.triggers.rounds import Round
from airflow_provider_mailkit.triggers.tolerance import Tolerance
from airflow_provider_mailkit.waiting.deliveries import Delivery
from airflow_provider_mailkit.waiting.pauses import spread_s
from airflow_provider_mailkit.waiting.rule import WaitRule, result_of
from airflow_provider_mailkit.waiting.statuses import FINAL_STATUSES, WAITING_STATUSES
from airflow_provider_mailkit.waiting.totals import Totals, TotalsFirst

if TYPE_CHECKING:
    from airflow_provider_mailkit.transport.async_client import AsyncClient

#: Seconds between two events, unless ``poke_interval`` is shorter. If two events come within one loop of the
#: scheduler, Airflow up to 3.3 starts a run for the first, and holds the second until a third comes.
EVENT_SPACING_S = 30.0


class MailkitCampaignTrigger(BaseEventTrigger):
    """Fires for each delivery of a campaign, once none of its recipients is waiting any more.

    It is for the ``AssetWatcher`` of an asset, on Airflow 3.0 and later. The payload of an event is
    ``{"id_send": int, "total": int, "status_counts": {status: count}, "id_message": int, "date": str,
    "dedupe_key": str}``, without any address. ``date`` is ISO 8601, or None.

    On Airflow 3.3 the asset state store remembers which deliveries have been fired. So a restart of the
    triggerer fires none of them again, unless the store failed just then. From 3.3.2 on, a delivery is stored
    once Airflow has its event: if a triggerer dies in the second between, the next one fires it again. 3.3.0
    and 3.3.1 do not confirm events, so there a delivery is stored before its event, which is then lost.
    Airflow before 3.3 has no store, so a restart fires the finished deliveries of the last ``look_back_days``
    again, with the same ``dedupe_key``.

    If several deliveries are done at once, they are fired half a minute apart, so that Airflow's scheduler
    starts a run for each of them.

    Up to five temporary failures in a row are tolerated, with growing pauses. A connection that cannot be
    looked up is such a failure. After a sixth failure, or a permanent error, the watcher logs it, pauses for
    five minutes and ends with the error. The triggerer then starts it again, and it looks the connection up
    anew. A delivery that cannot be judged is logged at every poll, and does not delay the others.

    Watchers with the same connection and ``poke_interval`` share their polls from Airflow 3.3 on. In one
    triggerer, only a few watchers and waits poll an account at a time, as the connection says.

    :param id_message: ID of the campaign, int or str.
    :param mailkit_conn_id: connection to Mailkit, looked up when the trigger runs.
    :param poke_interval: seconds, or a timedelta, between two polls on average. A pause is up to a tenth
        shorter or longer.
    :param look_back_days: how many days before today a delivery may have begun. A delivery that is not done
        within these days is never fired.
    :param since: first day, a date or a text such as ``2026-03-01``. Of a datetime with an offset,
        the day in the connection's ``timezone`` counts. Deliveries that began before it are never fired.
    :param waiting_statuses: statuses of recipients who are not done.
    :param final_statuses: statuses that recipients may have in the end.
    :param totals_first: whether the totals of a delivery may save reading the report, see the sensor.
    :raises MailkitError: an argument cannot be used, or this is Airflow 2.
    """

    def __init__(
        self,
        *,
        id_message: int | str,
        mailkit_conn_id: str = "mailkit_default",
        poke_interval: float | timedelta = 300.0,
        look_back_days: int | str = 7,
        since: date | str | None = None,
        waiting_statuses: Sequence[str] = WAITING_STATUSES,
        final_statuses: Sequence[str] = FINAL_STATUSES,
        totals_first: bool = True,
    ) -> None:
        if not HAS_ASSET_WATCHERS:
            raise MailkitEnvironmentError(
                "MailkitCampaignTrigger needs Airflow 3: older versions have no asset watchers."
            )
        super().__init__()  # type: ignore[no-untyped-call]
        self.id_message = parse_id_message(id_message)
        self.mailkit_conn_id = text("mailkit_conn_id", mailkit_conn_id)
        self.poke_interval = seconds("poke_interval", poke_interval)
        self.look_back_days = LOOK_BACK_DAYS("look_back_days", look_back_days)
        self.since = _since(since)
        self.waiting_statuses = list(statuses("waiting_statuses", waiting_statuses))
        self.final_statuses = list(statuses("final_statuses", final_statuses))
        check_statuses(self.waiting_statuses, self.final_statuses)
        self.totals_first = flag("totals_first", totals_first)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments: plain values, so that equal watchers have equal hashes."""
        names = (
            "id_message", "mailkit_conn_id", "poke_interval", "look_back_days", "since",
            "waiting_statuses", "final_statuses", "totals_first",
        )  # fmt: skip
        return class_path_of(self), {name: getattr(self, name) for name in names}

    def shared_stream_key(self) -> Hashable | None:
        """Return the key by which watchers share their polls (Airflow 3.3)."""
        return ("mailkit", self.mailkit_conn_id, self.poke_interval)

    @classmethod
    def create_shared_stream_producer(cls, kwargs: dict[str, Any]) -> Any:
        """Return the producer of the stream whose events Airflow confirms (Airflow 3.3.2)."""
        from airflow_provider_mailkit.triggers.acknowledged import NoteProducer

        return NoteProducer(lambda: cls.open_shared_stream(kwargs))

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Watch without sharing, as Airflow before 3.3 does."""
        _, arguments = self.serialize()
        async with (
            aclosing(self.open_shared_stream(arguments)) as rounds,
            aclosing(self._watch(rounds, FiredDeliveries(*self._where_stored))) as events,
        ):
            async for event in events:
                yield event

    @classmethod
    async def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncGenerator[Round]:
        """Begin a round about every ``poke_interval`` seconds, or later if the round before takes longer."""
        watcher = cls(**kwargs)
        try:
            async with await watcher._look_up() as client:
                while True:
                    this_round = Round(client)
                    try:
                        yield this_round
                        jitter = random.random()  # noqa: S311 - spreads polls, protects nothing
                        await asyncio.sleep(spread_s(watcher.poke_interval, jitter))
                        await this_round.finish()
                    finally:
                        await this_round.close()
        except Exception as error:
            await watcher._tolerance.pause_before_end(error)
            raise

    async def _look_up(self) -> AsyncClient:
        """Look the connection up. Temporary failures are tolerated as those of a poll."""
        from airflow_provider_mailkit.hooks.mailkit import MailkitHook

        failures = 0
        while True:
            try:
                return await MailkitHook(self.mailkit_conn_id).aget_conn()
            except MailkitError as error:
                failures += 1
                pause_s = self._tolerance.pause_after(failures, error)
            await asyncio.sleep(pause_s)

    @property
    def _name(self) -> str:
        return f"Campaign {self.id_message} (connection '{self.mailkit_conn_id}')"

    @property
    def _tolerance(self) -> Tolerance:
        return Tolerance(self._name, self.poke_interval, self.log)

    @property
    def _where_stored(self) -> tuple[Any, str]:
        """The store of the fired deliveries, and the key in it."""
        return getattr(self, "asset_state_store", None), f"mailkit/{self.mailkit_conn_id}/{self.id_message}"

    async def filter_shared_stream(self, shared_stream: AsyncIterator[Any]) -> AsyncGenerator[TriggerEvent]:
        """Poll the campaign in every round, and fire the deliveries that are done."""
        if CONFIRMS_EVENTS:
            from airflow_provider_mailkit.triggers.acknowledged import ConfirmedDeliveries, hand_over

            confirmed = ConfirmedDeliveries(*self._where_stored)
            stream = hand_over(partial(self._watch, fired=confirmed), shared_stream, confirmed)
        else:
            stream = self._watch(shared_stream, FiredDeliveries(*self._where_stored))
        async with aclosing(stream) as events:
            async for event in events:
                yield event

    async def _watch(
        self, rounds: AsyncIterator[Round], fired: FiredDeliveries
    ) -> AsyncGenerator[TriggerEvent]:
        totals: dict[int, TotalsFirst] = {}
        failures = 0
        left_out = 0
        has_begun = False
        async for this_round in rounds:
            if not has_begun:
                has_begun = True
                self.log.info("%s: watching begins, one poll every %.0f s.", self._name, self.poke_interval)
            if left_out:
                left_out -= 1
                continue
            try:
                with this_round.taken():
                    async with aclosing(self._look(this_round, fired, totals)) as events:
                        async for event in events:
                            yield event
                failures = 0
            except MailkitError as error:
                failures += 1
                try:
                    pause_s = self._tolerance.pause_after(failures, error)
                except MailkitError:
                    await self._tolerance.pause_before_end(error)
                    raise
                # Counted in rounds, not seconds, so that watchers that share a round stay together.
                left_out = math.ceil(pause_s / self.poke_interval) - 1
            except Exception as error:
                await self._tolerance.pause_before_end(error)
                raise

    async def _look(
        self, this_round: Round, fired: FiredDeliveries, totals: dict[int, TotalsFirst]
    ) -> AsyncGenerator[TriggerEvent]:
        days = last_days(self.look_back_days, this_round.zone)
        since = str(read_day("since", self.since, this_round.zone) or date.min)
        await fired.load()
        deliveries = [
            delivery
            for delivery in await this_round.deliveries(self.id_message, days)
            if delivery.date is None or delivery.date[:10] >= since
        ]
        to_look_at = [delivery for delivery in deliveries if delivery.id_send not in fired]
        for id_send in totals.keys() - {delivery.id_send for delivery in to_look_at}:
            del totals[id_send]
        done, passing_failure = 0, None
        for delivery in to_look_at:
            try:
                counts = await self._final_counts(this_round, delivery.id_send, totals)
                if counts is None:
                    continue
                if done:
                    await asyncio.sleep(min(self.poke_interval, EVENT_SPACING_S))
                await fired.add(delivery.id_send, days.last, days.first)
            except MailkitError as error:
                if error.retryable:
                    passing_failure = passing_failure or error
                else:
                    self.log.error(  # noqa: TRY400 - expected
                        "%s: Delivery %d cannot be judged: %s", self._name, delivery.id_send, error
                    )
                continue
            done += 1
            yield TriggerEvent(self._payload(delivery, counts))
        self.log.info(
            "Campaign %d: %d deliveries from %s to %s; %d fired before, %d now, %d not done.",
            self.id_message, len(deliveries), days.first, days.last,
            len(deliveries) - len(to_look_at), done, len(to_look_at) - done,
        )  # fmt: skip
        if passing_failure is not None:
            raise passing_failure

    async def _final_counts(
        self, this_round: Round, id_send: int, totals: dict[int, TotalsFirst]
    ) -> Counter[str] | None:
        """Return the recipients by status; None if one is waiting, or if there are none."""
        rule = WaitRule(tuple(self.waiting_statuses), tuple(self.final_statuses))
        if id_send not in totals:
            say = partial(self.log.info, "%s: Delivery %d: %s", self._name, id_send)
            totals[id_send] = TotalsFirst(rule, say, wanted=self.totals_first)
        seen = await this_round.poll(id_send, rule.waiting_statuses, totals[id_send])
        return None if isinstance(seen, Totals) or not rule.is_done(seen) else seen

    def _payload(self, delivery: Delivery, counts: Counter[str]) -> dict[str, Any]:
        return result_of(delivery.id_send, counts) | {
            "id_message": self.id_message,
            "date": delivery.date,
            "dedupe_key": f"{self.mailkit_conn_id}/{delivery.id_send}",
        }


def _since(value: Any) -> str | None:
    """Return a day, or an instant if its day depends on a zone, as a text."""
    since = day("since", value)
    if isinstance(since, datetime) and since.tzinfo is None:
        since = since.date()
    return since.isoformat() if since else None
