"""Airflow's own events of outlets, on every version."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from airflow_provider_mailkit._compat import IS_AIRFLOW_2

_PLACE = "airflow.utils.context" if IS_AIRFLOW_2 else "airflow.sdk.execution_time.context"
OutletEventAccessors: Any = import_module(_PLACE).OutletEventAccessors


def alias_events(accessor: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return the assets of an alias's events, with what each says."""
    if IS_AIRFLOW_2:
        return [(event["dest_dataset_uri"], event["extra"]) for event in accessor.dataset_alias_events]
    return [(event.dest_asset_key.uri, event.extra) for event in accessor.asset_alias_events]
