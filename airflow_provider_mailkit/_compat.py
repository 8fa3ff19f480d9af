"""Airflow's names on each version. Nothing else in this package knows which version it runs on.

Airflow's provider common-compat has a similar table, but not in a release that works with Airflow 3.0. From
that provider we use only what all releases since 1.6 have.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from airflow import __version__

if TYPE_CHECKING:
    from airflow.providers.common.compat.lineage.hook import (
        get_hook_lineage_collector as get_hook_lineage_collector,
    )
    from airflow.providers.common.compat.openlineage.facet import (
        InputDataset as InputDataset,
        OutputDataset as OutputDataset,
        OutputStatisticsOutputDatasetFacet as OutputStatisticsOutputDatasetFacet,
        SchemaDatasetFacet as SchemaDatasetFacet,
        SchemaDatasetFacetFields as SchemaDatasetFacetFields,
    )
    from airflow.providers.openlineage.extractors import OperatorLineage as OperatorLineage
    from airflow.sdk import (
        Asset as Asset,
        AssetAlias as AssetAlias,
        BaseHook as BaseHook,
        BaseOperator as BaseOperator,
        BaseOperatorLink as BaseOperatorLink,
        BaseSensorOperator as BaseSensorOperator,
        Connection as Connection,
        Context as Context,
        ObjectStoragePath as ObjectStoragePath,
        PokeReturnValue as PokeReturnValue,
    )
    from airflow.sdk.configuration import conf as conf
    from airflow.sdk.definitions.asset import AssetRef as AssetRef
    from airflow.sdk.exceptions import (
        AirflowException as AirflowException,
        AirflowFailException as AirflowFailException,
        AirflowNotFoundException as AirflowNotFoundException,
        AirflowRescheduleException as AirflowRescheduleException,
        AirflowSensorTimeout as AirflowSensorTimeout,
        AirflowSkipException as AirflowSkipException,
        AirflowTaskTimeout as AirflowTaskTimeout,
    )
    from airflow.sdk.execution_time.xcom import XCom as XCom
    from airflow.sdk.log import mask_secret as mask_secret
    from airflow.sdk.observability.stats import Stats as Stats
    from airflow.triggers.base import (
        BaseEventTrigger as BaseEventTrigger,
        BaseTrigger as BaseTrigger,
        TriggerEvent as TriggerEvent,
    )
    from airflow.triggers.shared_stream import SharedStreamProducer as SharedStreamProducer

    #: Whether Airflow confirms the events of a shared stream: from Airflow 3.3.2 on.
    CONFIRMS_EVENTS: bool

#: The running Airflow, as in ``(3, 3)``.
AIRFLOW_VERSION = tuple(int(part) for part in __version__.split(".")[:2])
IS_AIRFLOW_2 = AIRFLOW_VERSION < (3, 0)
#: Whether assets have watchers, which event triggers are for.
HAS_ASSET_WATCHERS = not IS_AIRFLOW_2
#: Whether Airflow asks an ended task for the URLs of its buttons. Otherwise they are in XCom.
TASKS_KNOW_THEIR_LINKS = not IS_AIRFLOW_2

_EXCEPTIONS = "airflow.sdk.exceptions" if AIRFLOW_VERSION >= (3, 2) else "airflow.exceptions"
_FACETS = "airflow.providers.common.compat.openlineage.facet"
_PLACES = {
    "AirflowException": _EXCEPTIONS,
    "AirflowFailException": _EXCEPTIONS,
    "AirflowNotFoundException": _EXCEPTIONS,
    "AirflowRescheduleException": _EXCEPTIONS,
    "AirflowSensorTimeout": _EXCEPTIONS,
    "AirflowSkipException": _EXCEPTIONS,
    "AirflowTaskTimeout": _EXCEPTIONS,
    "Asset": "airflow.datasets:Dataset" if IS_AIRFLOW_2 else "airflow.sdk",
    "AssetAlias": "airflow.datasets:DatasetAlias" if IS_AIRFLOW_2 else "airflow.sdk",
    # Airflow 2 has no references.
    "AssetRef": "airflow.datasets:Dataset" if IS_AIRFLOW_2 else "airflow.sdk.definitions.asset",
    "BaseEventTrigger": f"airflow.triggers.base:{'BaseTrigger' if IS_AIRFLOW_2 else 'BaseEventTrigger'}",
    "BaseHook": "airflow.sdk" if AIRFLOW_VERSION >= (3, 1) else "airflow.hooks.base",
    "BaseOperator": "airflow.models.baseoperator" if IS_AIRFLOW_2 else "airflow.sdk",
    "BaseOperatorLink": "airflow.models.baseoperatorlink" if IS_AIRFLOW_2 else "airflow.sdk",
    "BaseSensorOperator": "airflow.sensors.base" if IS_AIRFLOW_2 else "airflow.sdk",
    "BaseTrigger": "airflow.triggers.base",
    "Connection": "airflow.models.connection" if IS_AIRFLOW_2 else "airflow.sdk",
    "Context": "airflow.utils.context" if IS_AIRFLOW_2 else "airflow.sdk",
    "InputDataset": _FACETS,
    "ObjectStoragePath": "airflow.io.path" if IS_AIRFLOW_2 else "airflow.sdk",
    "OperatorLineage": "airflow.providers.openlineage.extractors",
    "OutputDataset": _FACETS,
    "OutputStatisticsOutputDatasetFacet": _FACETS,
    "PokeReturnValue": "airflow.sensors.base" if IS_AIRFLOW_2 else "airflow.sdk",
    "SchemaDatasetFacet": _FACETS,
    "SchemaDatasetFacetFields": _FACETS,
    "SharedStreamProducer": "airflow.triggers.shared_stream",
    # The metrics for tasks and triggers. Airflow 3.2 has other ones for its own processes.
    "Stats": "airflow.sdk.observability.stats" if AIRFLOW_VERSION >= (3, 2) else "airflow.stats",
    "TriggerEvent": "airflow.triggers.base",
    "XCom": f"airflow.{'models' if IS_AIRFLOW_2 else 'sdk.execution_time'}.xcom",
    "conf": "airflow.sdk.configuration" if AIRFLOW_VERSION >= (3, 2) else "airflow.configuration",
    "get_hook_lineage_collector": "airflow.providers.common.compat.lineage.hook",
    "mask_secret": (
        "airflow.sdk.log"
        if AIRFLOW_VERSION >= (3, 1)
        else f"airflow.{'utils.log' if IS_AIRFLOW_2 else 'sdk.execution_time'}.secrets_masker"
    ),
}


def _load(name: str) -> Any:
    module, _, other_name = _PLACES[name].partition(":")
    return getattr(import_module(module), other_name or name)


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        # Imported on first use, since some of these take longer to import than a whole DAG file.
        if name == "CONFIRMS_EVENTS":
            return hasattr(_load("BaseEventTrigger"), "create_shared_stream_producer")
        if name == "SharedStreamProducer" and not __getattr__("CONFIRMS_EVENTS"):
            # Nothing creates one there, but the module with our subclass must still be importable.
            return object
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return _load(name)


# -- Partitions --------------------------------------------------------------------------------------


def chooses_partitions(dag: Any) -> bool:
    """Whether the tasks of a DAG say which partitions of its assets they update: from Airflow 3.3 on."""
    timetable = getattr(dag, "timetable", None)
    return AIRFLOW_VERSION >= (3, 3) and bool(getattr(timetable, "partitioned_at_runtime", False))


# -- Connections on an event loop --------------------------------------------------------------------


async def get_async_connection(conn_id: str, hook: BaseHook) -> Connection:
    """Return a connection without blocking the event loop.

    :raises Exception: what the hook's ``get_connection`` raises.
    """
    from asgiref.sync import sync_to_async

    # Versions with this method no longer ask the supervisor synchronously to mask secrets. That would be
    # refused as a deadlock if another task of the loop was asking it.
    if hasattr(_load("Connection"), "aextra_dejson"):
        return await hook.aget_connection(conn_id)
    return await sync_to_async(hook.get_connection)(conn_id)


async def get_async_extra(connection: Connection) -> dict[str, Any]:
    """Return a connection's extra without blocking the event loop. Airflow masks its secrets."""
    from asgiref.sync import sync_to_async

    if hasattr(connection, "aextra_dejson"):
        return await connection.aextra_dejson()
    return await sync_to_async(lambda: connection.extra_dejson)()


