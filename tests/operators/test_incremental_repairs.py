"""Incremental exports that end in the middle, and those that come after or meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.increments import run
from support.raw_log import RawLog, claims_in, published_ids
from support.read_back import rows_in

from airflow_provider_mailkit._compat import AirflowFailException
from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.export import claims
from airflow_provider_mailkit.storage.folder import LocalFolder
from airflow_provider_mailkit.storage.publication import Publication


class Death(BaseException):
    """The end of the process."""


@contextmanager
def dying(
    monkeypatch: pytest.MonkeyPatch, name: str, call: int = 1, *, after: bool = False
) -> Iterator[None]:
    """Let a method of the folder end the process, before or after what it does."""
    original, calls = getattr(LocalFolder, name), []

    def die(self: Any, *args: Any, **options: Any) -> Any:
        calls.append(args)
        if len(calls) == call and not after:
            raise Death
        result = original(self, *args, **options)
        if len(calls) == call:
            raise Death
        return result

    with monkeypatch.context() as patch:
        patch.setattr(LocalFolder, name, die)
        with pytest.raises(Death):
            yield


@pytest.mark.parametrize("after", [False, True])
def test_a_claimed_file_is_published_by_the_next_run(
    log: RawLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task_log: Callable[[], str], after: bool
) -> None:
    with dying(monkeypatch, "move", 2, after=after):
        run(tmp_path)
    # Old rows are gone and late ones have come: what was claimed stays the same.
    log.forget(95)
    repaired = run(tmp_path)
    assert [(file["first_id"], file["last_id"]) for file in repaired["files"]] == [(26, 50), (96, 100)]
    assert published_ids(tmp_path) == [*range(1, 51), *range(96, 101)]
    assert "claim 2 was not finished" in task_log()
    assert not list(tmp_path.glob("_mailkit/*.staged"))


@pytest.mark.parametrize("is_made", [True, False])
@pytest.mark.parametrize("which", ["000002.json", "000001.done"])
def test_what_is_made_although_the_store_tells_of_an_error_counts(
    log: RawLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: str, is_made: bool
) -> None:
    """The answer was lost, or another run has made the same mark at the same time."""
    commit = Publication.commit

    def lose(self: Publication) -> None:
        if is_made or not self._uri.endswith(which):
            commit(self)
        if self._uri.endswith(which):
            raise OSError("the answer is lost")

    monkeypatch.setattr(Publication, "commit", lose)
    if is_made:
        assert run(tmp_path)["rows"] == 60
    else:
        with pytest.raises(OSError, match="the answer is lost"):
            run(tmp_path)
    monkeypatch.setattr(Publication, "commit", commit)
    run(tmp_path, max_rows=500)
    assert published_ids(tmp_path) == [*range(1, 101)]


def test_what_nobody_has_claimed_is_removed(
    log: RawLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publications = LocalFolder.publication

    def die(self: Any, name: str, **options: Any) -> Any:
        if name.endswith("000002.json"):
            raise Death
        return publications(self, name, **options)

    with monkeypatch.context() as patch:
        patch.setattr(LocalFolder, "publication", die)
        with pytest.raises(Death):
            run(tmp_path)
    (waste,) = tmp_path.glob("_mailkit/*.staged")
    assert waste.name.startswith("000002-")
    # It may be another run's that is about to claim it.
    run(tmp_path, max_rows=25)
    assert waste.exists() is True
    run(tmp_path, max_rows=1)
    assert waste.exists() is False
    assert published_ids(tmp_path) == [*range(1, 52)]


def test_what_a_killed_process_was_writing_is_removed(log: RawLog, tmp_path: Path) -> None:
    run(tmp_path)
    hidden = [
        f".{number:06d}{rest}.0a1b2c3d.part" for number in (2, 3, 4) for rest in ("-1f.staged", ".json")
    ]
    for name in hidden:
        (tmp_path / "_mailkit" / name).write_text("begun")
    run(tmp_path, max_rows=1)
    assert sorted(path.name for path in tmp_path.glob("_mailkit/.*")) == sorted(hidden[2:])


@pytest.mark.parametrize(
    "call", [1, 2], ids=["while the first page is read", "while the second page is read"]
)
def test_a_lost_race_publishes_nothing_more(log: RawLog, tmp_path: Path, call: int) -> None:
    def race(number: int) -> None:
        if number == call:
            log.on_call = lambda number: None
            run(tmp_path, max_rows=30)

    log.on_call = race
    with pytest.raises(MailkitError, match=r"has claimed file 1 .*publishes nothing more") as lost:
        run(tmp_path)
    assert lost.value.retryable
    assert not isinstance(lost.value, AirflowFailException)
    assert not list(tmp_path.glob("_mailkit/*.staged"))
    run(tmp_path, max_rows=500)
    assert published_ids(tmp_path) == [*range(1, 101)]


def test_a_try_that_wakes_up_late_does_not_publish_again(
    log: RawLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run has finished its file, and a loader has moved that away."""
    original, moved = LocalFolder.move, []

    def asleep(self: Any, source: str, name: str, size: int) -> None:
        monkeypatch.setattr(LocalFolder, "move", original)
        run(tmp_path)
        for path in tmp_path.glob("part-*"):
            moved.extend(row["ID_UNDELIVERED_LOG"] for row in rows_in(path.read_bytes(), "jsonl")[1])
            path.unlink()
        original(self, source, name, size)

    monkeypatch.setattr(LocalFolder, "move", asleep)
    with pytest.raises(MailkitError, match="has claimed file 2"):
        run(tmp_path)
    assert published_ids(tmp_path) == []
    run(tmp_path)
    assert sorted([*moved, *published_ids(tmp_path)]) == [*range(1, 101)]


