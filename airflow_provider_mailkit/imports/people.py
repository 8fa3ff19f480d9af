"""Calls for each of several addresses: the addresses, the outcomes, and the receipts."""

from __future__ import annotations

import hmac
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple

from airflow_provider_mailkit.catalogue.columns import Column
from airflow_provider_mailkit.catalogue.function import Function
from airflow_provider_mailkit.catalogue.parameters import nearest, shown
from airflow_provider_mailkit.exceptions import (
    MailkitApiError,
    MailkitArgumentError,
    MailkitEnvironmentError,
    MailkitError,
    MailkitTransportError,
    MailkitUnclearError,
)
from airflow_provider_mailkit.imports.addresses import is_phone, is_possible, trimmed
from airflow_provider_mailkit.imports.journal import now
from airflow_provider_mailkit.imports.readers import RowFormat
from airflow_provider_mailkit.imports.records import RecordFile
from airflow_provider_mailkit.imports.results import check_acknowledged
from airflow_provider_mailkit.storage.source import SourceFile
from airflow_provider_mailkit.transport.sync_client import SyncClient

DONE: Final = "done"
ALREADY_DONE: Final = "already done"
UNKNOWN: Final = "unknown"
INVALID: Final = "not an address"
UNCLEAR: Final = "unclear"
FAILED: Final = "failed"
NOT_ASKED: Final = "not asked"

#: ``ADDRESS_HASH``: as ``addresses='hash'`` writes it; ``OUTCOME``; ``AT``: when that was known (UTC).
COLUMNS = (Column("ADDRESS_HASH", unique=True), Column("OUTCOME"), Column("AT"))
_LOG_EVERY_S = 10.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Procedure:
    """The call for each address.

    :param function: the function.
    :param parameters: its parameters besides the address.
    :param known_errors: beginnings of error texts that count as a success, and the outcome for each.
    :param takes_phones: whether it accepts a phone number in international form.
    """

    function: Function
    parameters: Mapping[str, Any]
    known_errors: Mapping[str, str]
    takes_phones: bool = False

    def is_possible(self, text: str) -> bool:
        """Tell whether a trimmed text can be used in the call."""
        return is_possible(text) or (self.takes_phones and is_phone(text))


class People(NamedTuple):
    """The addresses of the calls.

    :param texts: the addresses without duplicates, trimmed, in the order of the source.
    :param rows: how many rows there were.
    """

    texts: list[str]
    rows: int

    @property
    def duplicates(self) -> int:
        """How many rows had a duplicate address, or none."""
        return self.rows - len(self.texts)


def collect(values: Iterable[Any], most: int) -> People:
    """Return the addresses of values. Of addresses that differ only in letter case, the first one counts.

    :param most: the maximum number.
    :raises MailkitError: there are too many, or a value is not a text.
    """
    found: dict[str, str] = {}
    rows = 0
    for value in values:
        rows += 1
        if not isinstance(value, str | None):
            raise MailkitArgumentError(
                f"Row {rows} has a value of type {type(value).__name__} and no address."
            )
        if text := trimmed(value or ""):
            found.setdefault(text.lower(), text)
        if len(found) > most:
            raise MailkitArgumentError(
                f"There are more than {most} addresses (max_addresses). Nothing was called."
            )
    return People(list(found.values()), rows)


def values_in(files: Sequence[SourceFile], row_format: RowFormat, column: str) -> Iterator[Any]:
    """Yield the values of a column in files.

    :raises MailkitError: a file cannot be read, or lacks the column.
    :raises OSError: a file cannot be read.
    """
    for file in files:
        row_format.check(file)
    for file in files:

        def on_header(names: Sequence[str], where: str = file.uri) -> None:
            if column not in names:
                closest = nearest(column, names)
                raise MailkitArgumentError(
                    f"{where} has no column {shown(column)}; the nearest is {shown(closest)}. Say by column "
                    "which one has the addresses."
                )

        for row in row_format.rows(file, on_header, (column,)):
            if row.values is None or column not in row.values:
                fault = row.fault or f"it has no member {shown(column)}"
                raise MailkitArgumentError(f"{file.uri}: row {row.number} cannot be read: {fault}.")
            yield row.values[column]


