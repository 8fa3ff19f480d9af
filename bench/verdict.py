"""The verdict on a measurement and its budget."""

from __future__ import annotations

from dataclasses import dataclass

MB = 1_000_000


@dataclass(frozen=True)
class Verdict:
    """One measured number beside its budget.

    :param margin: by which factor it is better than the budget. Below 1 the budget is missed.
    :param counts: whether that is a failure.
    """

    name: str
    measured: str
    budget: str
    margin: float
    counts: bool = True

    def __str__(self) -> str:
        state = "ok" if self.margin >= 1 else "MISSED" if self.counts else "missed beside other load"
        return f"{self.name:<44} {self.measured:<50} budget {self.budget:<12} {self.margin:6.2f} x  {state}"


def at_least(name: str, ratio: float, budget: float, detail: str = "", *, counts: bool = True) -> Verdict:
    """Judge a ratio that must not be smaller."""
    return Verdict(name, f"{ratio:.1f} x{detail}", f">= {budget:g} x", ratio / budget, counts)


def at_most(name: str, value: float, budget: float, unit: str, detail: str = "") -> Verdict:
    """Judge a number that must not be larger."""
    margin = budget / max(value, budget / 1000)
    return Verdict(name, f"{value:.1f} {unit}{detail}", f"<= {budget:g} {unit}", margin)
