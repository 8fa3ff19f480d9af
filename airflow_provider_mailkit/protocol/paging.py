"""Pages of a report: rows ascend by an ID, and each page begins with a requested ID."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_mailkit.catalogue.report import Paging
from airflow_provider_mailkit.exceptions import MailkitArgumentError, MailkitResponseError
from airflow_provider_mailkit.protocol import fields
from airflow_provider_mailkit.protocol.records import Batch


class TakesPages(ABC):
    """Requests page after page, and picks the new rows of each.

    Each try of a page begins with :meth:`begin`. What was picked counts only once :meth:`end` has returned: a
    page that breaks off is asked for again, and then all of its new rows are picked again.

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
        """Say that a page comes: the next one, or the same one again."""
        # A limit counts records, and a record may be several rows.
        self._ids: list[int] = []

    def accept(self, batch: Batch) -> Batch:
        """Process the next rows of a page; return those that are new.

        :raises MailkitResponseError: the rows do not ascend, or begin before those that were asked for.
        """
        ids = fields.values(batch.once().records, self._paging.column)
        self._check(ids)
        picked = self._pick(batch, ids)
        self._ids += ids
        return picked

    def end(self) -> None:
        """Say that the page is whole."""
        self._go_on(self._ids, is_full=len(self._ids) >= self._size)
        self._ids = []
        self.count += 1

    def _check(self, ids: Sequence[Any]) -> None:
        column, number = self._paging.column, self.count + 1
        if None in ids:
            raise self._refused(f"a row of page {number} has no {column}, by which the pages go")
        if not fields.ascend([*self._ids[-1:], *ids]):
            raise self._refused(f"the rows of page {number} do not ascend by {column}")
        if ids and self._start is not None and ids[0] < self._start:
            raise self._refused(f"{self._leads_back()}: {self._paging.start} seems ignored")

    @abstractmethod
    def _leads_back(self) -> str:
        """Return what is wrong with a page that begins before its start."""

    @abstractmethod
    def _pick(self, batch: Batch, ids: list[int]) -> Batch:
        """Return the new rows of a batch; ``ids`` are those of its records."""

    @abstractmethod
    def _go_on(self, ids: list[int], *, is_full: bool) -> None:
        """Find out what the next page begins with, and whether there is one.

        :param ids: those of this page.
        """

    def _refused(self, what: str) -> MailkitResponseError:
        return MailkitResponseError(
            f"{self._function}: {what}. The export stops, since rows could get lost or repeat for ever.",
            function=self._function,
        )


class Pages(TakesPages):
    """All pages of a report, one after the other.

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

    def _leads_back(self) -> str:
        return f"page {self.count + 1} does not lead beyond page {self.count}"

    def _pick(self, batch: Batch, ids: list[int]) -> Batch:
        return batch.rest() if ids and ids[0] == self._start else batch

    def _go_on(self, ids: list[int], *, is_full: bool) -> None:
        self._start = ids[-1] if ids else self._start
        self.is_done = not is_full