@dataclass
class Calling:
    """Calls a function for each address in turn.

    :param hash_secret: the secret for hashing the addresses in the receipts.
    :param receipts: records the outcome of each; None without receipts.
    :param is_stopped: returns whether the task is being stopped. Then no further call is made.
    """

    client: SyncClient
    procedure: Procedure
    hash_secret: str
    receipts: RecordFile | None
    is_stopped: Callable[[], bool]

    def __post_init__(self) -> None:
        if self.receipts is not None and not self.hash_secret:
            raise MailkitArgumentError(
                "receipts_path needs a secret key to hash the addresses with: set the extra 'hash_secret' of "
                "the Mailkit connection. Nothing was called."
            )

    def run(self, people: People) -> Counter[str]:
        """Make the calls; return the number of addresses by outcome.

        :raises MailkitError: a call failed, or some texts are not addresses. All others were called.
        """
        outcomes: Counter[str] = Counter()
        for record in self.receipts.earlier() if self.receipts is not None else ():
            self.receipts.add(*record.values())  # type: ignore[union-attr]
        try:
            self._call_for_all(people.texts, outcomes)
        except BaseException:
            try:
                self._publish()
            except Exception as error:
                log.warning("The receipts could not be published: %s", type(error).__name__)
            raise
        self._publish()
        if outcomes[INVALID]:
            raise MailkitArgumentError(
                f"{outcomes[INVALID]} of {len(people.texts)} texts are not addresses. All others were asked "
                f"for ({describe(outcomes)}). Correct them in the source.",
                function=self.procedure.function.name,
            )
        return outcomes

    def _publish(self) -> None:
        if self.receipts is not None:
            self.receipts.publish()

    def _call_for_all(self, texts: list[str], outcomes: Counter[str]) -> None:
        logged = time.monotonic()
        for number, text in enumerate(texts):
            if self.is_stopped():
                self._note_others(texts[number:])
                # Repeating the calls does no harm, and the worker may be shutting down.
                raise MailkitEnvironmentError(
                    f"The task was stopped. {self._state(texts, outcomes)}", retryable=True
                )
            failure: BaseException | None = None
            outcome = INVALID
            if self.procedure.is_possible(text):
                outcome, failure = self._call_for(text)
            outcomes[outcome] += 1
            self._note(text, outcome)
            if failure is not None:
                self._note_others(texts[number + 1 :])
                raise self._told(failure, texts, outcomes)
            if time.monotonic() - logged > _LOG_EVERY_S:
                logged = time.monotonic()
                log.info("%s: %s", self.procedure.function.name, self._state(texts, outcomes))

    def _call_for(self, text: str) -> tuple[str, BaseException | None]:
        """Make one call; return its outcome, and the error that stops the calls, if any."""
        parameters = {**self.procedure.parameters, "email": text}
        attempt = partial(self.client.call_once, self.procedure.function.name, parameters, checked=True)
        try:
            # For a function that writes, only errors of calls that have certainly not reached Mailkit are
            # retryable.
            check_acknowledged(self.procedure.function, self.client.retrying(attempt))
        except MailkitApiError as error:
            said = str(error).partition("answered with the error: ")[2].lower()
            known = (
                what for text, what in self.procedure.known_errors.items() if said.startswith(text.lower())
            )
            outcome = next(known, FAILED)
            return outcome, error if outcome == FAILED else None
        except MailkitUnclearError as error:
            return UNCLEAR, error
        except MailkitError as error:
            return FAILED, error
        except BaseException as error:
            # The task is being stopped.
            return UNCLEAR, error
        return DONE, None

    def _told(self, failure: BaseException, texts: list[str], outcomes: Counter[str]) -> BaseException:
        """Return a failure that says how far the calls have come."""
        if not isinstance(failure, MailkitError):
            return failure
        state = self._state(texts, outcomes)
        if isinstance(failure, MailkitUnclearError):
            # Repeating a call does no harm: a finished one is reported as such.
            told = str(failure).partition(" It is unclear whether")[0]
            return MailkitTransportError(f"{told} {state}", function=self.procedure.function.name)
        failure.args = (f"{failure} {state}",)
        return failure

    @staticmethod
    def _state(texts: list[str], outcomes: Counter[str]) -> str:
        left = len(texts) - outcomes.total()
        return f"Of {len(texts)} addresses: {describe(outcomes)}" + (
            f", {left} not asked for." if left else "."
        )

    def _note_others(self, texts: list[str]) -> None:
        for text in texts:
            self._note(text, NOT_ASKED)

    def _note(self, text: str, outcome: str) -> None:
        if self.receipts is not None:
            hashed = hmac.new(
                self.hash_secret.encode(), text.lower().encode("utf-8", "surrogatepass"), "sha256"
            )
            self.receipts.add(hashed.hexdigest(), outcome, now())


def describe(outcomes: Mapping[str, int]) -> str:
    """Return counts by outcome for a message: ``done 3, unknown 1``."""
    return ", ".join(f"{outcome} {count}" for outcome, count in sorted(outcomes.items())) or "none"
