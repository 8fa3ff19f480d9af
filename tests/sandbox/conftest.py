from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sandbox.client import Client, Clock

from airflow_provider_mailkit.sandbox import Sandbox


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def serve() -> Iterator[Callable[..., Client]]:
    started: list[Sandbox] = []

    def start(**settings: Any) -> Client:
        sandbox = Sandbox(**settings)
        sandbox.start()
        started.append(sandbox)
        return Client(sandbox)

    yield start
    for sandbox in started:
        sandbox.stop()
