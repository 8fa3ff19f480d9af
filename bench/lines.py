"""The lines of the budget: the provider and a peer, turn by turn, in fresh processes."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.compare import compare_files
from bench.lab import Cost, Lab
from bench.verdict import MB, Verdict, at_least, at_most


@dataclass(frozen=True)
class Line:
    """One kind of work.

    :param ours: the provider's task.
    :param peer: the task for comparison.
    :param at_least: the minimum factor by which the provider is faster by the clock of a quiet machine; None
        without a budget.
    :param memory_mb: the provider's peak over the imported baseline.
    :param suffix: of the file that the work writes.
    :param part: of the report: one in this many recipients.
    :param cpu: the minimum factor by which it computes less, which hardly depends on the load of the machine.
    """

    name: str
    protocol: str
    ours: str
    peer: str
    at_least: float | None
    memory_mb: float
    suffix: str = ""
    pairs: int = 3
    zipped: bool = False
    part: int = 1
    cpu: float | None = None


# Name, suffix, budgets by the clock, by processor time over JSON and over XML-RPC, and of memory.
_EXPORTS = (
    ("JSONL", "jsonl", 4, 2.7, 4.6, 32),
    ("CSV", "csv", 3, 2.3, 4.6, 32),
    ("Parquet", "parquet", 4, 1.9, 4.6, 96),
)
_TABLE_LIBRARIES = ("duckdb", "polars")

LINES = (
    Line("count, JSON", "json", "count", "requests count", 5, 16, cpu=4.5),
    *(
        # Parquet has two threads that compute, and so the largest spread.
        Line(
            f"{name}, JSON",
            "json",
            "export",
            f"requests {suffix}",
            ratio,
            memory,
            suffix,
            pairs=6 if suffix == "parquet" else 4,
            cpu=cpu,
        )
        for name, suffix, ratio, cpu, _, memory in _EXPORTS
    ),
    # The peers of XML-RPC take a minute for a million, and the ratios are two to three times the budget.
    Line("count, XML-RPC, a tenth", "xmlrpc", "count", "xmlrpc.client count", 3, 32, pairs=2, part=10, cpu=7),
    *(
        Line(
            f"{name}, XML-RPC, a tenth",
            "xmlrpc",
            "export",
            f"xmlrpc.client {suffix}",
            3,
            memory,
            suffix,
            pairs=2,
            part=10,
            cpu=cpu,
        )
        for name, suffix, _, _, cpu, memory in _EXPORTS
    ),
    Line("trigger's count, JSON", "json", "trigger", "requests count", 5, 16, cpu=4),
    Line("count, JSON in gzip", "json", "count", "requests count", 5, 16, pairs=2, zipped=True, cpu=4.3),
    Line("count, JSON, and HttpHook", "json", "count", "http-hook count", None, 16, pairs=1),
    Line("count, JSON, and ijson", "json", "count", "ijson count", None, 16, pairs=1),
    # The provider is behind some of these: the page says by how much.
    *(
        Line(
            f"{name}, JSON, and {library}",
            "json",
            "export" if suffix else "count",
            f"{library} {suffix or 'count'}",
            None,
            memory,
            suffix,
        )
        for name, suffix, *_, memory in (("count", "", 16), *_EXPORTS)
        for library in _TABLE_LIBRARIES
    ),
)


# The share of its time for which a job may wait for a processor on a quiet machine.
_BUSY = 0.05


#: The lines of the short run, and their limits for the peak in MB: a little above the usual peaks.
GUARDS = {
    "count, JSON": 2,
    "JSONL, JSON": 6,
    "CSV, JSON": 5,
    "Parquet, JSON": 80,
    "count, XML-RPC, a tenth": 4,
}


@dataclass
class Outcome:
    """The results of a line, one for each pair."""

    line: Line
    ours: list[Cost] = field(default_factory=list)
    peer: list[Cost] = field(default_factory=list)

    @property
    def wall_ratios(self) -> list[float]:
        """How many times faster the provider was, by the clock."""
        return [peer.wall / ours.wall for ours, peer in zip(self.ours, self.peer, strict=True)]

    @property
    def cpu_ratio(self) -> float:
        """The factor by which the provider's process computed less, with the best runs of both. Other load on
        the machine can only increase a process's time, because it uses the caches.
        """
        return min(cost.cpu for cost in self.peer) / min(cost.cpu for cost in self.ours)

    @property
    def ratio(self) -> float:
        """The usual ratio, by the clock."""
        return statistics.median(self.wall_ratios)

    @property
    def was_quiet(self) -> bool:
        """Whether all of them had a processor whenever they could use one."""
        return all(cost.queued < _BUSY * cost.wall for cost in (*self.ours, *self.peer))

    @property
    def spread(self) -> str:
        """The smallest and the largest ratio."""
        return f"{min(self.wall_ratios):.1f}-{max(self.wall_ratios):.1f}"

    @property
    def wall(self) -> float:
        """The provider's usual seconds."""
        return statistics.median(cost.wall for cost in self.ours)

    @property
    def peak_mb(self) -> float:
        """The provider's highest peak."""
        return max(cost.peak for cost in self.ours) / MB

    @property
    def peer_peak_mb(self) -> float:
        """The peer's highest peak."""
        return max(cost.peak for cost in self.peer) / MB

    def __str__(self) -> str:
        return (
            f"{self.line.name}: {self.ratio:.2f} x faster ({self.spread}) than {self.line.peer}, "
            f"{self.cpu_ratio:.2f} x less computing, {self.peak_mb:.0f} MB against {self.peer_peak_mb:.0f} MB"
        )

    def verdicts(self, memory_mb: float | None = None, slack: float = 0.0) -> Iterator[Verdict]:
        """Judge the line by its budget.

        :param memory_mb: the highest peak, if it is not the budget's.
        :param slack: the share of the budget's ratio, by the clock, that is forgiven.
        """
        if self.line.at_least is not None:
            name, least = f"{self.line.name}: speed", self.line.at_least * (1 - slack)
            detail = f" ({self.spread}) than {self.line.peer}"
            yield at_least(name, self.ratio, least, detail, counts=self.was_quiet)
        if self.line.cpu is not None:
            yield at_least(f"{self.line.name}: processor time", self.cpu_ratio, self.line.cpu)
        yield self._memory(memory_mb or self.line.memory_mb)

    def _memory(self, most_mb: float) -> Verdict:
        detail = f" (peer {self.peer_peak_mb:.0f} MB)"
        return at_most(f"{self.line.name}: memory", self.peak_mb, most_mb, "MB", detail)


def run_line(lab: Lab, line: Line, recipients: int) -> Outcome:
    """Measure a line, and check that the provider and the peer agree on every value.

    :raises ValueError: they do not.
    """
    outcome = Outcome(line)
    recipients //= line.part
    names = [f"{who}.{line.suffix}" if line.suffix else "" for who in ("ours", "peer")]
    for pair in range(line.pairs):
        for task, name, costs in zip(
            (line.ours, line.peer), names, (outcome.ours, outcome.peer), strict=True
        ):
            costs.append(lab.run(task, line.protocol, recipients, name, zipped=line.zipped))
        if line.suffix and pair == 0:
            ours, peer = (lab.folder / name for name in names)
            compare_files(ours, peer, recipients)
        elif not line.suffix and outcome.ours[-1].result != outcome.peer[-1].result:
            raise ValueError(f"{line.name}: the counts differ")
    return outcome
