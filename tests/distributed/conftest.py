"""A distributed Airflow in which workers and a triggerer die; every test looks at what the runs have left."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from distributed.deployment import Cluster, Outcome, run_with_deaths, start_cluster
from distributed.logs import Landed, land_logs


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with start_cluster(tmp_path_factory.mktemp("distributed")) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def outcome(cluster: Cluster) -> Outcome:
    return run_with_deaths(cluster)


@pytest.fixture(scope="session")
def landed(cluster: Cluster) -> Landed:
    return land_logs(cluster)
