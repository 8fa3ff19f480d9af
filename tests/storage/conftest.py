from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from storage_support import Bucket

from airflow_provider_mailkit.storage.target import Target, resolve_target


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "storage_servers: needs Azurite or fake-gcs-server; see the modules")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "storage_servers" in config.option.markexpr:
        return
    slow = [item for item in items if item.get_closest_marker("storage_servers")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    os.environ["AIRFLOW_CONN_STORAGE_S3"] = json.dumps(
        {
            "conn_type": "aws",
            "login": "testing",
            "password": "s3-secret-key",
            "extra": {
                "region_name": "us-east-1",
                "endpoint_url": endpoint,
                # moto answers 500 to a part of an aborted upload; trying that again takes ten seconds.
                "config_kwargs": {"retries": {"mode": "standard", "max_attempts": 1}},
            },
        }
    )
    yield endpoint
    del os.environ["AIRFLOW_CONN_STORAGE_S3"]
    server.stop()


@pytest.fixture
def bucket(s3_endpoint: str) -> Iterator[Bucket]:
    import boto3

    client = boto3.client(
        "s3",
        endpoint_url=s3_endpoint,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    yield Bucket(client, "storage_s3")
    client.close()


@pytest.fixture
def before_request(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Do something right before a certain request of an upload, in the thread that uploads."""
    from s3fs.core import S3File

    def install(name: str, number: int, action: Callable[[], object]) -> None:
        original = S3File._call_s3
        seen = 0

        def call(self: Any, method: str, *args: Any, **kwargs: Any) -> Any:
            nonlocal seen
            seen += method == name
            if method == name and seen == number:
                action()
            return original(self, method, *args, **kwargs)

        monkeypatch.setattr(S3File, "_call_s3", call)

    return install


@pytest.fixture
def local(tmp_path: Path) -> Target:
    return resolve_target(str(tmp_path / "out" / "rows.csv"))
