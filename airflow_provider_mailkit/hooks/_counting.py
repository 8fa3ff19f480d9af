"""Counts the recipients of a delivery by status, with either client."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Collection
from contextlib import aclosing, closing
from typing import TYPE_CHECKING

from airflow_provider_mailkit import _metrics

if TYPE_CHECKING:
    from airflow_provider_mailkit.transport.async_client import AsyncClient
    from airflow_provider_mailkit.transport.sync_client import SyncClient


def count(
    client: SyncClient, id_send: int | str, stop_at: Collection[str] = (), limit_s: float = math.inf
) -> Counter[str]:
    """Count them, including all tries, as :meth:`~.mailkit.MailkitHook.count_recipients` does."""
    from airflow_provider_mailkit.catalogue.reports.deliveries import RECIPIENTS
    from airflow_provider_mailkit.protocol.request import parse_id_send
    from airflow_provider_mailkit.waiting.tally import COUNTED, StatusTally

    ends = time.monotonic() + limit_s
    asked = {"ID_send": parse_id_send(id_send)}

    def attempt() -> Counter[str]:
        tally = StatusTally(stop_at)
        left_s = min(client.endpoint.poll_limit_s, ends - time.monotonic())
        decoder = client.decoder(RECIPIENTS, COUNTED)
        try:
            with closing(client.batches(RECIPIENTS, asked, decoder, left_s)) as batches:
                for batch in batches:
                    if tally.add(batch):
                        break
        finally:
            _metrics.received(decoder.received_bytes, client.endpoint.connection)
        return tally.counts

    return client.retrying(attempt, ends - time.monotonic())


async def count_once(
    client: AsyncClient, id_send: int | str, stop_at: Collection[str] = (), limit_s: float = math.inf
) -> Counter[str]:
    """Count the recipients of a delivery by status: one try.

    :param limit_s: the maximum duration in seconds, if it is below the endpoint's own limit.
    :raises MailkitError: the report could not be read.
    """
    from airflow_provider_mailkit.catalogue.reports.deliveries import RECIPIENTS
    from airflow_provider_mailkit.protocol.request import parse_id_send
    from airflow_provider_mailkit.transport.time_limit import within
    from airflow_provider_mailkit.waiting.tally import COUNTED, StatusTally

    tally = StatusTally(stop_at)
    asked = {"ID_send": parse_id_send(id_send)}
    decoder = client.decoder(RECIPIENTS, COUNTED)
    try:
        async with (
            within(RECIPIENTS.name, min(limit_s, client.endpoint.poll_limit_s)),
            aclosing(client.batches(RECIPIENTS, asked, decoder)) as batches,
        ):
            async for batch in batches:
                if tally.add(batch):
                    break
    finally:
        _metrics.received(decoder.received_bytes, client.endpoint.connection)
    return tally.counts
