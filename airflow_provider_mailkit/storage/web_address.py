"""The page of a published object in the console of its store."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

from airflow_provider_mailkit.storage.target import EXTRAS, Target

# By the end of the store's host, since other servers with the API of S3 have no console there.
_AWS_CONSOLES = {
    ".amazonaws.com": "https://console.aws.amazon.com",
    ".amazonaws.com.cn": "https://console.amazonaws.cn",
}
_GOVERNMENT_CONSOLE = "https://console.amazonaws-us-gov.com"
_GOOGLE_HOST = "storage.googleapis.com"


def web_address(target: Target) -> str | None:
    """Return the URL of the page on which S3's or Google's console shows an object.

    :param target: of a published file. Only a file system that was used knows its host.
    :return: None for other stores, and for servers that only have the same API.
    """
    if target.fs is None:
        return None
    scheme, _, rest = target.uri.partition("://")
    bucket, _, key = rest.partition("/")
    kind = EXTRAS.get(scheme)
    if kind == "s3" and (console := _aws_console(target.fs)):
        return f"{console}/s3/object/{quote(bucket)}?prefix={quote(key, safe='/')}"
    if kind == "gcs" and _host(getattr(target.fs, "base", None)) == _GOOGLE_HOST:
        return f"https://console.cloud.google.com/storage/browser/_details/{quote(bucket)}/{quote(key)}"
    return None


def _aws_console(fs: Any) -> str | None:
    # Only botocore's client knows all the settings that name an endpoint.
    meta = getattr(getattr(fs, "_s3", None), "meta", None)
    host = _host(getattr(meta, "endpoint_url", None))
    if ".us-gov-" in host and host.endswith(".amazonaws.com"):
        return _GOVERNMENT_CONSOLE
    return next((console for end, console in _AWS_CONSOLES.items() if host.endswith(end)), None)


def _host(url: Any) -> str:
    return (urlsplit(url).hostname or "") if isinstance(url, str) else ""
