"""Metrics, sent through Airflow under ``mailkit.``. docs/how-to/watch-the-numbers.md lists all of them.

They go where Airflow's own metrics go (StatsD, Datadog, OpenTelemetry), or nowhere if Airflow sends none.
None of them can fail a task or a trigger.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic
from typing import Any

log = logging.getLogger(__name__)


def exported(summary: Mapping[str, Any], function: str, conn_id: str) -> None:
    """Send the rows, the bytes and the duration of a successful export.

    :param summary: the summary of the export.
    """
    tags = {"function": function, "conn_id": conn_id}
    _count("mailkit.export.rows", summary["rows"], tags)
    _count("mailkit.export.bytes", summary["bytes"], tags)
    _time("mailkit.export.duration", summary["seconds"], tags)


def imported(summary: Mapping[str, Any], conn_id: str) -> None:
    """Send the recipients, the rejected rows and the duration of a successful import.

    :param summary: the summary of the import.
    """
    tags = {"function": summary["function"], "conn_id": conn_id}
    _count("mailkit.import.recipients", summary["acknowledged"] - summary["refused"], tags)
    _count("mailkit.import.rejected", summary["rejected"] + summary["refused"], tags)
    _time("mailkit.import.duration", summary["seconds"], tags)


@contextmanager
def polling(conn_id: str) -> Iterator[None]:
    """Send the duration of a poll, whether or not it fails."""
    began = monotonic()
    try:
        yield
    finally:
        _time("mailkit.poll.duration", monotonic() - began, {"conn_id": conn_id})


def received(size: int, conn_id: str) -> None:
    """Send how many bytes of a report were read to count its recipients."""
    if size:
        _count("mailkit.poll.bytes", size, {"conn_id": conn_id})


def retried(function: str | None, conn_id: str) -> None:
    """Count a call, or a poll of a wait, that is repeated after a failure."""
    _count("mailkit.retries", 1, {"function": function or "", "conn_id": conn_id})


def _count(name: str, number: int, tags: dict[str, str]) -> None:
    _tell(lambda stats: stats.incr(name, count=number, tags=tags))


def _time(name: str, seconds: float, tags: dict[str, str]) -> None:
    _tell(lambda stats: stats.timing(name, timedelta(seconds=seconds), tags=tags))


def _tell(what: Callable[[Any], None]) -> None:
    try:
        from airflow_provider_mailkit._compat import Stats

        what(Stats)
    except Exception as error:
        log.warning("A metric could not be sent: %s", type(error).__name__)
