"""Where a file is to be published, or where files are read.

Only this module uses Airflow's object storage. The rest uses an fsspec file system or a local path.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import NamedTuple, TypeGuard

from airflow_provider_mailkit.storage.checks import check_local_path
from airflow_provider_mailkit.storage.path_text import check_path_text
from airflow_provider_mailkit.storage.remote import exists
from airflow_provider_mailkit.storage.sinks import FileSystem

_LOCAL_SCHEMES = frozenset({"file", "local"})
AZURE_SCHEMES = frozenset({"abfs", "abfss", "adl"})
EXTRAS = {
    "s3": "s3",
    "s3a": "s3",
    "s3n": "s3",
    "gs": "gcs",
    "gcs": "gcs",
    **dict.fromkeys(AZURE_SCHEMES, "azure"),
}
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/]*)/?(?P<key>.*)", re.DOTALL)
_LOCAL = re.compile(r"(?:file|local):(?://(?:[^/]*@)?)?(?P<path>/(?!/).*)", re.DOTALL | re.IGNORECASE)
_AZURE_FORM = "write abfs://[connection_id@]container/key, and put the account into the connection"
# Airflow's and universal-pathlib's messages for an unknown scheme.
_UNKNOWN_SCHEME = ("No filesystem registered", "Unsupported filesystem")


@dataclass(frozen=True)
class Target:
    """The place of one file.

    :param uri: ``scheme://bucket/key`` or ``file:///absolute/path``; never holds a connection ID.
    :param name: the last part of the path.
    :param path: absolute path on a local disk, or the path in ``fs``.
    :param fs: the file system of the store; None: a local disk.
    """

    uri: str
    name: str
    path: str = field(repr=False)
    fs: FileSystem | None = field(repr=False)

    def exists(self) -> bool:
        """Whether it exists now, without using a cached listing.

        :raises OSError: the store gives no answer.
        """
        if self.fs is None:
            return os.path.exists(self.path)
        return exists(self.fs, self.path)


class _Url(NamedTuple):
    scheme: str
    conn_id: str | None
    bucket: str
    key: str

    @property
    def uri(self) -> str:
        return f"{self.scheme}://{self.bucket}/{self.key}"


def is_path(value: object) -> TypeGuard[str | os.PathLike[str]]:
    """Whether a value says where a file is: a text, a ``Path`` or Airflow's ``ObjectStoragePath``."""
    if isinstance(value, str | os.PathLike):
        return True
    from airflow_provider_mailkit._compat import ObjectStoragePath

    return isinstance(value, ObjectStoragePath)


def resolve_target(output_path: str, conn_id: str | None = None) -> Target:
    """Return the target of ``output_path``, with the store's file system for a URL.

    :param output_path: a URL that Airflow's ObjectStoragePath takes (``s3://[connection_id@]bucket/key``),
        or a local path; a relative one begins in the working folder.
    :param conn_id: ID of the storage connection. It means nothing for a local path.
    :raises ValueError: the target is impossible; the text says what to write instead.
    """
    check_path_text(output_path)
    local_path = _local_path(output_path)
    if local_path is not None:
        return _local_target(local_path)
    url = _parse(output_path, conn_id or None)
    _check_is_file(url)
    _check_connection(url)
    return _remote_target(url)


def resolve_source(path: str, conn_id: str | None = None) -> Target:
    """Return the file or folder to read, without checking that it exists.

    :param path: as of :func:`resolve_target`, also of a folder.
    :param conn_id: ID of the storage connection. It means nothing for a local path.
    :raises ValueError: the place is impossible; the text says what to write instead.
    """
    check_path_text(path)
    local_path = _local_path(path)
    if local_path is not None:
        absolute = _absolute(local_path)
        return Target(f"file://{absolute}", os.path.basename(absolute), absolute, None)
    url = _parse(path, conn_id or None)
    _check_connection(url)
    return _remote_target(url._replace(key=url.key.rstrip("/")))


