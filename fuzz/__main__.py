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


def start(protocol: Protocol, runs: int, seed: int, folder: Path) -> subprocess.Popen[str]:
    """Start fuzzing one decoder."""
    folder.mkdir()
    words = seeds.write(protocol, folder)
    FINDINGS.mkdir(exist_ok=True)
    arguments = [f"-runs={runs}", f"-seed={seed}", f"-dict={words}", *_LIMITS]
    arguments += [f"-artifact_prefix={FINDINGS}/{protocol}-", str(folder / "corpus")]
    return subprocess.Popen(
        [sys.executable, "-m", "fuzz.target", protocol, *arguments],
        env=os.environ | {"PYTHONHASHSEED": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def fuzz(runs: int, seed: int) -> int:
    """Fuzz both decoders at the same time; return how many of them have failed."""
    began, failed, told = time.monotonic(), 0, []
    with tempfile.TemporaryDirectory(prefix="mailkit-fuzz-") as folder:
        started = {protocol: start(protocol, runs, seed, Path(folder) / protocol) for protocol in PROTOCOLS}
        for protocol, process in started.items():
            printed, _ = process.communicate()
            done = re.search(r"number_of_executed_units: (\d+)", printed)
            covered = re.findall(r"cov: (\d+)", printed)
            told.append(f"{protocol} {done[1] if done else '?'} (coverage {covered[-1] if covered else '?'})")
            if process.returncode or not done or int(done[1]) < runs:
                failed += 1
                print(printed[-6000:])
    print(f"Inputs fuzzed: {', '.join(told)}; seed {seed}; {time.monotonic() - began:.0f} s")
    print(f"{len(PROTOCOLS) - failed} passed, {failed} failed")
    return failed


def main() -> int:
    """Do what the command line says; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000, help="inputs for each of the two decoders")
    parser.add_argument("--seed", type=int, default=1, help="another one tries other inputs")
    parser.add_argument(
        "files", nargs="*", type=Path, help="inputs to check instead, named as the findings are"
    )
    arguments = parser.parse_args()
    for file in arguments.files:
        check("json" if file.name.startswith("json") else "xmlrpc", file.read_bytes())
        print(f"{file}: fine")
    return 0 if arguments.files else fuzz(arguments.runs, arguments.seed)


if __name__ == "__main__":
    sys.exit(main())
