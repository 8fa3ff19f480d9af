"""The pages of S3's and Google's console, and what has none."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_mailkit.storage.target import Target
from airflow_provider_mailkit.storage.web_address import web_address


def s3(endpoint: str | None) -> Any:
    """Return what is asked of s3fs once it is connected: botocore's client knows where it sends to."""
    return SimpleNamespace(_s3=endpoint and SimpleNamespace(meta=SimpleNamespace(endpoint_url=endpoint)))


def target(uri: str, fs: Any) -> Target:
    return Target(uri, "rows.csv", uri.partition("://")[2], fs)


@pytest.mark.parametrize(
    ("endpoint", "console"),
    [
        ("https://s3.amazonaws.com", "https://console.aws.amazon.com"),
        ("https://s3.eu-central-1.amazonaws.com", "https://console.aws.amazon.com"),
        ("https://s3.cn-north-1.amazonaws.com.cn", "https://console.amazonaws.cn"),
        ("https://s3.us-gov-west-1.amazonaws.com", "https://console.amazonaws-us-gov.com"),
    ],
)
@pytest.mark.parametrize("scheme", ["s3", "s3a"])
def test_an_object_of_s3(endpoint: str, console: str, scheme: str) -> None:
    address = web_address(target(f"{scheme}://lake/a b/50%+01&?.csv", s3(endpoint)))
    assert address == f"{console}/s3/object/lake?prefix=a%20b/50%25%2B01%26%3F.csv"


@pytest.mark.parametrize("scheme", ["gs", "gcs"])
def test_an_object_of_google(scheme: str) -> None:
    fs = SimpleNamespace(base="https://storage.googleapis.com/storage/v1/")
    address = web_address(target(f"{scheme}://lake/a b/5001.csv", fs))
    assert address == "https://console.cloud.google.com/storage/browser/_details/lake/a%20b/5001.csv"


@pytest.mark.parametrize(
    ("uri", "fs"),
    [
        ("file:///data/5001.csv", None),
        ("s3://lake/5001.csv", s3(None)),
        ("s3://lake/5001.csv", s3("http://127.0.0.1:9000")),
        ("s3://lake/5001.csv", s3("https://amazonaws.com.example.com")),
        ("s3://lake/5001.csv", object()),
        ("gs://lake/5001.csv", SimpleNamespace(base="http://127.0.0.1:4443/storage/v1/")),
        ("gs://lake/5001.csv", object()),
        ("abfs://lake/5001.csv", object()),
        ("memory://lake/5001.csv", object()),
    ],
)
def test_whatever_else_has_no_page(uri: str, fs: Any) -> None:
    assert web_address(target(uri, fs)) is None


def test_s3fs_and_botocore_say_where_they_send_to() -> None:
    """The stand-in above has what the libraries have."""
    s3fs = pytest.importorskip("s3fs")
    fs = s3fs.S3FileSystem(anon=True, skip_instance_cache=True, client_kwargs={"region_name": "eu-central-1"})
    try:
        fs.connect()
        address = web_address(target("s3://lake/5001.csv", fs))
        assert address == "https://console.aws.amazon.com/s3/object/lake?prefix=5001.csv"
    finally:
        fs.close_session(fs.loop, fs.s3)
