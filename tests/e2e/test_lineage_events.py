"""What OpenLineage is told, by Airflow's own provider, about an export."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from e2e import lab

from airflow_provider_mailkit.operators.mailkit import MailkitRecipientsOperator
from airflow_provider_mailkit.storage.lineage import dataset_name
from airflow_provider_mailkit.storage.target import Target

if TYPE_CHECKING:
    from e2e.runs import Runs

pytestmark = pytest.mark.e2e

AZURE_KEY = "a2V5"


COLUMNS = [
    ("ID_SEND", "int64"), ("ID_SEND_MESSAGE", "int64"), ("ID_EMAIL", "int64"), ("EMAIL", "string"),
    ("STATUS", "string"), ("AB_VERSION", "string"), ("DATE", "timestamp"), ("READ_COUNT", "int64"),
    ("CLICK_COUNT", "int64"), ("EXPORTED_AT", "timestamp"),
]  # fmt: skip


def complete(runs: Runs, task_id: str) -> dict[str, Any]:
    """Return the event with which a task was completed."""
    name = f"e2e_lineage.{task_id}"
    events = [event for event in runs.lineage() if event["job"]["name"] == name]
    assert "START" in [event["eventType"] for event in events]
    (event,) = [event for event in events if event["eventType"] == "COMPLETE"]
    return event


def named(dataset: dict[str, Any]) -> tuple[str, str]:
    return dataset["namespace"], dataset["name"]


def fields(dataset: dict[str, Any]) -> list[tuple[str, str]]:
    return [(field["name"], field["type"]) for field in dataset["facets"]["schema"]["fields"]]


@pytest.mark.parametrize("task_id", ["to_file", "to_s3", "to_xcom"])
def test_the_only_input_is_the_function_of_the_accounts_host(runs: Runs, task_id: str) -> None:
    (read,) = complete(runs, task_id)["inputs"]
    host = json.loads(runs.airflow.environment["AIRFLOW_CONN_MAILKIT_DEFAULT"])["host"].removeprefix(
        "http://"
    )
    assert named(read) == (f"mailkit://{host}", "mailkit.report.message.recipients")
    assert fields(read) == COLUMNS[:-1]


def test_a_local_file_is_the_only_output(runs: Runs) -> None:
    (written,) = complete(runs, "to_file")["outputs"]
    assert named(written) == ("file", f"{runs.folder}/lineage.csv")
    assert fields(written) == COLUMNS
    statistics = written["outputFacets"]["outputStatistics"]
    size = (runs.folder / "lineage.csv").stat().st_size
    assert (statistics["rowCount"], statistics["size"]) == (lab.RECIPIENTS, size)


def test_an_object_in_s3_is_the_only_output_beside_a_declared_outlet(runs: Runs) -> None:
    (written,) = complete(runs, "to_s3")["outputs"]
    assert named(written) == (f"s3://{lab.BUCKET}", "lineage/5008.jsonl")
    summary = runs.xcom("e2e_lineage", "to_s3")
    statistics = written["outputFacets"]["outputStatistics"]
    assert (statistics["rowCount"], statistics["size"]) == (summary["rows"], summary["bytes"])


def test_rows_in_xcom_are_not_an_output(runs: Runs) -> None:
    assert complete(runs, "to_xcom")["outputs"] == []


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
    operator._lineage.has_written(dataset_name(Target(uri, "rows.csv", "a/rows.csv", fs())))
    run = SimpleNamespace(run_id="run")
    lineage = ExtractorManager().extract_metadata(
        run, operator, TaskInstanceState.SUCCESS, SimpleNamespace(task=operator)
    )
    assert [(output.namespace, output.name) for output in lineage.outputs] == ([expected] if expected else [])
