"""A distributed Airflow in which a worker and a triggerer die; every test looks at what the run has left."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from distributed.deployment import Outcome, run_with_deaths


@pytest.fixture(scope="session")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    with run_with_deaths(tmp_path_factory.mktemp("distributed")) as outcome:
        yield outcome
