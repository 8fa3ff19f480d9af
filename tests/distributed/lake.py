"""The object store: versioned, so that nothing that was ever published is forgotten, and with gates."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.server import ThreadedMotoServer

_BUCKET = "lake"
LOGS = "logs"
# Far longer than a test waits; only so that a failed one ends.
_GATE_S = 600


@dataclass(frozen=True)
class Asked:
    """A request for an object.

    :param is_copy: whether the store is to make it of another object.
    :param is_part: whether it is a part of an upload.
    """

    method: str
    key: str
    is_copy: bool
    is_part: bool


@dataclass(eq=False)
class Gate:
    """Holds the first requests of a kind until it is opened; then the store gets them, whoever is gone.

    :param requests: how many it holds.
    """

    matches: Callable[[Asked], bool]
    requests: int = 1
    _came: int = field(default=0, init=False)
    _answered: int = field(default=0, init=False)
    _opened: threading.Event = field(default_factory=threading.Event, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def takes(self, asked: Asked) -> bool:
        """Tell whether it holds a request that has come."""
        with self._lock:
            is_held = self._came < self.requests and self.matches(asked)
            self._came += is_held
        return is_held

    def wait(self) -> None:
        """Wait until it is opened."""
        self._opened.wait(_GATE_S)

    def count_answered(self) -> None:
        with self._lock:
            self._answered += 1

    @property
    def is_full(self) -> bool:
        """Whether all the requests have come."""
        return self._came == self.requests

    @property
    def is_empty(self) -> bool:
        """Whether the store has answered all the requests."""
        return self._answered == self.requests

    def open(self) -> None:
        self._opened.set()


class Lake:
    """A bucket for deliveries and one for logs, seen by a client that shares no code with the provider."""

    def __init__(self, endpoint: str, gates: list[Gate]) -> None:
        self._gates = gates
        login = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        self.client: Any = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **login)
        self.client.create_bucket(Bucket=_BUCKET)
        self.client.create_bucket(Bucket=LOGS)
        self.client.put_bucket_versioning(Bucket=_BUCKET, VersioningConfiguration={"Status": "Enabled"})
        # Longer than any gate is closed.
        patience = {"read_timeout": _GATE_S, "retries": {"mode": "standard", "max_attempts": 1}}
        extra = {"region_name": "us-east-1", "endpoint_url": endpoint, "config_kwargs": patience}
        self.connection = {"conn_type": "aws", "login": "testing", "password": "testing", "extra": extra}
        self.folder = f"{_BUCKET}/deliveries"

    def visible_keys(self, bucket: str = _BUCKET) -> list[str]:
        """Return the keys of the objects that everybody can see."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def published(self) -> list[str]:
        """Return the key of each object that was ever published: twice, if it was replaced."""
        return [item["Key"] for item in self.client.list_object_versions(Bucket=_BUCKET).get("Versions", [])]

    def read(self, key: str, bucket: str = _BUCKET) -> bytes:
        data: bytes = self.client.get_object(Bucket=bucket, Key=key)["Body"].read()
        return data

    def open_uploads(self) -> dict[str, str]:
        """Return the IDs of the unfinished multipart uploads by key."""
        uploads = self.client.list_multipart_uploads(Bucket=_BUCKET).get("Uploads", [])
        return {upload["Key"]: upload["UploadId"] for upload in uploads}

    def abort(self, key: str, upload_id: str) -> None:
        self.client.abort_multipart_upload(Bucket=_BUCKET, Key=key, UploadId=upload_id)

    def hold(self, matches: Callable[[Asked], bool], requests: int = 1) -> Gate:
        """Hold the next requests of a kind, until the gate is opened."""
        gate = Gate(matches, requests)
        self._gates.append(gate)
        return gate


@contextmanager
def lake() -> Iterator[Lake]:
    """Run it, with empty buckets."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    gates: list[Gate] = []
    answer = DomainDispatcherApplication.__call__
    one_at_a_time = threading.Lock()

    def held(self: Any, environ: dict[str, Any], start_response: Any) -> Any:
        asked = Asked(
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"],
            is_copy="HTTP_X_AMZ_COPY_SOURCE" in environ,
            is_part="partNumber" in environ.get("QUERY_STRING", ""),
        )
        holding = [gate for gate in gates if gate.takes(asked)]
        if holding:
            # Whoever has sent it may be gone when it is read.
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = io.BytesIO(body)
        for gate in holding:
            gate.wait()
        # moto looks whether an object is there, and then makes it; S3 does both at once.
        with one_at_a_time if "HTTP_IF_NONE_MATCH" in environ else nullcontext():
            answered = answer(self, environ, start_response)
        for gate in holding:
            gate.count_answered()
        return answered

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    with mock.patch.object(DomainDispatcherApplication, "__call__", held):
        server.start()
        try:
            host, port = server.get_host_and_port()
            yield Lake(f"http://{host}:{port}", gates)
        finally:
            for gate in gates:
                gate.open()
            server.stop()


def delivery_of(key: str) -> int:
    """Return the delivery that a key belongs to."""
    return int(key.rpartition("/")[2].partition(".")[0])
