"""The page with the results: a table of ratios, and how far everything is from the floor."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from pathlib import Path

from bench.lab import Lab
from bench.lines import Outcome

_RUNS = 3
_JOBS = (
    ("receiving the bytes", "download", ""),
    ("receiving and decoding them", "decode", ""),
    ("count", "count", ""),
    ("JSONL", "export", "floor.jsonl"),
    ("CSV", "export", "floor.csv"),
    ("Parquet", "export", "floor.parquet"),
)


@dataclass(frozen=True)
class Floor:
    """How long each kind of work takes, in multiples of receiving the bytes and decoding all columns."""

    shares: dict[str, float]

    def __str__(self) -> str:
        shares = ", ".join(f"{name} {share:.2f} x" for name, share in self.shares.items())
        return f"Floor, JSON, in multiples of receiving and decoding: {shares}"


def measure_floor(lab: Lab, recipients: int) -> Floor:
    """Measure every kind of work over JSON, turn by turn."""
    seconds: dict[str, list[float]] = {name: [] for name, _, _ in _JOBS}
    for _ in range(_RUNS):
        for name, task, output in _JOBS:
            seconds[name].append(lab.run(task, "json", recipients, output).wall)
    usual = {name: statistics.median(times) for name, times in seconds.items()}
    decoding = usual["receiving and decoding them"]
    return Floor({name: time / decoding for name, time in usual.items()})


def write_page(
    page: Path, recipients: int, outcomes: list[Outcome], floor: Floor, profiles: list[str]
) -> None:
    """Write the tables between the two marks of a page.

    :param profiles: the lines of a table, see :func:`bench.profile.measure_profiles`.
    """
    lines = [
        f"Report of {recipients:,} recipients; ratios of one run, the smallest and the largest in brackets.",
        "",
        "| work | beside | times faster | budget | times less computing | budget | peak | peer's peak |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for outcome in outcomes:
        line = outcome.line
        budget, cpu = (f"{least:g}" if least else "" for least in (line.at_least, line.cpu))
        clock = f"{outcome.ratio:.1f} ({outcome.spread}){'' if outcome.was_quiet else '*'}"
        lines.append(
            f"| {line.name} | {line.peer} | {clock} | {budget} | {outcome.cpu_ratio:.2g} | {cpu} "
            f"| {outcome.peak_mb:.0f} MB | {outcome.peer_peak_mb:.0f} MB |"
        )
    lines += ["", "| JSON | beside receiving and decoding |", "| --- | --- |"]
    lines += [f"| {name} | {share:.2f} |" for name, share in floor.shares.items()]
    lines += ["", *profiles]
    text = page.read_text()
    begin, _, rest = text.partition("<!-- measured -->\n")
    _, _, end = rest.partition("<!-- end -->\n")
    page.write_text(f"{begin}<!-- measured -->\n" + "\n".join(lines) + f"\n<!-- end -->\n{end}")
