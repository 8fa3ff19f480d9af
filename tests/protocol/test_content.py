"""The content coding is undone, a cut is seen, and a bomb does not fill the memory."""

from __future__ import annotations

import gzip
import sys
import tracemalloc
import zlib
from collections.abc import Iterable

import pytest

from airflow_provider_mailkit.exceptions import MailkitError, MailkitResponseError, MailkitTransportError
from airflow_provider_mailkit.protocol.content import ContentDecoder, WholeAnswer

FUNCTION = "mailkit.report"


@pytest.fixture(autouse=True, params=["isal", "zlib"])
def zlibs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run every test with isal, which not all platforms have, and without."""
    if request.param == "zlib":
        monkeypatch.setitem(sys.modules, "isal", None)
    decoder = ContentDecoder("gzip", FUNCTION)
    assert request.param in decoder._zlib.__name__


TEXT = b"".join(b"%d person\n" % n for n in range(301))
PACKED = gzip.compress(TEXT, mtime=0)


def undo(coding: str | None, pieces: Iterable[bytes]) -> bytes:
    decoder = ContentDecoder(coding, FUNCTION)
    content = b"".join(part for piece in pieces for part in decoder.feed(piece))
    decoder.finish()
    return content


@pytest.mark.parametrize("coding", [None, "", "identity", " Identity "])
def test_no_coding_changes_nothing(coding: str | None) -> None:
    assert undo(coding, [TEXT, b"", b"x"]) == TEXT + b"x"


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", " GZIP "])
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_gzip_is_undone_in_pieces_of_any_size(coding: str, size: int) -> None:
    assert undo(coding, (PACKED[i : i + size] for i in range(0, len(PACKED), size))) == TEXT


def test_gzip_of_several_members_is_one_content() -> None:
    many = gzip.compress(b"a") + gzip.compress(b"") + gzip.compress(TEXT)
    assert undo("gzip", [many]) == b"a" + TEXT
    assert undo("gzip", (many[i : i + 1] for i in range(len(many)))) == b"a" + TEXT


@pytest.mark.parametrize("zeros", [1, 7, 511, 2**19])
@pytest.mark.parametrize("size", [1, 100, 100_000])
def test_zero_bytes_after_gzip_are_padding(zeros: int, size: int) -> None:
    """As gzip itself has it; a further stream may follow them."""
    if size == 1 and zeros > 1000:
        size = 1000
    for packed in (PACKED + bytes(zeros), PACKED + bytes(zeros) + PACKED + bytes(3)):
        pieces = (packed[start : start + size] for start in range(0, len(packed), size))
        assert undo("gzip", pieces) == TEXT * packed.count(PACKED)


@pytest.mark.parametrize("after", [b"\0x", b"\0" * 9 + b"\x1f", b"\0\n", b"\0" + PACKED[:-1], b"\x01", b" "])
@pytest.mark.parametrize("size", [1, 100_000])
def test_anything_else_after_gzip_is_not_padding(after: bytes, size: int) -> None:
    packed = PACKED + after
    with pytest.raises(MailkitTransportError):
        undo("gzip", (packed[start : start + size] for start in range(0, len(packed), size)))


def test_a_whole_answer_has_a_limit() -> None:
    answer = WholeAnswer(FUNCTION, 5)
    answer.add(b"abc")
    answer.add(b"de")
    with pytest.raises(MailkitResponseError, match="larger than") as caught:
        answer.add(b"f")
    assert not caught.value.retryable
    exact = WholeAnswer(FUNCTION, 5)
    exact.add(b"abcde")
    assert exact.body() == b"abcde"


def test_no_body_at_all_is_left_to_the_decoder_behind() -> None:
    assert undo("gzip", []) == b""


def test_gzip_cut_at_every_byte_is_a_transport_error() -> None:
    for end in range(1, len(PACKED)):
        with pytest.raises(MailkitTransportError, match="cut") as caught:
            undo("gzip", [PACKED[:end]])
        assert caught.value.retryable
        assert caught.value.function == FUNCTION


def test_a_second_member_that_is_cut_is_a_transport_error() -> None:
    for end in range(1, 18):
        with pytest.raises(MailkitTransportError):
            undo("gzip", [PACKED, PACKED[:end]])


@pytest.mark.parametrize(
    "packed",
    [
        PACKED + b"rubbish after it",
        b"no gzip at all",
        zlib.compress(TEXT),
        PACKED[:-8] + b"\0" * 4 + PACKED[-4:],
        PACKED[:-1] + b"\7",
        PACKED[:40] + b"\xff\xff\xff" + PACKED[43:],
    ],
    ids=["after the end", "no gzip", "zlib", "checksum", "length", "inside"],
)
def test_damaged_gzip_is_a_transport_error(packed: bytes) -> None:
    with pytest.raises(MailkitTransportError, match="damaged") as caught:
        undo("gzip", [packed])
    assert caught.value.__cause__ is caught.value.__context__ is None


@pytest.mark.parametrize("coding", ["br", "zstd", "deflate", "gzip, gzip", "identity, br"])
def test_a_coding_that_was_not_asked_for_is_a_response_error(coding: str) -> None:
    with pytest.raises(MailkitResponseError) as caught:
        undo(coding, [b"x"])
    error: MailkitError = caught.value
    assert not error.retryable


@pytest.mark.parametrize("coding", ["g", "gz", "gzi", "x-g"])
def test_a_head_that_was_cut_in_its_coding_is_no_response_error(coding: str) -> None:
    """http.client takes it for a whole head; nothing follows, and that is what makes it a cut answer."""
    assert undo(coding, []) == b""


def test_a_bomb_does_not_fill_the_memory() -> None:
    """100 MB in 100 kB come out in parts of at most 256 KiB."""
    compressor = zlib.compressobj(9, wbits=31)
    bomb = b"".join(compressor.compress(bytes(2**20)) for _ in range(100)) + compressor.flush()
    assert len(bomb) < 2**18
    decoder = ContentDecoder("gzip", FUNCTION)
    total = 0
    tracemalloc.start()
    try:
        for part in decoder.feed(bomb):
            total += len(part)
            assert len(part) <= 2**18
        decoder.finish()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total == 100 * 2**20
    assert peak < 8 * 2**20
