"""What one worker does in a second, and how much memory it takes: ``python -m bench.scale``.

Prints the table of docs/scale.md. Rows and bytes are per second of computing, since on a shared machine a
process gets only a part of each second.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from bench.lab import Lab
from bench.verdict import MB

_SUFFIXES = ("jsonl", "csv", "parquet", "jsonl.gz", "jsonl.zst")
_RUNS = 3


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    protocol: str
    suffix: str
    rows_per_s: float
    report_mb_per_s: float
    file_bytes_per_row: float
    over_airflow_mb: float
    process_mb: float

    def __str__(self) -> str:
        cells = [
            f"{self.protocol}, {self.suffix or 'poll'}",
            f"{self.rows_per_s:,.0f}",
            f"{self.report_mb_per_s:.0f}",
            f"{self.file_bytes_per_row:.0f}" if self.suffix else "",
            f"{self.over_airflow_mb:.0f}",
            f"{self.process_mb:.0f}",
        ]
        return f"| {' | '.join(cells)} |"


def _measure(lab: Lab, protocol: str, suffix: str, recipients: int) -> Row:
    output = f"scale.{suffix}" if suffix else ""
    costs = [lab.run("export" if suffix else "count", protocol, recipients, output) for _ in range(_RUNS)]
    seconds = statistics.median(cost.cpu for cost in costs)
    written = (lab.folder / output).stat().st_size if suffix else 0
    return Row(
        protocol,
        suffix,
        recipients / seconds,
        (lab.folder / f"report.{protocol}").stat().st_size / MB / seconds,
        written / recipients,
        max(cost.peak for cost in costs) / MB,
        max(cost.process for cost in costs) / MB,
    )


def _rows(recipients: int) -> Iterator[Row]:
    with Lab({"json": [recipients], "xmlrpc": [recipients]}) as lab:
        for protocol in ("json", "xmlrpc"):
            for suffix in ("", *_SUFFIXES):
                yield _measure(lab, protocol, suffix, recipients)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("-n", type=int, default=1_000_000, help="recipients of the report")
    print("| | rows/s | report MB/s | file bytes/row | memory over Airflow, MB | process, MB |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for row in _rows(parser.parse_args().n):
        print(row, flush=True)


if __name__ == "__main__":
    main()
