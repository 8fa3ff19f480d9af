"""Every fault in a call that acts: it is made once, and it is said truly whether it may have acted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from faults.acting import acting
from faults.fault import Fault
from faults.matrix import FAULTS
from faults.outcomes import UNCLEAR
from faults.witness import Witness, assert_never_said, told_by
from support.reports import Protocol

from airflow_provider_mailkit._compat import AirflowFailException
from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.hooks.mailkit import MailkitHook
from airflow_provider_mailkit.operators.mailkit import MailkitCallOperator

CREATE = "mailkit.mailinglist.create"
NAMED = {"name": "person1@example.com"}
WAYS: dict[str, Callable[[], Any]] = {
    "hook": lambda: MailkitHook().call(CREATE, NAMED),
    "async hook": lambda: asyncio.run(MailkitHook().acall(CREATE, NAMED)),
    "operator": lambda: MailkitCallOperator(
        task_id="create", function=CREATE, parameters=NAMED, allow=["write"]
    ).execute({}),
}
CASES = [
    pytest.param(fault, protocol, id=f"{fault.id}-{protocol}")
    for fault in FAULTS.values()
    for protocol in fault.protocols
    if acting(fault) is not None
]


@pytest.mark.parametrize(("fault", "protocol"), CASES)
def test_a_fault_of_a_call_that_acts(
    fault: Fault,
    protocol: Protocol,
    lab: Any,
    waits: list[float],
    witness: Witness,
    count_combinations: Callable[..., None],
) -> None:
    outcome = acting(fault)
    assert outcome is not None
    lab.stand(fault, protocol)()
    for number, (way, call) in enumerate(WAYS.items(), 1):
        with pytest.raises(MailkitError) as caught:
            call()
        error = caught.value
        assert isinstance(error, outcome.error or ()), (way, error)
        assert error.retryable is (outcome.state == "up_for_retry"), way
        if way == "operator":
            assert isinstance(error, AirflowFailException) is (outcome.state == "failed")
        assert ("It is unclear whether Mailkit has acted" in str(error)) is (outcome is UNCLEAR)
        assert_never_said(told_by(error), "person1")
        if lab.servers:
            assert lab.requests == number, "a call that acts is made once"
        count_combinations("calls that act")
    assert not waits
    assert_never_said(witness.heard(), "person1")


def test_the_faults_are_of_all_kinds() -> None:
    outcomes = {outcome.text for fault in FAULTS.values() if (outcome := acting(fault))}
    assert len(outcomes) == 5
