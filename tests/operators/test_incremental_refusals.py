"""What an incremental export refuses before it reads or writes, and pages that it does not believe."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.increments import log_of, run
from support.raw_log import RawLog, published_ids

from airflow_provider_mailkit._compat import AirflowFailException
from airflow_provider_mailkit.exceptions import MailkitEnvironmentError, MailkitResponseError

CHANGED = {
    "function": ({"function": "mailkit.report.raw.responses"}, {}, "another function.*raw.bounces' there"),
    "filter": ({"parameters": {"ID_send": 5001}}, {}, "another filter"),
    "columns": ({"columns": ["ID_UNDELIVERED_LOG"]}, {}, "an export with other columns"),
    "dropped addresses": ({"addresses": "drop"}, {}, "another addresses argument: 'keep' there, 'drop' here"),
    "hashed addresses": ({"addresses": "hash"}, {}, "addresses"),
    "format": ({"file_format": "csv"}, {}, "another format: 'jsonl' there, 'csv' here"),
    "compression": ({"compression": "gzip"}, {}, "another compression"),
    "client": ({}, {"login": "1000002"}, "another client"),
    "time zone": ({}, {"timezone": "Europe/Prague"}, "another timezone"),
}


@pytest.mark.parametrize("case", CHANGED)
def test_a_folder_belongs_to_one_export(
    log: RawLog, tmp_path: Path, mailkit_connection: Callable[..., str], case: str
) -> None:
    arguments, connection, words = CHANGED[case]
    run(tmp_path)
    before = sorted(os.listdir(tmp_path / "_mailkit"))
    log.calls.clear()
    mailkit_connection(log.base_url, max_attempts=1, **{"hash_secret": "a secret key", **connection})
    with pytest.raises(AirflowFailException, match=f"(?s){words}.*Name a new folder") as refused:
        run(tmp_path, **arguments)
    assert "100000" not in str(refused.value)
    assert log.calls == []
    assert sorted(os.listdir(tmp_path / "_mailkit")) == before


def test_another_hash_secret_is_refused(
    log: RawLog, tmp_path: Path, mailkit_connection: Callable[..., str]
) -> None:
    run(tmp_path, addresses="hash")
    log.calls.clear()
    mailkit_connection(log.base_url, max_attempts=1, hash_secret="another secret")
    with pytest.raises(AirflowFailException, match="another hash_secret of the connection") as caught:
        run(tmp_path, addresses="hash")
    assert log.calls == []
    assert "another secret" not in str(caught.value)
    assert "secret key" not in (tmp_path / "_mailkit" / "000001.json").read_text()
    mailkit_connection(log.base_url, max_attempts=1, hash_secret="a secret key")
    assert run(tmp_path, addresses="hash")["rows"] == 40


def test_another_host_is_refused(log: RawLog, tmp_path: Path, mailkit_connection: Callable[..., str]) -> None:
    run(tmp_path)
    with RawLog([1]) as other:
        mailkit_connection(other.base_url, max_attempts=1)
        with pytest.raises(AirflowFailException, match="another host"):
            run(tmp_path)
        assert other.calls == []


def test_what_may_change_between_runs(log: RawLog, tmp_path: Path) -> None:
    run(tmp_path, overlap=3)
    run(tmp_path, overlap=50, page_size=7, rows_per_file=3, max_rows=9, unknown_fields="fail")
    run(tmp_path, overlap=0, page_size=200, rows_per_file=300, max_rows=400)
    assert published_ids(tmp_path) == [*range(1, 101)]


@pytest.mark.parametrize("left", ["parts", "done"])
def test_files_without_claims_are_refused(log: RawLog, tmp_path: Path, left: str) -> None:
    run(tmp_path)
    for path in [
        *tmp_path.glob("_mailkit/*.json"),
        *(tmp_path.glob("_mailkit/*.done") if left == "parts" else tmp_path.glob("part-*")),
    ]:
        path.unlink()
    log.calls.clear()
    with pytest.raises(AirflowFailException, match=r"has no claims.*Put _mailkit/ back.*start=<ID>"):
        run(tmp_path)
    assert log.calls == []


def test_a_folder_that_has_lost_its_last_claims_is_refused(log: RawLog, tmp_path: Path) -> None:
    run(tmp_path, max_rows=75)
    # A loader has taken the file, whose rows the next run would export once more.
    (tmp_path / "part-000003-51-75.jsonl").unlink()
    (tmp_path / "_mailkit" / "000003.json").unlink()
    log.calls.clear()
    with pytest.raises(AirflowFailException, match=r"has no claims after number 2.*Put _mailkit/ back"):
        run(tmp_path)
    assert log.calls == []
    assert published_ids(tmp_path) == log_of(1, 50)


@pytest.mark.parametrize("number", [1, 2])
def test_a_folder_that_has_lost_a_claim_between_others_is_refused(
    log: RawLog, tmp_path: Path, number: int
) -> None:
    run(tmp_path, max_rows=75)
    (tmp_path / "_mailkit" / f"00000{number}.json").unlink()
    log.calls.clear()
    with pytest.raises(AirflowFailException, match=rf"has no claim {number}\..*Put _mailkit/ back"):
        run(tmp_path)
    assert log.calls == []
    assert published_ids(tmp_path) == log_of(1, 75)


@pytest.mark.parametrize("left", [["000002-26-50"], ["000003-51-75", "000004-76-85"]])
def test_an_older_copy_of_the_claims_is_refused(log: RawLog, tmp_path: Path, left: list[str]) -> None:
    run(tmp_path, max_rows=25)
    shutil.copytree(tmp_path / "_mailkit", tmp_path / "backup")
    run(tmp_path)
    shutil.rmtree(tmp_path / "_mailkit")
    (tmp_path / "backup").rename(tmp_path / "_mailkit")
    # A loader has taken the others.
    for path in tmp_path.glob("part-*"):
        if path.stem.removeprefix("part-") not in left:
            path.unlink()
    before = sorted(os.listdir(tmp_path / "_mailkit"))
    with pytest.raises(AirflowFailException, match=r"has no claims after number 1.*Put _mailkit/ back"):
        run(tmp_path)
    assert sorted(os.listdir(tmp_path / "_mailkit")) == before
    assert [path.stem for path in sorted(tmp_path.glob("part-*"))] == [f"part-{name}" for name in left]


SPOILT: dict[str, Callable[[str], str]] = {
    "another version": lambda text: '{"version": 9}',
    "empty": lambda text: "",
    "cut": lambda text: text[:100],
    "null": lambda text: "null",
    "IDs that are texts": lambda text: text.replace('"ids":[', '"ids":["x",'),
    "a number that is a text": lambda text: text.replace('"number":3', '"number":"3"'),
    "a start that is a text": lambda text: text.replace('"start":null', '"start":"3"'),
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_claim_that_cannot_be_read_is_refused(log: RawLog, tmp_path: Path, case: str) -> None:
    run(tmp_path)
    claim = tmp_path / "_mailkit" / "000003.json"
    claim.write_text(SPOILT[case](claim.read_text()))
    with pytest.raises(AirflowFailException, match=r"000003\.json is not a claim that this version"):
        run(tmp_path)


BAD_PAGES = {
    "repeats": (lambda ids: log_of(1, 10), "ID_undelivered_log seems ignored"),
    "unordered": (lambda ids: ids[::-1], "do not ascend"),
    "twice the same row": (lambda ids: [ids[0], *ids[:-1]], "do not ascend"),
    "start ignored": (lambda ids: [1, *ids[1:]], "ID_undelivered_log seems ignored"),
}


@pytest.mark.parametrize("case", BAD_PAGES)
def test_a_page_that_does_not_lead_on_is_refused(log: RawLog, tmp_path: Path, case: str) -> None:
    change, words = BAD_PAGES[case]
    log.change = lambda ids: change(ids) if len(log.calls) == 3 else ids
    with pytest.raises(MailkitResponseError, match=words):
        run(tmp_path, overlap=0)
    # What was done before stays, and the next run goes on.
    assert published_ids(tmp_path) in ([], log_of(1, 25))
    log.change = lambda ids: ids
    run(tmp_path, max_rows=500, overlap=0)
    assert published_ids(tmp_path) == log_of(1, 100)


def test_a_page_that_always_repeats_ends(log: RawLog, tmp_path: Path) -> None:
    log.change = lambda ids: log_of(1, 10)
    with pytest.raises(MailkitResponseError):
        run(tmp_path)
    assert len(log.calls) == 2


def test_a_store_without_exclusive_creation_is_refused(
    log: RawLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_link(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_link)
    with pytest.raises(AirflowFailException, match="allow_unsafe_storage=True"):
        run(tmp_path)
    assert (log.calls, [*tmp_path.rglob("*.*")]) == ([], [])
    assert run(tmp_path, allow_unsafe_storage=True)["rows"] == 60
    # Whoever takes the permission back is told so.
    with pytest.raises(AirflowFailException, match="allow_unsafe_storage=True"):
        run(tmp_path)


def test_a_full_disk_is_not_an_unsafe_store(
    log: RawLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "link", full)
        with pytest.raises(MailkitEnvironmentError, match="No space left") as caught:
            run(tmp_path)
    assert caught.value.retryable
    assert run(tmp_path)["rows"] == 60
