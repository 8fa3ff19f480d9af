"""Mapped exports in one DAG; as a program it runs them with ``dag.test()`` and writes how each ended."""

from __future__ import annotations

import inspect
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from airflow_provider_mailkit._compat import ObjectStoragePath
from airflow_provider_mailkit.operators.mailkit import MailkitExportOperator, MailkitRecipientsOperator
from airflow_provider_mailkit.sensors.mailkit import MailkitRecipientsSensor

try:
    from airflow.sdk import DAG, task, task_group
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task, task_group

FOLDER = os.environ["MAILKIT_FOLDER"]
# A file, since some Airflows load this one anew for every task.
ERRORS = Path(FOLDER).with_name("errors.jsonl")


class Noting(MailkitRecipientsOperator):
    """Notes why it failed: not every Airflow calls callbacks in ``dag.test()``."""

    def execute(self, context: Any) -> Any:
        try:
            return super().execute(context)
        except Exception as error:
            ti = context["ti"]
            with ERRORS.open("a") as file:
                file.write(json.dumps([f"{ti.task_id} {ti.map_index}", str(error)]) + "\n")
            raise


class Computing(Noting):
    """Makes a path of its own out of its arguments."""

    def __init__(self, *, id_send: int, **kwargs: Any) -> None:
        super().__init__(id_send=id_send, output_path=path("computing", f"{id_send}.csv"), **kwargs)


class Placing(Noting):
    """Says where the file is when it runs, as some do who map over many things."""

    def execute(self, context: Any) -> Any:
        self.output_path = path(self.task_id, f"{context['ti'].map_index}.csv")
        return super().execute(context)


@task
def ids() -> list[int]:
    return [1, 2]


@task
def places() -> list[dict[str, Any]]:
    return [{"id_send": number, "output_path": path("kwargs_of_xcom", f"{number}.csv")} for number in (1, 2)]


@task
def one_place() -> str:
    return path("argument_of_xcom", "{{ ti.map_index }}.csv")


def path(case: str, name: str) -> str:
    return f"{FOLDER}/{case}/{name}"


def export(task_id: str, name: Any = None, operator: Any = Noting, **arguments: Any) -> Any:
    place = {} if name is None else {"output_path": path(task_id, name)}
    return operator.partial(task_id=task_id, **place, **arguments)


