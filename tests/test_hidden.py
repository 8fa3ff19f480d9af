"""What is about a person appears neither in the view of rendered templates nor in a stored DAG."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from airflow import DAG
from airflow.serialization import serialized_objects
from airflow.serialization.helpers import serialize_template_field

from airflow_provider_mailkit._compat import BaseOperator
from airflow_provider_mailkit._hidden import given
from airflow_provider_mailkit.operators.mailkit import (
    MailkitCallOperator,
    MailkitDeliveriesOperator,
    MailkitDeliveryPageOperator,
    MailkitExportOperator,
    MailkitImportOperator,
    MailkitRecipientsOperator,
    MailkitScheduleCampaignOperator,
    MailkitUnsubscribeOperator,
    MailkitWipeOperator,
)
from airflow_provider_mailkit.sensors.mailkit import MailkitRecipientsSensor

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


HISTORY = "mailkit.email.getstatus.history"
#: Arguments with a person in them, and what is shown of them.
PARTLY: dict[str, Any] = {
    "export": (MailkitExportOperator, "parameters", {"email": "anna@example.com"}, {"email": "***"}),
    "call": (MailkitCallOperator, "parameters", {"email": "anna@example.com"}, {"email": "***"}),
    "constants": (
        MailkitImportOperator,
        "constants",
        {"reply_to": "anna@example.com"},
        "(1 value, not shown)",
    ),
    "title": (MailkitDeliveryPageOperator, "title", "For anna@example.com, today", "For ***, today"),
}
OTHERS: dict[Any, dict[str, Any]] = {
    MailkitExportOperator: {"function": HISTORY},
    MailkitCallOperator: {"function": "mailkit.email.getstatus"},
    MailkitImportOperator: {"id_user_list": 1, "source": "a.csv"},
    MailkitDeliveryPageOperator: {"id_send": 5001},
}


@pytest.mark.parametrize("case", PARTLY)
def test_a_value_is_hidden_as_soon_as_it_is_known(case: str) -> None:
    kind, argument, value, shown = PARTLY[case]
    with DAG("partly", schedule=None) as dag:
        operator = kind(task_id="back", **{argument: value}, **OTHERS[kind])
    assert getattr(operator, argument) == shown
    assert "anna@" not in serialized(dag)
    for _ in range(2):
        operator.render_template_fields({})
        assert getattr(operator, argument) == shown
        assert given(operator, argument) == operator._given()[argument] == value


@pytest.mark.parametrize("case", PARTLY)
def test_a_copy_that_is_rendered_leaves_the_task_as_it_was(case: str) -> None:
    """Airflow copies a task before each run in the same process."""
    kind, argument, value, shown = PARTLY[case]
    template = json.loads(json.dumps(value).replace("anna@example.com", "{{ params.who }}"))
    with DAG("copied", schedule=None):
        operator = kind(task_id="back", **{argument: template}, **OTHERS[kind])
    for who in ("anna@example.com", "jana@example.com"):
        one = copy.copy(operator)
        one.render_template_fields({"params": {"who": who}})
        assert getattr(one, argument) == shown
        assert who in json.dumps(given(one, argument))
        assert getattr(operator, argument) == template


def test_what_names_no_person_is_shown() -> None:
    with DAG("shown", schedule=None):
        operator = MailkitExportOperator(
            task_id="back",
            function="mailkit.report.message.links.visitors",
            parameters={"ID_send": "{{ params.ids }}", "ID_url": "all"},
        )
    operator.render_template_fields({"params": {"ids": "5001"}})
    assert operator.parameters == {"ID_send": "5001", "ID_url": "all"}
    operator.parameters = {"ID_send": [5001, "5002"], "ID_url": "jan@example.com", "email": "jan"}
    assert operator.parameters == {"ID_send": [5001, "5002"], "ID_url": "***", "email": "***"}


def test_values_of_another_task_are_not_rendered() -> None:
    """They may look like templates."""
    value = {"email": "{{ params.secret }}"}
    with DAG("handed", schedule=None):
        operator = MailkitExportOperator(task_id="back", function=HISTORY, parameters=value)
    # What Airflow does with what a mapped task was handed.
    operator._do_render_template_fields(
        operator, ["parameters"], {"params": {"secret": "x"}}, operator.get_template_env(), {id(value)}
    )
    assert given(operator, "parameters") == value
    assert operator.parameters == {"email": "***"}


#: Arguments that have one form only: what else they need, and right values.
CHECKED: list[tuple[Any, str, dict[str, Any], list[Any]]] = [
    (MailkitRecipientsOperator, "id_send", {}, [5001, "5001", " 5001\n"]),
    (MailkitRecipientsSensor, "id_send", {}, ["5001"]),
    (MailkitDeliveryPageOperator, "id_send", {}, ["5001"]),
    (MailkitDeliveriesOperator, "id_message", {}, ["3001", [3001, "3002"]]),
    (MailkitDeliveriesOperator, "date_from", {"id_message": 1}, ["2026-03-01", 20260301, None]),
    (MailkitDeliveriesOperator, "date_to", {"id_message": 1}, ["20260301", ""]),
    (MailkitDeliveriesOperator, "look_back_days", {"id_message": 1}, ["7", 0]),
    (MailkitScheduleCampaignOperator, "id_message", {}, ["3001"]),
    (MailkitScheduleCampaignOperator, "send_date", {"id_message": 1}, ["now", "2026-03-01 08:00"]),
    (MailkitImportOperator, "id_user_list", {"source": "a.csv"}, ["41001"]),
]


@pytest.mark.parametrize(("kind", "argument", "others", "right"), CHECKED, ids=lambda value: str(value)[-40:])
def test_a_checked_argument_is_shown_only_if_it_is_right(
    kind: Any, argument: str, others: dict[str, Any], right: list[Any]
) -> None:
    template = "{{ params.x }}"
    with DAG("checked", schedule=None, render_template_as_native_obj=True):
        operator = kind(task_id="back", **{argument: template}, **others)
    assert getattr(operator, argument) == template
    for value in right:
        one = copy.copy(operator)
        setattr(one, argument, value)
        assert getattr(one, argument) == (value.strip() if isinstance(value, str) else value)
        one.read_arguments()
    coded = "YW5uYS43QGV4YW1wbGUuY29t"
    for value in ("anna@example.com", coded, "+420 777 123 456", ["anna@example.com"], {"anna": 1}, "anna.7"):
        one = copy.copy(operator)
        setattr(one, argument, value)
        assert getattr(one, argument) == "***"
        assert given(one, argument) == value
        with pytest.raises(Exception, match=argument) as caught:
            one.read_arguments()
        told = str(caught.value)
        assert not any(part in told for part in ("anna@", coded[:8], "777", "example"))
