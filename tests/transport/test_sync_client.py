"""The client of the workers: it lets go when it is told to, and threads can share it."""

from __future__ import annotations

import threading
from contextlib import closing

from support.reports import encode, recipients
from support.server import FaultServer, chunked
from transport.bodies import endless
from transport.clients import endpoint

from airflow_provider_mailkit.catalogue.reports.deliveries import RECIPIENTS
from airflow_provider_mailkit.transport.sync_client import SyncClient


def test_an_early_stop_closes_the_connection_sync() -> None:
    with FaultServer(endless) as server:
        client = SyncClient(endpoint(server.base_url))
        with closing(
            client.batches(RECIPIENTS, {"ID_send": 5001}, client.decoder(RECIPIENTS, ("STATUS",)))
        ) as batches:
            assert len(next(batches)) > 0
        assert server.client_left.wait(5)


def test_clients_can_be_shared_by_threads() -> None:
    body = encode("json", recipients(501))
    results: list[int] = []
    with FaultServer(lambda number, request: chunked(body)) as server:
        client = SyncClient(endpoint(server.base_url))

        def read() -> None:
            results.append(
                sum(map(len, client.batches(RECIPIENTS, {"ID_send": 1}, client.decoder(RECIPIENTS))))
            )

        threads = [threading.Thread(target=read) for _ in range(7)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert results == [501] * 7
