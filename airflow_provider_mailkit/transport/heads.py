"""Heads of answers that urllib3 cannot read to their end.

It takes such an answer for good without the rest of its head, and logs that rest: maybe the whole body,
addresses included, or a header that repeats the request.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import requests

_calling: ContextVar[bool] = ContextVar("calling_mailkit", default=False)


class _NoHeads(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        # Others in this process may use urllib3 as well: their records are none of our business.
        return not (_calling.get() and record.exc_info)


_no_heads = _NoHeads()


@contextmanager
def silent_about_heads() -> Iterator[None]:
    """Keep urllib3 from logging what it could not read of a head; for this call only, not for others."""
    # Adding the same filter again changes nothing.
    logging.getLogger("urllib3.connection").addFilter(_no_heads)
    token = _calling.set(True)
    try:
        yield
    finally:
        _calling.reset(token)


def has_whole_head(response: requests.Response) -> bool:
    """Tell whether the head was read to its end."""
    head = getattr(getattr(response.raw, "_original_response", None), "msg", None)
    return not any(
        type(defect).__name__ == "MissingHeaderBodySeparatorDefect" for defect in getattr(head, "defects", ())
    )
