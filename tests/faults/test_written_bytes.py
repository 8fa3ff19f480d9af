"""With ``addresses="hash"`` and ``"drop"`` no address gets into any file, however the export ends.

Every file that the process opens is held open a second time until the end of the test, so that its bytes can
be searched even if it never had a name or has lost it: a spool on a disk and the temporary files too.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import zstandard
from faults.columns import Ran
from fsspec.implementations.memory import MemoryFileSystem
from support.reports import PROTOCOLS, Protocol, encode, recipient
from support.server import FaultServer, close_delimited, plain

from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.operators.mailkit import MailkitRecipientsOperator
from airflow_provider_mailkit.storage.target import Target
from airflow_provider_mailkit.writers import parquet
from airflow_provider_mailkit.writers.base import Writer

pytestmark = pytest.mark.trust

COUNT = 1500
KEY = "a secret key"
MOMENTS = frozenset(("open", "write", "close", "flush", "replace", "link", "unlink", "fsync", "recv_into"))


class Files:
    """All regular files that this process has opened for writing since the start, with all their bytes.

    A profiler is called around every call of a C function: before and after each one that opens, writes,
    moves or closes a file, or reads from a socket, it looks which descriptors there are. Files are compared
    by their inode, since descriptors are used again.
    """

    def __init__(self) -> None:
        self._before = {self._identity(fd) for fd in self._open_now()}
        self._held: dict[tuple[int, int], int] = {}

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        if event in ("c_call", "c_return") and getattr(argument, "__name__", "") in MOMENTS:
            self.look()

    def look(self) -> None:
        for fd in self._open_now():
            identity = self._identity(fd)
            if identity and identity not in self._before and identity not in self._held:
                with contextlib.suppress(OSError):
                    self._held[identity] = os.dup(fd)

    @staticmethod
    def _open_now() -> list[int]:
        return [int(name) for name in os.listdir("/proc/self/fd")]

    @staticmethod
    def _identity(fd: int) -> tuple[int, int] | None:
        try:
            found = os.fstat(fd)
        except OSError:
            return None
        return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else None

    def contents(self) -> list[bytes]:
        # Opened anew, since some can only be written to; deleted files are found there, too.
        return [Path(f"/proc/self/fd/{fd}").read_bytes() for fd in self._held.values()]

    def close(self) -> None:
        for fd in self._held.values():
            os.close(fd)


@contextlib.contextmanager
def holding_files() -> Iterator[Files]:
    files = Files()
    sys.setprofile(files)
    try:
        yield files
    finally:
        sys.setprofile(None)
        files.close()


def unpacked(data: bytes) -> bytes:
    """Return data and all in it that zstd or gzip has packed, finished or not: pages of Parquet too."""
    found = [data]
    for start in _positions(data, b"\x28\xb5\x2f\xfd"):
        with contextlib.suppress(zstandard.ZstdError):
            found.append(zstandard.ZstdDecompressor().decompressobj().decompress(data[start:]))
    for start in _positions(data, b"\x1f\x8b\x08"):
        with contextlib.suppress(zlib.error):
            found.append(zlib.decompressobj(31).decompress(data[start:]))
    return b"\n".join(found)


def _positions(data: bytes, mark: bytes) -> Iterator[int]:
    at = data.find(mark)
    while at >= 0:
        yield at
        at = data.find(mark, at + 1)


def addresses() -> list[str]:
    return [f"Person.{number}@Example.com" for number in range(COUNT)]


def report() -> list[dict[str, Any]]:
    """Addresses in their own column, in members that are not documented, and where none belongs."""
    return [
        recipient(
            number,
            EMAIL=address,
            STATUS=address if number == 7 else "sent",
            AB_VERSION=address if number == 8 else "A",
            NOTE=f"write to <{address}>",
            LINK=f"https://example.org/?mail={address.replace('@', '%40')}&x=1",
            DEEP={"list": [{address: address.replace("@", "&#64;")}, f'"{address[:8]} x"@example.com']},
        )
        for number, address in enumerate(addresses())
    ]


#: How an export can end.
ENDS: dict[str, Callable[[Protocol], list[Any]]] = {
    "whole": lambda protocol: plain(encode(protocol, report())),
    "cut": lambda protocol: close_delimited(encode(protocol, report())[:-300]),
    "malformed": lambda protocol: plain(_malformed(encode(protocol, report()))),
    "bad record": lambda protocol: plain(
        encode(protocol, [*report(), recipient(9, DATE="Person.9@Example.com")])
    ),
}
NAMES = (
    "5001.jsonl",
    "5001.jsonl.gz",
    "5001.jsonl.zst",
    "5001.csv",
    "5001.csv.gz",
    "5001.csv.zst",
    "5001.parquet",
)


def _malformed(body: bytes) -> bytes:
    at = body.rindex(b"Person.1499@Example.com")
    return body[:at] + b"\xff" + body[at:]


def export(lab: Any, protocol: Protocol, end: str, **arguments: Any) -> tuple[Files, bytes, Ran]:
    """Export, and return all bytes that were written meanwhile."""
    ran = Ran()
    with FaultServer([ENDS[end](protocol)]) as server:
        lab.connect(server.base_url, protocol, hash_secret=KEY, max_attempts=1)
        operator = MailkitRecipientsOperator(
            task_id="export", id_send=5001, unknown_fields="keep", max_xcom_bytes=10**8, **arguments
        )
        with holding_files() as files:
            try:
                ran.result = operator.execute({"ti": ran})
            except MailkitError as error:
                ran.error = error
            files.look()
            written = b"\n".join(map(unpacked, files.contents()))
    assert (ran.error is None) is (end == "whole")
    return files, written, ran


def assert_no_address(data: bytes) -> None:
    lower = data.lower()
    for number in (0, 1, 7, 8, 9, 750, 1498, 1499):
        address = f"person.{number}@example.com"
        for needle in (
            address.encode(),
            address.replace("@", "%40").encode(),
            address.replace("@", "&#64;").encode(),
            b"person.%d" % number,
            # Without a key anybody can compute these of a list of addresses.
            *(kind(text.encode()).hexdigest().encode() for kind in (hashlib.sha256, hashlib.md5, hashlib.sha1)
              for text in (address, f"Person.{number}@Example.com")),
        ):  # fmt: skip
            assert needle not in lower, needle
    assert b"person." not in lower
    assert b"example.com" not in lower


@pytest.fixture(autouse=True)
def written_before_the_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hand over every batch: an export may give up what its other thread has not begun.

    It cannot give up the first of several, since only one may wait while another is being written.
    """
    for writer in (Writer, parquet.ParquetWriter):
        monkeypatch.setattr(writer, "max_bytes", 1)
        monkeypatch.setattr(writer, "buffers", 3)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("addresses", ["hash", "drop"])
