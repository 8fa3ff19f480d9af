"""The progress of a running task, in the task's state store (from Airflow 3.3 on)."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit._compat import task_store

if TYPE_CHECKING:
    from airflow_provider_mailkit._compat import Context

#: The entry of the store. It holds numbers and the time, never an address.
KEY = "mailkit_progress"

log = logging.getLogger(__name__)


class StoredProgress:
    """Keeps the newest state of a task where Airflow's UI and API show it; does nothing before Airflow 3.3.

    If the store fails, it is not used again, and the task goes on.
    """

    def __init__(self, context: Context) -> None:
        self._store = task_store(context)

    def __call__(self, state: dict[str, Any]) -> None:
        """Store a state with its time (UTC)."""
        if self._store is None:
            return
        try:
            self._store.set(KEY, state | {"at": datetime.now(UTC).isoformat(timespec="seconds")})
        except Exception as error:
            log.info("The task's state store has failed (%s): no progress is stored.", type(error).__name__)
            self._store = None
