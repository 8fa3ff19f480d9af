"""The same work as one would write it without the provider.

They write the values unchanged. The provider does more: it turns them into numbers and timestamps, and adds
two columns, a checksum and a summary.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from bench.job import CLIENT_ID, CLIENT_MD5, FUNCTION, Job, json_request

Records = list[dict[str, Any]]


def _requests(job: Job) -> Records:
    import requests

    answer = requests.post(f"{job.base_url}/json.fcgi", json=json_request(job), timeout=600)
    records: Records = answer.json()
    return records


def _http_hook(job: Job) -> Records:
    from airflow.providers.http.hooks.http import HttpHook

    records: Records = HttpHook(method="POST").run("json.fcgi", json=json_request(job)).json()
    return records


def _xmlrpc(job: Job) -> Records:
    import xmlrpc.client

    with xmlrpc.client.ServerProxy(f"{job.base_url}/rpc.fcgi") as server:
        records: Records = getattr(server, FUNCTION)(CLIENT_ID, CLIENT_MD5, job.recipients)
    return records


def _count(records: Records, job: Job) -> dict[str, int]:
    return dict(Counter(record["STATUS"] for record in records))


def _jsonl(records: Records, job: Job) -> None:
    with open(job.output, "w") as file:
        for record in records:
            file.write(json.dumps(record) + "\n")


def _csv(records: Records, job: Job) -> None:
    with open(job.output, "w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(records[0]))
        writer.writeheader()
        writer.writerows(records)


def _parquet(records: Records, job: Job) -> None:
    import pandas as pd

    pd.DataFrame(records).to_parquet(job.output, index=False)


def _read_then(source: Callable[[Job], Records], work: Callable[[Records, Job], Any], job: Job) -> Any:
    return work(source(job), job)


def ijson_count(job: Job) -> dict[str, int]:
    """Count with ijson, which streams as the provider does."""
    import ijson
    import requests

    with requests.post(
        f"{job.base_url}/json.fcgi", json=json_request(job), timeout=600, stream=True
    ) as response:
        return dict(Counter(ijson.items(response.raw, "item.STATUS")))


def _download(job: Job) -> str:
    """Write the report as it comes into a file; return its path."""
    import requests

    path = f"{job.output or Path(tempfile.gettempdir()) / 'count'}.{os.getpid()}.report"
    with (
        requests.post(
            f"{job.base_url}/json.fcgi", json=json_request(job), timeout=600, stream=True
        ) as response,
        open(path, "wb") as file,
    ):
        shutil.copyfileobj(response.raw, file, 2**20)
    return path


def _duckdb(sql: str, job: Job) -> Any:
    """Let DuckDB read the file, with all its threads."""
    import duckdb

    path = _download(job)
    try:
        with duckdb.connect() as connection:
            return connection.execute(sql.format(report=f"read_json('{path}')", output=job.output)).fetchall()
    finally:
        os.unlink(path)


def _duckdb_count(job: Job) -> dict[str, int]:
    return dict(_duckdb("SELECT STATUS, count(*) FROM {report} GROUP BY STATUS", job))


def _polars(job: Job) -> Any:
    import polars
    import requests

    answer = requests.post(f"{job.base_url}/json.fcgi", json=json_request(job), timeout=600).content
    return polars.read_json(answer)


def _polars_count(job: Job) -> dict[str, int]:
    return dict(_polars(job)["STATUS"].value_counts().iter_rows())


def small_post(job: Job) -> int:
    """What a call costs with requests alone."""
    import requests

    return len(requests.post(f"{job.base_url}/json.fcgi", json=json_request(job), timeout=600).content)


_SOURCES = {"requests": _requests, "http-hook": _http_hook, "xmlrpc.client": _xmlrpc}
_WORKS = {"count": _count, "jsonl": _jsonl, "csv": _csv, "parquet": _parquet}

_COPY = "COPY (FROM {report}) TO '{output}' "
_FRAMES: dict[str, Callable[[Job], Any]] = {
    "duckdb count": _duckdb_count,
    "duckdb jsonl": partial(_duckdb, _COPY + "(FORMAT json)"),
    "duckdb csv": partial(_duckdb, _COPY + "(FORMAT csv)"),
    # Ours is zstd inside.
    "duckdb parquet": partial(_duckdb, _COPY + "(FORMAT parquet, COMPRESSION zstd)"),
    "polars count": _polars_count,
    "polars jsonl": lambda job: _polars(job).write_ndjson(job.output),
    "polars csv": lambda job: _polars(job).write_csv(job.output),
    "polars parquet": lambda job: _polars(job).write_parquet(job.output),
}

TASKS: dict[str, Callable[[Job], Any]] = (
    {
        f"{source} {work}": partial(_read_then, read, do)
        for source, read in _SOURCES.items()
        for work, do in _WORKS.items()
    }
    | _FRAMES
    | {"ijson count": ijson_count, "small post": small_post}
)
