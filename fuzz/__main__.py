"""``python -m fuzz``: fuzz both decoders with a fixed seed and number of inputs, or check files again."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from support.reports import PROTOCOLS, Protocol

from fuzz import seeds
from fuzz.check import check

FINDINGS = Path("fuzz-findings")
# What libFuzzer may use: none of it makes a difference to the inputs that are tried.
_LIMITS = ("-max_len=2048", "-timeout=30", "-rss_limit_mb=1024", "-print_final_stats=1", "-reload=0")


def start(protocol: Protocol, name: str, runs: int, seed: int, folder: Path) -> subprocess.Popen[str]:
    """Start fuzzing the decoder of a report."""
    folder.mkdir()
    words = seeds.write(protocol, seeds.SAMPLE[name], folder)
    FINDINGS.mkdir(exist_ok=True)
    arguments = [f"-runs={runs}", f"-seed={seed}", f"-dict={words}", *_LIMITS]
    arguments += [f"-artifact_prefix={FINDINGS}/{protocol}-{name}-", str(folder / "corpus")]
    return subprocess.Popen(
        [sys.executable, "-m", "fuzz.target", protocol, name, *arguments],
        env=os.environ | {"PYTHONHASHSEED": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def fuzz(runs: int, seed: int) -> int:
    """Fuzz both decoders at the same time, report after report; return how many have failed.

    Recipients get half of the inputs, since theirs are most of what is read; the others share the rest.
    """
    began, failed = time.monotonic(), 0
    with tempfile.TemporaryDirectory(prefix="mailkit-fuzz-") as folder:
        for number, name in enumerate(seeds.SAMPLE):
            share = runs // 2 if number == 0 else runs // 2 // (len(seeds.SAMPLE) - 1)
            started = {
                protocol: start(protocol, name, share, seed, Path(folder) / f"{protocol}-{name}")
                for protocol in PROTOCOLS
            }
            told = []
            for protocol, process in started.items():
                printed, _ = process.communicate()
                done = re.search(r"number_of_executed_units: (\d+)", printed)
                covered = re.findall(r"cov: (\d+)", printed)
                told.append(
                    f"{protocol} {done[1] if done else '?'} (coverage {covered[-1] if covered else '?'})"
                )
                if process.returncode or not done or int(done[1]) < share:
                    failed += 1
                    print(printed[-6000:])
            print(f"Inputs fuzzed as {name}: {', '.join(told)}", flush=True)
    print(f"Seed {seed}; {time.monotonic() - began:.0f} s")
    print(f"{len(PROTOCOLS) * len(seeds.SAMPLE) - failed} passed, {failed} failed")
    return failed


def main() -> int:
    """Do what the command line says; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument(
        "--runs", type=int, default=100_000, help="inputs for each of the two decoders, of all reports"
    )
    parser.add_argument("--seed", type=int, default=1, help="another one tries other inputs")
    parser.add_argument(
        "files", nargs="*", type=Path, help="inputs to check instead, named as the findings are"
    )
    arguments = parser.parse_args()
    for file in arguments.files:
        protocol, name, _ = file.name.split("-", 2)
        check("json" if protocol == "json" else "xmlrpc", seeds.SAMPLE[name], file.read_bytes())
        print(f"{file}: fine")
    return 0 if arguments.files else fuzz(arguments.runs, arguments.seed)


if __name__ == "__main__":
    sys.exit(main())
