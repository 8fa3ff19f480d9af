"""One poll of a wait, with either client: makes the calls that the rule wants."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit import _metrics
from airflow_provider_mailkit.catalogue.functions import TOTALS
from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.hooks._counting import count_once
from airflow_provider_mailkit.waiting.pauses import poll_limit_s
from airflow_provider_mailkit.waiting.totals import (
    TOTALS_LIMIT_S,
    TOTALS_MAX_BYTES,
    TOTALS_SHARE,
    Question,
    Totals,
    TotalsFirst,
    read_totals,
)

if TYPE_CHECKING:
    from airflow_provider_mailkit.hooks.mailkit import MailkitHook
    from airflow_provider_mailkit.transport.async_client import AsyncClient
    from airflow_provider_mailkit.transport.sync_client import SyncClient


@dataclass(frozen=True, slots=True)
class Poll:
    """The calls of one poll, and their time limits.

    :param stop_at: statuses; reading ends at the first recipient who has one of them.
    :param deadline: when the wait ends, in seconds since the epoch; ``math.inf`` for never.
    :param poke_interval_s: the seconds between two polls.
    """

    id_send: int
    totals: TotalsFirst
    stop_at: tuple[str, ...]
    deadline: float
    poke_interval_s: float

    def make(self, hook: MailkitHook) -> Totals | Counter[str]:
        """Return the totals if they are enough, or the recipients by status.

        :raises MailkitError: the report could not be read.
        """
        client = hook.get_conn()
        with _metrics.polling(client.endpoint.connection):
            return self._make(hook, client)

    def _make(self, hook: MailkitHook, client: SyncClient) -> Totals | Counter[str]:
        steps = self.totals.poll(time.time, self.deadline)
        answer: Any = None
        while True:
            try:
                question = steps.send(answer)
            except StopIteration as end:
                seen: Totals | Counter[str] = end.value
                return seen
            if question is Question.REPORT:
                answer = hook.count_recipients(self.id_send, self.stop_at, self._report_limit_s())
            else:
                try:
                    answer = read_totals(client.call_once(TOTALS, **self._totals_call()))
                except MailkitError as error:
                    # If anything is wrong with the totals, the poll continues with the report.
                    answer = error

    async def amake(self, client: AsyncClient) -> Totals | Counter[str]:
        """Do what :meth:`make` does, on an event loop."""
        with _metrics.polling(client.endpoint.connection):
            return await self._amake(client)

    async def _amake(self, client: AsyncClient) -> Totals | Counter[str]:
        steps = self.totals.poll(time.time, self.deadline)
        answer: Any = None
        while True:
            try:
                question = steps.send(answer)
            except StopIteration as end:
                seen: Totals | Counter[str] = end.value
                return seen
            if question is Question.REPORT:
                answer = await count_once(client, self.id_send, self.stop_at, self._report_limit_s())
            else:
                try:
                    answer = read_totals(await client.call_once(TOTALS, **self._totals_call()))
                except MailkitError as error:
                    answer = error

    def _report_limit_s(self) -> float:
        return poll_limit_s(self.deadline - time.time(), self.poke_interval_s)

    def _totals_call(self) -> dict[str, Any]:
        limit_s = min(TOTALS_LIMIT_S, (self.deadline - time.time()) * TOTALS_SHARE)
        limits = {"limit_s": limit_s, "max_bytes": TOTALS_MAX_BYTES}
        return {"parameters": {"ID_send": self.id_send}, "checked": True, **limits}