# -- Mapped tasks ------------------------------------------------------------------------------------


def send_map_index_name(name: str) -> None:
    """Show the label of a mapped task while it runs. Before Airflow 3.2 it appears when the task ends."""
    if AIRFLOW_VERSION < (3, 2):
        return
    # In dag.test() of some versions the task has no supervisor to tell.
    with suppress(Exception):
        task_runner = import_module("airflow.sdk.execution_time.task_runner")
        comms = import_module("airflow.sdk.execution_time.comms")
        task_runner.SUPERVISOR_COMMS.send(msg=comms.SetRenderedMapIndex(rendered_map_index=name))


# -- Runs and tries ----------------------------------------------------------------------------------


def run_due(context: Context) -> Any:
    """Return when a DAG run was due, as a datetime that clearing does not change; None if it is not known.

    A scheduled run cannot begin earlier. A manual run is created at that time.
    """
    run = context.get("dag_run")
    after = getattr(run, "run_after", None)
    if after is not None:
        return after
    # Airflow 2: the data interval of a manual run ends at the last date of the schedule.
    logical = getattr(run, "logical_date", None) or context.get("logical_date")
    if str(getattr(run, "run_type", "manual")).endswith("manual"):
        return logical
    return getattr(run, "data_interval_end", None) or logical


