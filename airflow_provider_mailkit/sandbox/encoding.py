"""Answers as bytes, in the two protocols: small ones whole, the recipients report in blocks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias
from xml.sax.saxutils import escape

from airflow_provider_mailkit.sandbox.deliveries import BLOCK, PATTERN, Delivery

# Stand in a rendered block for the digits that change from block to block. Neither occurs in the made-up
# data, nor is either escaped in JSON or XML.
MESSAGE_HOLE = "~"
ADDRESS_HOLE = "^"
# In front of a message ID it makes the number too large for 32 bits.
WIDE_PREFIX = "500"
LARGEST_I4 = 2**31 - 1


class Number(NamedTuple):
    """A whole number, written out, and its XML-RPC type (`i4` or `i8`)."""

    digits: str
    tag: str


Record: TypeAlias = Mapping[str, str | Number]


def number(value: int) -> Number:
    """Return a count or an ID with the XML-RPC type that holds it."""
    return Number(str(value), "i4" if value <= LARGEST_I4 else "i8")


# json.dumps would make an encoder per record.
_to_json = json.JSONEncoder(ensure_ascii=False).encode


def _json_record(record: Record) -> str:
    texts = {name: value.digits if isinstance(value, Number) else value for name, value in record.items()}
    return _to_json(texts)


def _json_error(text: str) -> str:
    return _to_json({"error_status": 1, "error": text})


def _xml_member(name: str, value: str | Number) -> str:
    tag, text = (value.tag, value.digits) if isinstance(value, Number) else ("string", escape(value))
    return f"<member><name>{name}</name><value><{tag}>{text}</{tag}></value></member>"


def _xml_record(record: Record) -> str:
    members = "".join(_xml_member(name, value) for name, value in record.items())
    return f"<value><struct>{members}</struct></value>"


_XML_HEAD = '<?xml version="1.0" encoding="utf-8"?><methodResponse><params><param><value>'
_XML_TAIL = "</value></param></params></methodResponse>"


def _xml_error(text: str) -> str:
    return f"{_XML_HEAD}<string>{escape(text)}</string>{_XML_TAIL}"


@dataclass(frozen=True)
class Encoding:
    """One of the two protocols, as far as answers are concerned."""

    name: str
    content_type: str
    record: Callable[[Record], str]
    error: Callable[[str], str]
    opening: str
    separator: str
    closing: str

    def records(self, records: Iterable[Record]) -> bytes:
        """Return a whole answer that is a list of records."""
        body = self.separator.join(map(self.record, records))
        return f"{self.opening}{body}{self.closing}".encode()

    def recipients(self, delivery: Delivery, progress: float) -> Iterator[bytes]:
        """Yield the recipients report in pieces of one block each, in memory that does not grow."""
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
            self.record(_recipient(delivery, index, progress)) for index in range(first, first + size)
        )


def _recipient(delivery: Delivery, index: int, progress: float) -> Record:
    state = delivery.state(index, progress)
    name, domain = delivery.person(index)
    last_digits = f"{index % BLOCK:03d}"
    # Every fourth, so that a client meets both integer types within one report however small.
    wide = index % 4 == 3
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
    record=_json_record,
    error=_json_error,
    opening="[",
    separator=", ",
    closing="]",
)
XML_RPC = Encoding(
    name="xmlrpc",
    content_type="text/xml; charset=utf-8",
    record=_xml_record,
    error=_xml_error,
    opening=f"{_XML_HEAD}<array><data>",
    separator="",
    closing=f"</data></array>{_XML_TAIL}",
)
