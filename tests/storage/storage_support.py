"""What the tests of the storage have in common."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from airflow_provider_mailkit.storage.publication import Publication
from airflow_provider_mailkit.storage.target import Target

OLD = b"the older file\n" * 1000


class TimedOut(BaseException):
    """Like AirflowTaskTimeout: not an Exception."""


def content(size: int) -> bytes:
    """Bytes that no shifted or repeated part equals."""
    return b"".join(index.to_bytes(8, "little") for index in range(-(-size // 8)))[:size]


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