# -- Sensors -----------------------------------------------------------------------------------------


def ended_by_scheduler(next_method: str, next_kwargs: dict[str, Any] | None) -> bool:
    """Whether a task is resumed because its deferral has exceeded its time-out."""
    error = (next_kwargs or {}).get("error")
    return next_method == "__fail__" and error in ("Trigger timeout", "Trigger/execution timeout")


def first_reschedule_date(sensor: BaseSensorOperator, ti: Any, context: Context) -> Any:
    """Return when a sensor in reschedule mode began to wait, as a datetime or a text. None means just now."""
    if hasattr(ti, "get_first_reschedule_date"):
        return ti.get_first_reschedule_date(context)
    # Airflow 2 gives it only to its own sensors, whose time-out counts from it.
    look_up = getattr(sys.modules[_load("BaseSensorOperator").__module__], "_orig_start_date", None)
    if look_up is None:
        return None
    first_try = ti.max_tries - sensor.retries + 1
    return look_up(ti.dag_id, ti.task_id, ti.run_id, ti.map_index, first_try)


def task_store(context: Context) -> Any:
    """Return the state store of a task, which survives reschedules; None before Airflow 3.3."""
    return context.get("task_state_store")


# -- The state of assets, from Airflow 3.3 on --------------------------------------------------------


def asset_stores(store: Any) -> list[Any]:
    """Return the store of each asset. Watchers with equal arguments are one trigger of several assets.

    :param store: what Airflow gives to an event trigger; None before 3.3, or without an asset.
    """
    if store is None:
        return []
    # Airflow has no public list of them.
    of_assets = [*getattr(store, "_by_name", {}).values(), *getattr(store, "_by_uri", {}).values()]
    return of_assets or [store]


async def read_state(store: Any, key: str) -> Any:
    """Return an entry of an asset's store; None if there is none."""
    # Airflow 3.3.0 and 3.3.1 have the blocking methods only.
    return await (store.aget(key) if hasattr(store, "aget") else asyncio.to_thread(store.get, key))


async def write_state(store: Any, key: str, value: Any) -> None:
    """Set an entry of an asset's store."""
    await (store.aset(key, value) if hasattr(store, "aset") else asyncio.to_thread(store.set, key, value))
