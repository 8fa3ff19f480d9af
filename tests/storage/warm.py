"""What the process has done that the children are forked from: it would take each of them a second."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import tempfile
from unittest import mock

from storage.child import Job, operator_of
from support.raw_log import FUNCTION, RawLog

#: The file systems of the stores, and what Airflow makes them with.
_LIBRARIES = (
    "s3fs",
    "gcsfs",
    "adlfs",
    "airflow.providers.amazon.aws.fs.s3",
    "airflow.providers.amazon.aws.hooks.s3",
    "airflow.providers.google.cloud.fs.gcs",
    "airflow.providers.google.common.hooks.base_google",
    "airflow.providers.microsoft.azure.fs.adls",
    "airflow.providers.microsoft.azure.hooks.wasb",
)

for name in _LIBRARIES:
    # Which of them are there depends on the environment.
    with contextlib.suppress(ImportError):
        importlib.import_module(name)

with RawLog([1, 2]) as log, tempfile.TemporaryDirectory() as folder:
    connection = {"conn_type": "mailkit", "login": "1000001", "password": "0" * 32, "host": log.base_url}
    arguments = {"function": FUNCTION, "output_path": folder, "file_format": "jsonl"}
    with mock.patch.dict(os.environ, AIRFLOW_CONN_MAILKIT_DEFAULT=json.dumps(connection)):
        operator_of(Job(arguments, increments=True)).execute({})
