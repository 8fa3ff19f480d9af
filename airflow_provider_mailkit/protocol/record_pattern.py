"""The regular expression of an XML-RPC record, which reads it many times faster than an XML parser."""

from __future__ import annotations

import re
from functools import lru_cache

from airflow_provider_mailkit.protocol.schema import Schema
from airflow_provider_mailkit.protocol.state import MalformedPieceError
from airflow_provider_mailkit.protocol.xml_values import IncompleteXmlError, MalformedXmlError, parse_xml


@lru_cache(maxsize=32)
def record_pattern(
    schema: Schema, names: tuple[str, ...], numbers: frozenset[str] = frozenset()
) -> tuple[re.Pattern[str], dict[str, int]]:
    """Return the regular expression of a record with these members, and the group that holds each column.

    :param numbers: members of columns of text that are whole numbers all the same.

    Members may be missing, but come in this order. It matches well-formed XML only. What has matched is never
    tried otherwise (the possessive quantifiers), which saves a third of the time.
    """
    gap = r"[ \t\r\n]*+"
    text = r"<string>([^<\x00-\x08\x0b-\x1f\ufffe\uffff]*+)</string>"
    members = []
    groups: dict[str, int] = {}
    group = 0
    for name in names:
        column = schema.column_of(name) or name
        if schema.is_integer(column):
            group += 2
            # 18 digits always fit into 64 bits; longer numbers take the slow way, which checks.
            value = rf"<(i4|i8|int|string)>(0|-?[1-9][0-9]{{0,17}}+|)</\{group - 1}>"
        elif schema.is_decimal(column):
            group += 2
            value = rf"<(double|string)>(-?(?:0|[1-9][0-9]{{0,14}}+)(?:\.[0-9]{{1,15}}+)?|)</\{group - 1}>"
        elif name in numbers:
            group += 2
            value = rf"<(i4|i8|int)>(0|-?[1-9][0-9]{{0,17}}+)</\{group - 1}>"
        else:
            group += 1
            value = text
        groups[column] = group
        members.append(
            rf"(?:<member>{gap}<name>{re.escape(name)}</name>{gap}"
            rf"<value>{gap}(?:{value}|<nil/>){gap}</value>{gap}</member>{gap})?+"
        )
    return re.compile(f"{gap}</value>{gap}<value>{gap}<struct>{gap}{''.join(members)}</struct>"), groups


def unescape(text: str) -> str:
    """Return a text that the expression has found, with characters for their references.

    :raises MalformedPieceError: it is not well-formed.
    """
    try:
        return parse_xml(f"<v>{text}</v>".encode()).text or ""
    except (MalformedXmlError, IncompleteXmlError):
        raise MalformedPieceError from None
