"""No credential and no address is in any log, at the level DEBUG, nor in Airflow's database."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from e2e import lab

if TYPE_CHECKING:
    from e2e.runs import Runs

pytestmark = pytest.mark.e2e

# Airflow's own documentation has airflow@example.com.
ADDRESS = re.compile(r"(?!airflow@)\b[\w.+-]+(?:@|%40|\\u0040)example\.(?:com|org|cz)")


def assert_discreet(text: str, where: str) -> None:
    for secret in lab.SECRETS:
        at = text.find(secret)
        assert at < 0, f"{where}: ...{text[max(0, at - 300) : at + 100]}..."
    found = ADDRESS.search(text)
    assert not found, f"{where}: ...{text[max(0, found.start() - 300) : found.end() + 100]}..."


def test_logs(runs: Runs) -> None:
    home = runs.airflow.home
    files = [*(home / "logs").rglob("*.log*"), *(home / "process-logs").iterdir()]
    texts = {str(path): path.read_text(errors="replace") for path in files if path.is_file()}
    for path, text in texts.items():
        assert_discreet(text, path)
    # What was searched is what it was meant to be.
    whole = "\n".join(texts.values())
    assert re.search(r'"level": ?"debug"|\[debug|\bDEBUG\b', whole)
    assert "recipients waiting" in whole
    assert len(texts) > 40


def test_database(runs: Runs) -> None:
    for text in (runs.database_then, runs.database_now):
        assert_discreet(text, "database")
        assert '"id_send"' in text
    # The arguments of a trigger, which Airflow keeps encrypted.
    assert "waiting_statuses" in runs.database_then
    for table in ("xcom", "rendered_task_instance_fields", "task_instance"):
        assert f"\n{table}." in runs.database_now


def test_the_exported_file_has_what_the_others_must_not_have(runs: Runs) -> None:
    assert ADDRESS.search((runs.folder / "lineage.csv").read_text())


def test_lineage(runs: Runs) -> None:
    assert_discreet(runs.events_file.read_text(), "lineage")
