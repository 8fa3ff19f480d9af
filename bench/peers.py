"""The same work as one would write it without the provider.

They write the values as they come, which is less than the provider does: it makes numbers and timestamps of
them and adds two columns, a checksum and a summary.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from bench.job import CLIENT_ID, CLIENT_MD5, FUNCTION, Job, json_request

Records = list[dict[str, Any]]


def _requests(job: Job) -> Records:
    import requests

    return requests.post(f"{job.base_url}/json.fcgi", json=json_request(job), timeout=600).json()


def _http_hook(job: Job) -> Records:
    from airflow.providers.http.hooks.http import HttpHook

    return HttpHook(method="POST").run("json.fcgi", json=json_request(job)).json()


def _xmlrpc(job: Job) -> Records:
    import xmlrpc.client

    with xmlrpc.client.ServerProxy(f"{job.base_url}/rpc.fcgi") as server:
        return getattr(server, FUNCTION)(CLIENT_ID, CLIENT_MD5, job.recipients)


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


def small_post(job: Job) -> int:
    """What a call costs with requests alone."""
    import requests

    return len(requests.post(f"{job.base_url}/json.fcgi", json=json_request(job), timeout=600).content)


_SOURCES = {"requests": _requests, "http-hook": _http_hook, "xmlrpc.client": _xmlrpc}
_WORKS = {"count": _count, "jsonl": _jsonl, "csv": _csv, "parquet": _parquet}

TASKS: dict[str, Callable[[Job], Any]] = {
    f"{source} {work}": partial(_read_then, read, do)
    for source, read in _SOURCES.items()
    for work, do in _WORKS.items()
} | {"ijson count": ijson_count, "small post": small_post}
