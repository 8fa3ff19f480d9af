"""Heads of answers that servers send by the rules, nearly so, or not at all: one outcome, in both clients."""

from __future__ import annotations

import gzip

import pytest
from support.reports import assert_discreet, encode, oracle, recipients
from support.server import End
from transport.clients import Client, ask, assert_transport_error

from airflow_provider_mailkit.exceptions import MailkitResponseError
from airflow_provider_mailkit.transport.heads import MAX_HEAD_BYTES

BODY = encode("json", recipients(3))
ROWS = oracle("json", BODY)
GZIP = gzip.compress(BODY)
OK = b"HTTP/1.1 200 OK\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)


def with_length(*lines: bytes, start: bytes = OK) -> bytes:
    return start + b"".join(lines) + LENGTH + b"\r\n" + BODY


def of_length(value: bytes, body: bytes = BODY) -> bytes:
    return OK + b"Content-Length: %s\r\n\r\n" % value + body


def coded(*lines: bytes, body: bytes = GZIP) -> bytes:
    return OK + b"".join(lines) + b"Content-Length: %d\r\n\r\n" % len(body) + body


def transferred(value: bytes, body: bytes = CHUNKS) -> bytes:
    return OK + b"Transfer-Encoding: %s\r\n\r\n" % value + body


size = b"%d" % len(BODY)

#: What is accepted, since nothing can be mistaken for something else.
ROWS_COME = {
    "a length": with_length(),
    "no length": OK + b"\r\n" + BODY,
    "a length with zeros": of_length(b"000" + size),
    "a length in the next line": of_length(b"\r\n " + size),
    "no reason": with_length(start=b"HTTP/1.1 200\r\n"),
    "an empty reason": with_length(start=b"HTTP/1.1 200 \r\n"),
    "a reason in UTF-8": with_length(start="HTTP/1.1 200 Všecko v pořádku\r\n".encode()),
    "HTTP/1.0": with_length(start=b"HTTP/1.0 200 OK\r\n"),
    "HTTP/1.0 without a length": b"HTTP/1.0 200 OK\r\n\r\n" + BODY,
    "HTTP/1.0 in chunks": b"HTTP/1.0 200 OK\r\n" + CHUNKED + b"\r\n" + CHUNKS,
    "lines that end with LF": with_length().replace(b"\r\n", b"\n", 3),
    "one line that ends with LF": with_length(b"X: y\n"),
    "a folded header": with_length(b"X: a\r\n b\r\n\tc\r\n"),
    "an empty header": with_length(b"X:\r\n"),
    "UTF-8 in a value": with_length("X: Žluť\r\n".encode()),
    "Latin-1 in a value": with_length(b"X: \xe9\xff\r\n"),
    "colons in a value": with_length(b"X: a:b:c\r\n"),
    "a header of 9 kB": with_length(b"X: " + b"a" * 9_000 + b"\r\n"),
    "a header of 60 kB": with_length(b"X: " + b"a" * 60_000 + b"\r\n"),
    "a reason of 60 kB": with_length(start=b"HTTP/1.1 200 " + b"O" * 60_000 + b"\r\n"),
    "90 headers": with_length(b"X: y\r\n" * 90),
    "a name of 9 kB": with_length(b"X" * 9_000 + b": y\r\n"),
    "keep-alive": with_length(b"Connection: keep-alive\r\n"),
    "an upgrade that is offered": with_length(b"Connection: upgrade\r\nUpgrade: h2c\r\n"),
    "100": b"HTTP/1.1 100 Continue\r\n\r\n" + with_length(),
    "103": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + with_length(),
    "several below 200": b"HTTP/1.1 102\r\n\r\nHTTP/1.1 103\r\nA: b\r\n\r\nHTTP/1.1 199\n\n" + with_length(),
    "1000 below 200": b"HTTP/1.1 103 E\r\n\r\n" * 1000 + with_length(),
    # They have no body, whatever they say.
    "103 with a length": b"HTTP/1.1 103 E\r\nContent-Length: 30\r\n\r\n" + with_length(),
    "identity, no length": transferred(b"identity", BODY),
    "an empty transfer coding": OK + b"Transfer-Encoding:\r\n" + LENGTH + b"\r\n" + BODY,
    "chunked in capitals": transferred(b"Chunked"),
    "identity and chunked": transferred(b"identity, chunked"),
    "gzip in capitals": coded(b"Content-Encoding: GZIP\r\n"),
    "gzip and identity": coded(b"Content-Encoding: gzip, identity\r\n"),
    "gzip and nothing": coded(b"Content-Encoding: gzip\r\nContent-Encoding:\r\n"),
    "nothing and gzip": coded(b"Content-Encoding:\r\nContent-Encoding: x-gzip,\r\n"),
    "identity twice": coded(b"Content-Encoding: identity\r\n" * 2, body=BODY),
    "zeros after gzip": coded(b"Content-Encoding: gzip\r\n", body=GZIP + bytes(512)),
    "zeros after gzip in chunks": transferred(b"chunked\r\nContent-Encoding: gzip", b"".join(
        b"1\r\n%c\r\n" % byte for byte in GZIP + bytes(7)) + b"0\r\n\r\n"),
}  # fmt: skip

