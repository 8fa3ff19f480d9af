"""What the tests of the storage have in common."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from airflow_provider_mailkit.storage.publication import Publication
from airflow_provider_mailkit.storage.target import Target, resolve_target

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


class Bucket:
    """One bucket, seen by a client that shares no code with the provider."""

    def __init__(self, client: Any, conn_id: str) -> None:
        self.client = client
        self.conn_id = conn_id
        self.name = f"b{uuid.uuid4().hex}"
        client.create_bucket(Bucket=self.name)

    def target(self, key: str) -> Target:
        return resolve_target(f"s3://{self.conn_id}@{self.name}/{key}")

    def put(self, key: str, data: bytes) -> None:
        self.client.put_object(Bucket=self.name, Key=key, Body=data)

    def get(self, key: str) -> bytes:
        data: bytes = self.client.get_object(Bucket=self.name, Key=key)["Body"].read()
        return data

    def keys(self) -> list[str]:
        return [item["Key"] for item in self.client.list_objects_v2(Bucket=self.name).get("Contents", [])]

    def uploads(self) -> list[str]:
        return [
            item["Key"] for item in self.client.list_multipart_uploads(Bucket=self.name).get("Uploads", [])
        ]
