"""The operator in a process of its own, to be killed.

The processes are forked from one that has imported everything (storage.warm), as workers of Airflow do it.
"""

from __future__ import annotations

import functools
import itertools
import multiprocessing
import os
import pkgutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any
from unittest import mock

from airflow_provider_mailkit.export import identity
from airflow_provider_mailkit.operators.mailkit import (
    MailkitIncrementalExportOperator,
    MailkitRecipientsOperator,
)
from airflow_provider_mailkit.storage import remote

if version("apache-airflow").startswith("2."):
    import airflow.models

    # Looking up a connection needs the tables.
    airflow.models.import_all_models()

WAIT_S = 60


class Terminated(BaseException):
    """As AirflowTaskTerminated: not an Exception."""


@dataclass(frozen=True)
class Job:
    """What the process is to do.

    :param arguments: of the operator.
    :param sigterm: ``on_kill``: only calls that, as Airflow 3 does; ``raise``: then raises, as Airflow 2.
    :param pause_before: stop before this function, until told to go on.
    :param pause_at: before which of its calls, from 1; 0: before all of them.
    :param increments: whether it is an incremental export.
    """

    arguments: dict[str, Any]
    environment: dict[str, str] = field(default_factory=dict)
    sigterm: str = "on_kill"
    pause_before: str | None = None
    pause_at: int = 0
    increments: bool = False


class Child:
    """One process; use it as ``with``."""

    def __init__(self, job: Job) -> None:
        _start_forkserver()
        context = multiprocessing.get_context("forkserver")
        self._connection, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(target=_main, args=(job, theirs), daemon=True)
        self.process.start()
        theirs.close()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._connection.close()
        self.process.close()

    def wait(self) -> tuple[str, Any]:
        """Wait for what happens next: its name, and what is told about it."""
        assert self._connection.poll(WAIT_S), "nothing happens"
        happened: tuple[str, Any] = self._connection.recv()
        return happened

    def expect(self, event: str) -> Any:
        """Wait for what happens next; it must be this. Returns what was told about it."""
        name, told = self.wait()
        assert name == event, (name, told)
        return told

    def go_on(self) -> None:
        """End the pause."""
        self._connection.send("go on")

    @property
    def has_told(self) -> bool:
        """Whether something has happened."""
        return self._connection.poll(0)

    def terminate(self, *, wait: bool = True) -> None:
        """Send SIGTERM and wait until on_kill() has returned."""
        assert self.process.pid
        os.kill(self.process.pid, signal.SIGTERM)
        if wait:
            self.expect("on_kill")

    def kill(self) -> None:
        """Send SIGKILL and wait for the end."""
        self.process.kill()
        self.process.join(WAIT_S)


@functools.cache
def _start_forkserver() -> None:
    """Start the process that all are forked from; it ends with this one."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(["storage.warm"])
    # Not every Python hands it the path; it would then import nothing, without a word.
    with mock.patch.dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)):
        forkserver.ensure_running()


def operator_of(job: Job) -> MailkitIncrementalExportOperator | MailkitRecipientsOperator:
    """Return what does the job."""
    if job.increments:
        return MailkitIncrementalExportOperator(task_id="export", **job.arguments)
    return MailkitRecipientsOperator(task_id="export", id_send=5001, **job.arguments)


def _main(job: Job, parent: Connection) -> None:
    os.environ.update(job.environment)
    remote.MIN_BLOCK_BYTES = 5 * 1024 * 1024
    # A slow hash would take longer than the export.
    identity._ROUNDS = 1
    operator = operator_of(job)

    def handle(*_: object) -> None:
        operator.on_kill()
        parent.send(("on_kill", None))
        if job.sigterm == "raise":
            raise Terminated

    signal.signal(signal.SIGTERM, handle)
    if job.pause_before:
        _pause_before(job.pause_before, job.pause_at, parent)
    try:
        parent.send(("done", operator.execute({"ti": None})))
    except BaseException as error:
        parent.send(("failed", f"{type(error).__name__}: {error}"))
    sys.stdout.flush()
    # As a task of Airflow ends: nothing is collected, no handler runs.
    os._exit(0)


def _pause_before(name: str, at: int, parent: Connection) -> None:
    original: Callable[..., Any] = pkgutil.resolve_name(name)
    owner_name, _, attribute = name.rpartition(".")

    calls = itertools.count(1)

    def paused(*args: Any, **kwargs: Any) -> Any:
        if at in (0, next(calls)):
            parent.send(("paused", None))
            parent.recv()
        return original(*args, **kwargs)

    setattr(pkgutil.resolve_name(owner_name), attribute, paused)
