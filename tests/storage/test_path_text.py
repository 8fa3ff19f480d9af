"""Which output paths are refused by their text alone."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from airflow_provider_mailkit._compat import ObjectStoragePath
from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.storage.path_text import check_template, read_path

USABLE = [
    "s3://bucket/5001.csv",
    "s3://conn@bucket/a b/day=2026-03-01/5001.csv",
    "s3://bucket/~/5001.csv",
    "/data/5001.csv",
    "5001.csv",
    "data/../5001.csv",
    "./a/Nonesuch/x.csv",
    "/tmp/test_columns_None_0/5001.csv",  # noqa: S108
    "manual__2026-03-01T08:00:00+00:00.csv",
    "run-2026-03-01T08:00.csv",
    "file:///data/5001.csv",
    "file:/data/5001.csv",
    "local:///data/5001.csv",
    "file://conn@/data/5001.csv",
    "/data/Žluťoučký/5001.csv",
    "/data/costs$/5001.csv",
    "hdfs://namenode/5001.csv",
    "/data/**/5001.csv",
]
REFUSED = {
    "empty": ["", " ", "\n"],
    "begins or ends with": [
        "/data/5001.csv\n",
        "/data/5001.csv ",
        " /data/5001.csv",
        "s3://bucket/5001.csv\r\n",
    ],
    "cannot be printed": [
        "/data/\0.csv",
        "/data/a\nb.csv",
        "s3://bucket/a\tb.csv",
        "/data/\x7f.csv",
        "/d/\ud800.csv",
        "/data/a\u2028b.csv",
    ],
    "None": [
        "None",
        "None/5001.csv",
        "/data/None/5001.csv",
        "s3://bucket/None/5001.csv",
        "s3://None/5001.csv",
        "s3://bucket/day=None/5001.csv",
        "/data/None.csv.gz",
        "/data/report-None.csv",
        "file:///None/x.csv",
    ],
    "ti.map_index": [
        "/data/byid-***.jsonl",
        "s3://bucket/***/x.csv",
        "/data/{'email': '***'}.csv",
        "/data/%2A%2A%2A.csv",
        "/data/(3 values, not shown).csv",
        "/data/%281%20value%2C%20not%20shown%29.csv",
    ],
    "Windows": [
        "C:\\data\\5001.csv",
        "C:/data/5001.csv",
        "c:5001.csv",
        "\\\\host\\share\\5001.csv",
        "data\\5001.csv",
        "s3://bucket/data\\5001.csv",
    ],
    "slash is missing": ["hdfs:/data/5001.csv", "s3:/bucket/5001.csv", "HDFS:/x.csv", "abfs:/c/5001.csv"],
    "absolute path": [
        "~/5001.csv",
        "~user/5001.csv",
        "~",
        "$HOME/5001.csv",
        "${HOME}/5001.csv",
        "/data/~/5001.csv",
        "file:///~/5001.csv",
        "file://~/5001.csv",
        "/$HOME/x.csv",
    ],
}


@pytest.mark.parametrize("path", USABLE)
def test_usable_paths_stay_as_they_are(path: str) -> None:
    assert read_path("output_path", path) == path


@pytest.mark.parametrize("words", REFUSED)
def test_surprising_paths_are_refused_and_shown(words: str) -> None:
    for path in REFUSED[words]:
        with pytest.raises(MailkitError) as caught:
            read_path("output_path", path)
        assert words in str(caught.value)
        assert str(caught.value).startswith(f"output_path {path!r} cannot be used: ")
        assert not caught.value.retryable


def test_neither_a_password_nor_a_signature_is_shown() -> None:
    with pytest.raises(MailkitError) as caught:
        read_path("output_path", "s3://key:hidden@bucket/None/5001.csv?sig=hidden")
    assert "'s3://***@bucket/None/5001.csv'" in str(caught.value)
    assert "hidden" not in str(caught.value)


class Own:
    def __fspath__(self) -> str:
        return "/data/5001.csv"


class OwnBytes:
    def __fspath__(self) -> bytes:
        return b"/data/5001.csv"


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (Path("/data/5001.csv"), "/data/5001.csv"),
        (PurePosixPath("5001.csv"), "5001.csv"),
        (Own(), "/data/5001.csv"),
        (ObjectStoragePath("file:///data/5001.csv"), "file:///data/5001.csv"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_objects_that_are_paths(value: Any, path: str) -> None:
    assert read_path("output_path", value) == path


@pytest.mark.parametrize("value", [5001, b"/data/5001.csv", OwnBytes(), ["a.csv"], True, {"path": "a.csv"}])
def test_other_types(value: Any) -> None:
    with pytest.raises(MailkitError, match="output_path must be a text, a Path or an ObjectStoragePath"):
        read_path("output_path", value)


def test_airflow_renders_nothing_in_a_path_object() -> None:
    with pytest.raises(MailkitError, match=r"are not rendered: write 'a/\{\{ ds \}\}.csv' as a text"):
        read_path("output_path", Path("a/{{ ds }}.csv"))


@pytest.mark.parametrize(
    "template",
    [
        "{{ base }}/5001.csv",
        "{{ scheme }}://bucket/x",
        "s3://b/{{ x if y else None }}/{% if z %}a{% endif %}.csv",
    ],
)
def test_templates_that_may_become_paths(template: str) -> None:
    check_template("output_path", template)


@pytest.mark.parametrize(
    "template", ["~/{{ ds }}.csv", "C:\\{{ ds }}.csv", "hdfs:/{{ ds }}.csv", "None/{{ ds }}.csv"]
)
def test_templates_that_never_become_paths(template: str) -> None:
    with pytest.raises(MailkitError) as caught:
        check_template("output_path", template)
    assert repr(template) in str(caught.value)
