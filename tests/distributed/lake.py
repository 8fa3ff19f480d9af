"""The object store: versioned, so that nothing that was ever published is forgotten, and with a gate."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import boto3
from moto.s3.models import S3Backend
from moto.server import ThreadedMotoServer

_BUCKET = "lake"
# Far longer than a test waits; only so that a failed one ends.
_GATE_S = 600


class Lake:
    """A bucket, seen by a client that shares no code with the provider."""

    def __init__(self, endpoint: str, gate: threading.Event, waiting: threading.Event) -> None:
        self._gate = gate
        self._waiting = waiting
        login = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        self.client: Any = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **login)
        self.client.create_bucket(Bucket=_BUCKET)
        self.client.put_bucket_versioning(Bucket=_BUCKET, VersioningConfiguration={"Status": "Enabled"})
        extra = {"region_name": "us-east-1", "endpoint_url": endpoint}
        self.connection = {"conn_type": "aws", "login": "testing", "password": "testing", "extra": extra}
        self.folder = f"{_BUCKET}/deliveries"

    def visible_keys(self) -> list[str]:
        """Return the keys of the objects that everybody can see."""
        return [item["Key"] for item in self.client.list_objects_v2(Bucket=_BUCKET).get("Contents", [])]

    def published(self) -> list[str]:
        """Return the key of each object that was ever published: twice, if it was replaced."""
        return [item["Key"] for item in self.client.list_object_versions(Bucket=_BUCKET).get("Versions", [])]

    def read(self, key: str) -> bytes:
        data: bytes = self.client.get_object(Bucket=_BUCKET, Key=key)["Body"].read()
        return data

    def open_uploads(self) -> dict[str, str]:
        """Return the IDs of the unfinished multipart uploads by key."""
        uploads = self.client.list_multipart_uploads(Bucket=_BUCKET).get("Uploads", [])
        return {upload["Key"]: upload["UploadId"] for upload in uploads}

    def abort(self, key: str, upload_id: str) -> None:
        self.client.abort_multipart_upload(Bucket=_BUCKET, Key=key, UploadId=upload_id)

    def close_gate(self) -> None:
        """From now on, no part of an upload is taken."""
        self._gate.clear()

    def open_gate(self) -> None:
        self._gate.set()

    @property
    def somebody_waits(self) -> bool:
        """Whether a part of an upload has come to the closed gate."""
        return self._waiting.is_set()


@contextmanager
def lake() -> Iterator[Lake]:
    """Run it, with an empty bucket."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    gate, waiting = threading.Event(), threading.Event()
    gate.set()
    upload_part = S3Backend.upload_part

    def gated(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not gate.is_set():
            waiting.set()
            gate.wait(_GATE_S)
        return upload_part(self, *args, **kwargs)

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    with mock.patch.object(S3Backend, "upload_part", gated):
        server.start()
        try:
            host, port = server.get_host_and_port()
            yield Lake(f"http://{host}:{port}", gate, waiting)
        finally:
            gate.set()
            server.stop()


def delivery_of(key: str) -> int:
    """Return the delivery that a key belongs to."""
    return int(key.rpartition("/")[2].partition(".")[0])
