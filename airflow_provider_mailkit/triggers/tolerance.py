"""Which failures a watcher tolerates, and what it does before a failure ends it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.waiting.pauses import MAX_FAILURES, failure_pause_s

#: Seconds before a watcher ends with an error: the triggerer starts it again at once.
PAUSE_BEFORE_END_S = 300.0


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Tolerates a few temporary failures in a row.

    :param name: the name of the watcher in the log.
    :param poke_interval: the seconds between two of its polls.
    :param log: the log of the watcher.
    """

    name: str
    poke_interval: float
    log: Any

    def pause_after(self, failures: int, error: MailkitError) -> float:
        """Return the seconds until the next try, and log it.

        :param failures: the number of failures in a row, including this one.
        :raises MailkitError: it is not tolerated.
        """
        if not error.retryable or failures > MAX_FAILURES:
            raise error
        pause_s = failure_pause_s(self.poke_interval, failures, error)
        self.log.warning(
            "%s: %s This is failure %d in a row, up to %d are tolerated; next try in %.0f s.",
            self.name, error, failures, MAX_FAILURES, pause_s,
        )  # fmt: skip
        return pause_s

    async def pause_before_end(self, error: Exception) -> None:
        """Log an error that ends the watcher, and keep the triggerer from starting it again at once."""
        pause_s = max(self.poke_interval, PAUSE_BEFORE_END_S)
        what = str(error) if isinstance(error, MailkitError) else f"{type(error).__name__} was raised."
        self.log.error("%s: %s The watcher starts again in %.0f s.", self.name, what, pause_s)
        await asyncio.sleep(pause_s)
