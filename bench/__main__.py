"""The command line: ``python -m bench``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.checks import check_flat, check_imports, check_poke, check_triggerer, check_wait
from bench.lab import Lab
from bench.lines import GUARDS, LINES, Outcome, run_line
from bench.page import measure_floor, write_page
from bench.plot import measure_curves, write_plot
from bench.profile import measure_profiles
from bench.report import KINDS
from bench.verdict import Verdict

_MILLION = 1_000_000
_QUICK = 400_000
# The share of a ratio's budget by which equal code varies in a short run on a busy machine.
_SLACK = 0.5


def main() -> int:
    """Measure, print, and say with the exit status whether every budget is met."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("-n", type=int, default=_MILLION, help="recipients of a line's report")
    parser.add_argument(
        "--quick", action="store_true", help="a minute or two: fewer lines, a small report, forgiving"
    )
    parser.add_argument("--kind", choices=KINDS, default=KINDS[0], help="what is special about the report")
    parser.add_argument("--only", metavar="TEXT", help="only lines with this text in their names, or 'wait'")
    parser.add_argument("--page", type=Path, help="write the table into this file, and the plot beside it")
    parser.add_argument("--plot", type=Path, help="only measure for the plot, and write it there")
    options = parser.parse_args()
    if options.plot:
        write_plot(options.plot, measure_curves())
        return 0
    run = _quick(options.kind) if options.quick else _some(options) if options.only else _full(options)
    verdicts = []
    for verdict in run:
        print(verdict, flush=True)
        verdicts.append(verdict)
    worst = min((verdict for verdict in verdicts if verdict.counts), key=lambda verdict: verdict.margin)
    print(f"Worst: {worst.margin:.2f} x its budget ({worst.name}: {worst.measured}, budget {worst.budget})")
    return 0 if worst.margin >= 1 else 1


def _full(options: argparse.Namespace) -> Iterator[Verdict]:
    recipients = options.n
    flat = {"json": (recipients // 10, 5 * recipients), "xmlrpc": (recipients // 10, recipients)}
    parts = {recipients // line.part for line in LINES}
    sizes = {protocol: {*both, *parts} for protocol, both in flat.items()}
    outcomes: list[Outcome] = []
    with Lab(sizes, zipped=[recipients], kind=options.kind) as lab:
        for line in LINES:
            outcomes.append(run_line(lab, line, recipients))
            print(outcomes[-1], flush=True)
            yield from outcomes[-1].verdicts()
        floor = measure_floor(lab, recipients)
        print(floor, flush=True)
        if options.page:
            write_page(options.page, recipients, outcomes, floor, measure_profiles(lab, recipients))
        yield from check_imports()
        for protocol, size in (("json", recipients), ("xmlrpc", recipients // 10)):
            yield check_poke(lab, protocol)
            yield check_triggerer(lab, protocol, size)
        yield from check_wait(lab, recipients)
        yield from check_flat(lab, flat)


def _some(options: argparse.Namespace) -> Iterator[Verdict]:
    lines = [line for line in LINES if options.only in line.name]
    sizes = {
        protocol: {options.n // line.part for line in lines if line.protocol == protocol}
        for protocol in ("json", "xmlrpc")
    }
    sizes["json"].add(options.n)
    zipped = [options.n for line in lines if line.zipped]
    with Lab(sizes, zipped=zipped, kind=options.kind) as lab:
        for line in lines:
            outcome = run_line(lab, line, options.n)
            print(outcome, flush=True)
            yield from outcome.verdicts()
        if options.only == "wait":
            yield from check_wait(lab, options.n)


def _quick(kind: str) -> Iterator[Verdict]:
    lines = [line for line in LINES if line.name in GUARDS]
    sizes = {
        protocol: {_QUICK // line.part for line in lines if line.protocol == protocol}
        for protocol in ("json", "xmlrpc")
    }
    with Lab(sizes, kind=kind) as lab:
        for line in lines:
            yield from run_line(lab, line, _QUICK).verdicts(GUARDS[line.name], _SLACK)


if __name__ == "__main__":
    sys.exit(main())
