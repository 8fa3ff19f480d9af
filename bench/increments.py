"""What incremental exports cost: a first load from the sandbox, a run without news, and many earlier files.

Run ``python -m bench.increments``; ``--rows 10000000`` for the size of docs/how-to/land-the-logs.md.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: Fewer than a recipient of the sandbox's six deliveries has.
_RESPONSES_OF_A_RECIPIENT = 1.19
_DELIVERIES = 6
_ROWS_OF_A_RUN = 2_500_000


@contextmanager
def sandbox(rows: int) -> Iterator[dict[str, Any]]:
    """Run the sandbox in a process of its own; yields the connection.

    :param rows: how many rows its log of reactions has at least.
    """
    recipients = int(rows / _DELIVERIES / _RESPONSES_OF_A_RECIPIENT) + 1
    command = [sys.executable, "-m", "airflow_provider_mailkit.sandbox", "--port", "0", "--quiet"]
    command += ["--seconds", "0", "--recipients", str(recipients)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        server.stdout.readline()
        variable = server.stdout.readline()
        connection: dict[str, Any] = json.loads(variable.partition("=")[2].strip().strip("'"))
        yield connection
    finally:
        server.terminate()
        server.wait()


def run(folder: Path, **arguments: Any) -> dict[str, Any]:
    """Make one run; return its result with the processor time that it took."""
    from airflow_provider_mailkit.operators.mailkit import MailkitIncrementalExportOperator

    operator = MailkitIncrementalExportOperator(
        task_id="load", function="mailkit.report.raw.responses", output_path=folder, **arguments
    )
    began, used = time.monotonic(), time.process_time()
    result: dict[str, Any] = operator.execute({})
    return {**result, "wall_s": time.monotonic() - began, "cpu_s": time.process_time() - used}


def peak_mb() -> float:
    """Return the peak memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def add_earlier(folder: Path, files: int) -> None:
    """Make a folder look as if it had more files, by raising the number of the last claim."""
    claims = sorted((folder / "_mailkit").glob("*.json"))
    last = json.loads(claims[-1].read_bytes())
    for number in range(last["number"] + 1, files + 1):
        (folder / f"_mailkit/{number:06d}.json").write_text(json.dumps({**last, "number": number}))
        (folder / f"_mailkit/{number:06d}.done").write_text("{}\n")


def tell(what: str, result: dict[str, Any]) -> None:
    """Print the cost of a run."""
    print(
        f"{what}: {result['pages']} page, {result['cpu_s']:.2f} s of processor time, "
        f"{result['wall_s']:.2f} s by the clock"
    )


def main() -> None:
    """Print a line per measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="mailkit-bench-"))
    with sandbox(rows) as connection, tempfile.TemporaryDirectory() as temporary:
        os.environ["AIRFLOW_CONN_MAILKIT_DEFAULT"] = json.dumps(connection)
        folder = Path(temporary, "lake")
        part = run(folder, max_rows=min(rows, 50_000))
        base, done = peak_mb(), part["rows"]
        while not part["caught_up"]:
            part = run(folder, max_rows=_ROWS_OF_A_RUN)
            done += part["rows"]
            print(
                f"{done} rows: {part['pages']} pages, {len(part['files'])} files, "
                f"{part['cpu_s']:.1f} s of processor time, {peak_mb() - base:+.0f} MB",
                flush=True,
            )
        tell("no news", run(folder))
        for files in (10, 1_000):
            add_earlier(folder, files)
            tell(f"no news after {files} files", run(folder))


if __name__ == "__main__":
    main()
