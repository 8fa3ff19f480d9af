"""Every store behind one interface, seen by clients that share no code with the provider."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from storage.proxy import Proxy

ACCESS_KEY = "testing"
SECRET_KEY = "s3-secret-key"
# The account of everybody's Azurite.
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
BUCKET = "lake"
MIB = 1024 * 1024


class Store:
    """A store with one bucket.

    :param backend: host and port of the server.
    :param proxy: what the provider's connection goes through; the methods here go past it.
    """

    scheme: ClassVar[str]
    #: The requests of an upload in several parts, and whether one of them creates an object of one part.
    steps: ClassVar[tuple[str, ...]]
    #: Whether it heeds the condition that nothing exists at a key.
    conditional: ClassVar[bool] = True
    #: Whether it has a request that drops an upload.
    aborts: ClassVar[tuple[str, ...]] = ("abort",)
    #: The requests that publish although the upload was dropped before they came.
    last_word: ClassVar[tuple[str, ...]] = ("small",)

    def __init__(self, name: str, backend: tuple[str, int], proxy: Proxy) -> None:
        self.name = name
        self.url = f"http://{backend[0]}:{backend[1]}"
        self.proxy = proxy
        self.conn_id = f"conn_of_{name}".replace("-", "_")
        deadline = time.monotonic() + 60
        while True:
            try:
                self.prepare()
                break
            # A port that listens is not yet a store that works.
            except Exception:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def connection(self) -> dict[str, Any]:
        """Return the Airflow connection."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Create the bucket, unless it is there, and see that the store works."""
        raise NotImplementedError

    def put(self, key: str, data: bytes) -> None:
        raise NotImplementedError

    def get(self, key: str) -> bytes:
        raise NotImplementedError

    def remove(self, key: str) -> None:
        raise NotImplementedError

    def keys(self, folder: str) -> list[str]:
        raise NotImplementedError

    def unfinished(self, folder: str) -> list[str]:
        """Return what uploads that came to no end have left, visible or not."""
        raise NotImplementedError


class S3(Store):
    scheme = "s3"
    steps = ("create", "part", "complete")

    def __init__(self, name: str, backend: tuple[str, int], proxy: Proxy) -> None:
        import boto3

        self.client = boto3.client(
            "s3",
            endpoint_url=f"http://{backend[0]}:{backend[1]}",
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )
        super().__init__(name, backend, proxy)

    @staticmethod
    def classify(method: str, query: Mapping[str, str], headers: Mapping[str, str]) -> str:
        if method == "POST" and "uploads" in query:
            return "create"
        if "uploadId" in query:
            return {"PUT": "part", "POST": "complete", "DELETE": "abort"}.get(method, "other")
        return "small" if method == "PUT" else "other"

    def connection(self) -> dict[str, Any]:
        # s3fs repeats by itself; its repetitions come on top of those of botocore.
        retries = {"retries": {"mode": "standard", "max_attempts": 1}}
        extra = {"region_name": "us-east-1", "endpoint_url": self.proxy.url, "config_kwargs": retries}
        return {"conn_type": "aws", "login": ACCESS_KEY, "password": SECRET_KEY, "extra": extra}

    def prepare(self) -> None:
        if BUCKET not in [bucket["Name"] for bucket in self.client.list_buckets()["Buckets"]]:
            self.client.create_bucket(Bucket=BUCKET)
        self.put("probe", b"probe")

    def put(self, key: str, data: bytes) -> None:
        self.client.put_object(Bucket=BUCKET, Key=key, Body=data)

    def get(self, key: str) -> bytes:
        data: bytes = self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return data

    def remove(self, key: str) -> None:
        self.client.delete_object(Bucket=BUCKET, Key=key)

    def keys(self, folder: str) -> list[str]:
        found = self.client.list_objects_v2(Bucket=BUCKET, Prefix=f"{folder}/").get("Contents", [])
        return [item["Key"] for item in found]

    def unfinished(self, folder: str) -> list[str]:
        found = self.client.list_multipart_uploads(Bucket=BUCKET, Prefix=f"{folder}/").get("Uploads", [])
        return [item["Key"] for item in found]


