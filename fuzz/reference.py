"""Reads an answer with the standard library: a model that shares no code with the decoders.

It knows the plain cases only. If Mailkit's documentation is not clear, or the standard library is too
lenient, the model gives no verdict.
"""

from __future__ import annotations

import json
import re
import xmlrpc.client
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from airflow_provider_mailkit.catalogue.columns import DAY, DECIMAL, INSTANT, INTEGER, NESTED, TEXT, Column
from airflow_provider_mailkit.catalogue.report import Report

if TYPE_CHECKING:
    from support.reports import Protocol

#: Answers of :func:`read`: the bytes are not a text of the format; the model does not know.
INVALID = object()
UNMODELLED = object()

_WHOLE_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_NUMBER = re.compile(r"(?:0|-?[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?")
_DAY = r"(20[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8]))"
_DATE = re.compile(rf"{_DAY} ((?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])")


class UnmodelledError(Exception):
    """The model does not know."""


def read(protocol: Protocol, report: Report, data: bytes) -> Any:
    """Return the rows of an answer, or INVALID, or UNMODELLED."""
    try:
        return rows(report, _from_json(data) if protocol == "json" else _from_xmlrpc(data))
    except UnmodelledError:
        return UNMODELLED
    except (ValueError, ET.ParseError, LookupError):
        return INVALID


def _from_json(data: bytes) -> Any:
    text = data.decode("utf-8-sig")
    if "\\ud" in text.lower():
        # Half a surrogate pair may be accepted or refused.
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
        # The standard library uses the last value of a repeated member.
        raise UnmodelledError
    return dict(pairs)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _from_xmlrpc(data: bytes) -> Any:
    text = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    # It must be well-formed. For the rest, xmlrpc.client is too lenient.
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


def rows(report: Report, answer: Any) -> list[dict[str, Any]]:
    """Return what the records of an answer are."""
    if isinstance(answer, dict):
        if report.rows_in is not None and answer:
            # It may be around the rows, or an error.
            if answer.keys() != {report.rows_in} or not isinstance(answer[report.rows_in], list):
                raise UnmodelledError
            answer = answer[report.rows_in]
        else:
            answer = [answer] if answer else []
    if not isinstance(answer, list):
        raise UnmodelledError
    return [_row(report, record) for record in answer]


def _row(report: Report, record: Any) -> dict[str, Any]:
    members = _members(record)
    inside = {
        holder: _members(members.get(holder.upper()) or {})
        for holder in {column.inside for column in report.columns if column.inside}
    }
    known = {name.upper() for c in report.columns if c.inside is None for name in (c.name, c.member)}
    if not members.keys() & known or members.keys() & {"ERROR", "ERROR_STATUS"}:
        raise UnmodelledError
    return {
        column.name: _column(column, inside[column.inside] if column.inside else members)
        for column in report.columns
    }


def _members(record: Any) -> dict[str, Any]:
    if not isinstance(record, dict) or any(name != name.strip() for name in record):
        # XML-RPC treats spaces as layout, JSON as a part of the name.
        raise UnmodelledError
    members = {name.upper(): value for name, value in record.items()}
    if len(members) != len(record):
        # The same member twice, spelled differently.
        raise UnmodelledError
    return members


def _column(column: Column, members: dict[str, Any]) -> Any:
    if column.name != column.member and {column.name, column.member.upper()} <= members.keys():
        # Mailkit's spelling, and the right one besides.
        raise UnmodelledError
    value = members.get(column.member.upper(), members.get(column.name))
    if value is None or value == "":
        return None
    if column.kind == INTEGER:
        return _integer(value)
    if column.kind == DECIMAL:
        return _decimal(value)
    if column.kind == TEXT and isinstance(value, str):
        return value
    if column.kind == INSTANT and isinstance(value, str) and (date := _DATE.fullmatch(value)):
        return f"{date[1]}T{date[2]}"
    if column.kind == NESTED:
        return _nested(value)
    if column.kind == DAY and isinstance(value, str) and (day := re.fullmatch(_DAY, value)):
        return day[1]
    raise UnmodelledError


def _nested(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, float | int) or (
        text != value and re.search(r"[0-9][.eE]|[\0-\x1f\ud800-\udfff]", text)
    ):
        # There are several ways to write a number with a fraction, or a control character.
        raise UnmodelledError
    return text


def _integer(value: Any) -> int:
    if type(value) is int and -(2**63) <= value < 2**63:
        return value
    if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value):
        return int(value)
    raise UnmodelledError


def _decimal(value: Any) -> float:
    if type(value) is int and abs(value) < 2**53:
        return float(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    raise UnmodelledError
