"""Totals first: when a kilobyte of totals saves reading the whole report.

One rule for every mode, without I/O.

Mailkit does not document well enough what the totals count. So in each wait they must first agree with the
report, and the report alone decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import Any

from airflow_provider_mailkit.catalogue.functions import TOTALS
from airflow_provider_mailkit.exceptions import MailkitError, MailkitResponseError
from airflow_provider_mailkit.waiting.pauses import LAST_POLL_S
from airflow_provider_mailkit.waiting.rule import WaitRule
from airflow_provider_mailkit.waiting.statuses import WAITING_STATUSES

#: The report is read at every twelfth poll at the latest, whatever the totals say.
POLLS_PER_REPORT = 12
#: ... and after this many seconds.
REPORT_S = 3600.0
#: How many seconds the totals may take.
TOTALS_LIMIT_S = 30.0
#: ... and the share of the remaining wait, so that the report has nearly the same time as without them.
TOTALS_SHARE = 0.1
#: The maximum size of their answer, many times the usual size.
TOTALS_MAX_BYTES = 2**16
_COUNTS = range(2**63)


class Question(Enum):
    """The next call of a poll."""

    TOTALS = TOTALS
    REPORT = "the report"


@dataclass(frozen=True, slots=True)
class Totals:
    """The numbers of recipients in ``mailkit.report.message``."""

    sent: int
    delivered: int
    failed: int

    @property
    def waiting(self) -> int:
        """How many are neither delivered nor failed; never negative."""
        return self.sent - self.delivered - self.failed

    def describe(self, id_send: int, elapsed_s: float) -> str:
        """Return the log line of a poll that has used only totals."""
        return (
            f"Delivery {id_send}: {self.waiting} of {self.sent} recipients waiting according to the totals; "
            f"{max(0.0, elapsed_s):.0f} s elapsed."
        )


def read_totals(answer: Any) -> Totals:
    """Read a decoded answer of ``mailkit.report.message`` with the types of the catalogue.

    :raises MailkitResponseError: one of the three is missing or is not a number of recipients, or they
        contradict each other.
    """
    members = {name.upper(): value for name, value in answer.items()} if isinstance(answer, Mapping) else {}
    if members.get("FAILED_COUNT") == "":
        # The API's reference shows this for a delivery without failures.
        members["FAILED_COUNT"] = 0
    counts = []
    for name in ("SEND_COUNT", "DELIVERED_COUNT", "FAILED_COUNT"):
        count = members.get(name)
        if isinstance(count, bool) or not isinstance(count, int) or count not in _COUNTS:
            raise _odd(f"{name} is missing or is not a number of recipients")
        counts.append(count)
    totals = Totals(*counts)
    if totals.waiting < 0:
        raise _odd("more recipients are delivered and failed than exist")
    return totals


@dataclass(frozen=True, slots=True)
class Known:
    """What a wait has learnt about the totals of its delivery. It can be written as JSON.

    :param is_used: whether totals are asked for.
    :param is_proven: whether they have agreed with the report.
    :param sent: their SEND_COUNT.
    :param polls_without_report: how many polls have used only totals since the report was read.
    :param report_read_at: when that was, in seconds since the epoch.
    """

    is_used: bool = True
    is_proven: bool = False
    sent: int | None = None
    polls_without_report: int = 0
    report_read_at: float = 0.0


class TotalsFirst:
    """Decides for the polls of one wait whether the totals of its delivery are enough.

    They are asked before and after the report is read. If the report has waiting recipients, and their number
    lies between those of the two totals, the next polls ask for the totals alone. This ends when the totals
    say that nobody is waiting, or when the report is due. Anything odd ends the use of totals in this wait.

    Totals are not used if reading stops at the first waiting recipient, or if the wait ignores one of
    Mailkit's waiting statuses, because then they cannot be compared with the report.

    :param say: called with the line that says why totals are not used any more.
    :param wanted: whether totals may be used at all.
    """

    def __init__(self, rule: WaitRule, say: Callable[[str], object], *, wanted: bool = True) -> None:
        self._waiting_statuses = rule.waiting_statuses
        self._say = say
        counts_all = not rule.stop_at_first_waiting and set(WAITING_STATUSES) <= set(rule.waiting_statuses)
        self._known = Known(is_used=wanted and counts_all)

    @property
    def are_used(self) -> bool:
        """Whether totals are used."""
        return self._known.is_used

    @property
    def known(self) -> dict[str, Any]:
        """What is known, in a form for JSON and for :meth:`go_on_from`."""
        return asdict(self._known)

    def go_on_from(self, known: Any) -> None:
        """Continue with what an earlier process of the wait has learnt. Unreadable data is ignored."""
        import msgspec

        with suppress(msgspec.ValidationError):
            earlier = msgspec.convert(known, Known)
            self._known = replace(earlier, is_used=earlier.is_used and self._known.is_used)

    def poll(
        self, now: Callable[[], float], deadline: float
    ) -> Generator[Question, Any, Totals | Counter[str]]:
        """Yield the next call, and receive its answer: :class:`Totals`, an error, or the counts.

        :param now: the clock, in seconds since the epoch.
        :param deadline: when the wait ends, on that clock. A poll that may be the last one reads the report.
        :return: the totals if they are enough for this poll, or the recipients by status.
        """
        before = None
        if self._known.is_used and not _may_be_last(deadline - now()):
            before = self._checked((yield Question.TOTALS))
        began = now()
        if before is not None and self._is_enough(before, began, deadline):
            self._learn(polls_without_report=self._known.polls_without_report + 1)
            return before
        counts: Counter[str] = yield Question.REPORT
        self._learn(polls_without_report=0, report_read_at=began)
        waiting = sum(counts[status] for status in self._waiting_statuses)
        if before is not None and waiting and not _may_be_last(deadline - now()):
            after = self._checked((yield Question.TOTALS))
            if after is not None:
                self._compare(waiting, before, after)
        return counts

    def _is_enough(self, totals: Totals, now: float, deadline: float) -> bool:
        known = self._known
        return (
            known.is_proven
            and totals.waiting > 0
            and known.polls_without_report < POLLS_PER_REPORT - 1
            and abs(now - known.report_read_at) < REPORT_S
            and not _may_be_last(deadline - now)
        )

    def _checked(self, answer: Totals | MailkitError) -> Totals | None:
        """Return the totals; None if they are not used from now on."""
        sent = self._known.sent
        if isinstance(answer, MailkitError):
            self._give_up(str(answer))
            return None
        if sent is not None and answer.sent != sent:
            self._give_up(f"SEND_COUNT has changed from {sent} to {answer.sent}.")
            return None
        self._learn(sent=answer.sent)
        return answer

    def _compare(self, waiting: int, before: Totals, after: Totals) -> None:
        least, most = sorted((before.waiting, after.waiting))
        if least <= waiting <= most:
            self._learn(is_proven=True)
        else:
            self._give_up(
                f"The report has {waiting} waiting recipients, but the totals have {after.waiting}."
            )

    def _learn(self, **news: Any) -> None:
        self._known = replace(self._known, **news)

    def _give_up(self, why: str) -> None:
        self._learn(is_used=False, is_proven=False)
        self._say(f"The totals are not used any more: {why} Every poll of this wait reads the report.")


def _may_be_last(left_s: float) -> bool:
    # Allows for the time between a poll and Airflow's own check of the time.
    return left_s < LAST_POLL_S


def _odd(what: str) -> MailkitResponseError:
    return MailkitResponseError(f"{TOTALS}: {what}.", function=TOTALS)
