"""A poll of the sensor, which stores what it has learnt about the totals for the next poll."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from airflow_provider_mailkit._compat import task_store
from airflow_provider_mailkit._progress import StoredProgress
from airflow_provider_mailkit.hooks._polls import Poll
from airflow_provider_mailkit.waiting.totals import Totals, TotalsFirst

if TYPE_CHECKING:
    from airflow_provider_mailkit._compat import Context
    from airflow_provider_mailkit.hooks.mailkit import MailkitHook
    from airflow_provider_mailkit.waiting.rule import WaitRule

_KEY = "mailkit_totals"

log = logging.getLogger(__name__)


def ask(
    hook: MailkitHook,
    context: Context,
    rule: WaitRule,
    id_send: int,
    *,
    deadline: float,
    poke_interval: float,
    known: dict[str, Any] | None,
    keeps: bool,
    say: Callable[[str], object],
) -> tuple[Totals | Counter[str], dict[str, Any]]:
    """Return what a poll has seen, and what is known now.

    :param deadline: when the wait ends, in seconds since the epoch.
    :param poke_interval: seconds between two polls.
    :param known: what was learnt in earlier polls of this process; None if totals are not wanted.
    :param keeps: whether each poll has a process of its own, so that what was learnt must be stored.
    :param say: called with a line that says why totals are no longer used.
    :raises MailkitError: the report could not be read.
    """
    kept = Kept(context, id_send) if keeps and known is not None else None
    earlier = kept.load() if kept else known
    totals = TotalsFirst(rule, say, wanted=earlier is not None)
    totals.go_on_from(earlier)
    seen = Poll(id_send, totals, rule.stop_at, deadline, poke_interval).make(hook)
    if kept:
        kept.save(totals.known)
    if isinstance(seen, Totals):
        StoredProgress(context)({"waiting": seen.waiting, "recipients": seen.sent})
    elif not rule.stop_at_first_waiting:
        waiting = sum(seen[status] for status in rule.waiting_statuses)
        StoredProgress(context)({"waiting": waiting, "recipients": seen.total()})
    return seen, totals.known


class Kept:
    """Keeps it in the store that a task has from Airflow 3.3 on, since every poll has a process of its own.

    Without that store totals are useless, since they must have agreed with the report in an earlier poll.

    :param id_send: ID of the delivery. Facts about other deliveries, or from other tries, are ignored.
    """

    def __init__(self, context: Context, id_send: int) -> None:
        self._store = task_store(context)
        ti: Any = context.get("ti")
        self._wait = {"id_send": id_send, "try": getattr(ti, "try_number", None)}

    def load(self) -> dict[str, Any] | None:
        """Return what was learnt so far; None if nothing can be stored."""
        stored = None
        try:
            stored = self._store.get(_KEY) if self._store is not None else None
        except Exception as error:
            self._give_up(error)
        if self._store is None:
            return None
        found: dict[str, Any] = stored if isinstance(stored, dict) else {}
        return found.get("known") or {} if found.get("wait") == self._wait else {}

    def save(self, known: dict[str, Any]) -> None:
        """Keep what was learnt."""
        try:
            if self._store is not None:
                self._store.set(_KEY, {"wait": self._wait, "known": known})
        except Exception as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        # The wait only needs the report.
        log.info("The task's state store has failed (%s): nothing is stored.", type(error).__name__)
        self._store = None
