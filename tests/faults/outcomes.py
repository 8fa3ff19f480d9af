"""What can happen to a call, and of the task that makes it."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_mailkit.exceptions import (
    MailkitAccessError,
    MailkitApiError,
    MailkitArgumentError,
    MailkitError,
    MailkitResponseError,
    MailkitTransportError,
    MailkitUnclearError,
)

#: How often the connections of the matrix let a read be tried (``max_attempts``).
TRIES = 2
#: How many failures in a row end a deferred wait: the sixth.
TRIGGER_TRIES = 6


@dataclass(frozen=True)
class Outcome:
    """What happens to a call.

    :param text: for the table.
    :param error: the class of the error; None: it succeeds.
    :param tries: how often it is tried if it fails each time.
    :param state: of the task, while Airflow still has retries for it.
    """

    text: str
    error: type[MailkitError] | None
    tries: int
    state: str

    @property
    def passes(self) -> bool:
        """Whether the same call, made again, can succeed within the same task."""
        return self.tries > 1


READ = Outcome("rows", None, 1, "success")
EMPTY = Outcome("no rows", None, 1, "success")
PASSING = Outcome("`MailkitTransportError`, tried again", MailkitTransportError, TRIES, "up_for_retry")
ASKED_TOO_MUCH = Outcome("`MailkitTransportError`, not tried again", MailkitTransportError, 1, "up_for_retry")
ACCESS = Outcome("`MailkitAccessError`", MailkitAccessError, 1, "failed")
API = Outcome("`MailkitApiError`", MailkitApiError, 1, "failed")
RESPONSE = Outcome("`MailkitResponseError`", MailkitResponseError, 1, "failed")
#: Of calls that do more than read, which are made once whatever happens.
NOT_SENT = Outcome("`MailkitTransportError`: has not acted", MailkitTransportError, 1, "up_for_retry")
UNCLEAR = Outcome("`MailkitUnclearError`: may have acted", MailkitUnclearError, 1, "failed")
#: The provider's own decision: an unknown status, or rows that are too many for XCom.
REFUSED = Outcome("`MailkitArgumentError`", MailkitArgumentError, 1, "failed")
