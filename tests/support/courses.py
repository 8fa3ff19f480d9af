"""Courses of a delivery: what its report and its totals say, one question after the other."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from support.reports import Fault, Protocol, encode, recipient
from support.server import Answer, FaultServer, Received, plain

#: How totals may be odd, as what is changed in them.
ODD: dict[str, dict[str, Any]] = {
    "negative": {"FAILED_COUNT": "-1"},
    "beyond": {"FAILED_COUNT": "1000"},
    "text": {"DELIVERED_COUNT": "many"},
    "empty": {"SEND_COUNT": ""},
    "null": {"DELIVERED_COUNT": None},
    "float": {"DELIVERED_COUNT": 0.5},
    "another delivery": {"SEND_COUNT": "1000", "DELIVERED_COUNT": "900", "FAILED_COUNT": "30"},
    "largest": {"SEND_COUNT": str(2**63 - 1)},
    "none sent": {"SEND_COUNT": "0", "DELIVERED_COUNT": "0", "FAILED_COUNT": "0"},
    "another kind": {"SEND_COUNT": {"DELIVERED_COUNT": "1"}},
}
#: Those of the moment, those of another one, those that never add up, odd ones, and none.
LYING = (
    "now", "late", "early", "first", "last", "never", "growing", "shrinking", "nobody", "list", "error",
    "away", *ODD,
)  # fmt: skip


def counts_of(statuses: list[str]) -> dict[str, Any]:
    counts = Counter(statuses)
    return {
        "SEND_COUNT": str(len(statuses)),
        "DELIVERED_COUNT": str(counts["sent"]),
        "FAILED_COUNT": str(counts["failed"] or ""),
    }


@dataclass
class Course:
    """What is answered to one question after the other; the last report is repeated.

    :param reports: statuses of the recipients.
    :param lies: how the totals are, in turn.
    """

    reports: list[list[str]]
    lies: tuple[str, ...] = ("now",)
    asked: int = 0
    reports_asked: int = 0
    totals_asked: int = 0

    def report(self) -> list[str]:
        statuses = self._at(self.asked)
        self.asked += 1
        self.reports_asked += 1
        return statuses

    def totals(self) -> Any:
        """Return the answer; None stands for none."""
        answer = self._lie(self.lies[self.totals_asked % len(self.lies)])
        self.asked += 1
        self.totals_asked += 1
        return answer

    def _at(self, moment: int) -> list[str]:
        return self.reports[max(0, min(moment, len(self.reports) - 1))]

    def _lie(self, lie: str) -> Any:
        if lie in ("away", "error"):
            return None if lie == "away" else Fault(3, "Invalid ID_send")
        moments = {"late": self.asked - 3, "early": self.asked + 3, "first": 0, "last": len(self.reports)}
        totals = counts_of(self._at(moments.get(lie, self.asked)))
        sent = int(totals["SEND_COUNT"])
        more = {"never": 1, "growing": self.totals_asked, "shrinking": max(0, 5 - self.totals_asked)}
        changed = {
            "nobody": {"DELIVERED_COUNT": str(sent), "FAILED_COUNT": "0"},
            **{name: {"SEND_COUNT": str(sent + number)} for name, number in more.items()},
            **ODD,
        }
        totals |= changed.get(lie, {})
        return [totals] if lie == "list" else totals


@dataclass
class CourseServer(FaultServer):
    """Answers with a course; use it as ``with``."""

    script: Any = None
    course: Course = field(default_factory=lambda: Course([[]]))
    protocol: Protocol = "json"

    def __post_init__(self) -> None:
        self.script = self._report
        self.totals = self._totals

    def _report(self, number: int, request: Received) -> Answer:
        statuses = self.course.report()
        return self._encoded([recipient(n, STATUS=status) for n, status in enumerate(statuses)])

    def _totals(self, request: Received) -> Answer:
        answer = self.course.totals()
        return plain(b"", 503) if answer is None else self._encoded(answer)

    def _encoded(self, answer: Any) -> Answer:
        return plain(encode(self.protocol, answer))


@st.composite
def courses(draw: st.DrawFn, longest: int = 30) -> tuple[list[list[str]], tuple[str, ...]]:
    """Return reports, of which the last one is final or has an unknown status, and how the totals are."""
    size = draw(st.integers(1, 6))
    is_test = draw(st.booleans())
    report = ["wait_ab" if is_test and n % 2 else "wait" for n in range(size)]
    reports: list[list[str]] = [[]] * draw(st.integers(0, 2))
    while any(status.startswith("wait") for status in report):
        reports += [report] * draw(st.integers(1, max(1, longest // size)))
        report = list(report)
        for n in draw(st.sets(st.integers(0, size - 1), min_size=1)):
            following = {"wait_ab": ("wait", "sent"), "wait": ("sent", "failed"), "sent": ("sent", "failed")}
            report[n] = draw(st.sampled_from(following.get(report[n], (report[n],))))
        if len(reports) > longest:
            report = ["sent"] * size
    if draw(st.integers(0, 4)) == 0:
        report[-1] = "lost"
    lies = draw(st.one_of(st.just(["now"]), st.lists(st.sampled_from(LYING), min_size=1, max_size=8)))
    if draw(st.booleans()):
        # Proven first, and only then not to be relied on.
        lies = ["now"] * 40 if draw(st.booleans()) else ["now", "now", *lies]
    return [*reports, report], tuple(lies)
