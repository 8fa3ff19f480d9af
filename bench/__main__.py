"""The command line: ``python -m bench``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from bench.checks import check_flat, check_imports, check_poke, check_triggerer
from bench.lab import Lab
from bench.lines import LINES, run_line
from bench.verdict import Verdict

_MILLION = 1_000_000


def main() -> int:
    """Measure, print, and say with the exit status whether every budget is met."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("-n", type=int, default=_MILLION, help="recipients of a line's report")
    options = parser.parse_args()
    verdicts = []
    for verdict in _full(options.n):
        print(verdict, flush=True)
        verdicts.append(verdict)
    worst = min(verdicts, key=lambda verdict: verdict.margin)
    print(f"Worst: {worst.margin:.2f} x its budget ({worst.name}: {worst.measured}, budget {worst.budget})")
    return 0 if worst.margin >= 1 else 1


def _full(recipients: int) -> Iterator[Verdict]:
    flat = {"json": (recipients // 10, 5 * recipients), "xmlrpc": (recipients // 10, recipients)}
    sizes = {protocol: (*both, recipients) for protocol, both in flat.items()}
    with Lab(sizes, zipped=[recipients]) as lab:
        for line in LINES:
            yield from run_line(lab, line, recipients).verdicts()
        yield from check_imports()
        for protocol, size in (("json", recipients), ("xmlrpc", recipients // 10)):
            yield check_poke(lab, protocol)
            yield check_triggerer(lab, protocol, size)
        yield from check_flat(lab, flat)


if __name__ == "__main__":
    sys.exit(main())
