"""Rows and addresses show neither in the view of rendered templates nor in a stored DAG."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from airflow import DAG
from airflow.serialization import serialized_objects
from airflow.serialization.helpers import serialize_template_field

from airflow_provider_mailkit._compat import BaseOperator
from airflow_provider_mailkit.operators.mailkit import (
    MailkitImportOperator,
    MailkitUnsubscribeOperator,
    MailkitWipeOperator,
)

ROWS = [{"email": "anna@example.com", "first_name": "Anna"}, {"email": "jana@example.com"}]
#: The class, and the argument that is not shown.
OPERATORS = [
    (MailkitImportOperator, "rows", {"id_user_list": 1}),
    (MailkitWipeOperator, "addresses", {}),
    (MailkitUnsubscribeOperator, "addresses", {}),
]
each_operator = pytest.mark.parametrize(
    ("kind", "argument", "others"), OPERATORS, ids=lambda value: getattr(value, "__name__", "")
)


def stored(operator: Any, argument: str) -> Any:
    """Return what Airflow stores of the argument when it has rendered the templates."""
    value = serialize_template_field(getattr(operator, argument), argument)
    return json.loads(json.dumps(value))


def serialized(dag: Any) -> str:
    kind = getattr(serialized_objects, "DagSerialization", None) or serialized_objects.SerializedDAG
    return json.dumps(kind.to_dict(dag))


def check(operator: Any, argument: str, expected: Any = ROWS) -> None:
    assert stored(operator, argument) == "(2 values, not shown)"
    assert operator.read_arguments()[argument] == expected
    # A task is copied before it runs.
    assert copy.deepcopy(operator).read_arguments()[argument] == expected
    assert "Anna" not in repr(getattr(operator, argument))


@each_operator
def test_literal_values(kind: Any, argument: str, others: dict[str, Any]) -> None:
    with DAG("literal", schedule=None) as dag:
        operator = kind(task_id="back", **{argument: ROWS}, **others)
    check(operator, argument)
    text = serialized(dag)
    assert argument in text
    assert "anna@" not in text
    operator.render_template_fields({})
    check(operator, argument)


@each_operator
def test_templates_inside_are_rendered(kind: Any, argument: str, others: dict[str, Any]) -> None:
    rows = [{"email": "{{ params.who }}@example.com", "first_name": "Anna"}, {"email": "jana@example.com"}]
    with DAG("inside", schedule=None):
        operator = kind(task_id="back", **{argument: rows}, **others)
    operator.render_template_fields({"params": {"who": "anna"}})
    check(operator, argument)


@each_operator
def test_a_template_that_becomes_values(kind: Any, argument: str, others: dict[str, Any]) -> None:
    with DAG("native", schedule=None, render_template_as_native_obj=True):
        operator = kind(task_id="back", **{argument: "{{ params.rows }}"}, **others)
    assert stored(operator, argument) == "{{ params.rows }}"
    operator.render_template_fields({"params": {"rows": ROWS}})
    check(operator, argument)


@each_operator
def test_a_template_that_becomes_text_is_refused_without_showing_it(
    kind: Any, argument: str, others: dict[str, Any]
) -> None:
    with DAG("text", schedule=None):
        operator = kind(task_id="back", **{argument: "{{ params.rows }}"}, **others)
    # It looks like a template by chance, too.
    operator.render_template_fields({"params": {"rows": [{"email": "anna@example.com", "x": "{{ y }}"}]}})
    assert stored(operator, argument) == "(1 value, not shown)"
    with pytest.raises(Exception, match="not this str") as caught:
        operator.read_arguments()
    assert "anna" not in str(caught.value)


@each_operator
def test_the_output_of_another_task(kind: Any, argument: str, others: dict[str, Any]) -> None:
    with DAG("upstream", schedule=None) as dag:
        upstream = BaseOperator(task_id="select")
        operator = kind(task_id="back", **{argument: upstream.output}, **others)
    assert operator.upstream_task_ids == {"select"}
    assert "anna@" not in serialized(dag)
    # What Airflow does when it has resolved it.
    setattr(operator, argument, tuple(ROWS))
    check(operator, argument)


@each_operator
def test_nothing_given(kind: Any, argument: str, others: dict[str, Any]) -> None:
    with DAG("nothing", schedule=None):
        operator = kind(task_id="back", source="a.csv", **others)
    operator.render_template_fields({})
    assert getattr(operator, argument) is None
    assert operator.read_arguments()[argument] is None
