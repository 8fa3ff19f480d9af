"""Sends the batches of an import, each once, and records the answers."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from airflow_provider_mailkit.catalogue.functions.mailinglists import MAILING_LIST_IMPORT
from airflow_provider_mailkit.exceptions import (
    MailkitArgumentError,
    MailkitEnvironmentError,
    MailkitError,
    MailkitTransportError,
    MailkitUnclearError,
)
from airflow_provider_mailkit.imports.audience import Audience, Placed
from airflow_provider_mailkit.imports.guards import Guards
from airflow_provider_mailkit.imports.journal import ACKNOWLEDGED, UNCLEAR, Journal
from airflow_provider_mailkit.imports.lists import check_list, count_at_least, count_recipients
from airflow_provider_mailkit.imports.rejected import RejectedFile
from airflow_provider_mailkit.imports.results import Answers, check_acknowledged
from airflow_provider_mailkit.imports.rows import EMAIL, Rejection
from airflow_provider_mailkit.transport.sync_client import SyncClient

REFUSED: Final = "refused by Mailkit"
_LOG_EVERY_S = 10.0

log = logging.getLogger(__name__)


@dataclass
class Sending:
    """Sends an audience to a list.

    :param verifies: whether to count the recipients of the list before and after.
    :param rejected: collects rejected rows; None to drop them.
    :param journal: records what happened to each batch.
    :param is_stopped: returns whether the task is being stopped. Then no further batch is sent.
    """

    client: SyncClient
    id_user_list: int
    guards: Guards
    batch_rows: int
    verifies: bool
    rejected: RejectedFile | None
    journal: Journal
    is_stopped: Callable[[], bool]

    def send(self, audience: Audience) -> dict[str, Any]:
        """Check the list, send everything, and return the facts for the summary.

        :raises MailkitError: a check fails, or a batch may not have arrived.
        """
        self.guards.check_source(audience)
        answers = Answers()
        counts: dict[str, Any] = {}
        if audience.size:
            check_list(self.client, self.id_user_list)
            if self.verifies:
                counts["list_before"] = count_recipients(self.client, self.id_user_list)
            self.journal.begin(audience.size)
            self._send_batches(audience, answers)
            self._check_refused(audience, answers)
            if self.verifies:
                counts["list_after"] = self._verify(audience.size - answers.refused, counts["list_before"])
        return {**answers.as_dict(), **counts}

    def _send_batches(self, audience: Audience, answers: Answers) -> None:
        logged = time.monotonic()
        for batch in audience.batches(self.batch_rows):
            if self.is_stopped():
                # Sending again does no harm, and the worker may be shutting down.
                raise MailkitEnvironmentError(
                    f"The task was stopped. {self.journal.state()}",
                    function=MAILING_LIST_IMPORT.name,
                    retryable=True,
                )
            refused = answers.add(len(batch), self._send(batch))
            self.journal.note(len(batch), ACKNOWLEDGED)
            self._reject(audience, batch, refused)
            # The rest of the batches cannot change that.
            self._check_refused(audience, answers)
            if time.monotonic() - logged > _LOG_EVERY_S:
                logged = time.monotonic()
                log.info("List %d: %s", self.id_user_list, self.journal.state())

    def _send(self, batch: list[Placed]) -> Any:
        parameters = {
            "ID_user_list": self.id_user_list,
            "recipients": [placed.recipient for placed in batch],
        }
        attempt = partial(self.client.call_once, MAILING_LIST_IMPORT.name, parameters, checked=True)
        failure: MailkitError
        try:
            # For a function that writes, only errors of calls that have certainly not reached Mailkit are
            # retryable.
            answer = self.client.retrying(attempt)
            check_acknowledged(MAILING_LIST_IMPORT, answer)
        except MailkitUnclearError as error:
            self.journal.note(len(batch), UNCLEAR)
            # Sending again does no harm: recipients are updated by their address.
            failure = MailkitTransportError(f"{_first_sentence(error)} {self.journal.state()}")
        except MailkitError as error:
            error.args = (f"{error} {self.journal.state()}",)
            raise
        except BaseException:
            # The task is being stopped.
            self.journal.note(len(batch), UNCLEAR)
            raise
        else:
            return answer
        failure.function = MAILING_LIST_IMPORT.name
        raise failure

    def _reject(self, audience: Audience, batch: list[Placed], refused: set[str]) -> None:
        if not refused or self.rejected is None:
            return
        for placed in batch:
            if placed.recipient[EMAIL].lower() in refused:
                place = audience.places[placed.file]
                self.rejected.reject(place, placed.row, Rejection(REFUSED, EMAIL), placed.recipient)

    def _check_refused(self, audience: Audience, answers: Answers) -> None:
        invalid = audience.rejected + answers.refused
        self.guards.check_part(
            invalid,
            audience.rows,
            f"were rejected here ({audience.rejected}) or refused by Mailkit ({answers.refused})",
            self.journal.state(),
        )

    def _verify(self, accepted: int, before: int) -> int:
        expected = max(accepted, before)
        after = count_at_least(self.client, self.id_user_list, expected)
        if after < expected:
            raise MailkitArgumentError(
                f"List {self.id_user_list} has {after} recipients after the import, and {before} before it, "
                f"although {accepted} were sent and not refused. {self.journal.state()} Look at the list in "
                "Mailkit.",
                function=MAILING_LIST_IMPORT.name,
            )
        return after


def _first_sentence(error: MailkitError) -> str:
    # The rest of the message is for calls that must not be made twice.
    return str(error).partition(" It is unclear whether")[0]
