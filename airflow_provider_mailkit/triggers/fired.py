"""The memory of a watcher: the deliveries that it has fired."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from datetime import date
from typing import Any

from airflow_provider_mailkit._compat import asset_stores, read_state, write_state
from airflow_provider_mailkit.exceptions import MailkitEnvironmentError, MailkitError
from airflow_provider_mailkit.protocol.days import days_before

# Longer than any sensible look-back, so that the look-back can be raised later.
_KEPT_DAYS = 90
# Seconds that a stopping watcher may take to correct the store.
_TAKE_BACK_S = 5.0

log = logging.getLogger(__name__)


class FiredDeliveries:
    """The deliveries that have been fired: in memory, and in the state store of the watched assets.

    :param store: what Airflow 3.3 gives to an event trigger; None before 3.3, or without an asset. Then only
        the process remembers, and a restart forgets.
    :param key: the key of the entry; its value maps the IDs to the day on which they were fired.
    """

    def __init__(self, store: Any, key: str) -> None:
        self._stores = asset_stores(store)
        self._key = key
        self._days: dict[str, str] = {}
        # Whether the store may differ from what is remembered here.
        self._is_in_doubt = True

    def __contains__(self, id_send: int) -> bool:
        return str(id_send) in self._days

    async def load(self) -> None:
        """Read what this watcher stored before a restart, or what a copy of it stored.

        :raises MailkitError: the store does not answer. The call may be repeated.
        """
        for store in self._stores:
            try:
                stored = await read_state(store, self._key)
            except ValueError as error:
                # Airflow's message if a watcher of several assets does not name one of them.
                log.warning("Fired deliveries are kept in memory only: %s", error)
                self._stores = []
                return
            except Exception as error:
                raise _failed("read", error) from error
            if isinstance(stored, dict):
                self._days |= stored

    async def add(self, id_send: int, today: date, first_day: date) -> None:
        """Remember a delivery that is about to be fired.

        Before the first delivery, and after a failed write, the known state is written again. If that fails,
        nothing is fired. If the next write fails, it may still have been carried out. Then the delivery is
        fired: twice is better than never.

        :param first_day: deliveries that were fired before this day, and at least 90 days ago, are forgotten.
        :raises MailkitError: every store fails. Nothing is remembered. The call may be repeated.
        """
        await self._make_room(today, first_day)
        self._days[str(id_send)] = str(today)
        writing = asyncio.ensure_future(self._write())
        try:
            failure = await asyncio.shield(writing)
        except asyncio.CancelledError:
            await self._take_back(id_send, writing)
            raise
        if failure is not None:
            self._warn(id_send, failure)

    async def _make_room(self, today: date, first_day: date) -> None:
        """Forget old deliveries, and test the store if it is in doubt."""
        oldest = str(min(first_day, days_before(today, _KEPT_DAYS)))
        self._days = {name: day for name, day in self._days.items() if day >= oldest}
        if self._is_in_doubt and (failure := await self._write()):
            raise _failed("written", failure) from failure

    def _warn(self, id_send: int, failure: Exception) -> None:
        log.warning(
            "Delivery %d is fired, but the asset state store has not confirmed it (%s): "
            "it may be fired again after a restart.",
            id_send, type(failure).__name__,
        )  # fmt: skip

    async def _take_back(self, id_send: int, writing: asyncio.Future[Exception | None]) -> None:
        """Do not fire a delivery if its watcher is stopped while it is being stored."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_TAKE_BACK_S):
                await writing
                del self._days[str(id_send)]
                await self._write()

    async def _write(self) -> Exception | None:
        """Store what is remembered; return the reason if every store has failed."""
        failures = [failure for store in self._stores if (failure := await self._write_to(store))]
        self._is_in_doubt = bool(failures) and len(failures) == len(self._stores)
        return failures[0] if self._is_in_doubt else None

    async def _write_to(self, store: Any) -> Exception | None:
        try:
            await write_state(store, self._key, dict(self._days))
        except Exception as error:
            return error
        return None


def _failed(what: str, error: Exception) -> MailkitError:
    return MailkitEnvironmentError(
        f"The asset state store could not be {what} ({type(error).__name__}): no event was fired, because it "
        "could not be recorded first.",
        retryable=True,
    )
