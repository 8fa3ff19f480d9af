"""What can go wrong with Mailkit, as one tree of exceptions.

Every exception can be pickled. None of them holds the request, the credentials or an address: texts from
outside first pass :mod:`airflow_provider_mailkit.protocol.excerpt`.
"""

from __future__ import annotations


class MailkitError(Exception):
    """Base of all errors of this provider. What is raised is always one of the classes below.

    :param message: what happened and what to do about it, without secrets and addresses.
    :param function: the API function that was called, such as ``mailkit.report.message.recipients``.
    :param retryable: whether the same call may succeed later without anybody changing anything.
    """

    retryable_by_default = False

    def __init__(self, message: str, *, function: str | None = None, retryable: bool | None = None) -> None:
        super().__init__(message)
        self.function = function
        self.retryable = self.retryable_by_default if retryable is None else retryable


class MailkitArgumentError(MailkitError):
    """An argument cannot be used: its value is wrong, or it contradicts what was found."""


class MailkitConnectionError(MailkitError):
    """The Airflow connection cannot be used or looked up. This is not about failures of the network."""


class MailkitEnvironmentError(MailkitError):
    """The environment of the task lacks something.

    The worker lacks room, threads or a package, an environment variable is unusable, Airflow is too old, or
    its state store fails.
    """


class MailkitAccessError(MailkitError):
    """Mailkit refused the client: wrong client ID or MD5 code, or an IP address that is not allowed."""


class MailkitApiError(MailkitError):
    """Mailkit answered with any other error.

    :param error_status: the number from the answer; None if it has none (texts over XML-RPC).
    :param is_unknown_id: whether Mailkit does not know the requested ID.
    """

    def __init__(
        self,
        message: str,
        *,
        function: str | None = None,
        retryable: bool | None = None,
        error_status: int | None = None,
        is_unknown_id: bool = False,
    ) -> None:
        super().__init__(message, function=function, retryable=retryable)
        self.error_status = error_status
        self.is_unknown_id = is_unknown_id


class MailkitTransportError(MailkitError):
    """No complete answer arrived: no connection, a time-out, HTTP 429 or 5xx, or a cut answer.

    :param retry_after_s: the seconds that the server asked to wait (``Retry-After``), if it did.
    """

    retryable_by_default = True

    def __init__(
        self,
        message: str,
        *,
        function: str | None = None,
        retryable: bool | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, function=function, retryable=retryable)
        self.retry_after_s = retry_after_s


class MailkitUnclearError(MailkitError):
    """The request may have arrived, but no answer says whether Mailkit has acted.

    Only calls that do more than read raise it. It is permanent: the same call might act a second time, so
    somebody has to look in Mailkit first.
    """


class MailkitResponseError(MailkitError):
    """The answer does not have the documented form."""


__all__ = [
    "MailkitAccessError",
    "MailkitApiError",
    "MailkitArgumentError",
    "MailkitConnectionError",
    "MailkitEnvironmentError",
    "MailkitError",
    "MailkitResponseError",
    "MailkitTransportError",
    "MailkitUnclearError",
]
