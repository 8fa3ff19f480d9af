"""What the standard library makes of an answer: a model that shares no code with the decoders.

It knows the plain cases only. Where Mailkit's documentation leaves room, or the standard library is more
lenient than the formats are, it does not say anything.
"""

from __future__ import annotations

import json
import re
import xmlrpc.client
from typing import Any
from xml.etree import ElementTree as ET

from support.reports import INTEGERS, Protocol

#: Answers of :func:`read`: the bytes are no text of the format; the model does not know.
INVALID = object()
UNMODELLED = object()

COLUMNS = (
    "ID_SEND_MESSAGE", "ID_EMAIL", "EMAIL", "STATUS", "AB_VERSION", "DATE", "READ_COUNT", "CLICK_COUNT",
)  # fmt: skip
_WHOLE_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_DATE = re.compile(
    r"(20[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])) ((?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])"
)


class UnmodelledError(Exception):
    """The model does not know."""


def read(protocol: Protocol, data: bytes) -> Any:
    """Return the rows of an answer, or INVALID, or UNMODELLED."""
    try:
        return rows(_from_json(data) if protocol == "json" else _from_xmlrpc(data))
    except UnmodelledError:
        return UNMODELLED
    except (ValueError, ET.ParseError, LookupError):
        return INVALID


def _from_json(data: bytes) -> Any:
    text = data.decode("utf-8-sig")
    if "\\ud" in text.lower():
        # Half a surrogate pair is a matter of taste.
        raise UnmodelledError
    try:
        return json.loads(text, parse_constant=_refuse, object_pairs_hook=_object)
    except RecursionError:
        raise UnmodelledError from None
    except ValueError as error:
        if "integer string conversion" in str(error):
            raise UnmodelledError from None
        raise


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        # Of a member that comes twice the standard library takes the last one.
        raise UnmodelledError
    return dict(pairs)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _from_xmlrpc(data: bytes) -> Any:
    text = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    # Well-formed it must be; what is more than that, xmlrpc.client is too lenient to judge.
    ET.fromstring(text)  # noqa: S314 - the bytes are our own
    if b"encoding" in text[:200].lower() and not text.startswith(b'<?xml version="1.0" encoding="UTF-8"?>'):
        raise UnmodelledError
    try:
        (answer,), _ = xmlrpc.client.loads(text)
    except Exception:
        raise UnmodelledError from None
    if not _is_plain(text) or _has_twins(text):
        raise UnmodelledError
    return answer


_TAG = re.compile(rb"<[^>]*>")
_PLAIN_TAGS = {
    b"%b%b>" % (slash, name)
    for slash in (b"<", b"</")
    for name in (b"methodResponse", b"params", b"param", b"value", b"array", b"data", b"struct", b"member",
                 b"name", b"string", b"i4", b"int", b"i8")
} | {b"<nil/>"}  # fmt: skip
_SHAPE = re.compile(
    rb"<methodResponse><params><param><value><array><data>"
    rb"(?:<value><struct>(?:<member><name></name><value>(?:<(\w+)></\1>|<nil/>)</value></member>)+</struct></value>)*"
    rb"</data></array></value></param></params></methodResponse>"
)


def _is_plain(text: bytes) -> bool:
    """Tell whether the elements are those of a list of records, with no text between them."""
    body = text.removeprefix(b'<?xml version="1.0" encoding="UTF-8"?>')
    tags = _TAG.findall(body)
    if not _PLAIN_TAGS.issuperset(tags) or not _SHAPE.fullmatch(b"".join(tags)):
        return False
    between = re.split(rb"</?(?:name|string|i4|int|i8)>", body)
    return not any(_TAG.sub(b"", markup).strip() for markup in between[::2])


def _has_twins(text: bytes) -> bool:
    """Tell whether a struct has a member twice."""
    for struct in text.split(b"<struct>"):
        names = re.findall(rb"<name>([^<]*)</name>", struct)
        if len(set(names)) < len(names):
            return True
    return False


def rows(answer: Any) -> list[dict[str, Any]]:
    """Return what the records of an answer are."""
    if isinstance(answer, dict):
        answer = [answer] if answer else []
    if not isinstance(answer, list):
        raise UnmodelledError
    return [_row(record) for record in answer]


def _row(record: Any) -> dict[str, Any]:
    if not isinstance(record, dict):
        raise UnmodelledError
    if any(name != name.strip() for name in record):
        # XML-RPC takes the spaces for layout, JSON takes them for a part of the name.
        raise UnmodelledError
    members = {name.upper(): value for name, value in record.items()}
    if not members.keys() & set(COLUMNS) or members.keys() & {"ERROR", "ERROR_STATUS"}:
        raise UnmodelledError
    if len(members) != len(record):
        # The same member twice, spelled differently.
        raise UnmodelledError
    return {name: _value(name, members.get(name)) for name in COLUMNS}


def _value(name: str, value: Any) -> Any:
    if value is None or value == "":
        return None
    if name in INTEGERS:
        if type(value) is int and -(2**63) <= value < 2**63:
            return value
        if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value):
            return int(value)
    elif isinstance(value, str) and name != "DATE":
        return value
    elif isinstance(value, str) and (date := _DATE.fullmatch(value)):
        return f"{date[1]}T{date[2]}"
    raise UnmodelledError
