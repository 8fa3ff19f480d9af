"""One round of polls of an account, shared by its watchers."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Iterator
from contextlib import contextmanager
from datetime import tzinfo
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_mailkit.catalogue.functions import CAMPAIGN
from airflow_provider_mailkit.protocol.days import Days
from airflow_provider_mailkit.transport.gate import gate_of
from airflow_provider_mailkit.waiting.deliveries import Delivery, question, read_deliveries

if TYPE_CHECKING:
    from airflow_provider_mailkit.transport.async_client import AsyncClient
    from airflow_provider_mailkit.waiting.totals import Totals, TotalsFirst

T = TypeVar("T")


class Round:
    """Makes each call at most once, however many watchers want it.

    Its requests take turns with those of the account's waits.
    """

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._gate = gate_of(client.endpoint)
        self._asked: dict[Hashable, asyncio.Task[Any]] = {}
        self._takers = 0
        self._left = asyncio.Event()

    @property
    def zone(self) -> tzinfo | None:
        """The time zone of the account's dates."""
        return self._client.endpoint.zone

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Keep the round open while a watcher works with it."""
        self._takers += 1
        self._left.clear()
        try:
            yield
        finally:
            self._takers -= 1
            self._left.set()

    async def deliveries(self, id_message: int, days: Days) -> list[Delivery]:
        """Return the deliveries of a campaign.

        :raises MailkitError: the call failed, or Mailkit answered with an error.
        """

        async def attempt() -> list[Delivery]:
            async with self._gate:
                answer = await self._client.call_once(CAMPAIGN, question(id_message, days))
            return read_deliveries(answer, self.zone)

        # During the pauses between the tries, others may have their turn.
        return await self._once((id_message, days), lambda: self._client.retrying(attempt))

    async def poll(
        self, id_send: int, waiting_statuses: tuple[str, ...], totals: TotalsFirst
    ) -> Totals | Counter[str]:
        """Return the totals of a delivery if they are enough, or its recipients by status.

        Without totals, reading stops at the first waiting recipient, since a watcher needs counts only to
        compare them with totals.

        :param totals: what the watcher knows about the totals. It learns from this poll, whoever made it.
        :raises MailkitError: the report could not be read.
        """
        from airflow_provider_mailkit.hooks._polls import Poll

        stop_at = () if totals.are_used else waiting_statuses

        async def ask() -> tuple[Totals | Counter[str], dict[str, Any]]:
            poll = Poll(id_send, totals, stop_at, deadline=math.inf, poke_interval_s=math.inf)
            async with self._gate:
                return await poll.amake(self._client), totals.known

        seen, known = await self._once((id_send, waiting_statuses, stop_at), ask)
        totals.go_on_from(known)
        return seen

    async def _once(self, question: Hashable, ask: Callable[[], Awaitable[T]]) -> T:
        if question not in self._asked:
            self._asked[question] = asyncio.ensure_future(ask())
        # If a watcher is cancelled, the others still need the answer.
        answer: T = await asyncio.shield(self._asked[question])
        return answer

    async def finish(self) -> None:
        """Wait until no watcher works with the round any more."""
        while self._takers:
            await self._left.wait()
            self._left.clear()

    async def close(self) -> None:
        """Cancel the calls that nobody waits for."""
        for task in self._asked.values():
            task.cancel()
        await asyncio.gather(*self._asked.values(), return_exceptions=True)
