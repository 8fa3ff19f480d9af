from __future__ import annotations

import logging

import pytest


@pytest.fixture
def task_log(caplog, capsys):
    """Return what the tasks have logged: Airflow 3 prints it, Airflow 2 has loggers of its own for it."""
    loggers = [logging.getLogger(name) for name in ("airflow.task", "airflow_provider_mailkit")]
    caplog.set_level(logging.INFO)
    for logger in loggers:
        logger.addHandler(caplog.handler)
    yield lambda: caplog.text + "".join(capsys.readouterr())
    for logger in loggers:
        logger.removeHandler(caplog.handler)
