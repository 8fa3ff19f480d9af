"""Encodes answers in both protocols: single values, lists in pieces, the recipients report in blocks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import Self, TypeAlias
from xml.sax.saxutils import escape

from airflow_provider_mailkit.sandbox.deliveries import BLOCK, PATTERN, WIDE_PREFIX, Delivery, is_wide

# Placeholders in a rendered block for the digits that change. They do not occur in the made-up data, and are
# not escaped in JSON or XML.
MESSAGE_HOLE = "~"
ADDRESS_HOLE = "^"
LARGEST_I4 = 2**31 - 1
# About 64 KiB of the smaller records.
ROWS_AT_A_TIME = 500


class Number(str):
    """A number that JSON has in quotes, with its XML-RPC type: `i4`, `i8` or `double`."""

    __slots__ = ("tag",)
    tag: str

    def __new__(cls, digits: str, tag: str) -> Self:
        """Make one of its digits."""
        made = super().__new__(cls, digits)
        made.tag = tag
        return made


Value: TypeAlias = "str | int | list[Value] | Mapping[str, Value] | None"
Record: TypeAlias = "Mapping[str, Value]"


def number(value: int) -> Number:
    """Return a count or an ID with the XML-RPC type that holds it."""
    return Number(str(value), _tag(value))


def mixed(value: int) -> Number | int:
    """Return a number that JSON has in quotes unless it is 0, so that one record has both."""
    return number(value) if value else 0


def money(value: float) -> Number:
    """Return an amount with two decimals."""
    return Number(f"{value:.2f}", "double")


def _tag(value: int) -> str:
    return "i4" if value <= LARGEST_I4 else "i8"


# json.dumps would make an encoder per record.
_to_json = json.JSONEncoder(ensure_ascii=False).encode


def _json_error(text: str) -> str:
    return _to_json({"error_status": 1, "error": text})


def _xml_value(value: Value) -> str:
    if isinstance(value, Number):
        return f"<value><{value.tag}>{value}</{value.tag}></value>"
    if isinstance(value, str):
        return f"<value><string>{escape(value)}</string></value>"
    if isinstance(value, bool):
        return f"<value><boolean>{int(value)}</boolean></value>"
    if isinstance(value, int):
        return f"<value><{_tag(value)}>{value}</{_tag(value)}></value>"
    if value is None:
        return "<value><nil/></value>"
    if isinstance(value, list):
        return f"<value><array><data>{''.join(map(_xml_value, value))}</data></array></value>"
    members = "".join(
        f"<member><name>{name}</name>{_xml_value(each)}</member>" for name, each in value.items()
    )
    return f"<value><struct>{members}</struct></value>"


_XML_HEAD = '<?xml version="1.0" encoding="utf-8"?><methodResponse><params><param>'
_XML_TAIL = "</param></params></methodResponse>"


def _xml_error(text: str) -> str:
    return f"{_XML_HEAD}{_xml_value(text)}{_XML_TAIL}"


@dataclass(frozen=True)
class Encoding:
    """One of the two protocols for answers."""

    name: str
    content_type: str
    value: Callable[[Value], str]
    error: Callable[[str], str]
    head: str
    tail: str
    opening: str
    separator: str
    closing: str

    def whole(self, value: Value) -> bytes:
        """Return an answer that is one value."""
        return f"{self.head}{self.value(value)}{self.tail}".encode()

    def rows(self, records: Iterable[Record], *, is_loose: bool) -> Iterator[bytes]:
        """Yield a list of records in pieces. Memory does not grow.

        :param is_loose: whether a list of one is sent as an object, and an empty list as an empty object.
        """
        rest = iter(records)
        first = list(islice(rest, 2))
        if is_loose and len(first) < 2:
            yield self.whole(first[0] if first else {})
            return
        texts = map(self.value, chain(first, rest))
        lead = self.opening
        while piece := list(islice(texts, ROWS_AT_A_TIME)):
            yield f"{lead}{self.separator.join(piece)}".encode()
            lead = self.separator
        yield (self.closing if first else self.opening + self.closing).encode()

    def recipients(self, delivery: Delivery, progress: float) -> Iterator[bytes]:
        """Yield the recipients report in blocks. Memory does not grow."""
        rendered: dict[tuple[int, int], bytes] = {}
        message_hole, address_hole = MESSAGE_HOLE.encode(), ADDRESS_HOLE.encode()
        lead = self.opening.encode()
        for first in range(0, delivery.recipients, BLOCK):
            key = first % PATTERN, min(BLOCK, delivery.recipients - first)
            if key not in rendered:
                rendered[key] = self._block(delivery, *key, progress).encode()
            message, address = delivery.leading_digits(first // BLOCK)
            block = rendered[key].replace(message_hole, message.encode())
            yield lead + block.replace(address_hole, address.encode())
            lead = self.separator.encode()
        yield (self.closing if delivery.recipients else self.opening + self.closing).encode()

    def _block(self, delivery: Delivery, first: int, size: int, progress: float) -> str:
        return self.separator.join(
            self.value(_recipient(delivery, index, progress)) for index in range(first, first + size)
        )


def _recipient(delivery: Delivery, index: int, progress: float) -> Record:
    state = delivery.state(index, progress)
    name, domain = delivery.person(index)
    last_digits = f"{index % BLOCK:03d}"
    wide = is_wide(index)
    message = f"{WIDE_PREFIX if wide else ''}{MESSAGE_HOLE}{last_digits}"
    address = f"{ADDRESS_HOLE}{last_digits}"
    return {
        "DATE": state.date,
        "READ_COUNT": number(state.reads),
        "STATUS": state.status,
        "ID_EMAIL": Number(address, "i4"),
        "EMAIL": f"{name}.{address}@{domain}",
        "CLICK_COUNT": number(state.clicks),
        "ID_SEND_MESSAGE": Number(message, "i8" if wide else "i4"),
        "AB_VERSION": state.ab_version,
    }


JSON = Encoding(
    name="json",
    content_type="application/json; charset=utf-8",
    value=_to_json,
    error=_json_error,
    head="",
    tail="",
    opening="[",
    separator=", ",
    closing="]",
)
XML_RPC = Encoding(
    name="xmlrpc",
    content_type="text/xml; charset=utf-8",
    value=_xml_value,
    error=_xml_error,
    head=_XML_HEAD,
    tail=_XML_TAIL,
    opening=f"{_XML_HEAD}<value><array><data>",
    separator="",
    closing=f"</data></array></value>{_XML_TAIL}",
)
