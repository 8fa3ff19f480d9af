"""What OpenLineage is told, by Airflow's own provider, about an export."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import lab
import pytest

from airflow_provider_mailkit.operators.mailkit import MailkitRecipientsOperator
from airflow_provider_mailkit.storage.lineage import dataset_name
from airflow_provider_mailkit.storage.target import Target

if TYPE_CHECKING:
    from runs import Runs

pytestmark = pytest.mark.e2e

AZURE_KEY = "a2V5"


def outputs_of(runs: Runs, task_id: str) -> list[list[tuple[str, str]]]:
    """Return the outputs of each event with which a task was completed."""
    name = f"e2e_lineage.{task_id}"
    events = [event for event in runs.lineage() if event["job"]["name"] == name]
    assert "START" in [event["eventType"] for event in events]
    complete = [event for event in events if event["eventType"] == "COMPLETE"]
    return [[(output["namespace"], output["name"]) for output in event["outputs"]] for event in complete]


def test_a_local_file_is_the_only_output(runs: Runs) -> None:
    assert outputs_of(runs, "to_file") == [[("file", f"{runs.folder}/lineage.csv")]]


def test_an_object_in_s3_is_the_only_output_beside_a_declared_outlet(runs: Runs) -> None:
    assert outputs_of(runs, "to_s3") == [[(f"s3://{lab.BUCKET}", "lineage/5008.jsonl")]]


def test_the_declared_outlet_gets_the_summary(runs: Runs) -> None:
    summary = runs.xcom("e2e_lineage", "to_s3")
    (event,) = [event for event in runs.api.asset_events() if event["source_task_id"] == "to_s3"]
    assert event.get("uri", event.get("dataset_uri")) == summary["uri"]
    assert event["extra"] == summary
    # The connection of the storage is nobody's business.
    assert "aws_default" not in str([summary, event, runs.lineage()])


def azure(**account: str) -> Any:
    from adlfs import AzureBlobFileSystem

    return AzureBlobFileSystem(skip_instance_cache=True, **account)


@pytest.mark.parametrize(
    ("uri", "fs", "expected"),
    [
        ("s3://bucket/a/rows.csv", object, ("s3://bucket", "a/rows.csv")),
        ("s3a://bucket/a/rows.csv", object, ("s3://bucket", "a/rows.csv")),
        ("gs://bucket/a/rows.csv", object, ("gs://bucket", "a/rows.csv")),
        ("gcs://bucket/a/rows.csv", object, ("gs://bucket", "a/rows.csv")),
        (
            "abfs://box/a/rows.csv",
            lambda: azure(account_name="acme", account_key=AZURE_KEY),
            ("abfss://box@acme.dfs.core.windows.net", "a/rows.csv"),
        ),
        (
            "abfss://box/a/rows.csv",
            lambda: azure(
                connection_string=f"DefaultEndpointsProtocol=https;AccountName=acme;AccountKey={AZURE_KEY}"
            ),
            ("abfss://box@acme.dfs.core.windows.net", "a/rows.csv"),
        ),
        ("memory://a/rows.csv", object, None),
    ],
)
def test_the_extractor_of_airflow_finds_the_documented_name(uri, fs, expected) -> None:
    from airflow.providers.openlineage.extractors.manager import ExtractorManager
    from airflow.utils.state import TaskInstanceState

    operator = MailkitRecipientsOperator(task_id="export", id_send=1, output_path=uri)
    operator._published = dataset_name(Target(uri, "rows.csv", "a/rows.csv", fs()))
    run = SimpleNamespace(run_id="run")
    lineage = ExtractorManager().extract_metadata(
        run, operator, TaskInstanceState.SUCCESS, SimpleNamespace(task=operator)
    )
    assert [(output.namespace, output.name) for output in lineage.outputs] == ([expected] if expected else [])
