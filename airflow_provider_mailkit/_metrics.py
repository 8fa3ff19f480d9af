"""Numbers for Airflow's metrics, under ``mailkit.``; docs/how-to/watch-the-numbers.md lists them all.

They go wherever Airflow's own go (StatsD, Datadog, OpenTelemetry), and nowhere if it has none. None of them
can fail a task or a trigger.
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
    """Tell the rows, the bytes and the time of an export that has succeeded.

    :param summary: what the export says about itself.
    """
    tags = {"function": function, "conn_id": conn_id}
    _count("mailkit.export.rows", summary["rows"], tags)
    _count("mailkit.export.bytes", summary["bytes"], tags)
    _time("mailkit.export.duration", summary["seconds"], tags)


def imported(summary: Mapping[str, Any], conn_id: str) -> None:
    """Tell the recipients, the rejected rows and the time of an import that has succeeded.

    :param summary: what the import says about itself.
    """
    tags = {"function": summary["function"], "conn_id": conn_id}
    _count("mailkit.import.recipients", summary["acknowledged"] - summary["refused"], tags)
    _count("mailkit.import.rejected", summary["rejected"] + summary["refused"], tags)
    _time("mailkit.import.duration", summary["seconds"], tags)


@contextmanager
def polling(conn_id: str) -> Iterator[None]:
    """Tell how long a poll takes, whether or not it fails."""
    began = monotonic()
    try:
        yield
    finally:
        _time("mailkit.poll.duration", monotonic() - began, {"conn_id": conn_id})


def received(size: int, conn_id: str) -> None:
    """Tell how many bytes of a report were read to count its recipients."""
    if size:
        _count("mailkit.poll.bytes", size, {"conn_id": conn_id})


def retried(function: str | None, conn_id: str) -> None:
    """Tell that a call, or the poll of a wait, is made again after a failure."""
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
