"""What the tests of the storage have in common."""

from __future__ import annotations

import os
import signal
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from storage.child import Job
from storage.place import Place

from airflow_provider_mailkit.storage.publication import Publication
from airflow_provider_mailkit.storage.target import Target

#: The last step of an export that a task can be stopped before.
COMMIT = "airflow_provider_mailkit.storage.publication.Publication.commit"
OLD = b"the older file\n" * 1000


class TimedOut(BaseException):
    """Like AirflowTaskTimeout: not an Exception."""


def content(size: int) -> bytes:
    """Bytes that no shifted or repeated part equals."""
    return array("Q", range(-(-size // 8))).tobytes()[:size]


def put(
    target: Target,
    data: bytes,
    *,
    overwrite: bool = True,
    before_commit: Callable[[], object] = lambda: None,
) -> Publication:
    """Publish in pieces of an odd size."""
    with Publication(target, overwrite=overwrite) as publication:
        for start in range(0, len(data), 700_001):
            publication.file.write(data[start : start + 700_001])
        before_commit()
        publication.commit()
    return publication


@contextmanager
def handler_of_sigusr1(action: Callable[[], None]) -> Iterator[None]:
    old = signal.signal(signal.SIGUSR1, lambda *_: action())
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, old)


def raise_(error: BaseException) -> None:
    raise error


def environment() -> dict[str, str]:
    names = [name for name in os.environ if name.startswith(("AIRFLOW", "GCSFS"))]
    return {name: os.environ[name] for name in names}


def job(place: Place, *, overwrite: bool = True, **options: Any) -> Job:
    arguments = {"output_path": place.path("rows.jsonl"), "overwrite": overwrite}
    return Job(arguments, environment(), **options)
