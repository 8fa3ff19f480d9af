"""Records what happened to each batch of an import, for use after a failure."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from airflow_provider_mailkit.catalogue.columns import INTEGER, Column
from airflow_provider_mailkit.imports.records import RecordFile

ACKNOWLEDGED: Final = "acknowledged"
UNCLEAR: Final = "unclear"
NOT_SENT: Final = "not sent"

#: ``RUN``: when the run began (UTC); ``ID_USER_LIST``; ``FIRST`` and ``LAST``: which recipients, from 1 on,
#: in the order in which they were sent; ``OUTCOME``; ``AT``: when that was known (UTC).
COLUMNS = (
    Column("RUN"), Column("ID_USER_LIST", INTEGER), Column("FIRST", INTEGER), Column("LAST", INTEGER),
    Column("OUTCOME"), Column("AT"),
)  # fmt: skip
_STORED = "mailkit_import"

log = logging.getLogger(__name__)


def now() -> str:
    """Return the time in UTC, in ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Journal:
    """Records what happened to each batch in a file of receipts and in Airflow's state store, if they exist.

    :param receipts: keeps the records of earlier runs.
    :param store: what a task keeps between its tries: ``get`` and ``set``, as in Airflow 3.3.
    """

    def __init__(self, id_user_list: int, receipts: RecordFile | None = None, store: Any = None) -> None:
        self._id_user_list = id_user_list
        self._receipts = receipts
        self._store = store
        self._run = now()
        self._recipients = self._done = 0
        self._counts: Counter[str] = Counter()
        #: Recipients of the run before this one by outcome; None if that is not known.
        self.previous: dict[str, Any] | None = self._stored()
        if receipts is not None:
            self._take_over(receipts, receipts.earlier())

    def _take_over(self, receipts: RecordFile, earlier: Sequence[Mapping[str, Any]]) -> None:
        for record in earlier:
            receipts.add(*record.values())
        of_list = [record for record in earlier if record["ID_USER_LIST"] == self._id_user_list]
        if of_list:
            run = of_list[-1]["RUN"]
            counts: Counter[str] = Counter()
            for record in of_list:
                if record["RUN"] == run:
                    counts[record["OUTCOME"]] += record["LAST"] - record["FIRST"] + 1
            self.previous = {"run": run, **as_dict(counts)}

    def _stored(self) -> dict[str, Any] | None:
        stored = None
        if self._store is not None:
            # It only informs.
            with suppress(Exception):
                stored = self._store.get(_STORED)
        is_whole = isinstance(stored, dict) and {"run", *as_dict({})} <= stored.keys()
        return stored if is_whole else None

    def _save(self) -> None:
        if self._store is None:
            return
        left = self._recipients - self._done
        try:
            counts = as_dict(self._counts)
            self._store.set(_STORED, {"run": self._run, **counts, "not_sent": counts["not_sent"] + left})
        except Exception as error:
            log.debug("A retry will not know of this try: %s", type(error).__name__)
            self._store = None

    def begin(self, recipients: int) -> None:
        """Note that sending begins.

        :param recipients: how many are to be sent.
        """
        self._recipients = recipients
        self._save()

    def note(self, recipients: int, outcome: str) -> None:
        """Record what happened to the next recipients."""
        first, self._done = self._done + 1, self._done + recipients
        self._counts[outcome] += recipients
        if self._receipts is not None and recipients:
            self._receipts.add(self._run, self._id_user_list, first, self._done, outcome, now())
        self._save()

    def end(self) -> None:
        """Record that the others were not sent, and publish the receipts.

        :raises OSError: they could not be published.
        """
        self.note(self._recipients - self._done, NOT_SENT)
        if self._receipts is not None:
            self._receipts.publish()

    def state(self) -> str:
        """Return in sentences what was acknowledged and what was not."""
        left = self._recipients - self._done
        unclear = self._counts[UNCLEAR]
        parts = [f"{self._counts[ACKNOWLEDGED]} of {self._recipients} recipients were acknowledged"]
        if unclear:
            parts.append(f"of {unclear} it is unclear whether they have arrived")
        if left:
            parts.append(f"{left} were not sent")
        return ", ".join(parts) + "."


def as_dict(counts: Mapping[str, int]) -> dict[str, int]:
    """Return counts by outcome under names for a summary."""
    return {
        outcome.replace(" ", "_"): counts.get(outcome, 0) for outcome in (ACKNOWLEDGED, UNCLEAR, NOT_SENT)
    }
