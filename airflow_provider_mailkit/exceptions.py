"""What can go wrong when talking to Mailkit, as one tree of exceptions.

Every exception can be pickled, and none of them holds the request, the credentials or an address: what
comes from outside passes :mod:`airflow_provider_mailkit.protocol.excerpt` first.
"""

from __future__ import annotations


class MailkitError(Exception):
    """Base of all errors of this provider; what is raised is always one of the classes below.

    :param message: what happened and what to do about it; free of secrets and addresses.
    :param function: the API function that was called, such as ``mailkit.report.message.recipients``.
    :param retryable: whether the same call may succeed later without anybody changing anything.
    """

    retryable_by_default = False

    def __init__(self, message: str, *, function: str | None = None, retryable: bool | None = None) -> None:
        super().__init__(message)
        self.function = function
        self.retryable = self.retryable_by_default if retryable is None else retryable


class MailkitArgumentError(MailkitError):
    """An argument cannot be used: its value is wrong, or it does not go with what was found."""


class MailkitConnectionError(MailkitError):
    """The Airflow connection cannot be used or looked up. Failures of the network are not among these."""


class MailkitEnvironmentError(MailkitError):
    """What surrounds the task refuses something.

    The worker lacks room, threads or a package, an environment variable is unusable, Airflow is too old, or
    its store of states fails.
    """


class MailkitAccessError(MailkitError):
    """Mailkit refused the client: wrong client ID or MD5 code, or an address that is not on its list."""


class MailkitApiError(MailkitError):
    """Mailkit answered with any other error.

    :param error_status: the number from the answer; None where the protocol has none (XML-RPC strings).
    :param is_unknown_id: whether Mailkit does not know the ID of what was asked for.
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
    """No whole answer arrived: no connection, a time-out, HTTP 429 or 5xx, or an answer that was cut.

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
    """The request may have arrived, but no answer tells whether Mailkit has acted.

    Only calls that do more than read fail with it. It is permanent: the same call might act a second time, so
    somebody has to look in Mailkit first.
    """


class MailkitResponseError(MailkitError):
    """The answer is not of the shape that the function is documented to have."""


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
