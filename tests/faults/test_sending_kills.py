"""A worker that is killed at any step of sending a campaign: the sandbox counts what it was asked to send."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

import pytest

from airflow_provider_mailkit.sandbox import Sandbox

CHILD = Path(__file__).parent / "sending_child.py"
SCHEDULE = "mailkit.campaigns.single.schedule"
#: The campaign, what is scheduled, the history; both again; the sending; both again.
CALLS = 8
SENDING = 6
MOMENTS = ("before", "during", "after")


@pytest.mark.parametrize(
    ("numbers", "queue_seconds"),
    [
        ([SENDING], 0),
        pytest.param(range(1, CALLS + 1), 0, marks=pytest.mark.trust),
        pytest.param(range(1, CALLS + 1), 0.3, marks=pytest.mark.trust),
    ],
    ids=["the sending", "every step", "every step with a queue"],
)
def test_nothing_is_sent_twice(
    numbers: Iterable[int], queue_seconds: float, mailkit_connection: Callable[..., str]
) -> None:
    kills = [(number, moment) for number in numbers for moment in MOMENTS]
    # The first campaign is not among them: it always has a schedule of its own.
    cases = [[3002], *([3003 + case, *kill] for case, kill in enumerate(kills))]
    settings = {"campaigns": len(cases) + 1, "recipients": 3, "deliveries": 2, "last_day": date(2026, 3, 1)}
    with Sandbox(**settings, queue_seconds=queue_seconds) as sandbox:
        mailkit_connection(sandbox.base_url, timezone="Europe/Prague")
        run = subprocess.run(
            [sys.executable, str(CHILD), json.dumps(cases)],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            env=os.environ | {"AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR"},
        )
        assert run.returncode == 0, run.stderr[-4000:]
        results = json.loads(run.stdout.splitlines()[-1])
        sent = Counter(
            int(str(entry.parameters["ID_message"]))
            for entry in sandbox.log.entries
            if entry.function == SCHEDULE
        )
    assert sent == {id_message: 1 for id_message, *_ in cases}
    for (id_message, *kill), (first, *others) in zip(cases, results, strict=True):
        delivery = sandbox.id_sends_of(id_message)[-1] + 1
        assert first == ("killed" if kill else delivery), kill
        assert others == [delivery] * 2, kill