def test_no_address_is_in_any_file(
    addresses: str, name: str, end: str, protocol: Protocol, lab: Any, tmp_path: Path,
    count_combinations: Callable[..., None], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    # So that Parquet writes before the fault, too.
    monkeypatch.setattr(parquet, "_BUFFER_BYTES", 100)
    path = tmp_path / name
    _, written, ran = export(lab, protocol, end, addresses=addresses, output_path=str(path))
    assert len(written) > 1000, "nothing was seen"
    assert_no_address(written)
    if end == "whole":
        assert_no_address(unpacked(path.read_bytes()))
        assert_no_address(repr(ran.result).encode())
    count_combinations("exports without addresses")


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("addresses", ["hash", "drop"])
def test_no_address_is_in_xcom(
    addresses: str, end: str, protocol: Protocol, lab: Any, count_combinations: Callable[..., None]
) -> None:
    _, written, ran = export(lab, protocol, end, addresses=addresses)
    assert_no_address(written)
    assert_no_address(repr([ran.result, ran.pushed]).encode())
    count_combinations("exports without addresses")


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet"])
@pytest.mark.parametrize("addresses", ["keep", "hash", "drop"])
def test_no_address_is_in_a_spool_that_goes_to_a_store(
    addresses: str, name: str, lab: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There the spool has no name at any time."""
    store = MemoryFileSystem()
    target = Target(f"memory://bucket/{name}", name, f"/{addresses}/{name}", store)
    monkeypatch.setattr("airflow_provider_mailkit.storage.target.resolve_target", lambda *_: target)
    _, written, _ = export(lab, "json", "whole", addresses=addresses, output_path=f"memory://bucket/{name}")
    everything = written + unpacked(store.cat_file(f"/{addresses}/{name}"))
    if addresses == "keep":
        assert b"Person.1@Example.com" in written
    else:
        assert len(written) > 1000
        assert_no_address(everything)


@pytest.mark.parametrize(
    ("name", "end"),
    # A small Parquet file is written at the end only.
    [(name, end) for name in NAMES for end in ("whole", "cut") if end == "whole" or "parquet" not in name],
)
def test_the_search_finds_addresses_that_are_kept(name: str, end: str, lab: Any, tmp_path: Path) -> None:
    """A search that finds nothing proves something only if it would have found it."""
    _, written, _ = export(lab, "json", end, addresses="keep", output_path=str(tmp_path / name))
    assert b"Person.1@Example.com" in written
    with pytest.raises(AssertionError):
        assert_no_address(written)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_hashes_of_the_same_address_are_equal_wherever_it_stands(protocol: Protocol, lab: Any) -> None:
    """So that they can be joined, also with those of members that nobody has documented."""
    import hmac
    import json

    _, _, ran = export(lab, protocol, "whole", addresses="hash")
    row = ran.result[12]
    expected = hmac.new(KEY.encode(), b"person.12@example.com", hashlib.sha256).hexdigest()
    extra = json.loads(row["EXTRA"])
    assert row["EMAIL"] == expected
    assert extra["NOTE"] == f"write to <{expected}>"
    assert extra["LINK"] == f"https://example.org/?mail={expected}&x=1"
    assert extra["DEEP"]["list"][0] == {expected: expected}
    assert ran.result[7]["STATUS"] not in ("sent", None)
