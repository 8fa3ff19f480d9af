"""What is known about a failed call: whether Mailkit may have acted on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow_provider_mailkit.catalogue.functions import only_reads
from airflow_provider_mailkit.exceptions import (
    MailkitAccessError,
    MailkitApiError,
    MailkitError,
    MailkitUnclearError,
)

# 303 may follow an action (RFC 9110, section 15.4.4); gateways answer 408 for a server that is slow.
_MAY_FOLLOW_AN_ACTION = (303, 408)


class Outcome:
    """What is known about one try of a call. If nothing is known, Mailkit may have acted."""

    def __init__(self) -> None:
        self.may_have_acted = False

    def sending(self) -> None:
        """Note that the HTTP library has the request."""
        self.may_have_acted = True

    def connecting(self) -> None:
        """Note that the library first makes a connection. Nothing is sent before that."""
        self.may_have_acted = False

    def connected(self) -> None:
        """Note that the connection is ready, including TLS and a proxy's tunnel. The request follows."""
        self.may_have_acted = True

    def answered(self, status: int) -> None:
        """Note the status of the answer. Most statuses from 300 to 499 refuse the request."""
        self.may_have_acted = not 300 <= status < 500 or status in _MAY_FOLLOW_AN_ACTION

    @contextmanager
    def judged(self, function: str) -> Iterator[None]:
        """Turn a failure into :class:`MailkitUnclearError` if Mailkit may have acted.

        :raises MailkitUnclearError: the function does more than read, the request may have arrived, and no
            usable answer came.
        """
        try:
            yield
        except (MailkitAccessError, MailkitApiError):
            # Mailkit's own answer.
            raise
        except MailkitError as error:
            if only_reads(function) or not self.may_have_acted:
                raise
            raise MailkitUnclearError(
                f"{error} It is unclear whether Mailkit has acted: look in Mailkit before you repeat it.",
                function=error.function,
            ) from None
