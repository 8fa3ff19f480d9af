from __future__ import annotations

import ast
import pickle
from pathlib import Path

import pytest

import airflow_provider_mailkit
from airflow_provider_mailkit import _boundary, exceptions
from airflow_provider_mailkit._compat import AirflowFailException
from airflow_provider_mailkit.exceptions import MailkitApiError, MailkitError, MailkitTransportError

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


RECIPIENTS = "mailkit.report.message.recipients"


@pytest.mark.parametrize("name", exceptions.__all__)
def test_errors_can_be_pickled_with_all_they_know(name: str) -> None:
    kind = getattr(exceptions, name)
    more = {MailkitApiError: {"error_status": 17}, MailkitTransportError: {"retry_after_s": 2.5}}.get(
        kind, {}
    )
    error = kind("what", function=RECIPIENTS, retryable=not kind.retryable_by_default, **more)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert type(copy) is kind
    assert (str(copy), vars(copy)) == ("what", vars(error))
    assert copy.function == RECIPIENTS
    assert copy.retryable is not kind.retryable_by_default


def test_which_errors_are_retryable_unless_told() -> None:
    kinds = [getattr(exceptions, name) for name in exceptions.__all__]
    assert [kind for kind in kinds if kind("x").retryable] == [MailkitTransportError]
    assert all(issubclass(kind, MailkitError) for kind in kinds)
