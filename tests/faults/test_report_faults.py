"""Every fault of the matrix and every declared report, ours that Mailkit does not have among them.

All combinations would take an hour. Every fault meets one of our reports and one of the others in each
protocol, each time in another column; ``make trust`` has it meet all of them.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from faults.bodies import whole
from faults.columns import OLD, Ran
from faults.fault import Fault, body_of
from faults.matrix import FAULTS
from faults.outcomes import PASSING, TRIES, Outcome
from faults.report_columns import HOOKS, REPORT_COLUMNS, asked_for
from faults.witness import Witness, assert_never_said, told_by
from support.declared import EVERY_REPORT, OWN
from support.declared_rows import in_terms, read_by_others
from support.exports import context_of
from support.reports import Protocol

from airflow_provider_mailkit._compat import AirflowFailException
from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.catalogue.reports import REPORTS
from airflow_provider_mailkit.exceptions import MailkitError

Case = tuple[Fault, Protocol, Report, str]
_COLUMNS = tuple(REPORT_COLUMNS)
#: Without ours, which are declared for each test.
MAILKIT = dict(REPORTS)


def pairs() -> Iterator[tuple[Fault, Protocol]]:
    for fault in FAULTS.values():
        for protocol in fault.protocols:
            yield fault, protocol


def sample() -> Iterator[Case]:
    """Yield a case of ours and one of Mailkit's for every fault and protocol, each in another column."""
    turns: Counter[tuple[int, Protocol]] = Counter()
    for fault, protocol in pairs():
        for number, reports in enumerate((OWN, MAILKIT)):
            possible = [report for report in reports.values() if fault.needs(report)]
            turn = turns[number, protocol]
            turns[number, protocol] += 1
            column = _COLUMNS[(turn + turn // len(possible)) % len(_COLUMNS)]
            yield fault, protocol, possible[turn % len(possible)], column


def all_reports() -> Iterator[Case]:
    """Yield every fault, protocol and report, each in the next column."""
    columns = cycle(_COLUMNS)
    for fault, protocol in pairs():
        for report in EVERY_REPORT.values():
            if fault.needs(report):
                yield fault, protocol, report, next(columns)


def named(cases: Iterator[Case]) -> list[Any]:
    return [
        pytest.param(case, id=f"{case[0].id}-{case[1]}-{case[2].name.removeprefix('mailkit.')}-{case[3]}")
        for case in cases
    ]


@pytest.fixture(autouse=True)
def _own_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, report in OWN.items():
        monkeypatch.setitem(REPORTS, name, report)


@pytest.fixture
def run(tmp_path: Path, spool: Path, waits: list[float], witness: Witness) -> Callable[[Report, str], Ran]:
    """Run a column where it can leave nothing behind unseen, and listen to what it says."""

    def run_column(report: Report, column: str) -> Ran:
        folder = tmp_path / "out"
        folder.mkdir()
        ran = REPORT_COLUMNS[column](folder, report)
        assert os.listdir(spool) == []
        assert_never_said(witness.heard(), "@example")
        return ran

    return run_column


def is_out_at_once(fault: Fault, protocol: Protocol, report: Report, column: str) -> bool:
    """Tell whether rows have been given away when the fault shows, so that nothing can be tried again.

    A page is held until it is whole, and a single object is read when it is whole.
    """
    is_held = report.paging is not None or report.single
    return fault.late and column in HOOKS and not is_held


def assert_read(ran: Ran, report: Report, protocol: Protocol, body: bytes) -> None:
    assert ran.error is None, told_by(ran.error)
    context = context_of(report, asked_for(report))
    assert [in_terms(report, row) for row in ran.result] == read_by_others(report, protocol, body, context)


def assert_failed(ran: Ran, outcome: Outcome, column: str) -> None:
    """See that the error is of its class, leads to its state, tells no secret, and has left nothing."""
    error = ran.error
    assert outcome.error is not None
    assert isinstance(error, outcome.error), error
    assert error.retryable is (outcome.state == "up_for_retry")
    if column not in HOOKS:
        assert isinstance(error, AirflowFailException) is (outcome.state == "failed")
    assert isinstance(error, MailkitError)
    assert_never_said(told_by(error), "@example")
    assert (ran.result, ran.pushed) == (None, {})
    assert ran.left in ({}, {f"report.{column}": OLD})


@pytest.fixture
def check(
    lab: Any,
    run: Callable[[Report, str], Ran],
    waits: list[float],
    count_combinations: Callable[..., None],
) -> Callable[[Fault, Protocol, Report, str], None]:
    def check_case(fault: Fault, protocol: Protocol, report: Report, column: str) -> None:
        lab.stand(fault, protocol, report)()
        ran = run(report, column)
        out_at_once = is_out_at_once(fault, protocol, report, column)
        if fault.outcome.error is None:
            assert fault.content is not None
            assert_read(ran, report, protocol, fault.content(protocol, report))
        else:
            assert_failed(ran, fault.outcome, column)
            assert bool(ran.rows_before) is out_at_once
        tries = 1 if out_at_once else fault.outcome.tries
        pauses = [seconds for seconds in waits if seconds]
        assert len(pauses) == tries - 1
        assert all(seconds >= fault.asked_s for seconds in pauses)
        if fault.respond is not None:
            assert lab.requests == tries
        count_combinations("faults of any report")

    return check_case


@pytest.mark.parametrize("case", named(sample()))
def test_a_fault(case: Case, check: Callable[..., None]) -> None:
    check(*case)


@pytest.mark.trust
@pytest.mark.long
@pytest.mark.parametrize("case", named(all_reports()))
def test_a_fault_of_every_report(case: Case, check: Callable[..., None]) -> None:
    check(*case)


@pytest.mark.parametrize(
    "case",
    named(case for case in sample()
          if case[0].outcome is PASSING and case[0].respond is not None and not is_out_at_once(*case)),
)  # fmt: skip
def test_a_fault_that_passes(
    case: Case, lab: Any, run: Callable[[Report, str], Ran], count_combinations: Callable[..., None]
) -> None:
    """The next try reads a good answer, from its beginning: no row is lost, none comes twice."""
    fault, protocol, report, column = case
    lab.stand(fault, protocol, report, until=TRIES - 1)()
    assert_read(run(report, column), report, protocol, whole(protocol, report))
    assert lab.requests == TRIES
    count_combinations("faults of any report that pass")


def test_the_sample_has_everything() -> None:
    """Every fault and protocol, every report in both protocols, every column with ours and with others."""
    cases = list(sample())
    assert {(fault.id, protocol) for fault, protocol, _, _ in cases} == {
        (fault.id, protocol) for fault, protocol in pairs()
    }
    assert {(report.name, protocol) for _, protocol, report, _ in cases} == {
        (name, protocol) for name in EVERY_REPORT for protocol in ("json", "xmlrpc")
    }
    for reports in (OWN, MAILKIT):
        assert {(protocol, column) for _, protocol, report, column in cases if report.name in reports} == {
            (protocol, column) for column in REPORT_COLUMNS for protocol in ("json", "xmlrpc")
        }


def test_a_late_fault_comes_after_a_piece_of_rows() -> None:
    """Otherwise it would not be late, and nothing would be seen of rows that are out."""
    long = [body_of(FAULTS["bad count"], protocol) for protocol in ("json", "xmlrpc")]
    assert all(len(body) > 2**18 for body in long)
