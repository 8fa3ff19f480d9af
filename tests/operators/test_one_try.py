"""Airflow does not try again what acts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow import DAG
from operators.calling import CREATE, LISTS, WIPE, call
from support.reports import Protocol
from support.server import FaultServer

from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.operators.mailkit import MailkitCallOperator


@pytest.mark.parametrize(
    ("try_number", "max_tries", "is_refused"),
    [(1, 0, False), (1, 1, True), (2, 2, True), (2, 1, False), (3, 5, True)],
)
def test_airflow_must_not_try_it_again_by_itself(
    mailkit: Callable[..., FaultServer], protocol: Protocol, try_number: int, max_tries: int, is_refused: bool
) -> None:
    server = mailkit({"ID_email": 5, "error_status": 0}, protocol=protocol)
    context: Any = {"ti": SimpleNamespace(try_number=try_number, max_tries=max_tries, map_index=-1)}
    operator = call(WIPE, {"email": "a@example.com"}, allow=["delete"])
    if is_refused:
        with pytest.raises(MailkitError, match=r"retries=0.*Nothing was sent"):
            operator.execute(context)
    else:
        operator.execute(context)
    assert len(server.requests) == (0 if is_refused else 1)
    # A read may be tried again.
    assert call(LISTS).execute(context) is not None


def test_mapped_tasks_that_act_have_no_retries() -> None:
    with DAG("d", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC), default_args={"retries": 4}):
        acting = MailkitCallOperator.partial(task_id="a", function=CREATE, allow=["write"]).expand(
            parameters=[{"name": "x"}]
        )
        reading = MailkitCallOperator.partial(task_id="b", function="mailkit.report.message").expand(
            parameters=[{"ID_send": 1}]
        )
        plain_one = call(CREATE, {"name": "x"}, allow=["write"])
    assert (acting.retries, reading.retries, plain_one.retries) == (0, 4, 0)
    with pytest.raises(MailkitError, match="writes"):
        MailkitCallOperator.partial(task_id="c", function=CREATE)
