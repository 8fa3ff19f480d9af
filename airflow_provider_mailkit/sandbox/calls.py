"""Requests as one kind of object, whichever of the two protocols they came in."""

from __future__ import annotations

import json
from typing import NamedTuple
from xml.etree import ElementTree

RECIPIENTS = "mailkit.report.message.recipients"
CAMPAIGN = "mailkit.report.campaign"
MAILING_LISTS = "mailkit.mailinglist.list"

# Every function that the sandbox knows, with its parameters in the order that XML-RPC gives them.
FUNCTIONS: dict[str, tuple[str, ...]] = {
    RECIPIENTS: ("ID_send",),
    CAMPAIGN: ("ID_message", "range_from", "range_to"),
    MAILING_LISTS: (),
}

_INTEGER_TAGS = ("int", "i4", "i8")


class Call(NamedTuple):
    """One request; the parameters by name, their values as the client gave them."""

    function: str
    client_id: str
    client_md5: str
    parameters: dict[str, object]


class MalformedError(ValueError):
    """The request is not one of the protocol; the text says why and quotes nothing of it."""


def parse_json(body: bytes) -> Call:
    """Read a JSON request."""
    try:
        request = json.loads(body)
    except (ValueError, RecursionError):
        raise MalformedError("the body is not JSON") from None
    if not isinstance(request, dict) or not isinstance(request.get("function"), str):
        raise MalformedError("the body is not an object with a text under 'function'")
    parameters = request.get("parameters", {})
    if not isinstance(parameters, dict):
        raise MalformedError("'parameters' is not an object")
    client_id, client_md5 = request.get("id"), request.get("md5")
    if not isinstance(client_id, str | int) or not isinstance(client_md5, str):
        client_id = client_md5 = ""
    return Call(request["function"], str(client_id), client_md5, parameters)


def parse_xmlrpc(body: bytes) -> Call:
    """Read an XML-RPC request; only integers and strings occur in the functions of the sandbox."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise MalformedError("the body is not UTF-8") from None
    if "<!DOCTYPE" in text:
        raise MalformedError("a document type declaration is refused")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - no document type, so no entities
    except ElementTree.ParseError:
        raise MalformedError("the body is not well-formed XML") from None
    function = root.findtext("methodName")
    if root.tag != "methodCall" or not function:
        raise MalformedError("the body is not a methodCall with a methodName")
    values = [_value(value) for value in root.findall("params/param/value")]
    client_id, client_md5 = ([str(value) for value in values[:2]] + ["", ""])[:2]
    names = FUNCTIONS.get(function, ())
    return Call(function, client_id, client_md5, dict(zip(names, values[2:], strict=False)))


def _value(value: ElementTree.Element) -> object:
    typed = value[0] if len(value) else value
    text = typed.text or ""
    if typed.tag in _INTEGER_TAGS:
        try:
            return int(text)
        except ValueError:
            raise MalformedError("an integer is not a number") from None
    if typed.tag in ("string", "value"):
        return text
    raise MalformedError("a value is neither an integer nor a string")
