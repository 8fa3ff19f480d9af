from __future__ import annotations

import ast
import pickle
from pathlib import Path

import pytest

import airflow_provider_mailkit
from airflow_provider_mailkit import _boundary, exceptions
from airflow_provider_mailkit._compat import AirflowFailException
from airflow_provider_mailkit.exceptions import MailkitError

PACKAGE = Path(airflow_provider_mailkit.__file__).parent
CLASSES = [getattr(exceptions, name) for name in exceptions.__all__ if name != "MailkitError"]


def test_the_base_is_only_a_base():
    """Callers tell errors apart by their class, so the base itself is never made."""
    made = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "MailkitError"
    ]
    assert made == []


@pytest.mark.parametrize("kind", CLASSES)
def test_a_permanent_error_fails_the_task_and_stays_of_its_class(kind):
    with pytest.raises(kind) as caught, _boundary.permanent_errors_fail_the_task():
        raise kind("What to do.", function="mailkit.report", retryable=False)
    assert isinstance(caught.value, AirflowFailException)
    assert [each for each in CLASSES if isinstance(caught.value, each)] == [kind]
    assert (str(caught.value), caught.value.function) == ("What to do.", "mailkit.report")


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_that_may_pass_is_left_to_the_retries(kind):
    with pytest.raises(kind) as caught, _boundary.permanent_errors_fail_the_task():
        raise kind("Later.", retryable=True)
    assert not isinstance(caught.value, AirflowFailException)


@pytest.mark.parametrize("kind", CLASSES)
def test_an_event_of_a_trigger_raises_the_error_that_ended_it(kind):
    event = _boundary.failure_event(kind("What to do.", function="mailkit.report"))
    with pytest.raises(MailkitError) as caught:
        _boundary.raise_failure(event)
    assert type(caught.value) is kind


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_can_be_pickled(kind):
    copy = pickle.loads(pickle.dumps(kind("What to do.", function="mailkit.report", retryable=True)))  # noqa: S301 - our own
    assert (type(copy), str(copy), copy.function, copy.retryable) == (
        kind,
        "What to do.",
        "mailkit.report",
        True,
    )