class Azure(Store):
    scheme = "abfs"
    steps = ("part", "complete")
    aborts = ()
    last_word = ("complete",)

    @staticmethod
    def classify(method: str, query: Mapping[str, str], headers: Mapping[str, str]) -> str:
        if method != "PUT":
            return "other"
        return {"block": "part", "blocklist": "complete"}.get(query.get("comp", ""), "small")

    def _connection_string(self, url: str) -> str:
        return (
            f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={AZURE_KEY};"
            f"BlobEndpoint={url}/devstoreaccount1;"
        )

    def connection(self) -> dict[str, Any]:
        return {
            "conn_type": "wasb",
            "extra": {"connection_string": self._connection_string(self.proxy.url)},
        }

    def prepare(self) -> None:
        from azure.storage.blob import BlobServiceClient

        service = BlobServiceClient.from_connection_string(self._connection_string(self.url))
        self.container = service.get_container_client(BUCKET)
        if not self.container.exists():
            self.container.create_container()

    def put(self, key: str, data: bytes) -> None:
        self.container.upload_blob(key, data, overwrite=True)

    def get(self, key: str) -> bytes:
        data: bytes = self.container.download_blob(key).readall()
        return data

    def remove(self, key: str) -> None:
        self.container.delete_blob(key)

    def keys(self, folder: str) -> list[str]:
        return [blob.name for blob in self.container.list_blobs(f"{folder}/")]

    def unfinished(self, folder: str) -> list[str]:
        found = []
        for blob in self.container.list_blobs(f"{folder}/", include=["uncommittedblobs"]):
            _, uncommitted = self.container.get_blob_client(blob.name).get_block_list("all")
            found += [blob.name] * bool(uncommitted)
        return found


class Gcs(Store):
    scheme = "gs"
    # The last part completes the upload.
    steps = ("create", "part", "complete")
    conditional = False
    # At fake-gcs-server a dropped session can still be completed.
    last_word = ("complete",)

    @staticmethod
    def classify(method: str, query: Mapping[str, str], headers: Mapping[str, str]) -> str:
        if "upload_id" in query:
            if method == "DELETE":
                return "abort"
            return "part" if headers.get("content-range", "").endswith("/*") else "complete"
        kind = query.get("uploadType")
        return "create" if kind == "resumable" else "small" if kind else "other"

    def connection(self) -> dict[str, Any]:
        extra = {"project": "lab", "is_anonymous": True, "gcs.endpoint": self.proxy.url}
        return {"conn_type": "google_cloud_platform", "extra": extra}

    def _call(self, method: str, path: str, **options: Any) -> Any:
        import requests

        answer = requests.request(method, f"{self.url}{path}", timeout=30, **options)
        answer.raise_for_status()
        return answer

    def prepare(self) -> None:
        buckets = self._call("GET", "/storage/v1/b?project=lab").json().get("items") or ()
        if BUCKET not in [bucket["name"] for bucket in buckets]:
            self._call("POST", "/storage/v1/b?project=lab", json={"name": BUCKET})

    def put(self, key: str, data: bytes) -> None:
        self._call("POST", f"/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name={quote(key)}", data=data)

    def get(self, key: str) -> bytes:
        answer = self._call("GET", f"/storage/v1/b/{BUCKET}/o/{quote(key, safe='')}?alt=media")
        data: bytes = answer.content
        return data

    def remove(self, key: str) -> None:
        self._call("DELETE", f"/storage/v1/b/{BUCKET}/o/{quote(key, safe='')}")

    def keys(self, folder: str) -> list[str]:
        answer = self._call("GET", f"/storage/v1/b/{BUCKET}/o?prefix={quote(folder)}/").json()
        return [item["name"] for item in answer.get("items") or ()]

    def unfinished(self, folder: str) -> list[str]:
        """The server lists no sessions: they are counted where they come by."""
        open_ = {}
        for seen in self.proxy.seen:
            session = (
                seen.query.get("upload_id") or seen.headers.get("location", "").partition("upload_id=")[2]
            )
            if seen.kind == "create" and seen.status == 200:
                open_[session.partition("&")[0]] = seen.query["name"]
            # A dropped session answers 499 here, 204 from other servers.
            elif (seen.kind, seen.status) in (("abort", 204), ("abort", 499), ("complete", 200)):
                open_.pop(session, None)
        return [key for key in open_.values() if key.startswith(f"{folder}/")]


class Local(Store):
    """A folder on a local disk."""

    scheme = "file"
    steps = ()

    def __init__(self, root: Path) -> None:
        self.name = "local"
        self.root = root
        # A local path needs none.
        self.conn_id = ""

    def put(self, key: str, data: bytes) -> None:
        (self.root / key).parent.mkdir(parents=True, exist_ok=True)
        (self.root / key).write_bytes(data)

    def get(self, key: str) -> bytes:
        return (self.root / key).read_bytes()

    def remove(self, key: str) -> None:
        (self.root / key).unlink()

    def _files(self, folder: str) -> list[str]:
        files = (path for path in (self.root / folder).rglob("*") if path.is_file())
        return sorted(path.relative_to(self.root).as_posix() for path in files)

    def keys(self, folder: str) -> list[str]:
        return [key for key in self._files(folder) if not key.endswith(".part")]

    def unfinished(self, folder: str) -> list[str]:
        return [key for key in self._files(folder) if key.endswith(".part")]
