"""Two workers die with three exports of logs each, two runs go on at once, one is cleared: no row is lost,
and none is there twice.
"""

from __future__ import annotations

from collections import Counter

import pytest
from distributed.logs import LOGS, MOMENTS, Landed
from support.tally import Tally

pytestmark = pytest.mark.distributed


def test_every_id_is_in_exactly_one_file_that_is_done(landed: Landed, tally: Tally) -> None:
    tally.kill(sum(len(death.moments) for death in landed.deaths))
    for log in LOGS:
        assert len(landed.held[log]) > 3_000
        tally.compare(landed.held[log], Counter(id_ for ids in landed.files[log].values() for id_ in ids))


def test_nothing_else_remains(landed: Landed) -> None:
    assert landed.waste == []


def test_workers_died_at_every_moment(landed: Landed) -> None:
    assert {moment for death in landed.deaths for moment in death.moments.values()} == set(MOMENTS)


def test_what_was_lost_is_done_elsewhere(landed: Landed) -> None:
    # Airflow 2 counts that as another try or not, as it hears of the death from the queue or by itself.
    for death in landed.deaths:
        assert {ti["state"] for ti in death.after.values()} == {"success"}
        assert {ti["hostname"] for ti in death.after.values()} == {f"logs-{int(death.worker[-1]) + 1}"}


def test_of_two_runs_that_make_the_same_claim_one_is_told(landed: Landed) -> None:
    for log in LOGS:
        assert "publishes nothing more" in landed.lost_races[log]


def test_a_cleared_run_tells_what_it_has_exported_before(landed: Landed) -> None:
    before, after = landed.cleared
    for log in LOGS:
        files = before[log]["files"]
        assert files
        assert after[log]["files"][: len(files)] == files
