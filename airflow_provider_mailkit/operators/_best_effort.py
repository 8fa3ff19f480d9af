"""What goes wrong beside an export: it is logged, and fails no task whose file is published."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airflow_provider_mailkit.protocol.excerpt import Redactor


@contextmanager
def best_effort(log: Any, consequence: str) -> Iterator[None]:
    """Log what goes wrong in the block, and go on after it.

    :param log: the log of the task.
    :param consequence: what is missing then, as the beginning of a sentence.
    """
    try:
        yield
    except Exception as error:
        reason = Redactor().clean(f"{type(error).__name__}: {error}")
        log.warning("%s; the export itself is not affected. %s", consequence, reason)
