"""Sees everything that is said: logs at any level, what is printed, and all that hangs on an error."""

from __future__ import annotations

import gc
import json
import logging
import pickle
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest
from support.reports import CLIENT_ID, CLIENT_MD5, everything_told

#: Nothing of these may ever be said: credentials, addresses and their parts, the bodies of requests.
NEVER = (CLIENT_ID, CLIENT_MD5, "person", "%40", "&#64;", "\\u0040", '"md5"', "methodCall", "%22md5%22")


class Witness(logging.Handler):
    """Keeps what is logged, with tracebacks, and what is printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        super().__init__(0)
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))
        self._capsys = capsys
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._lines += [self.format(record), repr(record.args), repr(record.msg)]

    def heard(self) -> str:
        """Return all of it; what was garbage until now has had its last word."""
        gc.collect()
        printed = self._capsys.readouterr()
        return "\n".join([*self._lines, printed.out, printed.err])


@contextmanager
def listening(capsys: pytest.CaptureFixture[str]) -> Iterator[Witness]:
    """Hear every logger at every level, whatever it was set to."""
    witness = Witness(capsys)
    loggers = [
        logger
        for logger in logging.root.manager.loggerDict.values()
        if isinstance(logger, logging.Logger)
        and (logger.level or logger.disabled or not logger.propagate)
        # Not Airflow's own database: what it says of its tables would fill the memory.
        and not logger.name.startswith(("sqlalchemy", "alembic"))
    ]
    before = [(logger, logger.level, logger.propagate, logger.disabled) for logger in loggers]
    root_level, disabled = logging.root.level, logging.root.manager.disable
    # What is there already need not be looked through for garbage after each test: that takes long.
    gc.freeze()
    logging.root.addHandler(witness)
    logging.root.setLevel(1)
    logging.disable(0)
    for logger in loggers:
        logger.setLevel(0)
        logger.propagate, logger.disabled = True, False
    try:
        yield witness
    finally:
        gc.unfreeze()
        logging.root.removeHandler(witness)
        logging.root.setLevel(root_level)
        logging.disable(disabled)
        for logger, level, propagate, was_disabled in before:
            logger.setLevel(level)
            logger.propagate, logger.disabled = propagate, was_disabled


def told_by(error: BaseException) -> str:
    """Return all that an error can show: itself, what led to it, its traceback, its pickle."""
    parts = [everything_told(error), *traceback.format_exception(error)]
    parts.append(repr(pickle.dumps(error)))
    return "\n".join(parts)


def assert_never_said(text: str, *others: str, but: Iterable[str] = ()) -> None:
    """See that no secret and no address is in a text.

    :param others: further words that must not be in it.
    :param but: words that may.
    """
    words = [word for word in (*NEVER, quote(CLIENT_MD5), *others) if word not in but]
    for word in words:
        at = text.find(word)
        assert at < 0, (word, text[max(0, at - 300) : at + 300])


def as_stored(value: Any) -> str:
    """Return a value as XCom, a trigger row or an event keeps it."""
    return json.dumps(value)
