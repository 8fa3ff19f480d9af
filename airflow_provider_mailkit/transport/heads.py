"""Checks the heads of answers in the same way for both clients, whatever their libraries accept."""

from __future__ import annotations

import re
from collections.abc import Iterable

from airflow_provider_mailkit.exceptions import MailkitResponseError, MailkitTransportError

#: The maximum length of a header line, which http.client has built in.
MAX_LINE_BYTES = 2**16
#: The maximum size of all heads of an answer, including those with a status below 200.
MAX_HEAD_BYTES = 2**18

# A value that continues in the next line may still contain the line end.
_WHITE_SPACE = " \t\r\n"


def check_start(function: str, version: tuple[int, int], status: int) -> None:
    """Check the beginning of an answer, as far as aiohttp does not.

    :raises MailkitTransportError: it is not HTTP/1.
    """
    if version not in ((1, 0), (1, 1)) or status < 100:
        raise _not_http(function)


def check_emptiness(function: str, status: int, fields: Iterable[tuple[str, str]]) -> None:
    """Check that an answer whose status allows no body does not announce one.

    :raises MailkitTransportError: it does.
    """
    values = _values(fields)
    if status in (204, 304) and ("transfer-encoding" in values or values.get("content-length", "0") != "0"):
        raise _not_http(function, ": it announces a body that it cannot have")


def content_coding(function: str, fields: Iterable[tuple[str, str]]) -> str:
    """Check the framing of an answer, and return its content coding; empty if it has none.

    :param fields: all headers as they came, including repeated ones.
    :raises MailkitResponseError: the body has a coding that was not requested.
    :raises MailkitTransportError: its length is invalid, or repeated.
    """
    values = _values(fields)
    codings = _parts(values, "transfer-encoding")
    if [coding for coding in codings if coding != "identity"] not in ([], ["chunked"]):
        raise MailkitResponseError(
            f"{function}: the answer has a transfer coding other than chunked.", function=function
        )
    length = values.get("content-length")
    if length is not None and (codings or not re.fullmatch(r"[0-9]{1,18}", length.strip(_WHITE_SPACE))):
        raise _not_http(function, ": its Content-Length is not one number, or stands beside chunks")
    return ", ".join(coding for coding in _parts(values, "content-encoding") if coding != "identity")


def _values(fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the values by lower-case name. Values of the same name are joined."""
    values: dict[str, str] = {}
    for name, value in fields:
        key = name.lower()
        values[key] = f"{values[key]},{value}" if key in values else value
    return values


def _parts(values: dict[str, str], name: str) -> list[str]:
    """Return the parts of a header that is a list, in lower case, without empty ones."""
    parts = (part.strip(_WHITE_SPACE).lower() for part in values.get(name, "").split(","))
    return [part for part in parts if part]


def _not_http(function: str, why: str = "") -> MailkitTransportError:
    return MailkitTransportError(f"{function}: the answer is not valid HTTP{why}.", function=function)
