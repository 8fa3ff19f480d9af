"""Becomes airflow_local_settings.py: it makes the examples quick."""


def task_policy(task):
    if task.dag_id.startswith("example_") and hasattr(task, "poke_interval"):
        # A reschedule that is due before Airflow has seen the end of the poll confuses its scheduler.
        task.poke_interval = 10 if task.mode == "reschedule" else 2
