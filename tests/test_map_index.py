"""What mapped tasks are called: deliveries, never people, and nothing that fails a task."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow import DAG

from airflow_provider_mailkit import _map_index
from airflow_provider_mailkit.operators.mailkit import (
    MailkitCallOperator,
    MailkitDeliveriesOperator,
    MailkitDeliveryPageOperator,
    MailkitExportOperator,
    MailkitRecipientsOperator,
)
from airflow_provider_mailkit.sensors.mailkit import MailkitRecipientsSensor

RECIPIENTS = "mailkit.report.message.recipients"


def named(operator: Any, map_index: int = 0, template: str | None = None) -> Any:
    """Return the template and the name that a task has when it starts."""
    ti = SimpleNamespace(map_index=map_index, rendered_map_index=None)
    context = {"ti": ti, "map_index_template": template, "outlet_events": {}}
    operator.pre_execute(context)
    return context["map_index_template"], ti.rendered_map_index


def export(parameters: Any) -> MailkitExportOperator:
    return MailkitExportOperator(task_id="x", function=RECIPIENTS, parameters=parameters)


CASES = {
    "recipients": (lambda: MailkitRecipientsOperator(task_id="x", id_send=5001), "5001"),
    "sensor": (lambda: MailkitRecipientsSensor(task_id="x", id_send=" 5001 "), "5001"),
    "page": (lambda: MailkitDeliveryPageOperator(task_id="x", id_send=5001), "5001"),
    "deliveries": (lambda: MailkitDeliveriesOperator(task_id="x", id_message=3001), "3001"),
    "several campaigns": (
        lambda: MailkitDeliveriesOperator(task_id="x", id_message=[1, 2, 3, 4, 5]), "1, 2, 3 and 2 more"
    ),
    "any report": (lambda: export({"ID_send": 5001}), "5001"),
    "a report of a period": (
        lambda: MailkitExportOperator(
            task_id="x",
            function="mailkit.report.message.feedback",
            parameters={"ID_send": [5001, 5002], "period": "WEEK"},
        ),
        "5001, 5002, WEEK",
    ),
    "call": (
        lambda: MailkitCallOperator(
            task_id="x", function="mailkit.report.message", parameters={"ID_send": 5001}
        ),
        "5001",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_mapped_task_is_called_by_what_it_is_about(case):
    make, name = CASES[case]
    assert named(make()) == (name, name)


@pytest.mark.parametrize("case", CASES)
def test_a_task_that_is_not_mapped_has_no_name(case):
    assert named(CASES[case][0](), map_index=-1) == (None, None)


def test_the_name_of_the_author_goes_first():
    operator = MailkitRecipientsOperator(task_id="x", id_send=5001)
    assert named(operator, template="mine {{ ti.map_index }}") == ("mine {{ ti.map_index }}", None)


@pytest.mark.parametrize(
    "parameters",
    [
        {"ID_email": "jan.novak@example.org", "first_name": "Novak"},
        {"ID_email": "{{ params.x }}"},
        {"name": "Novak", "phone": "+420777123456"},
        {},
        None,
    ],
)
def test_nobody_is_named(parameters):
    assert _map_index._shown(parameters) == ""


def test_a_name_is_short():
    assert len(_map_index._shown({f"ID_{n}": "x" * 60 for n in range(9)})) > 250
    ids = [10**18 + n for n in range(5)]
    operator = MailkitExportOperator(
        task_id="x", function=f"{RECIPIENTS[:-10]}links.visitors", parameters={"ID_send": ids, "ID_url": ids}
    )
    assert len(named(operator)[1]) == 100


def test_native_rendering_makes_a_text_of_it():
    for native in (False, True):
        with DAG(
            "native", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC),
            render_template_as_native_obj=native,
        ) as dag:  # fmt: skip
            operator = MailkitRecipientsOperator(task_id="x", id_send=5001)
        template, name = named(operator)
        assert dag.get_template_env().from_string(template).render() == name == "5001"


def test_a_name_that_fails_fails_no_task(monkeypatch):
    def fail(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(_map_index, "_name", fail)
    assert named(MailkitRecipientsOperator(task_id="x", id_send=5001)) == (None, None)
