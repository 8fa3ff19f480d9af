"""Side work of a task: if it fails, the failure is logged, and the task goes on."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from airflow_provider_mailkit.protocol.excerpt import Redactor


class best_effort:
    """Log an error of a ``with`` block, and go on after the block.

    :param log: the log of the task.
    :param consequence: what is missing as a result, as the beginning of a sentence.
    """

    def __init__(self, log: Any, consequence: str) -> None:
        self._log = log
        self._consequence = consequence

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        reason = Redactor().clean(f"{type(error).__name__}: {error}")
        self._log.warning("%s; the task itself is not affected. %s", self._consequence, reason)
        return True
