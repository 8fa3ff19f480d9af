"""Five recipients, and the file that a writer makes of such."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from typing import Any

from airflow_provider_mailkit.catalogue.reports.deliveries import RECIPIENTS
from airflow_provider_mailkit.export.rows import all_columns
from airflow_provider_mailkit.writers import OutputFormat
from airflow_provider_mailkit.writers.base import Layout
from support.batches import records_of

COLUMNS = ("ID_SEND", "ID_SEND_MESSAGE", "EMAIL", "DATE", "EXPORTED_AT")
EXPORTED_AT = "2026-11-23T13:00:00.250+00:00"
# Five columns, three and two rows.
FIRST = {
    "ID_SEND": [7, 7, 7],
    "ID_SEND_MESSAGE": [9000000000, 2, None],
    "EMAIL": ["anna@example.com", None, "žofie@example.cz"],
    "DATE": ["2026-03-01T08:00:00", None, "2026-10-25T02:30:00"],
    "EXPORTED_AT": [EXPORTED_AT] * 3,
}
SECOND = {
    "ID_SEND": [7, 7],
    "ID_SEND_MESSAGE": [4, 5],
    "EMAIL": ['"quoted, comma"@example.org', "two\nlines@example.org"],
    "DATE": ["2026-03-01T08:00:01", "2026-03-01T08:00:02"],
    "EXPORTED_AT": [EXPORTED_AT] * 2,
}
ROWS = [
    dict(zip(COLUMNS, row, strict=True))
    for part in (FIRST, SECOND)
    for row in zip(*part.values(), strict=True)
]


def layout(columns: Sequence[str] = COLUMNS, zone: tzinfo | None = None, **options: Any) -> Layout:
    """Return the layout of a file with some columns of the recipients report."""
    declared = {column.name: column for column in all_columns(RECIPIENTS)}
    return Layout([declared[name] for name in columns], zone, **options)


def write(
    output_format: OutputFormat,
    parts: Iterable[Mapping[str, Sequence[Any]]],
    columns: Sequence[str] = COLUMNS,
    zone: tzinfo | None = None,
    **options: Any,
) -> bytes:
    """Return the file that a writer makes of rows, given as columns; a batch a part."""
    return write_as(output_format, parts, layout(columns, zone, **options))


def write_as(
    output_format: OutputFormat, parts: Iterable[Mapping[str, Sequence[Any]]], columns: Layout
) -> bytes:
    """Do what :func:`write` does, with any columns."""
    sink = io.BytesIO()
    writer = output_format.open(sink, columns)
    for part in parts:
        writer.write(records_of(part, writer.frame))
    writer.finish()
    return sink.getvalue()