def _local_path(output_path: str) -> str | None:
    scheme, colon, _ = output_path.partition(":")
    scheme = scheme.lower() if colon else ""
    if scheme in _LOCAL_SCHEMES:
        match = _LOCAL.fullmatch(output_path)
        if match is None:
            raise ValueError("it names no local file: write file:///absolute/path")
        return match["path"]
    if _URL.match(output_path):
        return None
    if scheme in EXTRAS:
        raise ValueError(f"it lacks slashes: write {scheme}://bucket/key")
    return output_path


def _local_target(path: str) -> Target:
    absolute = _absolute(path)
    uri = f"file://{absolute}"
    if path.endswith("/"):
        raise ValueError(f"{uri} is to be a folder: end the path with the name of a file")
    check_local_path(absolute, uri)
    return Target(uri, os.path.basename(absolute), absolute, None)


def _absolute(path: str) -> str:
    # abspath() keeps two slashes at the beginning.
    return "/" + os.path.abspath(path).lstrip("/")


def _parse(output_path: str, conn_id: str | None) -> _Url:
    match = _URL.fullmatch(output_path)
    if match is None:
        raise ValueError("it is not a URL: write one such as s3://bucket/key.csv, or a local path")
    scheme = match["scheme"].lower()
    user, _, bucket = match["authority"].rpartition("@")
    if ":" in user:
        raise ValueError(f"it must hold no password: write {scheme}://[connection_id@]bucket/key")
    if scheme in AZURE_SCHEMES and "." in bucket:
        raise ValueError(f"it names the storage account {bucket}: {_AZURE_FORM}")
    if user and conn_id and user != conn_id:
        raise ValueError(
            f"it names the connection {user!r}, and the argument for it {conn_id!r}: keep one of them"
        )
    url = _Url(scheme, user or conn_id, bucket, match["key"])
    _check_key(url)
    return url


def _check_key(url: _Url) -> None:
    # A query may hold a signature. An asset URI keeps neither query nor fragment.
    if {"?", "#"} & set(url.bucket + url.key):
        raise ValueError('it has a query or a fragment: write the path without "?" and "#"')
    if not url.bucket and url.scheme in EXTRAS:
        raise ValueError(f"{url.uri} has no bucket: write {url.scheme}://bucket/key")
    # Airflow 2.11 resolves "." and leaves "..", later versions keep both: one text would name two objects.
    if {".", ".."} & set(url.key.split("/")):
        raise ValueError(f'{url.uri}: object stores have no folders "." and "..", leave them out')


def _check_is_file(url: _Url) -> None:
    if not url.key or url.key.endswith("/"):
        raise ValueError(f"{url.uri} is not a file: end it with a name, such as {url.uri}name.csv")


def _check_connection(url: _Url) -> None:
    if url.conn_id is None:
        return
    from airflow_provider_mailkit._compat import AirflowNotFoundException, BaseHook

    # Otherwise S3 would continue anonymously, and its error would be about permissions.
    try:
        BaseHook.get_connection(url.conn_id)
    except AirflowNotFoundException as error:
        raise ValueError(f"The storage connection {url.conn_id!r} for {url.uri} is not defined") from error


def _remote_target(url: _Url) -> Target:
    from airflow_provider_mailkit._compat import ObjectStoragePath

    try:
        path = ObjectStoragePath(url.uri, conn_id=url.conn_id)
        fs = path.fs
    except ImportError as error:
        raise ValueError(_missing(url)) from error
    except ValueError as error:
        if not str(error).startswith(_UNKNOWN_SCHEME):
            raise
        raise ValueError(_missing(url)) from error
    key = f"{url.bucket}/{url.key}" if url.scheme in EXTRAS else path.path
    return Target(url.uri, url.key.rpartition("/")[2], key, fs)


def _missing(url: _Url) -> str:
    extra = EXTRAS.get(url.scheme)
    if extra is None:
        return f"Airflow has no file system for {url.scheme}:// here: install the provider that has one"
    return f"{url.scheme}:// needs a provider: pip install 'airflow-provider-mailkit[{extra}]'"
