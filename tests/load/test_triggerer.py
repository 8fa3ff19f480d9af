"""A real triggerer carries a thousand waits; one that is killed loses none of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from load.deployment import Deployment, Wait
from load.mailkit_server import BLOCK, failed_in
from support.airflow_processes import wait_until
from support.lag import percentile

pytestmark = pytest.mark.load

MB = 2**20
LIMIT = 8
LOOKS = 11


def expected(wait: Wait) -> list[Any]:
    """Return what must have happened to a wait: its state, and the one event."""
    failed = failed_in(wait.id_send) * wait.recipients // BLOCK
    counts = {"failed": failed, "sent": wait.recipients - failed}
    result = {"id_send": wait.id_send, "total": wait.recipients, "status_counts": counts}
    return ["scheduled", {"status": "success", "result": result}]


def check_all_have_ended(deployment: Deployment) -> None:
    outcome = deployment.outcome()
    assert outcome["waits"] == {str(i): expected(wait) for i, wait in enumerate(deployment.waits)}
    assert outcome["triggers"] == 1, "only the probe is left"


@pytest.mark.long
def test_one_triggerer_carries_a_thousand_waits(tmp_path: Path, figures: Any) -> None:
    small = [Wait(10_000 + number, 1000, polls_waiting=2 + number % 4) for number in range(1000)]
    large = [Wait(90_000 + number, 1_000_000, polls_waiting=1) for number in range(20)]
    with Deployment(tmp_path / "airflow", large + small) as deployment:
        deployment.start_triggerer("triggerer")
        wait_until(lambda: deployment.deferred() == 0, 1500, "the end of all waits")
        # No event comes twice, and none after the end: the triggerer syncs its state every second.
        wait_until(lambda: set(deployment.events_fired()) == {1}, 30, "one event a wait")
        book, samples = deployment.book(), deployment.samples()
        check_all_have_ended(deployment)
    polls = {int(id_send): times for id_send, times in book["polls"].items()}
    assert {wait.id_send: len(polls[wait.id_send]) for wait in deployment.waits} == {
        wait.id_send: wait.polls_waiting + 1 for wait in deployment.waits
    }
    assert book["peak"] <= LIMIT

    busiest = max(Counter(int(time) for times in polls.values() for time in times).values())
    check_triggerer(
        polls,
        samples,
        f"{len(deployment.waits)} waits carried by one triggerer, {sum(map(len, polls.values()))} polls, at "
        f"most {book['peak']} at a time, {busiest} in the busiest second",
        figures,
    )
    check_first_polls_are_spread([polls[wait.id_send] for wait in small])


@pytest.mark.long
def test_a_thousand_waits_with_totals_cost_a_triggerer_little(tmp_path: Path, figures: Any) -> None:
    """They begin together, and read a report each at the beginning and at the end."""
    waits = [Wait(10_000 + number, 20_000, looks=LOOKS) for number in range(1000)]
    with Deployment(tmp_path / "airflow", waits) as deployment:
        deployment.start_triggerer("triggerer")
        wait_until(lambda: deployment.deferred() == 0, 1500, "the end of all waits")
        wait_until(lambda: set(deployment.events_fired()) == {1}, 30, "one event a wait")
        book, samples = deployment.book(), deployment.samples()
        check_all_have_ended(deployment)
    polls = {int(id_send): times for id_send, times in book["polls"].items()}
    assert book["peak"] <= LIMIT
    assert {len(times) for times in polls.values()} == {2}
    # The first report is one of the looks that find somebody waiting; then come totals that find nobody.
    assert book["totals_asked"] == LOOKS * len(waits)
    check_triggerer(
        polls,
        samples,
        f"{len(waits)} waits with totals in one triggerer: 2 reports and {LOOKS} totals each",
        figures,
    )
    check_first_polls_are_spread(polls.values())


def check_triggerer(
    polls: dict[int, list[float]], samples: list[dict[str, Any]], what: str, figures: Any
) -> None:
    """See that the loop stayed free and memory and sockets were few, and tell the figures."""
    began, ended = min(map(min, polls.values())), max(map(max, polls.values()))
    before = [sample for sample in samples if sample["time"] < began] or samples[:1]
    during = [sample for sample in samples if began <= sample["time"] <= ended + 1]
    lags = [lag for sample in during for lag in sample["lags"]]
    own, total = ([lag[which] for lag in lags] for which in (1, 0))
    growth = max(sample["rss"] for sample in during) - before[-1]["rss"]
    files = max(sample["files"] for sample in during) - before[-1]["files"]
    figures(
        f"{what}, in {ended - began:.0f} s; lag "
        f"p99 {1000 * percentile(own, 99):.0f} ms, largest {1000 * max(own):.0f} ms (p99 with waiting for "
        f"a processor {1000 * percentile(total, 99):.0f} ms); memory {before[-1]['rss'] / MB:.0f} MB "
        f"+ {growth / MB:.1f} MB; {during[-1]['cpu_s'] - before[-1]['cpu_s']:.0f} s of processor time"
    )
    assert percentile(own, 99) < 0.1
    assert growth < 64 * MB
    assert files <= LIMIT + 2, "waits that do not poll hold sockets"


def check_first_polls_are_spread(polls: Collection[list[float]]) -> None:
    """Waits that were deferred within a second, with ten seconds between polls, begin over nine of them."""
    firsts = Counter(int(min(times)) for times in polls)
    assert max(firsts.values()) < 0.4 * len(polls)


def test_the_waits_of_a_killed_triggerer_end_once_on_another(tmp_path: Path, figures: Any) -> None:
    waits = [Wait(10_000 + number, 1000, 1 + number % 8, poke_interval=2) for number in range(200)]
    with Deployment(tmp_path / "airflow", waits) as deployment:
        first = deployment.start_triggerer("first")
        wait_until(lambda: 0 < deployment.deferred() < 150, 600, "the end of some waits")
        first.kill()
        left = deployment.deferred()
        fired_by_first = sum(deployment.events_fired())
        deployment.start_triggerer("second")
        wait_until(lambda: deployment.deferred() == 0, 600, "the end of all waits")
        wait_until(
            lambda: sum(deployment.events_fired()) == fired_by_first + left,
            30,
            "one event a wait that was left",
        )
        check_all_have_ended(deployment)
        book = deployment.book()
    assert book["peak"] <= LIMIT
    figures(
        f"{len(waits)} waits, triggerer killed with {left} of them left: all have ended once; "
        f"{fired_by_first - (len(waits) - left)} events were lost with it and fired again"
    )
    assert left > 0
