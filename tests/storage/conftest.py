from __future__ import annotations

import json
import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from storage import servers
from storage.place import Place
from storage.proxy import Proxy
from storage.stores import MIB, S3, Azure, Gcs, Local, Store
from support.server import FaultServer

from airflow_provider_mailkit.storage import remote
from airflow_provider_mailkit.storage.target import Target, resolve_target

# Before gcsfs is imported: it would ask by gRPC, which the emulator does not speak, and wait for a minute.
os.environ["GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT"] = "false"

_LOUD_LIBRARIES = [
    # aiohttp and the clients of Azure and Google leave sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
#: Stores that are reached over HTTP. moto needs nothing that the other tests do not need.
REMOTE = [
    "moto",
    pytest.param("seaweedfs", marks=pytest.mark.storage_servers),
    pytest.param("azurite", marks=[pytest.mark.storage_servers, *_LOUD_LIBRARIES]),
    pytest.param("fake-gcs", marks=[pytest.mark.storage_servers, *_LOUD_LIBRARIES]),
]


def _connected(
    kind: type[Store], name: str, server: AbstractContextManager[tuple[str, int]]
) -> Iterator[Store]:
    """Yield a store that runs, and that has an Airflow connection through a proxy."""
    with server as backend, Proxy(backend, kind.classify) as proxy:  # type: ignore[attr-defined]
        store = kind(name, backend, proxy)
        variable = f"AIRFLOW_CONN_{store.conn_id.upper()}"
        os.environ[variable] = json.dumps(store.connection())
        yield store
        del os.environ[variable]


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    yield from _connected(S3, "moto", servers.moto(tmp_path_factory.mktemp("moto")))


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("seaweedfs")
    yield from _connected(S3, "seaweedfs", servers.seaweedfs(folder))


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("azurite")
    yield from _connected(Azure, "azurite", servers.azurite(folder))


@pytest.fixture(scope="session")
def fake_gcs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("fake_gcs")
    yield from _connected(Gcs, "fake-gcs", servers.fake_gcs(folder))


def _place(request: pytest.FixtureRequest, name: str) -> Place:
    if name == "local":
        return Place(Local(request.getfixturevalue("tmp_path")), "out")
    store: Store = request.getfixturevalue(name.replace("-", "_"))
    store.proxy.reset()
    return Place(store, uuid.uuid4().hex)


@pytest.fixture(params=["local", *REMOTE])
def place(request: pytest.FixtureRequest) -> Place:
    """An empty folder in each store."""
    return _place(request, request.param)


@pytest.fixture(params=REMOTE)
def remote_place(request: pytest.FixtureRequest) -> Place:
    """An empty folder in each store that has requests."""
    return _place(request, request.param)


@pytest.fixture
def s3(request: pytest.FixtureRequest) -> Place:
    """An empty folder in one store."""
    return _place(request, "moto")


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks as small as S3 takes, for an upload in several parts."""
    monkeypatch.setattr(remote, "MIN_BLOCK_BYTES", 5 * MIB)


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """The libraries repeat as often as ever, and do not wait in between; only what is installed."""
    import asyncio

    async def at_once(_: float) -> None:
        await asyncio.sleep(0)

    asyncio_at_once = SimpleNamespace(sleep=at_once, iscoroutinefunction=asyncio.iscoroutinefunction)
    monkeypatch.setattr("s3fs.core.asyncio", SimpleNamespace(**{**vars(asyncio), "sleep": at_once}))
    for name, attribute, value in (
        ("gcsfs.retry", "asyncio", asyncio_at_once),
        ("azure.storage.blob._shared.policies_async", "ExponentialRetry.get_backoff_time", lambda *_: 0),
    ):
        try:
            __import__(name)
        except ModuleNotFoundError:
            continue
        monkeypatch.setattr(f"{name}.{attribute}", value)


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """The folder for temporary files, alone; lists what is there, open files without a name included."""
    folder = tmp_path / "spool"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))

    def files() -> list[str]:
        named = os.listdir(folder)
        links = [os.readlink(f"/proc/self/fd/{name}") for name in _open_files()]
        return named + [link for link in links if link.startswith(f"{folder}/")]

    return files


def _open_files() -> list[str]:
    return [name for name in os.listdir("/proc/self/fd") if os.path.lexists(f"/proc/self/fd/{name}")]


@pytest.fixture
def local(tmp_path: Path) -> Target:
    return resolve_target(str(tmp_path / "out" / "rows.csv"))


@pytest.fixture
def mailkit(mailkit: Callable[..., FaultServer]) -> Callable[..., FaultServer]:
    """As everywhere, with as many tries as there are answers."""

    def start(*answers: list[Any], protocol: str = "json") -> FaultServer:
        return mailkit(*answers, protocol=protocol, max_attempts=len(answers))

    return start
