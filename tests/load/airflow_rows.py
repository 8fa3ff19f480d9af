"""Makes and reads the rows of Airflow's database that deferred waits consist of: a process of its own.

``python airflow_rows.py make`` reads JSON from standard input: the connection, the arguments of the triggers,
and where the probe writes. ``python airflow_rows.py read PATH`` writes there what has happened to every wait.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow import settings
from airflow.models import Connection, TaskInstance
from airflow.models.dagbag import DBDagBag
from airflow.models.trigger import Trigger, _decode_next_kwargs
from airflow.utils.state import DagRunState, TaskInstanceState
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from loop_probe import LoopProbe
from sqlalchemy import select

from airflow_provider_mailkit.triggers.mailkit import MailkitRecipientsTrigger

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

DAG_ID = "load"
PROBE_INDEX = 1_000_000


def make(session: Session, order: dict[str, Any]) -> None:
    """Put waits into the state in which a sensor leaves them when it defers."""
    session.add(Connection(**order["connection"]))
    dag = DBDagBag().get_latest_version_of_dag(DAG_ID, session=session)
    now = datetime.now(UTC)
    run = dag.create_dagrun(
        run_id="load",
        run_after=now,
        run_type=DagRunType.MANUAL,
        triggered_by=DagRunTriggeredByType.TEST,
        state=DagRunState.RUNNING,
        session=session,
    )
    (first,) = run.get_task_instances(session=session)
    version = first.dag_version_id
    session.delete(first)
    session.flush()
    waits = [(number, MailkitRecipientsTrigger(**wait)) for number, wait in enumerate(order["waits"])]
    for index, trigger in [(PROBE_INDEX, LoopProbe(order["probe"])), *waits]:
        row = Trigger.from_object(trigger)
        session.add(row)
        session.flush()
        instance = TaskInstance(dag.get_task("wait"), version, "load", TaskInstanceState.DEFERRED, index)
        instance.trigger_id = row.id
        instance.next_method = "execute_complete"
        instance.next_kwargs = {}
        instance.start_date = now
        instance.try_number = 1
        session.add(instance)


def read(session: Session) -> dict[str, Any]:
    """Return each wait's state and the event that it was given, and the number of triggers left."""
    columns = (TaskInstance.map_index, TaskInstance.state, TaskInstance.next_kwargs)
    rows = session.execute(select(*columns).where(TaskInstance.map_index != PROBE_INDEX))
    waits = {index: [state, _decode_next_kwargs(kwargs).get("event")] for index, state, kwargs in rows}
    return {"waits": waits, "triggers": len(session.scalars(select(Trigger.id)).all())}


def main() -> None:
    """Do what the command line says."""
    with settings.Session() as session:
        if sys.argv[1] == "make":
            make(session, json.load(sys.stdin))
            session.commit()
        else:
            Path(sys.argv[2]).write_text(json.dumps(read(session)))


if __name__ == "__main__":
    main()
