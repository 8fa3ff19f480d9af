"""What Airflow makes of each of this package's errors."""

from __future__ import annotations

import pytest

from airflow_provider_mailkit import exceptions
from airflow_provider_mailkit._boundary import failure_event, permanent_errors_fail_the_task, raise_failure
from airflow_provider_mailkit._compat import AirflowFailException
from airflow_provider_mailkit.exceptions import MailkitError

KINDS = [getattr(exceptions, name) for name in exceptions.__all__]


@pytest.mark.parametrize("kind", KINDS)
def test_a_permanent_error_ends_the_task_and_keeps_its_class(kind: type[MailkitError]) -> None:
    with pytest.raises(kind) as caught, permanent_errors_fail_the_task():
        raise kind("mailkit.report: x.", function="mailkit.report")
    is_transport = kind is exceptions.MailkitTransportError
    assert isinstance(caught.value, AirflowFailException) is not is_transport
    assert (str(caught.value), caught.value.function) == ("mailkit.report: x.", "mailkit.report")
    assert caught.value.retryable is is_transport


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_passes_through_an_event(kind: type[MailkitError]) -> None:
    with pytest.raises(MailkitError) as caught:
        raise_failure(failure_event(kind("mailkit.report: x.", function="mailkit.report")))
    assert type(caught.value) is kind
    assert str(caught.value) == "mailkit.report: x."
