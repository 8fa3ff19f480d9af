"""Pages of a report: rows ascend by an ID, and each page begins with a requested ID."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from airflow_provider_mailkit.catalogue.report import Paging
from airflow_provider_mailkit.exceptions import MailkitArgumentError, MailkitResponseError
from airflow_provider_mailkit.protocol import fields
from airflow_provider_mailkit.protocol.records import Batch


class TakesPages(Protocol):
    """What a page is handed to."""

    def accept(self, page: Iterable[Batch]) -> list[Batch]:
        """Process a page and return its new rows."""


class Pages:
    """Requests page after page, and checks that each goes further.

    The requested ID belongs to the page, so the first row repeats the last row of the page before, and is
    dropped. A page with fewer rows than requested is the last one, since on a busy account an empty page may
    never come.

    :param function: the function, for errors.
    :param parameters: the parameters of the call. A start ID in them is where the first page begins, and a
        limit is the size of the pages.
    :raises MailkitError: the limit is 1: such a page would only repeat the one before.
    """

    def __init__(self, function: str, paging: Paging, parameters: Mapping[str, Any]) -> None:
        self._function = function
        self._paging = paging
        self._parameters = dict(parameters)
        self._size = int(parameters.get(paging.limit) or paging.page_size)
        if self._size < 2:
            raise MailkitArgumentError(
                f"{function}: {paging.limit} must be 2 or more: each page repeats a row of the one before.",
                function=function,
            )
        # The ID of the last row so far, which the next page begins with.
        self._last: int | None = None
        #: The number of pages so far.
        self.count = 0
        #: Whether the last page was read.
        self.is_done = False

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the call for the next page."""
        start = {} if self._last is None else {self._paging.start: self._last}
        return self._parameters | {self._paging.limit: self._size} | start

    def accept(self, page: Iterable[Batch]) -> list[Batch]:
        """Process a page and return its new rows.

        :raises MailkitResponseError: its rows do not ascend, or it does not go beyond the page before.
        """
        batches = [batch for batch in page if batch.records]
        # A limit counts records, and a record may be several rows.
        ids = [id_ for batch in batches for id_ in fields.values(batch.once().records, self._paging.column)]
        self._check(ids)
        if ids and ids[0] == self._last:
            batches[0] = batches[0].rest()
        self._last = ids[-1] if ids else self._last
        self.count += 1
        self.is_done = len(ids) < self._size
        return [batch for batch in batches if batch.records]

    def _check(self, ids: list[Any]) -> None:
        column, number = self._paging.column, self.count + 1
        if None in ids:
            raise self._refused(f"a row of page {number} has no {column}, by which the pages go")
        if not fields.ascend(ids):
            raise self._refused(f"the rows of page {number} do not ascend by {column}")
        start = self._paging.start
        if ids and self._last is not None:
            leads_on = ids[-1] > self._last or len(ids) < self._size
            if ids[0] < self._last or not leads_on:
                raise self._refused(
                    f"page {number} does not lead beyond page {number - 1}: {start} seems ignored"
                )

    def _refused(self, what: str) -> MailkitResponseError:
        return MailkitResponseError(
            f"{self._function}: {what}. The export stops, since rows could get lost or repeat for ever.",
            function=self._function,
        )
