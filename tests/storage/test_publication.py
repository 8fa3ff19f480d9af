"""What a publication promises, at every store alike."""

from __future__ import annotations

import gc
import hashlib
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from storage.place import Place
from storage.stores import MIB
from storage.support import OLD, TimedOut, content, put

from airflow_provider_mailkit.storage.publication import Publication
from airflow_provider_mailkit.storage.target import resolve_target

HUGE = content(40 * MIB + 7)
LARGE = content(11 * MIB + 7)
SMALL = content(100_000)
Spool = Callable[[], list[str]]


@pytest.fixture(autouse=True)
def always(quick_retries: None) -> None:
    """Nothing here is about waiting."""


@pytest.fixture
def old(place: Place, small_blocks: None) -> Place:
    place.put("rows.csv", OLD)
    return place


def assert_untouched(place: Place, spool: Spool) -> None:
    gc.collect()
    assert place.names() == ["rows.csv"]
    assert place.get("rows.csv") == OLD
    assert place.unfinished() == []
    assert spool() == []


@pytest.mark.parametrize("data", [b"", SMALL, HUGE], ids=len)
@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("existing", [True, False])
def test_published_whole(place: Place, spool: Spool, data: bytes, overwrite: bool, existing: bool) -> None:
    if existing:
        place.put("rows.csv", OLD)
    target = place.target("rows.csv")
    assert target.uri == place.uri("rows.csv")
    assert target.exists() is existing
    if existing and not overwrite:
        with pytest.raises(FileExistsError, match=f"{target.uri} exists already and overwrite is off"):
            put(target, data, overwrite=False)
        assert_untouched(place, spool)
        return
    publication = put(target, data, overwrite=overwrite)
    assert place.get("rows.csv") == data
    assert publication.bytes_written == len(data)
    assert publication.sha256 == hashlib.sha256(data).hexdigest()
    assert place.names() == ["rows.csv"]
    assert place.unfinished() == []
    assert spool() == []
    assert target.exists()


@pytest.mark.parametrize("error", [RuntimeError("broken"), TimedOut(), SystemExit(1), None])
def test_nothing_stays_without_a_commit(old: Place, spool: Spool, error: BaseException | None) -> None:
    with suppress(TimedOut, SystemExit, RuntimeError), Publication(old.target("rows.csv")) as publication:
        publication.file.write(LARGE)
        if error is not None:
            raise error
    with pytest.raises(ValueError, match="is over"):
        publication.file.write(b"late")
    assert_untouched(old, spool)


def test_restart(place: Place) -> None:
    with Publication(place.target("rows.csv")) as publication:
        stale = publication.file
        stale.write(LARGE)
        publication.restart()
        assert publication.bytes_written == 0
        with pytest.raises(ValueError, match="restart"):
            stale.write(b"trailer")
        publication.file.write(SMALL)
        publication.commit()
        for again in (publication.commit, publication.restart):
            with pytest.raises(ValueError, match="published already"):
                again()
    assert publication.sha256 == hashlib.sha256(SMALL).hexdigest()
    assert place.get("rows.csv") == SMALL
    assert place.names() == ["rows.csv"]
    assert place.unfinished() == []


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_collected_without_a_commit(old: Place) -> None:
    publication = Publication(old.target("rows.csv")).__enter__()
    publication.file.write(LARGE)
    del publication
    gc.collect()
    assert old.names() == ["rows.csv"]
    assert old.get("rows.csv") == OLD


def test_two_writers_do_not_mix(place: Place, small_blocks: None) -> None:
    """Neither sees the other; the last commit wins."""
    target = place.target("rows.csv")
    first, second = LARGE, LARGE[::-1]
    with Publication(target) as one, Publication(target) as two:
        one.file.write(first)
        two.file.write(second)
        two.commit()
        one.commit()
    assert place.get("rows.csv") == first
    assert place.names() == ["rows.csv"]
    assert place.unfinished() == []


@pytest.mark.parametrize("data", [b"", SMALL, LARGE], ids=len)
def test_lost_race_while_writing(place: Place, small_blocks: None, spool: Spool, data: bytes) -> None:
    with pytest.raises(FileExistsError, match=r"rows\.csv exists already and overwrite is off"):
        put(
            place.target("rows.csv"),
            data,
            overwrite=False,
            before_commit=lambda: place.put("rows.csv", OLD),
        )
    assert_untouched(place, spool)


class TestAbort:
    def test_before(self, old: Place, spool: Spool) -> None:
        publication = Publication(old.target("rows.csv"))
        publication.abort()
        with pytest.raises(ValueError, match="was aborted"), publication:
            pytest.fail("entered")
        assert_untouched(old, spool)

    def test_while_writing_from_another_thread(self, old: Place, spool: Spool) -> None:
        with Publication(old.target("rows.csv")) as publication:
            publication.file.write(LARGE)
            thread = threading.Thread(target=publication.abort)
            thread.start()
            thread.join()
            assert old.unfinished() == []
            for action in (lambda: publication.file.write(b"x"), publication.restart, publication.commit):
                with pytest.raises(ValueError, match="was aborted"):
                    action()
            publication.abort()
        assert_untouched(old, spool)

    def test_after_the_commit(self, old: Place) -> None:
        with Publication(old.target("rows.csv")) as publication:
            publication.file.write(LARGE)
            publication.commit()
            publication.abort()
            publication.abort()
        assert old.get("rows.csv") == LARGE


@pytest.mark.parametrize("data", [b"", SMALL, LARGE], ids=len)
def test_missing_bucket(remote_place: Place, small_blocks: None, data: bytes) -> None:
    if remote_place.store.name == "seaweedfs":
        pytest.skip("SeaweedFS makes a missing bucket for its administrator")
    store = remote_place.store
    target = resolve_target(f"{store.scheme}://{store.conn_id}@no-such-bucket/rows.csv")
    # Azure's library has a class of its own, or RuntimeError.
    with pytest.raises(Exception, match=r"(?i)not exist|not found|notfound|no-such-bucket"):
        put(target, data)
