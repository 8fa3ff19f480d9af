"""The example DAGs, on every version of Airflow."""

from __future__ import annotations

import inspect
import os
from typing import Any

try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:
    from airflow.models.dagbag import DagBag


def load_examples() -> Any:
    """Parse all files of the DAG folder."""
    options: dict[str, Any] = {}
    if "include_examples" in inspect.signature(DagBag.__init__).parameters:
        options["include_examples"] = False
    return DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"], **options)