def test_a_file_that_somebody_removed_is_exported_once_more(
    log: RawLog, tmp_path: Path, task_log: Callable[[], str]
) -> None:
    """As far as Mailkit still has its rows; those that came late meanwhile belong to the next file."""
    log.ids = [id_ for id_ in log.ids if id_ not in (58, 70)]
    run(tmp_path)
    (tmp_path / "_mailkit" / "000003.done").unlink()
    (tmp_path / "part-000003-51-61.jsonl").unlink()
    log.add(58)
    log.forget(53)
    run(tmp_path, max_rows=500)
    assert published_ids(tmp_path) == [
        *range(1, 51),
        *[54, 55, 56, 57, 59, 60, 61],
        58,
        *range(62, 70),
        *range(71, 101),
    ]
    assert "Mailkit has only 7 of its 10 rows left" in task_log()


def test_a_first_file_that_somebody_removed_begins_where_it_began(log: RawLog, tmp_path: Path) -> None:
    """Not where the argument says now, which holds for a folder that is empty."""
    run(tmp_path, max_rows=20, start=31)
    (tmp_path / "_mailkit" / "000001.done").unlink()
    (tmp_path / "part-000001-31-50.jsonl").unlink()
    run(tmp_path, max_rows=500, start=11)
    assert published_ids(tmp_path) == [*range(31, 101)]
    assert {claim["start"] for claim in claims_in(tmp_path)} == {31}


def test_a_retry_tells_what_the_try_before_has_exported(log: RawLog, tmp_path: Path) -> None:
    """So that its outlet's event is not lost: the try was killed after it had marked its files as done."""
    ti = SimpleNamespace(dag_id="logs", task_id="bounces", run_id="hourly 1", map_index=-1)
    first = run(tmp_path, {"ti": ti})
    retry = run(tmp_path, {"ti": ti}, max_rows=15)
    assert (retry["files"][:3], retry["rows"]) == (first["files"], 75)
    assert run(tmp_path, {"ti": SimpleNamespace(**{**vars(ti), "run_id": "hourly 2"})})["rows"] == 25
    assert b"hourly" not in b"".join(path.read_bytes() for path in tmp_path.glob("_mailkit/*"))


def test_a_retry_tells_what_it_has_exported_before_another_run_went_on(
    log: RawLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a cleared run too, unless too many runs came after it."""
    monkeypatch.setattr(claims, "_MOST_RUNS", 5)

    def context(run_id: str) -> dict[str, Any]:
        ti = SimpleNamespace(dag_id="logs", task_id="bounces", run_id=run_id, map_index=-1)
        return {"ti": ti}

    first = run(tmp_path, context("hourly 1"), max_rows=30)
    others = [run(tmp_path, context(f"hourly {number}"), max_rows=5) for number in (2, 3)]
    retry = run(tmp_path, context("hourly 1"), max_rows=10)
    assert retry["files"][:2] == first["files"]
    assert (len(retry["files"]), retry["rows"], retry["next_id"]) == (3, 40, 51)
    assert run(tmp_path, context("hourly 2"), max_rows=500)["files"][0] == others[0]["files"][0]
    for number in range(8):
        log.add(101 + number)
        run(tmp_path, context(f"later {number}"))
    # The last runs are known, and no others.
    assert run(tmp_path, context("later 4"))["rows"] == 1
    assert run(tmp_path, context("hourly 3"))["rows"] == 0
