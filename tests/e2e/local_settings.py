"""Becomes airflow_local_settings.py: quick examples that keep their files in the folder of the test."""

import os


def dag_policy(dag):
    changed = {"days": 1}
    if not str(dag.params.get("output_folder", "")).startswith("s3:"):
        changed["output_folder"] = os.environ["E2E_FOLDER"]
    for name in dag.params.keys() & changed.keys():
        dag.params[name] = changed[name]


def task_policy(task):
    if task.dag_id.startswith("example_") and hasattr(task, "poke_interval"):
        # A reschedule that is due before Airflow has seen the end of the poll confuses its scheduler.
        task.poke_interval = 10 if task.mode == "reschedule" else 2
