"""Compares two versions: what the difference of two shares means, and what it does not mean.

The arithmetic of textbooks: Wilson's interval of a share, Newcombe's interval of a difference, the pooled
z-test of two proportions, and Fisher's exact test where a cell is small.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from airflow_provider_mailkit.pages.text import number, percent, points

#: A pair is tested twice, for reads and for clicks, so each test gets half of five per cent.
LEVEL: Final = 0.025
#: The matching normal quantile, for both ends of an interval.
Z: Final = 2.2414
_SMALL_CELL = 10.0
# If a difference of more than five percentage points may be hidden, there are too few people.
_TOO_WIDE = 0.05
_UNEQUAL = 1.5


@dataclass(frozen=True, slots=True)
class Share:
    """A count out of a total."""

    part: int
    whole: int

    @property
    def rate(self) -> float:
        """The share from 0 to 1; 0 if the total is 0."""
        return self.part / self.whole if self.whole else 0.0

    def interval(self) -> tuple[float, float]:
        """Return the plausible range of the share (Wilson)."""
        if not self.whole:
            return 0.0, 1.0
        middle = self.rate + Z * Z / (2 * self.whole)
        spread = Z * math.sqrt(self.rate * (1 - self.rate) / self.whole + (Z / (2 * self.whole)) ** 2)
        scale = 1 + Z * Z / self.whole
        return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def difference_interval(a: Share, b: Share) -> tuple[float, float]:
    """Return the plausible range of A's lead over B (Newcombe)."""
    (a_low, a_high), (b_low, b_high) = a.interval(), b.interval()
    ahead = a.rate - b.rate
    below = math.hypot(a.rate - a_low, b_high - b.rate)
    above = math.hypot(a_high - a.rate, b.rate - b_low)
    return max(-1.0, ahead - below), min(1.0, ahead + above)


def p_value(a: Share, b: Share) -> float:
    """Return how often chance alone makes at least this difference, if both are equally good."""
    whole, part = a.whole + b.whole, a.part + b.part
    if not a.whole or not b.whole or part in (0, whole):
        return 1.0
    pooled = part / whole
    smallest = min(pooled, 1 - pooled) * min(a.whole, b.whole)
    if smallest < _SMALL_CELL:
        return _fisher(a, b)
    error = math.sqrt(pooled * (1 - pooled) * (1 / a.whole + 1 / b.whole))
    return math.erfc(abs(a.rate - b.rate) / error / math.sqrt(2))


def _fisher(a: Share, b: Share) -> float:
    whole, part = a.whole + b.whole, a.part + b.part
    all_ways = _log_choose(whole, part)

    def chance(of_a: int) -> float:
        return math.exp(_log_choose(a.whole, of_a) + _log_choose(b.whole, part - of_a) - all_ways)

    # Equally rare outcomes count too. The factor allows for rounding.
    most = chance(a.part) * (1 + 1e-7)
    possible = range(max(0, part - b.whole), min(a.whole, part) + 1)
    return min(1.0, sum(each for each in map(chance, possible) if each <= most))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a difference means, in words.

    :param headline: the answer.
    :param explanation: the reasons.
    :param is_real: whether the difference is larger than chance would make it.
    """

    headline: str
    explanation: str
    is_real: bool


def judge(action: str, a: tuple[str, Share], b: tuple[str, Share]) -> Verdict:
    """Put the difference of two versions into words.

    :param action: what people did: ``read`` or ``clicked``.
    :param a: the name of a version, and how many of its recipients did so.
    :param b: the same for the other version.
    """
    for name, share in (a, b):
        if not share.whole:
            nobody = f"Version {name} has been delivered to nobody so far."
            return Verdict("Nothing to compare", nobody, is_real=False)
    (leader, best), (other, second) = (a, b) if a[1].rate >= b[1].rate else (b, a)
    chance = p_value(best, second)
    low, high = difference_interval(best, second)
    shares = ", ".join(f"{name} {percent(share.part, share.whole)}" for name, share in (a, b))
    by_chance = f"{shares}. Two equally good versions would differ this much {_how_often(chance)}."
    if chance < LEVEL:
        range_ = f"{points(max(0.0, low))} to {points(high)}"
        return Verdict(
            f"Version {leader} was {action} more often",
            f"{by_chance} {leader} is plausibly ahead by {range_} percentage points.",
            is_real=True,
        )
    hidden = (
        f"The true difference may be anything from {points(low)} percentage points in favour of {other} "
        f"to {points(high)} in favour of {leader}."
    )
    headline = (
        f"Too few people to tell which version is {action} more"
        if max(-low, high) > _TOO_WIDE
        else f"No proven difference: {a[0]} and {b[0]} were {action} about equally often"
    )
    return Verdict(headline, f"{by_chance} {hidden}", is_real=False)


def caution(a: tuple[str, Share], b: tuple[str, Share]) -> str | None:
    """Return a sentence if one of the groups is so large that it probably won the test; else None."""
    (_, small), (larger, large) = sorted((a, b), key=lambda version: version[1].whole)
    if not small.whole or large.whole < _UNEQUAL * small.whole:
        return None
    return (
        f"Version {larger} reached {number(large.whole)} people, and the other one {number(small.whole)}. "
        f"If {larger} won the test and then went to everybody else, its figures include people who got "
        "it later: the comparison is a hint then, and not a test."
    )


def _how_often(chance: float) -> str:
    if chance < 0.001:
        return f"in fewer than 1 of {number(1000)} deliveries"
    if chance < 0.01:
        return f"in about {round(chance * 1000)} of {number(1000)} deliveries"
    if chance > 0.99:
        return "nearly always"
    return f"in about {round(chance * 100)} of 100 deliveries"
