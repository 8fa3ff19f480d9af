"""What each step of an export costs per record: ``python -m bench.steps [--kind KIND]``, in nanoseconds.

Each step is repeated over the same batches in this process. The lowest processor time of several runs counts,
since other load can only increase it. Receiving, the disk and waiting are left out.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Callable, Collection, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.report import FORMS, KINDS, write_report

_RECORDS = 300_000
_PIECE_BYTES = 2**18
_RUNS = 7


def _bytes_of(kind: str) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder, "report.json")
        write_report(FORMS["json"], path, [_RECORDS], kind)
        return path.read_bytes() + FORMS["json"].tail.encode()


def _decode(report: bytes, as_is: Collection[str] = ()) -> Iterator[Any]:
    """Decode a report as an export does; yield its batches."""
    from airflow_provider_mailkit.account import read_account
    from airflow_provider_mailkit.catalogue.reports.deliveries import RECIPIENTS

    account = read_account("bench", login="1", password="0" * 32, host="http://127.0.0.1:1")
    endpoint = account.endpoint
    constants = {"ID_SEND": 5001, "EXPORTED_AT": "2026-03-01T08:00:00.000+00:00"}
    columns = [column.name for column in RECIPIENTS.all_columns] + ["EXPORTED_AT"]
    decoder = endpoint.decoder(RECIPIENTS, columns, constants=constants, as_is=as_is, extremes={})
    for start in range(0, len(report), _PIECE_BYTES):
        yield from decoder.feed(report[start : start + _PIECE_BYTES])
    yield from decoder.finish()


def _count_keys(batches: list[Any]) -> None:
    from airflow_provider_mailkit.catalogue.reports.deliveries import RECIPIENTS
    from airflow_provider_mailkit.export.duplicates import DuplicateCounter
    from airflow_provider_mailkit.export.keys import Keys

    with DuplicateCounter() as duplicates:
        keys = Keys(RECIPIENTS, {"ID_SEND": 5001}, duplicates)
        for batch in batches:
            keys.add(batch)
        duplicates.count()


def _count(batches: list[Any]) -> None:
    from airflow_provider_mailkit.catalogue.reports.deliveries import RECIPIENTS
    from airflow_provider_mailkit.export.measures import Measures

    measures = Measures(RECIPIENTS)
    for batch in batches:
        measures.add(batch)


def _steps(report: bytes) -> dict[str, Callable[[], object]]:
    import msgspec

    from airflow_provider_mailkit.catalogue.columns import INSTANT
    from airflow_provider_mailkit.catalogue.reports.deliveries import RECIPIENTS
    from airflow_provider_mailkit.writers import csv

    texts = [column.name for column in RECIPIENTS.columns if column.is_text]
    dates = [column.name for column in RECIPIENTS.columns if column.kind == INSTANT]
    encode, values = msgspec.json.Encoder().encode_lines, msgspec.structs.astuple
    batches, raw = list(_decode(report)), [batch.records for batch in _decode(report, texts)]
    objects = [encode(batch.records) for batch in batches]
    arrays = [encode([*map(values, records)]) for records in raw]
    columns = arrays[0].split(b"\n", 1)[0].count(b",") + 1
    return {
        # None is kept, since fresh memory for all of them would be most of the cost.
        "decode": lambda: sum(map(len, _decode(report, [*texts, *dates]))),
        "decode, read dates": lambda: sum(map(len, _decode(report, texts))),
        "decode, read dates, clear empty texts": lambda: sum(map(len, _decode(report))),
        "summary: statuses, versions, reads, clicks": partial(_count, batches),
        "summary: duplicates": partial(_count_keys, batches),
        "encode objects (JSONL)": lambda: [encode(batch.records) for batch in batches],
        "encode arrays (CSV, Parquet)": lambda: [encode([*map(values, records)]) for records in raw],
        "CSV: see that lines are plain": lambda: [
            csv._is_plain(lines, columns, len(records)) for lines, records in zip(arrays, raw, strict=True)
        ],
        "CSV: strip them": lambda: [csv._strip(lines) for lines in arrays],
        "SHA-256 (JSONL)": lambda: [hashlib.sha256(lines) for lines in objects],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.steps", description=__doc__)
    parser.add_argument("--kind", choices=KINDS, default=KINDS[0], help="what is special about the report")
    for name, step in _steps(_bytes_of(parser.parse_args().kind)).items():
        least = float("inf")
        for _ in range(_RUNS):
            began = time.process_time()
            step()
            least = min(least, time.process_time() - began)
        print(f"{name:<45} {1e9 * least / _RECORDS:5.0f} ns", flush=True)


if __name__ == "__main__":
    main()
