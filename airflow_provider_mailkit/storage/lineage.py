"""Names of files in lineage, by OpenLineage's conventions.

Airflow's providers translate the URIs of some schemes, but not Azure's, which lack the account.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from airflow_provider_mailkit.storage.source import SourceFile
from airflow_provider_mailkit.storage.target import AZURE_SCHEMES, EXTRAS, Target

_BUCKET_NAMESPACES = {"s3": "s3", "gcs": "gs"}


class DatasetName(NamedTuple):
    """OpenLineage's name of a dataset."""

    namespace: str
    name: str


def dataset_name(target: Target | SourceFile) -> DatasetName | None:
    """Return the name of a file; None if its scheme has no convention, or its account is not known.

    ``file`` and the path; ``s3://bucket`` or ``gs://bucket`` and the key;
    ``abfss://container@account.dfs.core.windows.net`` and the path in the container.
    """
    if target.fs is None:
        return DatasetName("file", target.path)
    scheme, _, rest = target.uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme in AZURE_SCHEMES:
        account = _azure_account(target.fs)
        return DatasetName(f"abfss://{bucket}@{account}.dfs.core.windows.net", key) if account else None
    namespace = _BUCKET_NAMESPACES.get(EXTRAS.get(scheme, ""))
    return DatasetName(f"{namespace}://{bucket}", key) if namespace else None


def _azure_account(fs: Any) -> str | None:
    # A connection string holds the account too, but only the file system's client knows it.
    return fs.account_name or getattr(fs.service_client, "account_name", None)