#: What breaks the rules: maybe something on the way has broken it, so it is tried again.
NOT_HTTP = {
    "nothing": b"",
    "a body only": BODY,
    "another protocol": b"220 mail.example.com ESMTP\r\n",
    "a frame of HTTP/2": b"\0\0\x12\4\0\0\0\0\0\0\3\0\0\0\x64",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/2": with_length(start=b"HTTP/2 200 OK\r\n"),
    "HTTP/2.0": with_length(start=b"HTTP/2.0 200 OK\r\n"),
    "HTTP/1.10": with_length(start=b"HTTP/1.10 200 OK\r\n"),
    "http": with_length(start=b"http/1.1 200 OK\r\n"),
    "ICY": with_length(start=b"ICY 200 OK\r\n"),
    "a blank before it": b" " + with_length(),
    "a BOM before it": b"\xef\xbb\xbf" + with_length(),
    "two blanks": with_length(start=b"HTTP/1.1  200 OK\r\n"),
    "a tab": with_length(start=b"HTTP/1.1\t200 OK\r\n"),
    "no status": with_length(start=b"HTTP/1.1 OK\r\n"),
    "status 20": with_length(start=b"HTTP/1.1 20 OK\r\n"),
    "status 2000": with_length(start=b"HTTP/1.1 2000 OK\r\n"),
    "status 000": with_length(start=b"HTTP/1.1 000 OK\r\n"),
    "status 099": with_length(start=b"HTTP/1.1 099 OK\r\n"),
    "status -20": with_length(start=b"HTTP/1.1 -20 OK\r\n"),
    "status +20": with_length(start=b"HTTP/1.1 +20 OK\r\n"),
    "status in other digits": with_length(start="HTTP/1.1 \uff12\uff10\uff10 OK\r\n".encode()),
    "no end of the head": OK + LENGTH,
    "only announced": b"HTTP/1.1 103 Early Hints\r\n\r\n",
    "announced and cut": b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 2",
    "no colon": with_length(b"X y\r\n"),
    "no name": with_length(b": y\r\n"),
    "a blank in the name": with_length(b"X Y: z\r\n"),
    "a blank before the colon": with_length(b"X : y\r\n"),
    "a name that is not a token": with_length(b"X(y): z\r\n"),
    "UTF-8 in a name": with_length("Ž: y\r\n".encode()),
    "NUL in a name": with_length(b"X\0: y\r\n"),
    "a lone CR": with_length(b"X: y\rZ: a\r\n"),
    "two lengths": of_length(size + b"\r\nContent-Length: 5"),
    "two lengths in a line": of_length(b"5, " + size),
    "a length and nothing": of_length(size + b","),
    "a length below zero": of_length(b"-5"),
    "minus zero": of_length(b"-0"),
    "a signed length": of_length(b"+" + size),
    "a length in words": of_length(b"abc"),
    "an empty length": of_length(b""),
    "a length with a point": of_length(b"10.0"),
    "a hexadecimal length": of_length(b"0x10"),
    "a length with an underscore": of_length(b"1_0"),
    "a length with a blank": of_length(b"1 0"),
    "a length in other digits": of_length("٣".encode()),
    "a length of 26 digits": of_length(b"9" * 26),
    "a length of 5000 digits": of_length(b"9" * 5000),
    "a length of 18 digits": of_length(b"9" * 18),
    "a length that is not reached": of_length(b"%d" % (len(BODY) + 1)),
    "a head without end": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * (MAX_HEAD_BYTES // 6),
    "a line without end": b"HTTP/1.1 200 " + b"x" * MAX_HEAD_BYTES,
    "a length, then chunked": OK + LENGTH + CHUNKED + b"\r\n" + CHUNKS,
    "chunked, then a length": OK + CHUNKED + LENGTH + b"\r\n" + CHUNKS,
    "chunked and a length that is none": OK + CHUNKED + b"Content-Length: x\r\n\r\n" + CHUNKS,
    "the same length twice": with_length(LENGTH),
    "the same length twice in a line": of_length(size + b", " + size),
    "a long reason": with_length(start=b"HTTP/1.1 200 " + b"O" * 70_000 + b"\r\n"),
    "a later HTTP/1": with_length(start=b"HTTP/1.2 200 OK\r\n"),
    "identity": OK + b"Transfer-Encoding: identity\r\n" + LENGTH + b"\r\n" + BODY,
    "a header of 70 kB": with_length(b"X: " + b"a" * 70_000 + b"\r\n"),
    "404 with two lengths": b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nx",
    "503 with two lengths": b"HTTP/1.1 503 x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nx",
    "204 with a body": with_length(start=b"HTTP/1.1 204 No Content\r\n"),
    "204 in chunks": b"HTTP/1.1 204 No Content\r\n" + CHUNKED + b"\r\n" + CHUNKS,
    "304 with a body": with_length(start=b"HTTP/1.1 304 Not Modified\r\n"),
    "gzip and more": coded(b"Content-Encoding: gzip\r\n", body=GZIP + b"x"),
    "gzip, zeros and more": coded(b"Content-Encoding: gzip\r\n", body=GZIP + b"\0\0x"),
    "zeros before gzip": coded(b"Content-Encoding: gzip\r\n", body=b"\0" + GZIP),
}  # fmt: skip

#: What is permanent: tried once.
PERMANENT = {
    "gzip in transfer": (transferred(b"gzip, chunked"), "transfer coding"),
    "gzip in transfer only": (transferred(b"gzip", GZIP), "transfer coding"),
    "chunked twice": (transferred(b"chunked, chunked"), "transfer coding"),
    "chunked twice in two lines": (transferred(b"chunked\r\nTransfer-Encoding: chunked"), "transfer coding"),
    "nearly chunked": (transferred(b"xchunked"), "transfer coding"),
    "quoted": (transferred(b'"chunked"'), "transfer coding"),
    "chunked with a parameter": (transferred(b"chunked;q=1"), "transfer coding"),
    "gzip twice": (coded(b"Content-Encoding: gzip\r\n" * 2), "content coding"),
    "br": (coded(b"Content-Encoding: br\r\n"), "content coding"),
    "deflate": (coded(b"Content-Encoding: deflate\r\n"), "content coding"),
    "none": (coded(b"Content-Encoding: none\r\n", body=BODY), "content coding"),
    "UTF-8": (coded(b"Content-Encoding: utf-8\r\n", body=BODY), "content coding"),
    "101": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + with_length(), "101"),
    "201": (with_length(start=b"HTTP/1.1 201 Created\r\n"), "201"),
    "205 with a body": (with_length(start=b"HTTP/1.1 205 Reset Content\r\n"), "205"),
    "206 with a body": (with_length(start=b"HTTP/1.1 206 Partial Content\r\n"), "206"),
    "404 in gzip in transfer": (b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: gzip\r\n\r\nx", "404"),
}

PASSING_STATUSES = {
    "503 in gzip in transfer": (b"HTTP/1.1 503 x\r\nTransfer-Encoding: gzip\r\n\r\nx", "503"),
    "999": (with_length(start=b"HTTP/1.1 999 x\r\n"), "999"),
}


#: What one library reads and the other refuses: the rows come, and they are right, or it is tried again.
KNOWN_DIFFERENCES = {
    # aiohttp refuses what follows an answer if it comes at the same time. The connection is used once.
    "more than its length": with_length() + b"xyz",
    "a second answer": with_length() * 2,
    "more after the last chunk": OK + CHUNKED + b"\r\n" + CHUNKS + b"xyz",
    # Python's http.client knows no more of them, and aiohttp a few more.
    "120 headers": with_length(b"X: y\r\n" * 120),
    # aiohttp before 3.14 judges these in another way than later.
    "a length in white space": of_length(b" \t" + size + b"\t "),
    "NUL in a value": with_length(b"X: y\0z\r\n"),
    "1000 headers": with_length(b"X: y\r\n" * 1000),
    # aiohttp reads past them. They are not part of what is used.
    "RTSP": with_length(start=b"RTSP/1.0 200 OK\r\n"),
    "an empty line before it": b"\r\n" + with_length(),
    "a first header that is folded": with_length(b" X: y\r\n"),
    "announced without end": b"HTTP/1.1 100 Continue\r\n\r\n" * (MAX_HEAD_BYTES // 25 + 1) + with_length(),
    "HTTP/1.0 only announces": b"HTTP/1.0 199 Wait\r\n\r\n" + with_length(),
}


@pytest.mark.parametrize("name", ROWS_COME)
def test_heads_that_are_accepted(client: Client, name: str) -> None:
    got, _ = ask(client, [[ROWS_COME[name]]])
    assert got.error is None
    assert got.rows == ROWS


@pytest.mark.parametrize("name", NOT_HTTP)
def test_heads_that_break_the_rules(client: Client, name: str) -> None:
    got, server = ask(client, [[NOT_HTTP[name]]])
    assert_transport_error(got)
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", KNOWN_DIFFERENCES)
def test_heads_that_the_libraries_judge_differently(client: Client, name: str) -> None:
    got, _ = ask(client, [[KNOWN_DIFFERENCES[name]]])
    if got.error is None:
        assert got.rows == ROWS
    else:
        assert_transport_error(got)
        assert got.rows in ([], ROWS)


@pytest.mark.parametrize("name", PERMANENT)
def test_heads_that_say_what_was_not_asked_for(client: Client, name: str) -> None:
    answer, shown = PERMANENT[name]
    got, _ = ask(client, [[answer]])
    assert got.kind is MailkitResponseError, got.error
    assert not got.error.retryable
    assert shown in str(got.error)
    assert_discreet(got.error, "person")


@pytest.mark.parametrize("name", PASSING_STATUSES)
def test_a_status_counts_more_than_how_its_body_is_framed(client: Client, name: str) -> None:
    answer, shown = PASSING_STATUSES[name]
    got, _ = ask(client, [[answer]])
    assert_transport_error(got, match=shown)


@pytest.mark.parametrize("name", ["a header of 9 kB", "several below 200", "a folded header", "103"])
def test_a_head_that_comes_in_bytes(client: Client, name: str) -> None:
    answer = ROWS_COME[name]
    got, _ = ask(client, [[answer[at : at + 1] for at in range(600)] + [answer[600:]]])
    assert (got.error, got.rows) == (None, ROWS)


def test_what_cannot_become_http_is_not_waited_for(client: Client) -> None:
    got, _ = ask(client, [[b"220 mail.example.com\r\n", End.SILENCE]], read_timeout_s=60)
    assert_transport_error(got, match="not valid HTTP")


@pytest.mark.parametrize("start", [b"HTTP/2", b"HTTP/1.1 200 OK\r\nX", BODY[:9]])
def test_a_line_without_end_is_waited_for_no_longer_than_for_anything(client: Client, start: bytes) -> None:
    got, _ = ask(client, [[start, End.SILENCE]], read_timeout_s=0.5)
    assert_transport_error(got)


ENDLESS = {
    "a status line": (b"HTTP/1.1 200 ", b"x"),
    "a header's name": (OK + b"X", b"x"),
    "a header's value": (OK + b"X: ", b"x"),
    "headers": (OK, b"X: y\r\n"),
    "folds": (OK + b"X: y\r\n", b" z\r\n"),
    "announcements": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "white space": (OK + b"X:", b" "),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_head_without_end_ends_the_try(client: Client, name: str) -> None:
    """Whatever part of it has no end."""
    start, more = ENDLESS[name]

    # More than is tolerated, and not more than a test should wait for.
    got, _ = ask(client, [[start, more * (2 * MAX_HEAD_BYTES // len(more))]])
    assert_transport_error(got)
