"""Reads XML-RPC values from XML, strictly: without DTDs and custom entities, and only documented types.

Source: the XML-RPC specification, with ``i8`` and ``nil`` as commonly extended.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from airflow_provider_mailkit.protocol.markup import OPAQUE
from airflow_provider_mailkit.protocol.members import AmbiguousMemberError, unique

# Mailkit documents no deeper answer. The limit keeps the recursion below harmless.
_MAX_DEPTH = 50

#: An XML declaration that names another encoding than UTF-8.
FOREIGN_ENCODING = re.compile(
    rb"\s*<\?xml[^>]*encoding\s*=\s*[\"'](?!(?:utf-?8|(?:us-)?ascii|ansi_x3\.4-1968)[\"'])[^\"'>]*[\"']",
    re.IGNORECASE,
)

# The namespace of the types that Apache's library has added, such as nil and i8.
_EXTENSIONS = "{http://ws.apache.org/xmlrpc/namespaces/extensions}"
_WHOLE_NUMBERS = ("i4", "i8", "int", "i1", "i2")
_SPACE = " \t\r\n"
# Numbers are written as in JSON: without a plus sign, leading zeros or white space around them.
_WHOLE_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_OPAQUE = re.compile(OPAQUE, re.DOTALL)


class MalformedXmlError(ValueError):
    """The text is not an XML-RPC response. The message says why, without quoting it."""


class IncompleteXmlError(ValueError):
    """The text was cut. The part before the cut is fine."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault answer."""

    code: int | None
    text: str


def parse_xml(text: bytes) -> ET.Element:
    """Parse one whole XML document in UTF-8.

    :raises IncompleteXmlError: it ends too early.
    :raises MalformedXmlError: it is not well-formed, is in another encoding, or has a DTD.
    """
    if FOREIGN_ENCODING.match(text):
        raise MalformedXmlError("the XML is not in UTF-8")
    if b"\0" in text:
        # As in UTF-16, which the parser would detect, and then read a DTD that is not noticed here.
        raise MalformedXmlError("the XML holds a character that is not allowed")
    if b"<!DOCTYPE" in text and b"<!DOCTYPE" in _OPAQUE.sub(b"", text):
        raise MalformedXmlError("the XML holds a DTD, which is refused")
    # Without a DTD there are no entities to expand or to fetch, so the XML is safe to parse.
    parser = ET.XMLParser(encoding="utf-8")  # noqa: S314
    try:
        parser.feed(text)
    except ET.ParseError as error:
        raise MalformedXmlError(_reason(error, text)) from None
    try:
        root: ET.Element = parser.close()
    except ET.ParseError:
        raise IncompleteXmlError from None
    return root


def namespaces(opening: bytes) -> bytes:
    """Return the namespace declarations that are in scope after opening tags, as attributes."""
    parser: Any = ET.XMLPullParser(["start-ns"])
    parser.feed(opening)
    names: dict[str, str] = dict(declared for _, declared in parser.read_events())
    return "".join(
        f" xmlns{prefix and ':'}{prefix}={quoteattr(uri)}" for prefix, uri in names.items()
    ).encode()


def _reason(error: ET.ParseError, text: bytes) -> str:
    if text.lstrip().startswith((b"<?xml", b"<methodResponse", b"<struct")):
        return f"the XML is not well-formed: {expat.ErrorString(error.code)}"
    return "the answer is not XML"


def parse_response(text: bytes) -> Any:
    """Return the value of a ``methodResponse``, or its :class:`Fault`.

    :raises IncompleteXmlError: the response ends too early.
    :raises MalformedXmlError: it is not one.
    """
    root = parse_xml(text.removeprefix(b"\xef\xbb\xbf").lstrip())
    if root.tag != "methodResponse":
        raise MalformedXmlError("the answer is XML, but not an XML-RPC response")
    child = _only_child(root, "params", "fault")
    if child.tag == "fault":
        return _fault(parse_value(_only_child(child, "value")))
    return parse_value(_only_child(_only_child(child, "param"), "value"))


def parse_value(element: ET.Element, depth: int = 0) -> Any:
    """Return the Python value of a ``value`` element. Dates and times stay texts."""
    if depth > _MAX_DEPTH:
        raise MalformedXmlError("the XML is nested too deeply")
    if not len(element):
        return element.text or ""
    typed = _only_child(element)
    match typed.tag:
        case "struct":
            try:
                return unique(_members(typed, depth))
            except AmbiguousMemberError:
                raise MalformedXmlError("a struct has a member twice, with different values") from None
        case "array":
            return [parse_value(item, depth + 1) for item in _children(_only_child(typed, "data"), "value")]
    if len(typed):
        raise MalformedXmlError("an XML-RPC scalar holds elements")
    return _scalar(typed.tag.removeprefix(_EXTENSIONS), typed.text or "")


def cut_behind_struct(value: ET.Element) -> bool:
    """Remove everything after the struct of a value; return whether there was anything.

    If the answer is cut there, the struct counts as a record before the rest is seen.
    """
    if not len(value) or value[0].tag != "struct":
        return False
    struct = value[0]
    rest = len(value) > 1 or bool(struct.tail and struct.tail.strip())
    struct.tail = None
    del value[1:]
    return rest


def _scalar(tag: str, text: str) -> Any:
    try:
        match tag:
            case "string" | "dateTime.iso8601":
                return text
            case "nil":
                return None
            case "boolean":
                return {"0": False, "1": True}[text.strip()]
            case "double":
                return float(_written_as(_NUMBER, text.strip(_SPACE)))
            case "base64":
                return b64decode("".join(text.split()), validate=True)
            case _ if tag in _WHOLE_NUMBERS:
                # The JSON interface has empty counters. The caller treats them as absent.
                return int(_written_as(_WHOLE_NUMBER, text)) if text else ""
    except (ValueError, KeyError, binascii.Error):
        raise MalformedXmlError(f"an XML-RPC {tag} holds something else") from None
    raise MalformedXmlError("the XML holds a type that XML-RPC does not know")


def _written_as(form: re.Pattern[str], text: str) -> str:
    if not form.fullmatch(text):
        raise ValueError
    return text


def _members(struct: ET.Element, depth: int) -> Iterator[tuple[str, Any]]:
    for member in _children(struct, "member"):
        if len(member) != 2 or member[0].tag != "name" or member[1].tag != "value" or len(member[0]):
            raise MalformedXmlError("a member of an XML-RPC struct is not a name and a value")
        yield (member[0].text or "").strip(), parse_value(member[1], depth + 1)


def _fault(value: Any) -> Fault:
    if not isinstance(value, dict) or "faultString" not in value:
        raise MalformedXmlError("an XML-RPC fault without a faultString")
    code = value.get("faultCode")
    return Fault(code if isinstance(code, int) else None, str(value["faultString"]))


def _children(element: ET.Element, *tags: str) -> list[ET.Element]:
    children = list(element)
    texts = [element.text, *(child.tail for child in children)]
    if any(child.tag not in tags for child in children) if tags else False:
        raise MalformedXmlError(f"an XML-RPC {element.tag} holds something else than {' or '.join(tags)}")
    if any(text and text.strip() for text in texts):
        raise MalformedXmlError("the XML-RPC response holds text between its elements")
    return children


def _only_child(element: ET.Element, *tags: str) -> ET.Element:
    children = _children(element, *tags)
    if len(children) != 1:
        raise MalformedXmlError(f"an XML-RPC {element.tag} does not hold exactly one element")
    return children[0]
