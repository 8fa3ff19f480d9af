"""Incremental exports to stores that fail: each request in turn, once or from then on, in every way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from storage.lake import Lake
from storage.place import Place
from storage.proxy import Action, Exchange, answer_lost, reset, unavailable
from support.raw_log import RawLog
from support.tally import Tally

from airflow_provider_mailkit.operators.mailkit import MailkitIncrementalExportOperator

SMALL = {"page_size": 40, "rows_per_file": 15, "max_rows": 60, "overlap": 10}


def broken(exchange: Exchange) -> None:
    exchange.refuse(500)


def done_and_refused(exchange: Exchange) -> None:
    """The store does it, and says that it could not."""
    exchange.ask_store()
    exchange.refuse(503)


FAULTS: dict[str, Action] = {
    "refused": unavailable,
    "broken": broken,
    "cut": reset,
    "answer lost": answer_lost,
    "done and refused": done_and_refused,
}


@dataclass
class From:
    """A fault that befalls a request, and those after it too if it lasts.

    :param number: of the request, from 1.
    """

    fault: Action
    number: int
    lasts: bool
    requests: int = 0

    @property
    def has_happened(self) -> bool:
        return self.requests >= self.number

    def __call__(self, exchange: Exchange) -> None:
        self.requests += 1
        is_hit = self.has_happened if self.lasts else self.requests == self.number
        (self.fault if is_hit else Exchange.pass_on)(exchange)


@pytest.fixture
def log(mailkit_connection: Callable[..., str]) -> Iterator[RawLog]:
    with RawLog(range(1, 60)) as running:
        running.last, running.ever = 59, set(running.ids)
        mailkit_connection(running.base_url, max_attempts=1)
        yield running


def export(lake: Lake) -> MailkitIncrementalExportOperator:
    return MailkitIncrementalExportOperator(task_id="export", **{**lake.job().arguments, **SMALL})


@pytest.mark.storage_servers
@pytest.mark.parametrize("lasts", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("fault", FAULTS)
def test_each_request_fails(
    remote_place: Place, log: RawLog, tally: Tally, quick_retries: None, fault: str, lasts: bool
) -> None:
    lake = Lake(remote_place, log, tally)
    failures = 0
    for kind in ("small", "create", "complete", "other"):
        number = 0
        is_reached = True
        while is_reached:
            number += 1
            rule = From(FAULTS[fault], number, lasts)
            lake.place.proxy.reset()
            lake.place.proxy.on(kind, rule)
            try:
                export(lake).execute({})
            # Whatever the store's library makes of it.
            except Exception:
                failures += 1
            is_reached = rule.has_happened
            lake.place.proxy.reset()
            lake.load()
            lake.grow(35)
    assert (failures > 0) or not lasts
    while not export(lake).execute({})["caught_up"]:
        pass
    lake.load()
    tally.compare(log.ever, lake.taken)
