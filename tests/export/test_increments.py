"""Every interleaving that Hypothesis finds: two or three runs, kills at every step, requests that come late,
rows that come late and rows that vanish, a consumer that moves away what is done.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from export.increment_model import Run, World
from hypothesis import HealthCheck, Phase, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from airflow_provider_mailkit.export import claims, identity
from airflow_provider_mailkit.export.increments import Limits


class Increments(RuleBasedStateMachine):
    """The promise: every ID is in exactly one file that was ever done, and none is lost."""

    world: World

    @initialize(
        page_size=st.integers(2, 9),
        rows_per_file=st.integers(1, 12),
        max_rows=st.integers(1, 30),
        overlap=st.integers(0, 5),
        renames=st.booleans(),
        shown=st.lists(st.booleans(), max_size=20),
    )
    def begin(self, renames: bool, shown: list[bool], **limits: Any) -> None:
        self.world = World(Limits(**limits), renames=renames)
        self.world.log.append(shown)

    @rule(shown=st.lists(st.sampled_from([True, True, True, False]), min_size=1, max_size=8))
    def rows_come(self, shown: list[bool]) -> None:
        self.world.log.append(shown)

    @precondition(lambda self: self.world.log.hidden)
    @rule()
    def late_rows_come(self) -> None:
        self.world.log.reveal(self.world.latest)

    @rule(number=st.integers(1, 6))
    def old_rows_vanish(self, number: int) -> None:
        del self.world.log.visible[:number]

    @precondition(lambda self: len(self.world.runs) < 3)
    @rule(steps=st.integers(0, 25))
    def run_begins(self, steps: int) -> None:
        self.world.runs.append(Run(self.world))
        self.goes_on(len(self.world.runs) - 1, steps)

    @precondition(lambda self: self.world.runs)
    @rule(which=st.integers(0, 2), steps=st.integers(1, 25))
    def goes_on(self, which: int, steps: int) -> None:
        run = self.world.runs[which % len(self.world.runs)]
        for _ in range(steps):
            run.go_on()
            self.check()

    @precondition(lambda self: self.world.runs)
    @rule(
        which=st.integers(0, 2),
        before=st.sampled_from(["call", "staged", "json", "move", "remove", "done", "its end"]),
    )
    def goes_on_to(self, which: int, before: str) -> None:
        self.world.runs[which % len(self.world.runs)].go_on_to(before)

    @precondition(lambda self: self.world.runs)
    @rule(which=st.integers(0, 2), sent=st.booleans())
    def is_killed(self, which: int, sent: bool) -> None:
        self.world.runs[which % len(self.world.runs)].kill(self.world.in_flight if sent else None)

    @precondition(lambda self: self.world.runs)
    @rule(which=st.integers(0, 2), after=st.booleans())
    def request_fails(self, which: int, after: bool) -> None:
        self.world.runs[which % len(self.world.runs)].fail(after=after)

    @precondition(lambda self: self.world.in_flight)
    @rule()
    def late_request_lands(self) -> None:
        self.world.land()

    @rule()
    def consumer_comes(self) -> None:
        self.world.consume()

    @invariant()
    def check(self) -> None:
        if hasattr(self, "world"):
            twice = [id_ for id_, times in self.world.published().items() if times > 1]
            assert not twice
            assert not self.world.restored, "what was stored is gone, although nobody else removes it"
            list(self.world.alive())

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        world = self.world
        for run in [*world.alive()]:
            run.end()
            self.check()
        while world.in_flight:
            world.land()
            self.check()
        world.consume()
        is_caught_up = False
        while not is_caught_up:
            run = Run(world)
            run.end()
            assert run.result, run.error
            is_caught_up = run.result["caught_up"]
        world.consume()
        self.check()
        assert not [name for name in world.files if "/" not in name]
        # What vanished before anybody read it cannot be there.
        lost = {*world.log.visible} - {*world.taken}
        assert not lost
        claimed = claims.Listing.read(name.rpartition("/")[2] for name in world.files)
        assert claimed.claims == claimed.done


#: "make trust" asks for more.
EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "120"))
#: Without looking for the shortest way to a fault, for whoever breaks the code on purpose.
QUICK = {"phases": [Phase.generate]} if "MODEL_QUICK" in os.environ else {}


def test_every_interleaving(monkeypatch: pytest.MonkeyPatch) -> None:
    # A slow hash of the client ID is of no use here.
    monkeypatch.setattr(identity, "_ROUNDS", 1)
    run_state_machine_as_test(
        Increments,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            **QUICK,
        ),
    )
