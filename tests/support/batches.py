"""Batches and rows for tests that have no answer to decode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any

import msgspec

from airflow_provider_mailkit.export.rows import framed
from airflow_provider_mailkit.protocol.paging import TakesPages
from airflow_provider_mailkit.protocol.records import Batch


def records_of(columns: Mapping[str, Sequence[Any]], frame: tuple[str, ...] = ()) -> list[Any]:
    """Return structs whose attributes are these columns.

    :param frame: what a writer wants around them.
    """
    kind = msgspec.defstruct("Record", [(name, Any) for name in framed([*columns], frame)])
    nothing = [repeat(0)] * (len(frame) // 2)
    return list(map(kind, *nothing, *columns.values(), *nothing))


def batch_of(columns: Mapping[str, Sequence[Any]], unknown: list[dict[str, Any]] | None = None) -> Batch:
    """Return a batch with these columns."""
    return Batch(records_of(columns), unknown)


def of_page(pages: TakesPages, page: Sequence[Batch]) -> list[Batch]:
    """Have a whole page read; return its new rows."""
    pages.begin()
    new = [picked for batch in page if (picked := pages.accept(batch)).records]
    pages.end()
    return new


def columns_of(rows: Sequence[Any]) -> dict[str, list[Any]]:
    """Return the columns of structs."""
    return {name: [getattr(row, name) for row in rows] for name in rows[0].__struct_fields__}
