"""What runs after a file is published may fail, but not the task."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from storage.support import OLD, raise_
from support.reports import encode, recipients
from support.server import FaultServer, plain

from airflow_provider_mailkit._compat import Asset, get_hook_lineage_collector
from airflow_provider_mailkit.operators.mailkit import MailkitRecipientsOperator

try:
    from airflow.sdk.lineage import HookLineageCollector
except ImportError:
    from airflow.lineage.hook import HookLineageCollector

COLLECTOR = "airflow_provider_mailkit._compat.get_hook_lineage_collector"
Mailkit = Callable[..., FaultServer]
Warnings = Callable[[], list[str]]


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> Warnings:
    lines: list[str] = []
    log = SimpleNamespace(info=lambda *_: None, warning=lambda text, *values: lines.append(text % values))
    monkeypatch.setattr(MailkitRecipientsOperator, "log", log)
    monkeypatch.setattr("airflow_provider_mailkit.operators.outlets.log", log)
    return lambda: lines


@pytest.fixture
def operator(mailkit: Mailkit, tmp_path: Path) -> Callable[..., MailkitRecipientsOperator]:
    def make(name: str = "a.csv", **arguments: Any) -> MailkitRecipientsOperator:
        mailkit(plain(encode("json", recipients(7))))
        return MailkitRecipientsOperator(
            task_id="export", id_send=5001, output_path=f"{tmp_path}/{name}", **arguments
        )

    return make


Make = Callable[..., MailkitRecipientsOperator]


@pytest.mark.parametrize("when", ["found", "told"])
@pytest.mark.parametrize(
    "error", [ValueError("not ASCII"), RuntimeError("plugin of anna@example.com"), KeyError()]
)
def test_lineage(
    operator: Make, tmp_path: Path, warnings: Warnings, when: str, error: Exception,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    collector = SimpleNamespace(add_output_asset=lambda **_: raise_(error))
    monkeypatch.setattr(COLLECTOR, lambda: raise_(error) if when == "found" else collector)
    summary = operator().execute({"ti": None})
    assert (summary["rows"], os.listdir(tmp_path)) == (7, ["a.csv"])
    (warning,) = warnings()
    assert warning.startswith("Lineage lacks the file; the task itself is not affected. ")
    assert type(error).__name__ in warning
    assert "anna" not in warning


@pytest.mark.parametrize("name", ["žluťoučký kůň.csv", "/".join(["x" * 250] * 7) + "/a.csv", "%41 #?.csv"])
def test_names_that_no_asset_may_have_on_some_airflow(
    operator: Make, tmp_path: Path, name: str, warnings: Warnings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without a plugin that reads lineage, Airflow has a collector that ignores everything.
    monkeypatch.setattr(f"{HookLineageCollector.__module__}.get_hook_lineage_collector", HookLineageCollector)
    collector = get_hook_lineage_collector()
    monkeypatch.setattr(COLLECTOR, lambda: collector)
    summary = operator(name).execute({"ti": None})
    assert (summary["uri"], summary["rows"]) == (f"file://{tmp_path}/{name}", 7)
    assert (tmp_path / name).is_file()
    # One of them, and which one is Airflow's choice.
    assert len(collector.collected_assets.outputs) + len(warnings()) == 1


def test_plugins_are_loaded_before_the_file_is_published(
    operator: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That takes up to a second, in which a time-out would fail the task whose file is there."""
    (tmp_path / "a.csv").write_bytes(OLD)
    seen: list[bool] = []
    told: list[str] = []
    collector = SimpleNamespace(add_output_asset=lambda context, uri: told.append(uri))

    def get() -> SimpleNamespace:
        seen.append((tmp_path / "a.csv").read_bytes() == OLD)
        return collector

    monkeypatch.setattr(COLLECTOR, get)
    operator().execute({"ti": None})
    assert seen == [True]
    assert told == [f"file://{tmp_path}/a.csv"]


def test_events_of_outlets(operator: Make, tmp_path: Path, warnings: Warnings) -> None:
    class Events:
        def __getitem__(self, asset: object) -> object:
            raise KeyError("of anna@example.com")

    outlets = [Asset(f"file://{tmp_path}/a.csv")]
    summary = operator(outlets=outlets).execute({"ti": None, "outlet_events": Events()})
    assert summary["rows"] == 7
    (warning,) = warnings()
    assert "gets no summary: KeyError: " in warning
    assert "anna" not in warning


def test_a_name_for_lineage(
    operator: Make, warnings: Warnings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = operator()
    export.execute({"ti": None})
    assert [output.name for output in export._lineage._outputs] == [("file", f"{tmp_path}/a.csv")]
    name = "airflow_provider_mailkit.storage.lineage.dataset_name"
    monkeypatch.setattr(name, lambda _: raise_(AttributeError("no account_name")))
    export = operator()
    assert export.execute({"ti": None})["rows"] == 7
    assert export._lineage._outputs == []
    (warning,) = warnings()
    assert warning.startswith("Lineage lacks the file; ")
