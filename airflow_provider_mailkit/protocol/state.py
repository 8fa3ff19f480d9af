"""The words in which the decoder and its two parts for a protocol talk to each other.

A framing looks at the bytes at the front of the buffer and answers questions; it changes nothing. A reader
gets bytes that were cut out and makes records of them. What is not as documented, both raise or return as an
:class:`UnexpectedError`; the decoder makes the message for the user of it.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.protocol.records import Batch

#: The largest record, in bytes. Usual ones have about 200 (JSON) or 700 (XML-RPC).
MAX_RECORD_BYTES: Final = 2**20
#: The most that may stand before the first record, in bytes.
MAX_OPENING_BYTES: Final = 4096
#: How often a reader learns the form of records, which takes about a millisecond. A limit, for reports whose
#: records all differ.
MAX_LESSONS: Final = 16


class State(Enum):
    """How far the answer is understood."""

    OPENING = auto()  # it is not known yet whether it is a list of records
    RECORDS = auto()
    # An error, a single record, or what stands around a list: decoded when it is complete.
    WHOLE = auto()
    CLOSED = auto()  # the list has ended


class Due(Enum):
    """What stands at the front of the buffer while there are records."""

    RECORD = auto()  # a separator, and the beginning of a record
    END = auto()  # the end of the list
    MORE = auto()  # the bytes end before that shows


class UnexpectedError(ValueError):
    """The answer is not of the documented shape; the message says why and quotes nothing of it.

    :param at: where in the buffer it begins to be so.
    """

    def __init__(self, what: str, at: int = 0) -> None:
        super().__init__(what)
        self.at = at


class MalformedPieceError(ValueError):
    """A piece of the answer is not a sequence of complete records."""


#: Bytes to be looked at.
Text = bytes | bytearray
#: Where something begins and ends.
Span = tuple[int, int]
#: Decoded records, and the fault that follows them.
Taken = tuple[Batch | None, MailkitError | UnexpectedError | None]