with DAG(
    "mapped_exports",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    schedule=None,
    default_args={
        "retries": 0, "output_path": path("default_arguments", "same.csv")
    },
    user_defined_macros={"anything": lambda: "anything"},
) as dag:  # fmt: skip
    # Refused: two indexes, one file.
    export("same", "same.csv").expand(id_send=[1, 2])
    Noting.partial(
        task_id="same_object", output_path=ObjectStoragePath(path("same_object", "same.csv"))
    ).expand(id_send=[1, 2])
    export("same_of_xcom", "same.csv").expand(id_send=ids())
    export("same_by_kwargs", "same.csv").expand_kwargs([{"id_send": 1}, {"id_send": 2}])
    export("default_arguments").expand(id_send=[1, 2])
    export("product").expand(id_send=[1, 2], output_path=[path("product", "a.csv"), path("product", "b.csv")])

    @task_group
    def group(number: int) -> None:
        place = path("group", "same.csv")
        Noting(task_id="same", id_send=number, output_path=place)
        # Each has its own.
        own = path("group", "{{ ti.task.id_send }}.csv")
        Noting(task_id="own", id_send=number, output_path=own)

    group.expand(number=[1, 2])

    @task_group
    def group_of_places(place: str) -> None:
        Noting(task_id="own", id_send=1, output_path=place)

    group_of_places.expand(place=[path("group_of_places", "a.csv"), path("group_of_places", "b.csv")])

    # The same in all of a run.
    export("same_in_a_run", "{{ run_id }}.csv").expand(id_send=[1, 2])
    export("same_task", "{{ ti.run_id }}/{{ ti.task.task_id }}/{{ task['dag_id'] }}.csv").expand(
        id_send=[1, 2]
    )
    export("same_day", "{% set day = dag_run.run_after %}{{ macros.ds_add('2026-03-01', 1) }}.csv").expand(
        id_send=[1, 2]
    )
    export("same_twice").expand_kwargs(
        [{"id_send": number, "output_path": path("same_twice", "{{ run_id }}.csv")} for number in (1, 2)]
    )
    export("same_path_twice", id_send=1).expand(output_path=[path("same_path_twice", "same.csv")] * 2)

    # Not possible, which shows when the task is made: no retry mends it.
    export("impossible", "{{ ti.map_index }}.csv", id_send=1, retries=3).expand(columns=[["SATUS"]])

    # Each has its own.
    export("by_delivery", "{{ ti.task.id_send }}.csv").expand(id_send=[1, 2])
    export("by_index", "{{ ti.map_index }}.csv").expand(id_send=ids())
    export("by_macro", "{{ anything() }}{{ macros.uuid.uuid4() }}.csv").expand(id_send=[1, 2])
    export("by_path", id_send=1).expand(output_path=[path("by_path", "a.csv"), path("by_path", "b.csv")])
    Noting.partial(task_id="by_object", id_send=1).expand(
        output_path=[
            ObjectStoragePath(path("by_object", "a.csv")),
            ObjectStoragePath(path("by_object", "b.csv")),
        ]
    )
    export("by_kwargs").expand_kwargs(
        [{"id_send": number, "output_path": path("by_kwargs", f"{number}.csv")} for number in (1, 2)]
    )
    export("kwargs_of_xcom").expand_kwargs(places())
    export("overridden", "same.csv").expand_kwargs(
        [{"id_send": number, "output_path": path("overridden", f"{number}.csv")} for number in (1, 2)],
        strict=False,
    )
    export("product_with_templates").expand(
        id_send=[1, 2], output_path=[path("product_with_templates", "{{ ti.task.id_send }}.csv")]
    )
    export("argument_of_xcom", id_send=1, output_path=one_place()).expand(overwrite=[True, True])
    export("computing", operator=Computing).expand(id_send=[1, 2])
    export("placing", operator=Placing).expand(id_send=[1, 2])
    export("placing_anew", "same.csv", operator=Placing).expand(id_send=[1, 2])
    export("in_a_loop", "{% for id in [ti.task.id_send] %}{{ run_id }}-{{ id }}{% endfor %}.csv").expand(
        id_send=[1, 2]
    )
    # Named by their authors, by what they are mapped over, and not at all.
    export("own_name", "{{ ti.map_index }}.csv", map_index_template="mine {{ ti.task.id_send }}").expand(
        id_send=[1, 2]
    )
    MailkitRecipientsSensor.partial(task_id="wait").expand(id_send=ids())
    MailkitExportOperator.partial(
        task_id="any_report",
        function="mailkit.report.message.recipients",
        output_path=path("any_report", "{{ ti.task.parameters.ID_send }}.csv"),
    ).expand(parameters=[{"ID_send": 1}, {"ID_send": [2, 3]}])

    Noting(task_id="not_mapped", id_send=1, output_path=path("not_mapped", "a.csv"))
    # The place is the connection's: the error is about that.
    Noting.partial(task_id="by_connection", id_send=1, output_path="s3://lake/a.csv").expand(
        output_conn_id=["lake_1", "lake_2"]
    )

if __name__ == "__main__":
    no_date = {"logical_date": None} if "logical_date" in inspect.signature(dag.test).parameters else {}
    dag_run = dag.test(**no_date)
    ended = {
        f"{ti.task_id} {ti.map_index}": str(getattr(ti.state, "value", ti.state))
        for ti in dag_run.get_task_instances()
    }
    names = {f"{ti.task_id} {ti.map_index}": ti.rendered_map_index for ti in dag_run.get_task_instances()}
    errors = dict(map(json.loads, ERRORS.read_text().splitlines()))
    Path(sys.argv[1]).write_text(json.dumps({"ended": ended, "names": names, "errors": errors}))
