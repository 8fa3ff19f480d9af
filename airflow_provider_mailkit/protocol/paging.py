"""Pages of a report: rows ascend by an ID, and each page begins with a requested ID."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_mailkit.catalogue.report import Paging
from airflow_provider_mailkit.exceptions import MailkitArgumentError, MailkitResponseError
from airflow_provider_mailkit.protocol import fields
from airflow_provider_mailkit.protocol.records import Batch


class TakesPages(ABC):
    """Takes page after page, and passes on their new rows while they arrive.

    A try of a page begins with :meth:`begin`, and ends with :meth:`end` if it was not cut off. If it was, the
    page is asked for again, and what was passed on of it is not passed on once more.

    :param function: the function, for errors.
    :param parameters: the parameters of every call besides those of the page.
    :param size: the rows of a page. One with fewer rows is the last one, since on a busy account an empty
        page may never come.
    """

    def __init__(self, function: str, paging: Paging, parameters: Mapping[str, Any], size: int) -> None:
        self._function = function
        self._paging = paging
        self._parameters = dict(parameters)
        self._size = size
        # The ID that the next page is asked to begin with.
        self._start: int | None = None
        #: The number of pages so far.
        self.count = 0
        #: Whether the last page was read.
        self.is_done = False
        self.begin()

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the call for the next page."""
        start = {} if self._start is None else {self._paging.start: self._start}
        return self._parameters | {self._paging.limit: self._size} | start

    def begin(self) -> None:
        """Say that a page comes: the next one, or the last one from its beginning."""
        self._held: Batch | None = None
        self._taken = 0
        self._position: int | None = None

    def accept(self, batch: Batch) -> list[Batch]:
        """Take the next rows of a page; return those that are passed on.

        The rows that came last are held back: when they are passed on, it is known whether the page is whole.

        :raises MailkitResponseError: the rows do not ascend, or do not go on from where they were asked for.
        """
        held = self._held
        self._held = batch if len(batch) else held
        return self._pass_on(held) if held is not self._held else []

    def end(self) -> list[Batch]:
        """Say that the page is whole; return the rest of the rows that are passed on.

        :raises MailkitResponseError: as :meth:`accept` does.
        """
        rest = self._pass_on(self._held)
        self._held = None
        self._finish(is_full=self._taken >= self._size)
        self.count += 1
        return rest

    def _pass_on(self, batch: Batch | None) -> list[Batch]:
        if batch is None:
            return []
        # A limit counts records, and a record may be several rows.
        ids = fields.values(batch.once().records, self._paging.column)
        self._check(ids)
        self._taken += len(ids)
        self._position = ids[-1]
        new = self._new_rows(batch, ids)
        return [new] if len(new) else []

    def _check(self, ids: Sequence[Any]) -> None:
        column, number = self._paging.column, self.count + 1
        if None in ids:
            raise self._refused(f"a row of page {number} has no {column}, by which the pages go")
        is_after = self._position is None or self._position < ids[0]
        if not is_after or not fields.ascend(ids):
            raise self._refused(f"the rows of page {number} do not ascend by {column}")
        if self._position is None:
            self._check_first(ids[0])

    @abstractmethod
    def _check_first(self, first: int) -> None:
        """Check that the first row of a page is one that was asked for."""

    @abstractmethod
    def _new_rows(self, batch: Batch, ids: list[int]) -> Batch:
        """Return the rows of a batch that were not passed on before.

        :param ids: the IDs of its records.
        """

    @abstractmethod
    def _finish(self, *, is_full: bool) -> None:
        """Find out what the next page begins with, and whether there is one."""

    def _refused(self, what: str) -> MailkitResponseError:
        return MailkitResponseError(
            f"{self._function}: {what}. The export stops, since rows could get lost or repeat for ever.",
            function=self._function,
        )


class Pages(TakesPages):
    """Requests page after page, and checks that each goes further.

    The requested ID belongs to the page, so the first row repeats the last row of the page before, and is
    dropped.

    :param parameters: the parameters of the call. A start ID in them is where the first page begins, and a
        limit is the size of the pages.
    :raises MailkitError: the limit is 1: such a page would only repeat the one before.
    """

    def __init__(self, function: str, paging: Paging, parameters: Mapping[str, Any]) -> None:
        super().__init__(function, paging, parameters, int(parameters.get(paging.limit) or paging.page_size))
        if self._size < 2:
            raise MailkitArgumentError(
                f"{function}: {paging.limit} must be 2 or more: each page repeats a row of the one before.",
                function=function,
            )
        # The ID of the last row that was passed on.
        self._last: int | None = None

    def _check_first(self, first: int) -> None:
        if self._start is not None and first < self._start:
            raise self._refused(
                f"page {self.count + 1} does not lead beyond page {self.count}: "
                f"{self._paging.start} seems ignored"
            )

    def _new_rows(self, batch: Batch, ids: list[int]) -> Batch:
        known = bisect_right(ids, self._last) if self._last is not None else 0
        self._last = ids[-1] if known < len(ids) else self._last
        return batch.rest(known)

    def _finish(self, *, is_full: bool) -> None:
        self._start = self._start if self._position is None else self._position
        self.is_done = not is_full
