"""The state of a decoder: how far an answer is understood, and how often its form may be learned."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

#: How often a decoder learns the form of records, which takes about a millisecond. A limit, for reports whose
#: records all differ.
MAX_LESSONS: Final = 16


class MalformedPieceError(ValueError):
    """A piece of the answer is not a sequence of complete records."""


class State(Enum):
    """How far the answer is understood."""

    OPENING = auto()  # it is not known yet whether it is a list of records
    RECORDS = auto()
    WHOLE = auto()  # no list: an error, or a single record; decoded when it is complete
    CLOSED = auto()  # the list has ended
