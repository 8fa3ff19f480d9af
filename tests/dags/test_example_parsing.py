from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
FILES = sorted(path.name for path in (ROOT / "dags_examples").glob("*.py"))
# The assets of Airflow 2 have no watchers: there, the file about them parses and has no DAG.
if version("apache-airflow").startswith("2."):
    WITH_DAGS = [file for file in FILES if file != "example_mailkit_campaign_event.py"]
else:
    WITH_DAGS = FILES


@pytest.fixture(scope="module")
def found(run_script) -> dict[str, Any]:
    """What parsing without connections, variables and network has found."""
    answer, _ = run_script("parse_examples.py")
    return answer


def test_every_file_parses_without_looking_anything_up(found):
    assert found["errors"] == {}
    assert sorted(dag["file"] for dag in found["dags"].values()) == WITH_DAGS
    assert len(FILES) == 10


@pytest.mark.parametrize("file", WITH_DAGS)
def test_every_dag_tells_what_it_is(found, file):
    dag = found["dags"][file.removesuffix(".py")]
    assert dag["file"] == file
    assert dag["tags"] == ["mailkit"]
    assert dag["catchup"] is False
    assert min(dag["retries"]) > 0
    assert re.match(r"\n### .+\n\n", dag["doc"])
    assert "**Set up:**" in dag["doc"]
    assert "**Run:**" in dag["doc"]


@pytest.mark.parametrize("file", WITH_DAGS)
def test_every_param_is_explained(found, file):
    dag = found["dags"][file.removesuffix(".py")]
    assert dag["params"]
    known = {"id_send", "id_sends", "id_message", "id_user_list", "days", "since", "source", "output_folder"}
    known.add("max_bounced_percent")
    assert set(dag["params"]) <= known
