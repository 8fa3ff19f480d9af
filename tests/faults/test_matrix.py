"""Every fault of the matrix in every column: what comes out, how often it is tried, what is left."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from faults.bodies import long, whole
from faults.columns import COLUMNS, ID_SEND, OLD, SENSOR, Ran, state_of
from faults.fault import Fault, body_of
from faults.matrix import FAULTS
from faults.outcomes import ASKED_TOO_MUCH, EMPTY, PASSING, TRIES, TRIGGER_TRIES, Outcome
from faults.witness import Witness, as_stored, assert_never_said, told_by
from support import modes
from support.reports import Protocol, oracle

from airflow_provider_mailkit._compat import AirflowFailException
from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.operators.mailkit import MailkitRecipientsOperator

#: Far longer than any combination takes; a call that waits for ever must not stop the run.
SOON_S = 20


def outcome_of(fault: Fault, column: str) -> Outcome:
    if column in SENSOR and fault.sensor is not None:
        return fault.sensor
    if (column in SENSOR or "counts" in column) and fault.counts is not None:
        return fault.counts
    return fault.outcome


def is_out_at_once(fault: Fault, column: str) -> bool:
    """Tell whether rows have been given away when the fault shows, so that nothing can be tried again."""
    return fault.late and column.endswith("hook, rows")


def cases(keep: Callable[[Fault, str], bool]) -> list[Any]:
    """Return the combinations; every second one is for ``make trust``, where both protocols have the fault.

    So each fault meets each column in one protocol, and both protocols in half of the columns each.
    """
    return [
        pytest.param(
            fault,
            protocol,
            column,
            id=f"{fault.id}-{protocol}-{column}",
            marks=[pytest.mark.trust, pytest.mark.long]
            * (len(fault.protocols) > 1 and bool((a + b + c) % 2)),
        )
        for a, fault in enumerate(FAULTS.values())
        for b, protocol in enumerate(fault.protocols)
        for c, column in enumerate(COLUMNS)
        if keep(fault, column)
    ]


def ends_by_itself(fault: Fault, column: str) -> bool:
    """An empty report keeps a sensor waiting; see below for what comes then."""
    return column not in SENSOR or outcome_of(fault, column) is not EMPTY


@pytest.fixture
def run(tmp_path: Path, spool: Path, waits: list[float], witness: Witness) -> Callable[[str], Ran]:
    """Run a column where it can leave nothing behind unseen, and listen to what it says."""

    def run_column(column: str) -> Ran:
        modes.kept.clear()
        folder = tmp_path / "out"
        folder.mkdir()
        start = time.monotonic()
        ran = COLUMNS[column](folder)
        assert time.monotonic() - start < SOON_S
        assert os.listdir(spool) == []
        assert_never_said(witness.heard())
        assert_never_said("".join(modes.kept))
        return ran

    return run_column


def assert_failed(ran: Ran, outcome: Outcome, fault: Fault, column: str) -> None:
    """See that the error is of its class, leads to its state, tells no secret, and has left nothing."""
    error = ran.error
    assert isinstance(error, outcome.error or ()), error
    # Airflow's own class may be mixed in; ours is the only one of the tree.
    (ours,) = {kind for kind in type(error).__mro__ if kind.__module__ == MailkitError.__module__} - set(
        MailkitError.__mro__
    ) or {MailkitError}
    assert ours is outcome.error
    assert state_of(error, column) == outcome.state
    assert error.retryable is (outcome.state == "up_for_retry")
    assert_never_said(told_by(error), 'ID_send"')
    assert ran.result is None
    assert ran.pushed == {}
    assert ran.left == ({} if "older" not in column else {"5001.parquet": OLD})
    assert bool(ran.rows_before) is is_out_at_once(fault, column)


def assert_read(ran: Ran, body: bytes, protocol: Protocol, column: str) -> None:
    """See that a column gives exactly what the standard library reads in the answer."""
    assert ran.error is None, told_by(ran.error)
    expected = oracle(protocol, body)
    if "rows" in column or "operator" in column:
        assert [plain_row(row) for row in ran.result] == [plain_row(row) for row in expected]
    else:
        assert ran.result == Counter(row["STATUS"] or "" for row in expected)
    if column == "operator to XCom":
        assert set(ran.pushed) == {"summary"}
        assert ran.pushed["summary"]["rows"] == len(expected)
        assert_never_said(as_stored(ran.pushed))
    elif "operator" in column:
        assert len(ran.left) == 1


def plain_row(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row without what an export adds, and with dates as text."""
    added = ("ID_SEND", "EXPORTED_AT", "EXTRA")
    plain = {name: value for name, value in row.items() if name not in added}
    date = plain["DATE"]
    return plain | {"DATE": date.isoformat() if hasattr(date, "isoformat") else date}


