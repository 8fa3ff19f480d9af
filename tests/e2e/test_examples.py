"""Every example DAG, and the sensor in every mode, run to success by real Airflow processes."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from e2e import lab
from e2e.runs import (
    DEADLINE_FILE,
    DEFERRED,
    HAS_DEADLINES,
    HAS_PARTITIONS,
    OF_A_PARTITION,
    PARTITIONED,
    WITH_DEADLINE,
    Runs,
)
from support.airflow_processes import wait_until

pytestmark = pytest.mark.e2e

# The watched campaign and the partitions have tests of their own.
EXAMPLES = sorted(
    {path.stem for path in (Path(__file__).parents[2] / "dags_examples").glob("*.py")}
    - {"example_mailkit_campaign_event", PARTITIONED, OF_A_PARTITION}
)
#: Nobody is named who gets the page as an e-mail.
NOT_ASKED_FOR = {"example_mailkit_delivery_page": ("body", "mail")}


def rows_of(path: Any) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


@pytest.mark.parametrize("dag_id", [*EXAMPLES, "e2e_modes", "e2e_lineage"])
def test_it_runs_to_success(runs: Runs, dag_id: str) -> None:
    assert runs.ends[dag_id] == "success"
    states = runs.api.states(dag_id, runs.ids[dag_id])
    skipped = {(task, -1) for task in NOT_ASKED_FOR.get(dag_id, ())}
    assert {task for task, state in states.items() if state == "skipped"} == skipped
    assert {state for task, state in states.items() if task not in skipped} == {"success"}


@pytest.mark.parametrize("dag_id", DEFERRED)
def test_deferred_tasks_were_seen_deferred_and_went_on(runs: Runs, dag_id: str) -> None:
    assert runs.seen_deferred[dag_id] == DEFERRED[dag_id]
    states = runs.api.states(dag_id, runs.ids[dag_id])
    assert {states[task] for task in DEFERRED[dag_id]} == {"success"}
    assert "airflow_provider_mailkit.triggers.mailkit.MailkitRecipientsTrigger" in runs.database_then


@pytest.mark.parametrize("task_id", ["poke_json", "poke_xmlrpc", "reschedule_xmlrpc", "deferrable_xmlrpc"])
def test_every_mode_waits_and_returns_the_counts(runs: Runs, task_id: str) -> None:
    result = runs.xcom("e2e_modes", task_id)
    assert result["total"] == lab.RECIPIENTS
    assert result["status_counts"].keys() == {"failed", "sent"}
    log = runs.log("e2e_modes", task_id)
    assert "500 of 500 recipients waiting (100.0 %)" in log
    assert "cannot be called outside" not in log
    assert runs.api.task_instance("e2e_modes", runs.ids["e2e_modes"], task_id)["try_number"] == 1


def test_wait_and_export(runs: Runs) -> None:
    summary = runs.xcom("example_mailkit_wait_and_export", "export")
    path = runs.folder / "recipients_5001.parquet"
    assert summary["uri"] == path.as_uri()
    rows = rows_of(path)
    assert len(rows) == summary["rows"] == lab.RECIPIENTS
    assert summary["status_counts"] == dict(sorted(Counter(row["STATUS"] for row in rows).items()))
    assert runs.xcom("example_mailkit_wait_and_export", "wait")["status_counts"] == summary["status_counts"]


def test_mapped_export_to_object_storage(runs: Runs) -> None:
    import boto3

    key = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    client = boto3.client("s3", endpoint_url=runs.s3_url, region_name="us-east-1", **key)
    for index, id_send in enumerate([5002, 5003]):
        summary = runs.xcom("example_mailkit_mapped_export", "one_delivery.export", map_index=index)
        assert summary["uri"] == f"s3://{lab.BUCKET}/mailkit/recipients_{id_send}.parquet"
        head = client.head_object(Bucket=lab.BUCKET, Key=f"mailkit/recipients_{id_send}.parquet")
        assert head["ContentLength"] == summary["bytes"]
    assert not client.list_multipart_uploads(Bucket=lab.BUCKET).get("Uploads")
    client.close()


def test_small_report(runs: Runs) -> None:
    rows = runs.xcom("example_mailkit_small_report", "report")
    assert len(rows) == lab.RECIPIENTS
    assert "EMAIL" not in rows[0]
    assert runs.xcom("example_mailkit_small_report", "report", "summary")["rows"] == lab.RECIPIENTS
    assert set(runs.xcom("example_mailkit_small_report", "compare_versions")) == {"A", "B"}


def test_reexport_runs_by_its_schedule(runs: Runs) -> None:
    latest = [5000 + lab.DELIVERIES - 1, 5000 + lab.DELIVERIES]
    assert runs.xcom("example_mailkit_reexport", "recent_deliveries") == latest
    for index, id_send in enumerate(latest):
        summary = runs.xcom("example_mailkit_reexport", "export", map_index=index)
        assert summary["id_send"] == id_send
        rows = rows_of(runs.folder / f"recipients_{id_send}.parquet")
        assert {row["EXPORTED_AT"] for row in rows} == {datetime.fromisoformat(summary["exported_at"])}


def test_the_asset_brings_the_summary_to_the_dag_that_it_starts(runs: Runs) -> None:
    summary = runs.xcom("example_mailkit_wait_and_export", "export")
    events = [event for event in runs.api.asset_events() if event["extra"].get("id_send") == 5001]
    assert [event["extra"] for event in events] == [summary]
    (run,) = runs.api.runs("example_mailkit_asset")
    assert run["run_type"] in ("asset_triggered", "dataset_triggered")
    bounced = round(100 * summary["status_counts"]["failed"] / summary["rows"], 1)
    assert runs.xcom("example_mailkit_asset", "check_bounces") == {summary["uri"]: bounced}
    assert json.loads(json.dumps(summary)) == summary


def test_an_audience_goes_into_a_list(runs: Runs) -> None:
    summary = runs.xcom("example_mailkit_audience", "import")
    assert (summary["rows"], summary["rejected"], summary["acknowledged"]) == (151, 1, 150)
    assert summary["list_after"] == summary["list_before"] + 150
    assert summary["counts_reliable"] is True
    assert len((runs.folder / "rejected_41001.jsonl").read_text().splitlines()) == 1


def test_erasure_leaves_receipts(runs: Runs) -> None:
    assert runs.xcom("example_mailkit_erasure", "wipe")["outcomes"] == {"done": 1, "unknown": 1}
    receipts = (runs.folder / "erasures.jsonl").read_text()
    assert len(receipts.splitlines()) == 2
    assert "@" not in receipts


@pytest.mark.skipif(not HAS_PARTITIONS, reason="from Airflow 3.3 on, tasks can choose partitions")
def test_each_exported_delivery_starts_a_run_of_its_own(runs: Runs) -> None:
    exported = runs.xcom(PARTITIONED, "recent_deliveries")
    assert len(exported) > 1
    found = runs.api.runs(OF_A_PARTITION)
    assert sorted(run["partition_key"] for run in found) == sorted(map(str, exported))
    for run in found:
        checked = runs.api.xcom(OF_A_PARTITION, run["dag_run_id"], "check_bounces")
        assert checked["id_send"] == run["partition_key"]
    keys = {event["partition_key"] for event in runs.api.asset_events()}
    # No other export has told a partition.
    assert keys == {None, *map(str, exported)}


@pytest.mark.skipif(not HAS_DEADLINES, reason="DAGs have deadlines from Airflow 3.1 on")
def test_a_missed_deadline_is_told_and_does_not_end_the_wait(runs: Runs) -> None:
    """The recipe of the pages; its wait takes 20 seconds, and its deadline is one."""
    told = runs.folder / DEADLINE_FILE
    wait_until(told.is_file, 60, "what the deadline calls")
    assert told.read_text() == "Delivery 5001 still has recipients waiting."
    assert runs.ends[WITH_DEADLINE] == "success"
    assert runs.xcom(WITH_DEADLINE, "wait")["total"] == lab.RECIPIENTS


def test_a_log_is_landed_once_and_starts_a_dag_only_if_rows_came(runs: Runs) -> None:
    dag_id, task_id = "example_mailkit_logs", "export_responses"
    results = [runs.api.xcom(dag_id, run["dag_run_id"], task_id) for run in runs.api.runs(dag_id)]
    with_news = [result for result in results if result["rows"]]
    assert 0 < len(with_news) < len(results)
    uris = sorted(file["uri"] for result in with_news for file in result["files"])
    paths = sorted(runs.folder.glob("responses/part-*"))
    assert [path.name for path in paths] == [uri.rpartition("/")[2] for uri in uris]
    ids = [row["ID_LOG"] for path in paths for row in rows_of(path)]
    assert len(ids) == len(set(ids)) == sum(result["rows"] for result in with_news)
    events = [event["extra"] for event in runs.api.asset_events()]
    told = [extra for extra in events if extra.get("function") == "mailkit.report.raw.responses"]
    assert sorted(extra["next_id"] for extra in told) == sorted(result["next_id"] for result in with_news)
    for run in runs.api.runs("example_mailkit_new_logs"):
        assert run["run_type"] in ("asset_triggered", "dataset_triggered")
    assert set(runs.xcom("example_mailkit_new_logs", "new_files")) <= set(uris)
