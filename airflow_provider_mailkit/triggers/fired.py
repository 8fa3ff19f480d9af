"""What a watcher remembers: the deliveries that it has fired."""

from __future__ import annotations

import logging
from datetime import date, timedelta
from typing import Any

from airflow_provider_mailkit._compat import asset_stores, read_state, write_state
from airflow_provider_mailkit.exceptions import MailkitError

# Longer than any look-back that makes sense, so that a look-back may be made longer later.
_KEPT_DAYS = 90

log = logging.getLogger(__name__)


class FiredDeliveries:
    """The deliveries that have been fired: in memory, and in the state store of the watched assets.

    :param store: what Airflow 3.3 gives to an event trigger; None before 3.3, or without an asset. Then only
        the memory of the process is left, and a restart forgets.
    :param key: the key of the entry; its value maps the IDs to the day on which they were fired.
    """

    def __init__(self, store: Any, key: str) -> None:
        self._stores = asset_stores(store)
        self._key = key
        self._days: dict[str, str] = {}
        self._unsure: set[str] = set()

    def __contains__(self, id_send: int) -> bool:
        return str(id_send) in self._days and str(id_send) not in self._unsure

    async def load(self) -> None:
        """Read what was stored, by an earlier life of the watcher or by a copy of it.

        :raises MailkitError: the store does not answer. It is worth another try.
        """
        for store in self._stores:
            try:
                stored = await read_state(store, self._key)
            except ValueError as error:
                # What Airflow says to a watcher of several assets that does not tell which one it means.
                log.warning("Fired deliveries are kept in memory only: %s", error)
                self._stores = []
                return
            except Exception as error:
                raise _failed("read", error) from error
            if isinstance(stored, dict):
                self._days |= stored

    async def add(self, id_send: int, today: date, keep_days: int) -> None:
        """Remember a delivery; older ones are forgotten after ``keep_days``, or 90 if that is longer.

        :raises MailkitError: no store has taken it. It is worth another try.
        """
        oldest = str(today - timedelta(days=max(keep_days, _KEPT_DAYS)))
        self._days = {name: day for name, day in self._days.items() if day >= oldest}
        self._days[str(id_send)] = str(today)
        # A write that failed may have been carried out all the same: that must not count as fired.
        self._unsure.add(str(id_send))
        failures = [failure for store in self._stores if (failure := await self._write(store))]
        if failures and len(failures) == len(self._stores):
            raise _failed("written", failures[0]) from failures[0]
        self._unsure.discard(str(id_send))

    async def _write(self, store: Any) -> Exception | None:
        try:
            await write_state(store, self._key, dict(self._days))
        except Exception as error:
            return error
        return None


def _failed(what: str, error: Exception) -> MailkitError:
    return MailkitError(
        f"The asset state store could not be {what} ({type(error).__name__}): nothing is fired unremembered.",
        retryable=True,
    )
