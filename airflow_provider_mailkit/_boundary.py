"""Translates this package's errors for Airflow: retry, fail at once, or skip."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airflow_provider_mailkit import exceptions
from airflow_provider_mailkit._compat import AirflowException, AirflowFailException
from airflow_provider_mailkit._worker import WorkerError
from airflow_provider_mailkit.exceptions import (
    MailkitAccessError,
    MailkitApiError,
    MailkitArgumentError,
    MailkitConnectionError,
    MailkitEnvironmentError,
    MailkitError,
    MailkitResponseError,
    MailkitTransportError,
    MailkitUnclearError,
)


class FailedMailkitError(MailkitError, AirflowFailException):
    """A :class:`MailkitError` that fails the task without retries."""


class FailedMailkitArgumentError(MailkitArgumentError, AirflowFailException):
    """A :class:`MailkitArgumentError` that fails the task without retries."""


class FailedMailkitConnectionError(MailkitConnectionError, AirflowFailException):
    """A :class:`MailkitConnectionError` that fails the task without retries."""


class FailedMailkitEnvironmentError(MailkitEnvironmentError, AirflowFailException):
    """A :class:`MailkitEnvironmentError` that fails the task without retries."""


class FailedMailkitAccessError(MailkitAccessError, AirflowFailException):
    """A :class:`MailkitAccessError` that fails the task without retries."""


class FailedMailkitApiError(MailkitApiError, AirflowFailException):
    """A :class:`MailkitApiError` that fails the task without retries."""


class FailedMailkitResponseError(MailkitResponseError, AirflowFailException):
    """A :class:`MailkitResponseError` that fails the task without retries."""


class FailedMailkitTransportError(MailkitTransportError, AirflowFailException):
    """A :class:`MailkitTransportError` that fails the task without retries."""


class FailedMailkitUnclearError(MailkitUnclearError, AirflowFailException):
    """A :class:`MailkitUnclearError` that fails the task without retries."""


_FAILED: dict[type[MailkitError], type[MailkitError]] = {
    MailkitAccessError: FailedMailkitAccessError,
    MailkitApiError: FailedMailkitApiError,
    MailkitArgumentError: FailedMailkitArgumentError,
    MailkitConnectionError: FailedMailkitConnectionError,
    MailkitEnvironmentError: FailedMailkitEnvironmentError,
    MailkitResponseError: FailedMailkitResponseError,
    MailkitTransportError: FailedMailkitTransportError,
    MailkitUnclearError: FailedMailkitUnclearError,
}


@contextmanager
def permanent_errors_fail_the_task() -> Iterator[None]:
    """Let a permanent :class:`MailkitError` end the task without retries; others pass as they are.

    If the worker's machine refuses something, the error becomes a :class:`MailkitEnvironmentError`.

    The exception that Airflow sees is still an instance of the same class, so callbacks and ``except``
    clauses need only one tree of classes.
    """
    try:
        yield
    except WorkerError as error:
        kind = MailkitEnvironmentError if error.retryable else FailedMailkitEnvironmentError
        raise kind(str(error.strerror), retryable=error.retryable) from error
    except MailkitError as error:
        if error.retryable or isinstance(error, AirflowFailException):
            raise
        failed: MailkitError = _FAILED.get(type(error), FailedMailkitError)(
            str(error), function=error.function
        )
        if isinstance(error, MailkitApiError) and isinstance(failed, MailkitApiError):
            failed.error_status = error.error_status
        raise failed from None


def failure_event(error: MailkitError) -> dict[str, Any]:
    """Return a trigger's event for a wait that an error has ended."""
    return {
        "status": "failed",
        "error": type(error).__name__,
        "message": str(error),
        "function": error.function,
        "retryable": error.retryable,
        "error_status": getattr(error, "error_status", None),
    }


def raise_failure(event: dict[str, Any]) -> None:
    """Raise the error that :func:`failure_event` described."""
    kind = getattr(exceptions, str(event.get("error")), None)
    if not (isinstance(kind, type) and issubclass(kind, MailkitError)):
        kind = MailkitError
    error = kind(
        str(event.get("message")), function=event.get("function"), retryable=bool(event.get("retryable"))
    )
    if isinstance(error, MailkitApiError):
        error.error_status = event.get("error_status")
    raise error


def check_event(event: Any, statuses: tuple[str, ...]) -> dict[str, Any]:
    """Return a trigger's event after checking its form.

    :raises AirflowException: it is missing, or its status is none of these.
    """
    if not isinstance(event, dict) or event.get("status") not in statuses:
        raise AirflowException("The trigger ended without a result that this version understands.")
    return event
