"""Confirmed events of watchers that share their polls, from Airflow 3.3.2 on.

Airflow passes the same stream of notes to all watchers. It confirms a note when all events that came from it
are in its database. Only then is a delivery stored as fired: a triggerer that dies between the two fires it
again, and never loses it.

A note must be handled within a few minutes, but a poll of a campaign may take longer. So a watcher polls in a
separate task, and rings for another note when it has an event.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit._compat import SharedStreamProducer
from airflow_provider_mailkit.triggers.fired import FiredDeliveries

if TYPE_CHECKING:
    from datetime import date

    from airflow_provider_mailkit._compat import TriggerEvent
    from airflow_provider_mailkit.triggers.rounds import Round

log = logging.getLogger(__name__)


class Note:
    """A note for all watchers of a stream.

    :param bell: asks for another note.
    :param this_round: a round that begins; None if a watcher has rung.
    """

    def __init__(self, bell: asyncio.Event, this_round: Round | None = None) -> None:
        self.bell = bell
        self.round = this_round
        #: Called when Airflow has all events that came from the note.
        self.on_confirmed: list[Callable[[], Awaitable[None]]] = []


class NoteProducer(SharedStreamProducer):
    """Makes notes: one for each round, and one for each ring of a watcher.

    :param open_rounds: opens the stream of rounds.
    """

    def __init__(self, open_rounds: Callable[[], AsyncGenerator[Round]]) -> None:
        self._open_rounds = open_rounds
        self._bell = asyncio.Event()

    async def open_stream(self) -> AsyncGenerator[tuple[Note, Note]]:
        """Yield notes, for as long as there are rounds."""
        async with aclosing(self._open_rounds()) as rounds:
            coming = asyncio.ensure_future(anext(rounds))
            rung = asyncio.ensure_future(self._bell.wait())
            try:
                while True:
                    await asyncio.wait({coming, rung}, return_when=asyncio.FIRST_COMPLETED)
                    this_round = None
                    if coming.done():
                        this_round = coming.result()
                        coming = asyncio.ensure_future(anext(rounds))
                    if rung.done():
                        self._bell.clear()
                        rung = asyncio.ensure_future(self._bell.wait())
                    note = Note(self._bell, this_round)
                    yield note, note
            finally:
                coming.cancel()
                rung.cancel()
                await asyncio.gather(coming, rung, return_exceptions=True)

    async def advance(self, batch: Sequence[Any]) -> None:
        """Store the deliveries of confirmed notes.

        If a watcher has failed at a note, it is not known which of its events are safe. They are not stored,
        and are fired again after a restart.
        """
        for note, outcome in batch:
            if outcome.failed:
                continue
            for confirm in note.on_confirmed:
                await confirm()


class ConfirmedDeliveries(FiredDeliveries):
    """The fired deliveries, of which only the confirmed ones are stored."""

    def __init__(self, store: Any, key: str) -> None:
        super().__init__(store, key)
        self._unconfirmed: dict[str, str] = {}

    def __contains__(self, id_send: int) -> bool:
        return str(id_send) in self._unconfirmed or super().__contains__(id_send)

    async def add(self, id_send: int, today: date, first_day: date) -> None:
        """Remember a delivery that is about to be fired.

        :raises MailkitError: every store fails. Nothing is remembered. The call may be repeated.
        """
        await self._make_room(today, first_day)
        self._unconfirmed[str(id_send)] = str(today)

    async def confirm(self, id_send: int) -> None:
        """Store a delivery whose event Airflow has confirmed."""
        self._days[str(id_send)] = self._unconfirmed.pop(str(id_send))
        failure = await self._write()
        if failure is not None:
            self._warn(id_send, failure)


async def hand_over(
    watch: Callable[[AsyncIterator[Round]], AsyncGenerator[TriggerEvent]],
    notes: AsyncIterator[Note],
    fired: ConfirmedDeliveries,
) -> AsyncGenerator[TriggerEvent]:
    """Yield the events of a watcher, each with a note that is finished at once.

    :param watch: polls in every round, however long that takes.
    """
    rounds: asyncio.Queue[Round] = asyncio.Queue()
    ready: asyncio.Queue[TriggerEvent] = asyncio.Queue()
    bell: asyncio.Event | None = None

    async def look() -> None:
        try:
            async with aclosing(watch(_taken_from(rounds))) as events:
                async for event in events:
                    ready.put_nowait(event)
                    _ring(bell)
                    # The pause between two events begins when the first one is passed on.
                    await ready.join()
        finally:
            _ring(bell)

    looking = asyncio.ensure_future(look())
    try:
        async for note in notes:
            bell = note.bell
            if note.round is not None:
                rounds.put_nowait(note.round)
            while not ready.empty():
                event = ready.get_nowait()
                note.on_confirmed.append(partial(fired.confirm, event.payload["id_send"]))
                yield event
                ready.task_done()
            if looking.done():
                looking.result()
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


async def _taken_from(rounds: asyncio.Queue[Round]) -> AsyncGenerator[Round]:
    while True:
        yield await rounds.get()


def _ring(bell: asyncio.Event | None) -> None:
    if bell is not None:
        bell.set()
