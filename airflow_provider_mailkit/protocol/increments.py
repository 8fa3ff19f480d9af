"""Continues to read a growing log: the next page, and its new rows. Does no I/O.

Rows can be late: a row may appear after rows with greater IDs were read. So every page begins some rows
before the end of the known rows, which are dropped. A row that is at most this many rows late is found,
without a clock.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.protocol import fields
from airflow_provider_mailkit.protocol.paging import TakesPages
from airflow_provider_mailkit.protocol.plan import Call
from airflow_provider_mailkit.protocol.records import Batch


@dataclass(frozen=True, slots=True)
class Window:
    """The known end of a log: which IDs were taken.

    :param start: the ID that reading begins with; None: that of the first row there is.
    :param ids: all taken IDs from the start on, ascending.
    """

    start: int | None = None
    ids: tuple[int, ...] = ()

    def add(self, ids: Iterable[int], overlap: int) -> Window:
        """Return the window after more rows were taken.

        :param overlap: how many rows a late one may come after.
        """
        known = sorted({*self.ids, *ids})
        # Plus one: the row with which the next page begins. Late rows have greater IDs.
        if len(known) <= overlap + 1:
            return Window(self.start, tuple(known))
        kept = tuple(known[-overlap - 1 :])
        return Window(kept[0], kept)

    @property
    def next_id(self) -> int | None:
        """The ID from which on nothing was taken; None: there is no end yet."""
        return self.ids[-1] + 1 if self.ids else self.start


class NewRows(TakesPages):
    """The pages of a log from a window on, and the new rows of each.

    It stands for a :class:`Plan` of further calls: iterate over :meth:`calls`. A full page always leads on:
    it has more rows than are repeated, and none that was not asked for.

    :param parameters: what is asked for besides the page.
    :param page_size: the rows of a page.
    :param overlap: how many rows a late one may come after; within one reading at most half a page.
    :param end: the greatest ID that is wanted; None: all.
    """

    def __init__(
        self,
        report: Report,
        parameters: Mapping[str, Any],
        window: Window,
        page_size: int,
        overlap: int,
        end: int | None = None,
    ) -> None:
        if report.paging is None:
            raise ValueError(f"{report.name} does not come in pages")
        super().__init__(report.name, report.paging, parameters, page_size)
        self._report = report
        self._repeats = 1 + min(overlap, (page_size - 1) // 2)
        self._start = window.start
        self._known = set(window.ids)
        self._position = -1
        self._end = end

    @property
    def is_one_answer(self) -> bool:
        """Return False: each page is repeated by itself."""
        return False

    def calls(self) -> Generator[Call, Sequence[int] | None]:
        """Yield a call for each page."""
        while not self.is_done:
            yield Call(self._report, self.parameters(), pages=self)

    def skip(self, call: Call, error: MailkitError) -> bool:
        """Return False: no page can be left out."""
        return False

    def _leads_back(self) -> str:
        return f"page {self.count + 1} begins before the row that was asked for"

    def _pick(self, batch: Batch, ids: list[int]) -> Batch:
        new = {id_ for id_ in ids if id_ not in self._known and (self._end is None or id_ <= self._end)}
        return only(batch, self._paging.column, new)

    def _go_on(self, ids: list[int], *, is_full: bool) -> None:
        if ids:
            known = sorted(self._known.union(ids))
            self._position = max(self._position, ids[-1])
            read = bisect_right(known, self._position)
            # Older IDs are not asked for again. Those beyond were taken by earlier readings.
            kept = known[max(0, read - self._repeats) :]
            self._known, self._start = set(kept), kept[0]
        self.is_done = not is_full or (self._end is not None and self._position >= self._end)


def only(batch: Batch, column: str, ids: set[int]) -> Batch:
    """Return the rows of a batch that have one of these IDs."""
    chosen = [index for index, id_ in enumerate(fields.values(batch.records, column)) if id_ in ids]
    return batch if len(chosen) == len(batch) else batch.pick(chosen)
