"""Rules that hold for any input of a decoder."""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from support.reports import Outcome, Protocol, assert_discreet, decode, random_pieces

from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.protocol import decoder as decoder_module
from fuzz.reference import INVALID, UNMODELLED, read

#: The seconds of processor time that an input of a few kilobytes may take, with the coverage being counted.
LONGEST_S = 2.0
#: Short, so that even a short input comes in many pieces.
_SHORT_PIECE_BYTES = 64


def check(protocol: Protocol, report: Report, data: bytes) -> None:
    """Decode bytes as the answer of a report in several ways and compare.

    Anything but a MailkitError fails in ``decode``.

    :raises AssertionError: a rule is broken.
    """
    began = time.process_time()
    alone = read_alone(report)
    whole = decode(protocol, data, report=report)
    with short_pieces():
        pieces = decode(protocol, random_pieces(data, zlib.crc32(data)), report=report)
    counted = decode(protocol, data, columns=(alone,), report=report)
    seconds = time.process_time() - began
    assert seconds < LONGEST_S, f"decoding {len(data)} bytes took {seconds:.1f} s"
    _agree(whole, pieces)
    if whole.error is None:
        assert counted.error is None, counted.error
        assert [row[alone] or None for row in counted.rows] == [row[alone] or None for row in whole.rows]
    else:
        assert_discreet(whole.error)
    expected = read(protocol, report, data)
    if expected is INVALID:
        assert whole.error is not None, "what the standard library refuses was taken for data"
    elif expected is not UNMODELLED:
        assert whole.error is None, whole.error
        assert whole.rows == expected


def read_alone(report: Report) -> str:
    """Return a column that is read alone, like statuses during a wait."""
    columns = [column for column in report.columns if column.inside is None]
    return next((column for column in columns if column.usual), columns[-1]).name


def _agree(whole: Outcome, pieces: Outcome) -> None:
    assert whole.rows == pieces.rows
    assert whole.unknown == pieces.unknown
    assert whole.kind is pieces.kind, (whole.error, pieces.error)
    assert _told(whole) == _told(pieces), (whole.error, pieces.error)


def _told(outcome: Outcome) -> str:
    """Return the text of an error, without the excerpt and the count, which depend on the pieces."""
    return re.sub(r" after \d+ records?,", "", str(outcome.error).partition(" begins with")[0])


@contextmanager
def short_pieces() -> Iterator[None]:
    """Let a decoder decode early, so that short inputs are handled like long reports."""
    usual = decoder_module.PIECE_BYTES
    decoder_module.PIECE_BYTES = _SHORT_PIECE_BYTES
    try:
        yield
    finally:
        decoder_module.PIECE_BYTES = usual