@pytest.mark.parametrize(("fault", "protocol", "column"), cases(ends_by_itself))
def test_a_fault(
    fault: Fault,
    protocol: Protocol,
    column: str,
    lab: Any,
    run: Callable[[str], Ran],
    waits: list[float],
    count_combinations: Callable[..., None],
) -> None:
    lab.stand(fault, protocol)()
    ran = run(column)
    outcome = outcome_of(fault, column)
    if outcome.error is None:
        assert fault.content is not None
        assert_read(ran, fault.content(protocol), protocol, column)
    else:
        assert_failed(ran, outcome, fault, column)
    tries = 1 if is_out_at_once(fault, column) else outcome.tries
    pauses = [seconds for seconds in waits if seconds]
    assert len(pauses) == tries - 1
    assert all(seconds >= fault.asked_s for seconds in pauses)
    if fault.respond is not None:
        assert lab.requests == tries
    count_combinations("faults that stay")


@pytest.mark.parametrize(
    ("fault", "protocol", "column"),
    cases(lambda fault, column: column in SENSOR and ends_by_itself(fault, column)),
)
def test_a_fault_at_a_later_poll(
    fault: Fault,
    protocol: Protocol,
    column: str,
    lab: Any,
    run: Callable[[str], Ran],
    count_combinations: Callable[..., None],
) -> None:
    """In the triggerer, if the sensor defers: there five failures in a row are tolerated."""
    lab.wait_first(protocol, then=lab.stand(fault, protocol))
    ran = run(column)
    outcome = outcome_of(fault, column)
    deferred = column == "sensor, deferrable"
    tries = outcome.tries
    if outcome.error is None:
        assert fault.content is not None
        assert_read(ran, fault.content(protocol), protocol, column)
    else:
        assert_failed(ran, outcome, fault, column)
    if deferred and outcome in (PASSING, ASKED_TOO_MUCH):
        tries = TRIGGER_TRIES
    if fault.respond is not None:
        assert lab.requests == tries
    assert len(modes.kept) == 2 * deferred
    count_combinations("faults at a later poll")


@pytest.mark.parametrize(
    ("fault", "protocol", "column"),
    cases(
        lambda fault, column: (
            fault.respond is not None
            and outcome_of(fault, column) is PASSING
            and not is_out_at_once(fault, column)
        )
    ),
)
def test_a_fault_that_passes(
    fault: Fault,
    protocol: Protocol,
    column: str,
    lab: Any,
    run: Callable[[str], Ran],
    count_combinations: Callable[..., None],
) -> None:
    """The next try reads a good report, from its beginning: no row is lost, none comes twice."""
    lab.stand(fault, protocol, until=TRIES - 1)()
    assert_read(run(column), whole(protocol), protocol, column)
    assert lab.requests == TRIES
    count_combinations("faults that pass")


@pytest.mark.parametrize(
    ("fault", "protocol", "column"),
    cases(lambda fault, column: column == "sensor, deferrable" and fault.respond is not None
          and outcome_of(fault, column) in (PASSING, ASKED_TOO_MUCH)),
)  # fmt: skip
def test_a_fault_that_passes_in_the_triggerer(
    fault: Fault,
    protocol: Protocol,
    column: str,
    lab: Any,
    run: Callable[[str], Ran],
    count_combinations: Callable[..., None],
) -> None:
    """Five failures in a row are tolerated, and the sixth poll says that it is over."""
    lab.wait_first(protocol, then=lab.stand(fault, protocol, until=TRIGGER_TRIES - 1))
    assert_read(run(column), whole(protocol), protocol, column)
    assert lab.requests == TRIGGER_TRIES
    count_combinations("faults that pass in the triggerer")


@pytest.mark.parametrize(
    ("fault", "protocol", "column"),
    cases(lambda fault, column: column in SENSOR and outcome_of(fault, column) is EMPTY),
)
def test_an_empty_report_is_waited_on(
    fault: Fault,
    protocol: Protocol,
    column: str,
    lab: Any,
    run: Callable[[str], Ran],
    count_combinations: Callable[..., None],
) -> None:
    lab.stand(fault, protocol, until=3)()
    assert_read(run(column), whole(protocol), protocol, column)
    assert lab.requests == 4
    count_combinations("empty reports waited on")


def test_rows_that_are_too_large_for_xcom_come_before_a_later_fault(
    lab: Any, count_combinations: Callable[..., None]
) -> None:
    late = [fault for fault in FAULTS.values() if fault.content is long or fault.late]
    for fault in late:
        for protocol in fault.protocols:
            if fault.respond is None or len(body_of(fault, protocol)) < 2 * 49152:
                continue
            lab.stand(fault, protocol)()
            ran = Ran()
            with pytest.raises(AirflowFailException, match="max_xcom_bytes"):
                MailkitRecipientsOperator(task_id="export", id_send=ID_SEND).execute({"ti": ran})
            assert ran.pushed == {}
            count_combinations("reports too large for XCom")


def test_the_matrix_is_complete() -> None:
    """No protocol but where a fault cannot be, and every kind of column."""
    assert {"json", "xmlrpc"} == {protocol for fault in FAULTS.values() for protocol in fault.protocols}
    assert len(COLUMNS) == 10
    assert all((fault.respond is None) != (fault.place is None) for fault in FAULTS.values())
    assert json.loads(json.dumps(ID_SEND)) == 5001
