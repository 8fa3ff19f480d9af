"""The provider's work, through the classes that a user's DAG uses."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.request import urlopen

from bench.job import FUNCTION, Job
from bench.peers import small_post
from bench.sampling import sampling

_EVERY_STATUS = ("sent", "failed", "wait", "wait_ab")
_PROBE_S = 0.005
_TRIGGERS = 20
_POKES = 100
_WAIT_S, _INTERVAL_S = 6 * 3600, 300


def count(job: Job) -> dict[str, int]:
    """Count by status, as one poll of the sensor does."""
    from airflow_provider_mailkit.hooks.mailkit import MailkitHook

    return dict(MailkitHook().count_recipients(job.recipients))


def export(job: Job) -> Any:
    """Export to the file. Its suffix decides the format."""
    from airflow_provider_mailkit.operators.mailkit import MailkitRecipientsOperator

    operator = MailkitRecipientsOperator(task_id="export", id_send=job.recipients, output_path=job.output)
    return operator.execute({})["status_counts"]


def profile(job: Job) -> dict[str, int]:
    """Export; return samples by what was being done, see :mod:`bench.sampling`."""
    import airflow_provider_mailkit

    with sampling(Path(airflow_provider_mailkit.__file__).parent) as samples:
        export(job)
    return dict(samples)


def poke(job: Job) -> Any:
    """Poll once with the sensor."""
    from airflow_provider_mailkit.sensors.mailkit import MailkitRecipientsSensor

    sensor = MailkitRecipientsSensor(task_id="wait", id_send=job.recipients, totals_first=False)
    return bool(sensor.poke({}))


def wait(totals_first: bool, job: Job) -> int:
    """Wait for six hours on a simulated clock, in which nobody is done; return the received bytes."""
    from airflow_provider_mailkit.sensors.mailkit import MailkitRecipientsSensor

    sensor = MailkitRecipientsSensor(
        task_id="wait", id_send=job.recipients, totals_first=totals_first, timeout=2 * _WAIT_S
    )
    sent, began = _sent_bytes(job), int(time.time())
    with mock.patch("time.time") as clock:
        for now in range(began, began + _WAIT_S, _INTERVAL_S):
            clock.return_value = float(now)
            sensor.poke({})
    return _sent_bytes(job) - sent


def _sent_bytes(job: Job) -> int:
    with urlopen(f"{job.base_url}/sent") as answer:  # noqa: S310 - loopback
        return int(answer.read())


def poke_cost(job: Job) -> dict[str, float]:
    """Poll a small report many times; return the usual seconds of a poll and of a bare call with requests."""
    seconds: dict[str, list[float]] = {"poke": [], "post": []}
    for _ in range(_POKES):
        for name, call in (("poke", poke), ("post", small_post)):
            began = time.perf_counter()
            call(job)
            seconds[name].append(time.perf_counter() - began)
    return {name: statistics.median(each) for name, each in seconds.items()}


def trigger(job: Job) -> dict[str, int]:
    """Count by status with the trigger on an event loop of its own."""
    return asyncio.run(_fire(job))


async def _fire(job: Job) -> dict[str, int]:
    from airflow_provider_mailkit.triggers.mailkit import MailkitRecipientsTrigger

    # Nobody is waiting, so the first poll reads the whole report and ends the wait.
    one = MailkitRecipientsTrigger(
        id_send=job.recipients, poke_interval=0.001, waiting_statuses=(), final_statuses=_EVERY_STATUS
    )
    async for event in one.run():
        counts: dict[str, int] = event.payload["result"]["status_counts"]
        return counts
    raise RuntimeError("The trigger ended without an event.")


def triggerer(job: Job) -> dict[str, float]:
    """Let many triggers read at once; return how late a probe on their loop was, in seconds."""
    return asyncio.run(_fire_many(job))


async def _fire_many(job: Job) -> dict[str, float]:
    lags: list[float] = []
    probe = asyncio.create_task(_probe(lags))
    await asyncio.gather(*(_fire(job) for _ in range(_TRIGGERS)))
    probe.cancel()
    lags.sort()
    return {"probes": len(lags), "p99": lags[int(len(lags) * 0.99)], "worst": lags[-1]}


async def _probe(lags: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(_PROBE_S)
        lags.append(time.perf_counter() - began - _PROBE_S)


def download(job: Job) -> int:
    """The floor: the client's bytes, thrown away."""
    from airflow_provider_mailkit.hooks.mailkit import MailkitHook
    from airflow_provider_mailkit.transport.outcome import Outcome

    client = MailkitHook().get_conn()
    # Private, since nobody but a benchmark wants the bytes.
    content = client._content(client.endpoint.request(FUNCTION, {"ID_send": job.recipients}), 600, Outcome())
    return sum(map(len, content))


def decode(job: Job) -> int:
    """The floor of an export: all columns decoded, and thrown away."""
    from airflow_provider_mailkit.catalogue.reports.deliveries import RECIPIENTS
    from airflow_provider_mailkit.hooks.mailkit import MailkitHook

    client = MailkitHook().get_conn()
    with closing(
        client.batches(RECIPIENTS, {"ID_send": job.recipients}, client.decoder(RECIPIENTS))
    ) as batches:
        return sum(map(len, batches))


TASKS: dict[str, Callable[[Job], Any]] = {
    "count": count,
    "export": export,
    "profile": profile,
    "poke": poke,
    "poke cost": poke_cost,
    "wait": partial(wait, True),
    "wait without totals": partial(wait, False),
    "trigger": trigger,
    "triggerer": triggerer,
    "download": download,
    "decode": decode,
}
