"""What a file is called in lineage, by OpenLineage's naming conventions.

Airflow's providers translate the URIs of some schemes, and none of Azure's, which does not hold the account.
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
    """Return the name of a file; None: there is no convention for its scheme, or no account is known.

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
    # A connection string holds the account too, but then only the client of the file system knows it.
    return fs.account_name or getattr(fs.service_client, "account_name", None)
