"""How far an answer is understood, how often that is learned, and what is said of a piece that is not."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

#: How often a decoder learns what records look like. It takes about a millisecond: a report whose records all
#: differ must not do it for ever.
MAX_LESSONS: Final = 16


class MalformedPieceError(ValueError):
    """A piece of the answer is not a sequence of whole records."""


class State(Enum):
    """How far the answer is understood."""

    OPENING = auto()  # it is not known yet whether it is a list of records
    RECORDS = auto()
    WHOLE = auto()  # no list: an error, or a single record; decoded when it is complete
    CLOSED = auto()  # the list has ended
