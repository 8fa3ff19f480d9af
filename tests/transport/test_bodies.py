"""What HTTP puts around a body is taken off; nothing cut passes for whole, and nothing is collected."""

from __future__ import annotations

import tracemalloc

import pytest
from support.reports import encode, oracle, recipients
from transport.clients import Client, ask, assert_transport_error

BODY = encode("json", recipients(3))
ROWS = oracle("json", BODY)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
hexed = b"%x" % len(BODY)


def chunk(line: bytes, after: bytes = b"\r\n", last: bytes = b"0\r\n\r\n") -> bytes:
    return line + BODY + after + last


ROWS_COME = {
    "a chunk": chunk(hexed + b"\r\n"),
    "in capitals": chunk(hexed.upper() + b"\r\n"),
    "with zeros": chunk(b"0000" + hexed + b"\r\n", last=b"000\r\n\r\n"),
    "with 10000 zeros": chunk(b"0" * 10_000 + hexed + b"\r\n"),
    "an extension": chunk(hexed + b";a=b\r\n", last=b"0;c\r\n\r\n"),
    "an extension in quotes": chunk(hexed + b';a="b;c"\r\n'),
    "an extension of 20 kB": chunk(hexed + b";" + b"a" * 20_000 + b"\r\n"),
    "blanks after the size": chunk(hexed + b" \t\r\n"),
    "trailers": chunk(hexed + b"\r\n", last=b"0\r\nX: y\r\nZ:\r\n\r\n"),
    "LF at the end": chunk(hexed + b"\r\n", last=b"0\r\n\n"),
}

BROKEN = {
    "a size below zero": chunk(b"-1\r\n"),
    "a size far below zero": chunk(b"-7fffffff\r\n"),
    "minus zero": chunk(b"-0\r\n"),
    "a signed size": chunk(b"+" + hexed + b"\r\n"),
    "0x": chunk(b"0x" + hexed + b"\r\n"),
    "an underscore": chunk(hexed[:1] + b"_" + hexed[1:] + b"\r\n"),
    "other digits": chunk("٣\r\n".encode()),
    "letters": chunk(b"zz\r\n"),
    "nothing": chunk(b"\r\n"),
    "only an extension": chunk(b";a=b\r\n"),
    "a blank before the size": chunk(b" " + hexed + b"\r\n"),
    "a blank in the size": chunk(hexed[:1] + b" " + hexed[1:] + b"\r\n"),
    "a size that ends with LF": chunk(hexed + b"\n"),
    "a size that ends with CR": chunk(hexed + b"\r"),
    "nothing after the chunk": chunk(hexed + b"\r\n", after=b""),
    "more than its size": chunk(b"%x\r\n" % (len(BODY) - 1)),
    "an extension after a blank": chunk(hexed + b" ; a=b\r\n"),
    "a trailer without a colon": chunk(hexed + b"\r\n", last=b"0\r\nXy\r\n\r\n"),
    "a size of 64 bits": chunk(b"7fffffffffffffff\r\n"),
    "a size of 128 bits": chunk(b"f" * 32 + b"\r\n"),
    "a size of 60000 digits": chunk(b"f" * 60_000 + b"\r\n"),
    "no last chunk": chunk(hexed + b"\r\n", last=b""),
    "half of the last chunk": chunk(hexed + b"\r\n", last=b"0"),
    "no line after the last chunk": chunk(hexed + b"\r\n", last=b"0\r\n"),
    "half a line after the last chunk": chunk(hexed + b"\r\n", last=b"0\r\n\r"),
    "no end of the trailers": chunk(hexed + b"\r\n", last=b"0\r\nX: y\r\n"),
}


#: What one library reads and the other refuses: the rows come, and they are right, or it is tried again.
KNOWN_DIFFERENCES = {
    # aiohttp ends a chunk with LF alone too, even where CR belongs to the chunk; to JSON that is white space.
    "LF after the chunk": chunk(hexed + b"\r\n", after=b"\n"),
    "less than its size": chunk(b"%x\r\n" % (len(BODY) + 1)),
    # aiohttp refuses it, though nobody looks at trailers.
    "a length in the trailers": chunk(hexed + b"\r\n", last=b"0\r\nContent-Length: 3\r\n\r\n"),
}


@pytest.mark.parametrize("name", ROWS_COME)
def test_chunks_that_are_accepted(client: Client, name: str) -> None:
    got, _ = ask(client, [[CHUNKED + ROWS_COME[name]]])
    assert (got.error, got.rows) == (None, ROWS)


@pytest.mark.parametrize("name", BROKEN)
def test_chunks_that_break_the_rules(client: Client, name: str) -> None:
    got, server = ask(client, [[CHUNKED + BROKEN[name]]])
    assert_transport_error(got)
    assert len(server.requests) == 1


ENDLESS = {
    "a size": (b"", b"f"),
    "zeros": (b"", b"0"),
    "an extension": (b"3;", b"x"),
    "an end of a chunk": (b"1\r\n[", b"x"),
    "a trailer": (b"0\r\n", b"x"),
    "trailers": (b"0\r\n", b"x: y\r\n"),
}


@pytest.mark.parametrize("name", KNOWN_DIFFERENCES)
def test_chunks_that_the_libraries_judge_differently(client: Client, name: str) -> None:
    got, _ = ask(client, [[CHUNKED + KNOWN_DIFFERENCES[name]]])
    if got.error is None:
        assert got.rows == ROWS
    else:
        assert_transport_error(got)
        assert got.rows in ([], ROWS)


@pytest.mark.parametrize("name", ENDLESS)
def test_what_stands_around_chunks_is_bounded(client: Client, name: str) -> None:
    start, more = ENDLESS[name]

    # More than is tolerated, and not more than a test should wait for.
    got, _ = ask(client, [[CHUNKED + start, more * (2**18 // len(more))]])
    assert_transport_error(got)


@pytest.mark.parametrize("line", [b"-1", b"-80000000", b"+7fffffff", b"7fffffffffffffff", b"f" * 40])
def test_no_size_makes_the_memory_grow(client: Client, line: bytes) -> None:
    """What follows a size like these is passed on as it comes, or refused; it is never collected."""
    tracemalloc.start()
    try:
        got, _ = ask(client, [[CHUNKED + line + b"\r\n[", *[b" " * 2**18] * 200]])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert_transport_error(got)
    assert peak < 2**23
