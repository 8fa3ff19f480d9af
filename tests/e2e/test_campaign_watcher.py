"""The watcher of a campaign in a real triggerer: events, the runs that they start, and restarts.

``pytest -m e2e tests/e2e/test_campaign_watcher.py``
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from support.airflow_processes import IS_AIRFLOW_2, VERSION, AirflowProcesses, wait_until
from support.campaign import Campaign, serve
from support.reports import CLIENT_ID, CLIENT_MD5, encode
from support.server import plain

from airflow_provider_mailkit._compat import CONFIRMS_EVENTS

pytestmark = [
    pytest.mark.long,
    pytest.mark.e2e,
    pytest.mark.skipif(IS_AIRFLOW_2, reason="assets have watchers from Airflow 3 on"),
]
HAS_STATE_STORE = tuple(map(int, VERSION.split(".")[:2])) >= (3, 3)
EXAMPLE = Path(__file__).parents[2] / "dags_examples" / "example_mailkit_campaign_event.py"
DAG_ID = EXAMPLE.stem
PAUSE_S = 5
SETTINGS = f"""
from airflow_provider_mailkit.triggers import tolerance

tolerance.PAUSE_BEFORE_END_S = {PAUSE_S}
"""


class Watched(NamedTuple):
    """A running Airflow with the example, and the campaign that it watches."""

    airflow: AirflowProcesses
    campaign: Campaign
    folder: Path

    def fired(self) -> list[int]:
        """Return the IDs in the events of the asset, in their order."""
        events = sorted(self.airflow.api.asset_events(), key=lambda event: event["id"])
        return [event["extra"]["payload"]["id_send"] for event in events]

    def events_of_run(self, run_id: str) -> list[dict[str, Any]]:
        """Return the events that a run was started for."""
        path = f"/dags/{DAG_ID}/dagRuns/{run_id}/upstreamAssetEvents"
        answer = self.airflow.api.when_begun(lambda: self.airflow.api.call("GET", path))
        events: list[dict[str, Any]] = answer.json()["asset_events"]
        return events

    def wait_for_runs(self) -> None:
        """Wait until all runs have ended well, and each delivery was among the events of one of them."""

        def done() -> bool:
            runs = self.airflow.api.runs(DAG_ID)
            states = {run["state"] for run in runs}
            assert "failed" not in states
            events = [event for run in runs for event in self.events_of_run(run["dag_run_id"])]
            seen = {event["extra"]["payload"]["id_send"] for event in events}
            return states == {"success"} and seen == set(self.fired())

        wait_until(done, 120, lambda: f"successful runs for {self.fired()}: {self.airflow.api.runs(DAG_ID)}")

    def wait_for_looks(self, looks: int) -> None:
        """Wait until the watcher has looked so often more, and has begun once more."""
        goal = self.campaign.asked.count("campaign") + looks + 1
        triggerer = self.airflow.processes["triggerer"]
        wait_until(lambda: self.campaign.asked.count("campaign") >= goal, 120, lambda: triggerer.tail())


@pytest.fixture(params=["json", "xmlrpc"])
def watched(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Watched]:
    dags, folder = tmp_path / "dags", tmp_path / "out"
    dags.mkdir()
    text = EXAMPLE.read_text()
    faster = text.replace("(id_message=ID_MESSAGE)", "(id_message=ID_MESSAGE, poke_interval=2)")
    faster = faster.replace("file:///tmp/mailkit", folder.as_uri())
    assert faster.count("poke_interval=2") == faster.count(folder.as_uri()) == 1
    (dags / EXAMPLE.name).write_text(faster)
    campaign = Campaign(request.param, {5001: [["sent", "failed"]], 5002: [["sent", "wait"]]})
    with serve(campaign) as server:
        connection = {
            "conn_type": "mailkit",
            "login": CLIENT_ID,
            "password": CLIENT_MD5,
            "host": server.base_url,
            "extra": {"protocol": request.param},
        }
        # How long a triggerer may be silent before another one takes its triggers.
        quick = {"AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "12"}
        with AirflowProcesses(
            tmp_path / "home",
            dags_folder=dags,
            connections={"mailkit_default": connection},
            environment=quick,
            local_settings=SETTINGS,
        ) as airflow:
            yield Watched(airflow, campaign, folder)


def test_each_delivery_starts_one_export_across_restarts_of_the_triggerer(watched: Watched) -> None:
    airflow, campaign = watched.airflow, watched.campaign
    airflow.api.unpause(DAG_ID)
    wait_until(watched.fired, 120, lambda: airflow.processes["triggerer"].tail())
    # Right after the event, as when the machine is gone.
    airflow.processes["triggerer"].kill()
    airflow.processes["triggerer"].popen.wait(10)
    airflow.start("triggerer")
    watched.wait_for_looks(2)
    watched.wait_for_runs()
    fired = watched.fired()
    if CONFIRMS_EVENTS:
        # Airflow had the event, and the watcher need not have heard of it: twice is better than never.
        assert fired in ([5001], [5001, 5001])
    else:
        assert fired == ([5001] if HAS_STATE_STORE else [5001, 5001])
    assert (watched.folder / "recipients_5001.parquet").is_file()
    assert not (watched.folder / "recipients_5002.parquet").exists()

    campaign.deliveries[5002] = [["sent", "sent"]]
    wait_until(lambda: 5002 in watched.fired(), 60, lambda: airflow.processes["triggerer"].tail())
    if CONFIRMS_EVENTS:
        # By then it has, and has stored it.
        watched.wait_for_looks(4)
    airflow.processes["triggerer"].stop()
    airflow.start("triggerer")
    watched.wait_for_looks(2)
    watched.wait_for_runs()
    later = [5002] if HAS_STATE_STORE else [5001, 5002, 5002]
    assert sorted(watched.fired()) == sorted(fired + later)
    assert (watched.folder / "recipients_5002.parquet").is_file()
    events = airflow.api.asset_events()
    keys = {event["extra"]["payload"]["dedupe_key"] for event in events}
    assert keys == {"mailkit_default/5001", "mailkit_default/5002"}
    assert "@" not in str(events)
    log = airflow.processes["triggerer"].log.read_text()
    assert "Campaign 3001: 2 deliveries from " in log
    assert "@example" not in log
    assert CLIENT_MD5 not in log


def test_an_error_that_ends_the_watcher_pauses_it_and_the_triggerer_starts_it_anew(watched: Watched) -> None:
    refused = "Unauthorized"
    if watched.campaign.protocol == "json":
        refused = {"error_status": 1, "error": refused}
    watched.campaign.instead = [plain(encode(watched.campaign.protocol, refused))] * 2
    watched.airflow.api.unpause(DAG_ID)
    begun = time.monotonic()
    wait_until(watched.fired, 120, lambda: watched.airflow.processes["triggerer"].tail())
    # Two pauses, and no call in between.
    assert time.monotonic() - begun > 2 * PAUSE_S
    assert watched.campaign.asked[:4] == ["campaign", "campaign", "campaign", "5001"]
    log = watched.airflow.processes["triggerer"].log.read_text()
    assert log.count(f"The watcher starts again in {PAUSE_S} s.") == 2
    assert log.count("exited with error") >= 2
    watched.wait_for_runs()
