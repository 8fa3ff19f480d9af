"""Plots time and memory against the size of the report, for the provider and for hand-written code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.lab import Cost, Lab
from bench.verdict import MB

_SIZES = (10_000, 100_000, 1_000_000, 5_000_000)
_MILLION = 1_000_000
_WORKS = (("count", "count", ""), ("JSONL", "export", "jsonl"), ("Parquet", "export", "parquet"))


@dataclass(frozen=True)
class Curve:
    """One kind of work by one of the two; a cost for each size."""

    work: str
    ours: bool
    costs: list[Cost]


def measure_curves() -> list[Curve]:
    """Measure every size, the peer right after the provider. The fastest of several runs counts."""
    curves = [Curve(work, ours, []) for work, _, _ in _WORKS for ours in (True, False)]
    with Lab({"json": _SIZES}) as lab:
        for size in _SIZES:
            jobs: Iterable[tuple[str, str]] = (
                job
                for work, task, suffix in _WORKS
                for job in ((task, suffix), (f"requests {suffix or work}", suffix))
            )
            for curve, (task, suffix) in zip(curves, jobs, strict=True):
                output = f"plot.{suffix}" if suffix else ""
                runs = [lab.run(task, "json", size, output) for _ in range(3 if size <= _MILLION else 1)]
                curve.costs.append(min(runs, key=lambda cost: cost.wall))
                print(f"{task} {suffix} {size:,}: {curve.costs[-1].wall:.2f} s", flush=True)
    return curves


def write_plot(path: Path, curves: list[Curve]) -> None:
    """Draw two panels, time and memory, both in multiples of the peer's count at the smallest size."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "mailkit"
    from matplotlib import pyplot as plt

    figure, (time, memory) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    unit = next(curve for curve in curves if not curve.ours and curve.work == "count").costs[0]
    colours = dict(zip([work for work, _, _ in _WORKS], ("#0072b2", "#d55e00", "#009e73"), strict=True))
    for curve in curves:
        label = f"{curve.work}, {'provider' if curve.ours else 'by hand'}"
        style = {"color": colours[curve.work], "linestyle": "-" if curve.ours else "--", "marker": "o"}
        time.plot(_SIZES, [cost.wall / unit.wall for cost in curve.costs], label=label, **style)
        memory.plot(_SIZES, [max(cost.peak / MB, 0.1) for cost in curve.costs], **style)
    time.set_ylabel("time, counting 10,000 by hand = 1")
    memory.set_ylabel("memory over the imports, MB")
    for axes in (time, memory):
        axes.set(xscale="log", yscale="log", xlabel="recipients")
        axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
