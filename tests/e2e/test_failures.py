"""How a task ends when something goes wrong: at once, to be tried again, or skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from e2e.runs import Runs

pytestmark = pytest.mark.e2e

MODES = ("poke", "reschedule", "deferrable")
DAG_ID = "e2e_failures"
PERMANENT = [f"{fault}_{mode}" for fault in ("credentials", "id") for mode in MODES]
PERMANENT += ["export_credentials", "export_id", "late_id"]
NOT_SKIPPED = [*(f"soft_fail_id_{mode}" for mode in MODES), "late_id_soft_fail"]
TRANSIENT = [f"{fault}_{mode}" for fault in ("down", "busy") for mode in MODES]
TRANSIENT += ["export_down", "export_busy", "late_busy", "crashed_trigger"]


@pytest.mark.parametrize("task_id", [*PERMANENT, *NOT_SKIPPED])
def test_a_permanent_error_fails_at_once_although_retries_are_left(runs: Runs, task_id: str) -> None:
    ti = runs.api.task_instance(DAG_ID, runs.ids[DAG_ID], task_id)
    assert (ti["state"], ti["try_number"], ti["max_tries"]) == ("failed", 1, 2)
    log = runs.log(DAG_ID, task_id)
    assert ("Unauthorized" if "credentials" in task_id else "Invalid ID_send") in log


@pytest.mark.parametrize("task_id", TRANSIENT)
def test_a_passing_failure_is_tried_again(runs: Runs, task_id: str) -> None:
    ti = runs.api.task_instance(DAG_ID, runs.ids[DAG_ID], task_id)
    assert ti["state"] == "up_for_retry"


@pytest.mark.parametrize("mode", MODES)
def test_running_out_of_time_is_skipped_with_soft_fail(runs: Runs, mode: str) -> None:
    ti = runs.api.task_instance(DAG_ID, runs.ids[DAG_ID], f"soft_fail_time_{mode}")
    assert ti["state"] == "skipped"


def test_a_crashed_trigger_is_never_skipped(runs: Runs) -> None:
    ti = runs.api.task_instance(DAG_ID, runs.ids[DAG_ID], "crashed_trigger_soft_fail")
    assert ti["state"] == "failed"


def test_no_failure_leaves_a_file(runs: Runs) -> None:
    ti = runs.api.task_instance(DAG_ID, runs.ids[DAG_ID], "export_done")
    assert ti["state"] == "success"
    assert [path.name for path in (runs.folder / "failures").iterdir()] == ["done.csv"]
    # Nor does any export of another DAG leave a file that it has not finished.
    assert not [path for path in runs.folder.rglob("*") if path.suffix == ".part"]
