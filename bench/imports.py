"""What an import costs: ``python -m bench.imports``.

The operator imports a file of recipients into the sandbox, which runs in another process. Time is processor
time. Memory is what is added to the imported libraries.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.worker import measured

FORMATS = ("jsonl", "csv", "parquet", "csv.gz", "jsonl.zst")
LIMIT_MB = 64
_MILLION = 1_000_000
_LIST = 41001
#: After how many addresses one is repeated, and after how many rows one has no address.
_AGAIN, _WITHOUT = 50, 100


def rows(number: int) -> Iterator[dict[str, str]]:
    """Yield recipients of the usual kind, of which some are duplicates and some lack an address."""
    for index in range(number):
        who = index - 7 if index % _AGAIN == 9 else index
        yield {
            "email": "" if index % _WITHOUT == 33 else f"recipient.{who:09d}@example.com",
            "first_name": f"Jméno{index % 1000}",
            "last_name": f"Příjmení{index % 9973}",
            "city": ("Praha", "Brno", "Plzeň")[index % 3],
            "custom1": f"segment {index % 17}",
            "custom2": str(index),
        }


def write(path: Path, number: int) -> None:
    """Write a file of recipients. Its suffix decides the format."""
    import gzip

    if path.suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        # A single row group, as small programs write it: the hard case for a reader.
        pq.write_table(pa.Table.from_pylist(list(rows(number))), path, row_group_size=number)
        return
    plain = path.with_suffix("") if path.suffix in (".gz", ".zst") else path
    with plain.open("w", newline="") as file:
        if plain.suffix == ".csv":
            lines = csv.DictWriter(file, next(rows(1)))
            lines.writeheader()
            lines.writerows(rows(number))
        else:
            file.writelines(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows(number))
    if path.suffix == ".gz":
        with plain.open("rb") as source, gzip.open(path, "wb", 1) as packed:
            packed.writelines(source)
    elif path.suffix == ".zst":
        import zstandard

        with plain.open("rb") as source, path.open("wb") as target:
            zstandard.ZstdCompressor().copy_stream(source, target)


@contextmanager
def sandbox() -> Iterator[str]:
    """Run a sandbox in another process; yield the connection to it as JSON."""
    command = [sys.executable, "-m", "airflow_provider_mailkit.sandbox", "--port", "0", "--quiet"]
    with subprocess.Popen([*command, "--recipients", "0"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.stdout.readline().partition("=")[2].strip().strip("'")
        process.terminate()


def run(path: Path, max_invalid: float = 0.05) -> dict[str, Any]:
    """Import a file."""
    from airflow_provider_mailkit.operators.mailkit import MailkitImportOperator

    operator = MailkitImportOperator(
        task_id="import", id_user_list=_LIST, source=path, max_invalid=max_invalid,
        rejected_path=path.parent / "rejected.jsonl", receipts_path=path.parent / "receipts.jsonl",
    )  # fmt: skip
    return operator.execute({})


def measure(path: Path, number: int, protocol: str) -> dict[str, Any]:
    """Import a file in a process of its own; return what :func:`bench.worker.measured` does."""
    with sandbox() as connection:
        environment = os.environ | {
            "AIRFLOW_CONN_MAILKIT_DEFAULT": json.dumps(
                json.loads(connection) | {"extra": {"protocol": protocol}}
            )
        }
        command = [sys.executable, "-m", "bench.imports", "--one", str(path)]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    cost: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    expected = number - len(range(33, number, _WITHOUT))
    if cost["result"]["acknowledged"] + cost["result"]["duplicates"] != expected:
        raise RuntimeError(f"not all {expected} recipients were sent: {cost['result']}")
    return cost


def _one(path: Path) -> None:
    # A tiny one of the same kind triggers all lazy imports.
    small = path.parent / "small" / path.name
    small.parent.mkdir(exist_ok=True)
    write(small, 500)
    run(small)
    print(json.dumps(measured(lambda: run(path))), flush=True)


def main() -> int:
    """Measure, print, and say with the exit status whether the memory is within its limit."""
    parser = argparse.ArgumentParser(prog="python -m bench.imports", description=__doc__)
    parser.add_argument("-n", type=int, default=_MILLION, help="rows of a file")
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=FORMATS)
    parser.add_argument("--protocols", nargs="+", choices=("json", "xmlrpc"), default=("json", "xmlrpc"))
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        _one(options.one)
        return 0
    worst = 0.0
    for protocol in options.protocols:
        for suffix in options.formats:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / f"audience.{suffix}"
                write(path, options.n)
                cost = measure(path, options.n, protocol)
            worst = max(worst, cost["peak"] / 1e6)
            print(
                f"{options.n} rows of {suffix} over {protocol}: {cost['peak'] / 1e6:.1f} MB of {LIMIT_MB}, "
                f"{cost['cpu']:.1f} s of processor time, {cost['wall']:.1f} s",
                flush=True,
            )
    return 0 if worst <= LIMIT_MB else 1


if __name__ == "__main__":
    sys.exit(main())
