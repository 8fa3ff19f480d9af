"""Run a sensor as Airflow runs it in each mode, without a scheduler."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest import mock

from airflow_provider_mailkit._compat import AirflowRescheduleException, BaseSensorOperator
from airflow_provider_mailkit.sensors.mailkit import MailkitRecipientsSensor
from airflow_provider_mailkit.triggers.mailkit import MailkitRecipientsTrigger

try:
    from airflow.sdk.exceptions import TaskDeferred
except ImportError:  # before Airflow 3.2
    from airflow.exceptions import TaskDeferred  # type: ignore[no-redef]

try:
    from airflow.sdk import task_group as task_group
except ImportError:  # before Airflow 3
    from airflow.decorators import task_group as task_group  # type: ignore[no-redef, attr-defined]

MODES = ("poke", "reschedule", "deferrable")
#: What Airflow's database has been given, as text: arguments of triggers and their events.
kept: list[str] = []


def run(mode: str, **arguments: Any) -> Any:
    """Run a sensor to its end; returns its result or raises what the task would."""
    arguments = {"task_id": "wait", "poke_interval": 0, "timeout": 60, "id_send": 5001, **arguments}
    if mode == "deferrable":
        return run_deferrable(arguments)
    if mode == "poke":
        return MailkitRecipientsSensor(mode="poke", **arguments).execute(context(datetime.now(UTC)))
    return run_reschedule(arguments)


def run_reschedule(arguments: dict[str, Any], first: datetime | None = None) -> Any:
    """Every poll has a sensor and a start of its own, as on a worker.

    :param first: when the first poll was made. Default: now.
    """
    first = first or datetime.now(UTC)
    while True:
        sensor = MailkitRecipientsSensor(mode="reschedule", **arguments)
        with _rescheduled_since(first):
            try:
                return sensor.execute(context(datetime.now(UTC), first))
            except AirflowRescheduleException:
                continue


def run_deferrable(arguments: dict[str, Any]) -> Any:
    sensor = MailkitRecipientsSensor(deferrable=True, **arguments)
    try:
        return sensor.execute(context(datetime.now(UTC)))
    except TaskDeferred as deferred:
        event = asyncio.run(first_event(stored(deferred.trigger)))
        resumed = MailkitRecipientsSensor(deferrable=True, **arguments)
        return resumed.resume_execution(deferred.method_name, {"event": event}, context(datetime.now(UTC)))


def stored(trigger: MailkitRecipientsTrigger) -> MailkitRecipientsTrigger:
    """Return the trigger as it comes back out of Airflow's database."""
    path, arguments = trigger.serialize()
    assert path == "airflow_provider_mailkit.triggers.mailkit.MailkitRecipientsTrigger"
    kept.append(json.dumps(arguments) + repr(trigger))
    assert json.loads(json.dumps(arguments)) == arguments
    return MailkitRecipientsTrigger(**json.loads(json.dumps(arguments)))


async def first_event(trigger: MailkitRecipientsTrigger) -> Any:
    """Return the payload of a trigger's only event."""
    events = [event.payload async for event in trigger.run()]
    kept.append(json.dumps(events))
    assert len(events) == 1
    assert json.loads(json.dumps(events[0])) == events[0]
    return events[0]


def context(started: datetime, first: datetime | None = None) -> Any:
    ids = {"dag_id": "dag", "task_id": "wait", "run_id": "run", "map_index": -1, "max_tries": 0}
    ti = SimpleNamespace(start_date=started, **ids)
    if not _asks_database():
        ti.get_first_reschedule_date = lambda _: first or started
    return {"ti": ti}


def _asks_database() -> bool:
    """Tell whether sensors look for their first reschedule in Airflow's database, as on Airflow 2."""
    return hasattr(sys.modules[BaseSensorOperator.__module__], "_orig_start_date")


def _rescheduled_since(first: datetime) -> Any:
    if _asks_database():
        base = sys.modules[BaseSensorOperator.__module__]
        return mock.patch.object(base, "_orig_start_date", return_value=first)
    return nullcontext()
