"""What errors, logs and Airflow's database may show of a value that somebody has given."""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

#: Stands for a value that is not shown.
HIDDEN = "***"

_LONGEST = 60
# What names, IDs, days, URLs and time zones look like, but no address, phone number or MD5 code.
_HARMLESS = re.compile(r"(?!.*(?:[0-9a-f]{32}|x40|u0040))[\w./:-]{0,60}", re.ASCII | re.IGNORECASE)
# A template is a part of the DAG file.
_TEMPLATE = re.compile(r"(?=.*\{[{%#])(?!.*=40)[\w .,:;/+\-\[\](){}|~$#%!=<>*\"'?]*", re.ASCII)
_WORD = re.compile(r"[\w+-]{8,}", re.ASCII)
_ADDRESS = re.compile(rb"[\w.+%'\x80-\xff-](?:@|%40)[\w\x80-\xff-]+\.")
_URL_ALPHABET = str.maketrans("-_", "+/")


def shown(value: Any) -> str:
    """Return a value as an error shows it: short, and without anything that may be somebody's."""
    try:
        text = repr(value) if is_harmless(value) else ""
    except ValueError:  # a number of thousands of digits
        text = ""
    if not text:
        return f"this {type(value).__name__}"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def is_harmless(value: Any) -> bool:
    """Tell whether a value, with all that it holds, looks like a name, an ID, a day, a URL or a template."""
    if isinstance(value, str):
        form = _HARMLESS.fullmatch(value) or _TEMPLATE.fullmatch(value)
        return form is not None and not is_coded_address(value)
    if isinstance(value, Mapping):
        return all(map(is_harmless, [*value, *value.values()]))
    if isinstance(value, list | tuple | set | frozenset):
        return all(map(is_harmless, value))
    return value is None or isinstance(value, int | float | Decimal | date | timedelta)


def is_coded_address(text: str) -> bool:
    """Tell whether a text has an address in Base64, in either alphabet."""
    words = (word.translate(_URL_ALPHABET) for word in _WORD.findall(text))
    # Other signs may stand before the address.
    return any(_ADDRESS.search(_decoded(word[skipped:])) for word in words for skipped in range(4))


def _decoded(text: str) -> bytes:
    # The last sign encodes nothing if it is alone.
    return binascii.a2b_base64(text[: len(text) - (len(text) % 4 == 1)] + "===")
