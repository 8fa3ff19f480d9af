from __future__ import annotations

import importlib
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from storage.place import Place

from airflow_provider_mailkit.storage.target import resolve_target


class TestLocal:
    @pytest.mark.parametrize(
        "form", ["{}", "file://{}", "file:{}", "FILE://{}", "file://conn@{}", "local://{}"]
    )
    def test_every_form_is_the_same_target(self, form: str, tmp_path: Path) -> None:
        target = resolve_target(form.format(tmp_path / "a b.csv"))
        assert target.uri == f"file://{tmp_path}/a b.csv"
        assert target.name == "a b.csv"
        assert target.fs is None

    def test_relative(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        assert resolve_target("./x/../data/rows.csv").uri == f"file://{tmp_path}/data/rows.csv"

    def test_two_slashes_are_one(self) -> None:
        assert resolve_target("//tmp/rows.csv").uri == "file:///tmp/rows.csv"

    def test_exists(self, tmp_path: Path) -> None:
        target = resolve_target(str(tmp_path / "rows.csv"))
        assert not target.exists()
        (tmp_path / "rows.csv").touch()
        assert target.exists()

    def test_connection_means_nothing(self, tmp_path: Path) -> None:
        assert resolve_target(str(tmp_path / "rows.csv"), "no_such_connection").fs is None

    @pytest.mark.parametrize("folder", ["{}", "{}/", "{}/new/", "file://{}"])
    def test_folder(self, folder: str, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="name of a file"):
            resolve_target(folder.format(tmp_path))

    def test_pipe_and_device_are_not_replaced(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        for path in (str(tmp_path / "pipe"), "/dev/null"):
            with pytest.raises(ValueError, match="not a regular file"):
                resolve_target(path)

    @pytest.mark.parametrize("url", ["file://host/x", "file://", "file:x", "file://user:secret@host/x"])
    def test_other_file_urls(self, url: str) -> None:
        with pytest.raises(ValueError, match="file:///absolute/path") as caught:
            resolve_target(url)
        assert "secret" not in str(caught.value)


class TestS3:
    def test_the_uri_holds_no_connection(self, s3: Place) -> None:
        bare, conn_id = s3.uri("rows.csv"), s3.store.conn_id
        in_url = resolve_target(s3.path("rows.csv"))
        as_argument = resolve_target(bare, conn_id)
        both = resolve_target(s3.path("rows.csv").replace("s3:", "S3:"), conn_id)
        assert {in_url.uri, as_argument.uri, both.uri} == {bare}
        assert in_url.path == as_argument.path == both.path == bare.removeprefix("s3://")
        assert in_url.name == "rows.csv"
        assert conn_id not in repr(in_url)

    def test_exists_asks_the_store(self, s3: Place) -> None:
        target: Any = s3.target("rows.csv")
        assert not target.exists()
        target.fs.find(target.path.rpartition("/")[0])
        s3.put("rows.csv", b"1")
        assert target.exists()

    def test_exists_does_not_take_a_refusal_for_a_no(self, s3: Place) -> None:
        s3.proxy.on("other", lambda exchange: exchange.refuse(403))
        with pytest.raises(PermissionError):
            s3.target("rows.csv").exists()


class TestRefused:
    @pytest.mark.parametrize("path", ["", "  "])
    def test_empty(self, path: str) -> None:
        with pytest.raises(ValueError, match="is empty"):
            resolve_target(path)

    @pytest.mark.parametrize("url", ["s3://bucket", "s3://bucket/", "s3://conn@bucket/a/", "gs://bucket/a/"])
    def test_no_name(self, url: str) -> None:
        with pytest.raises(ValueError, match=r"such as (s3|gs)://bucket/(a/)?name\.csv"):
            resolve_target(url)

    def test_no_bucket(self) -> None:
        with pytest.raises(ValueError, match="s3://bucket/key"):
            resolve_target("s3:///key")

    def test_missing_slash(self) -> None:
        with pytest.raises(ValueError, match="s3://bucket/key"):
            resolve_target("s3:/bucket/key")

    @pytest.mark.parametrize("key", ["a/../b", "./a", "a/."])
    def test_dots(self, key: str) -> None:
        with pytest.raises(ValueError, match="no folders"):
            resolve_target(f"s3://bucket/{key}")

    @pytest.mark.parametrize("url", ["abfs://c/k?sig=secret", "s3://b/k#1", "s3://b?x=secret"])
    def test_query_and_fragment(self, url: str) -> None:
        with pytest.raises(ValueError, match="query or a fragment") as caught:
            resolve_target(url)
        assert "secret" not in str(caught.value)

    @pytest.mark.parametrize("scheme", ["abfs", "abfss", "adl"])
    @pytest.mark.parametrize(
        "authority", ["box@account.dfs.core.windows.net", "conn@box@account.dfs.core.windows.net", "a.b.net"]
    )
    def test_azure_account_in_the_url(self, scheme: str, authority: str) -> None:
        with pytest.raises(ValueError, match=r"abfs://\[connection_id@\]container/key"):
            resolve_target(f"{scheme}://{authority}/key")

    def test_password_in_the_url_is_not_repeated(self) -> None:
        with pytest.raises(ValueError, match="no password") as caught:
            resolve_target("s3://AKIA:secret@bucket/key")
        assert "secret" not in str(caught.value)
        assert "AKIA" not in str(caught.value)

    def test_two_connections(self) -> None:
        with pytest.raises(ValueError, match=r"'one'.*'two'"):
            resolve_target("s3://one@bucket/key", "two")

    @pytest.mark.parametrize("args", [("s3://nowhere@bucket/key",), ("s3://bucket/key", "nowhere")])
    def test_undefined_connection(self, args: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
        from airflow_provider_mailkit._compat import AirflowNotFoundException, BaseHook

        def get_connection(conn_id: str) -> None:
            raise AirflowNotFoundException(conn_id)

        monkeypatch.setattr(BaseHook, "get_connection", get_connection)
        with pytest.raises(ValueError, match="'nowhere' for s3://bucket/key is not defined"):
            resolve_target(*args)

    def test_unknown_scheme(self) -> None:
        with pytest.raises(ValueError, match="no file system for foo://"):
            resolve_target("foo://bucket/key")


def _first(*names: str) -> ModuleType:
    """Return the module that this version of Airflow has."""
    name = next(name for name in names if _exists(name))
    return importlib.import_module(name)


def _exists(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


class TestMissingProvider:
    @pytest.fixture(autouse=True)
    def without_providers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_first("airflow.sdk.io.fs", "airflow.io"), "_register_filesystems", dict)
        monkeypatch.setattr(_first("airflow.sdk.io.store", "airflow.io.store"), "_STORE_CACHE", {})

    @pytest.mark.parametrize(
        ("scheme", "extra"),
        [("s3", "s3"), ("s3a", "s3"), ("gs", "gcs"), ("gcs", "gcs"), ("abfs", "azure"), ("abfss", "azure")],
    )
    def test_names_the_extra(self, scheme: str, extra: str) -> None:
        with pytest.raises(ValueError, match=rf"airflow-provider-mailkit\[{extra}\]"):
            resolve_target(f"{scheme}://bucket/key")


def test_missing_library_names_the_extra(s3: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_first("airflow.sdk.io.store", "airflow.io.store"), "_STORE_CACHE", {})
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(ValueError, match=r"airflow-provider-mailkit\[s3\]"):
        s3.target("key")
