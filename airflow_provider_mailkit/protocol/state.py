"""How far an answer is understood, and what is said of a piece that is not."""

from __future__ import annotations

from enum import Enum, auto


class MalformedPieceError(ValueError):
    """A piece of the answer is not a sequence of whole records."""


class State(Enum):
    """How far the answer is understood."""

    OPENING = auto()  # it is not known yet whether it is a list of records
    RECORDS = auto()
    WHOLE = auto()  # no list: an error, or a single record; decoded when it is complete
    CLOSED = auto()  # the list has ended
