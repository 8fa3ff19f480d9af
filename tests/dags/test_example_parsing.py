from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

ROOT = Path(__file__).parent.parent.parent
FILES = sorted(path.name for path in (ROOT / "dags_examples").glob("*.py"))
# What Airflow does not have yet: there, these files parse and have no DAG.
SINCE = {
    "example_mailkit_campaign_event.py": Version("3.0"),
    "example_mailkit_partition_check.py": Version("3.3"),
    "example_mailkit_partitioned_export.py": Version("3.3"),
}
AIRFLOW = Version(version("apache-airflow"))
WITH_DAGS = [file for file in FILES if SINCE.get(file, AIRFLOW) <= AIRFLOW]


@pytest.fixture(scope="module")
def found(run_script) -> dict[str, Any]:
    """What parsing without connections, variables and network has found."""
    answer, _ = run_script("parse_examples.py")
    return answer


def test_every_file_parses_without_looking_anything_up(found):
    assert found["errors"] == {}
    assert sorted({dag["file"] for dag in found["dags"].values()}) == WITH_DAGS
    assert len(FILES) == 16


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
    known.add("mail_to")
    known.add("max_bounced_percent")
    assert set(dag["params"]) <= known
