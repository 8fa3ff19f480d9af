"""Answers in both protocols out of Python values, and what a request asks for; shares no code with ours."""

from __future__ import annotations

import json
import xmlrpc.client
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from xml.sax.saxutils import escape

Protocol = Literal["json", "xmlrpc"]
PROTOCOLS: tuple[Protocol, ...] = ("json", "xmlrpc")

XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'


@dataclass(frozen=True)
class Xml:
    """A value over XML-RPC, written out; in JSON it is ``json``."""

    text: str
    json: Any = None


@dataclass(frozen=True)
class Failure:
    """An error of the API: an object over JSON, and over XML-RPC a plain text, or a fault."""

    text: str
    code: int = 1
    as_fault: bool = False


def answer_of(protocol: Protocol, answer: Any) -> bytes:
    """Return an answer, given as Python values, in a protocol."""
    if protocol == "json":
        if isinstance(answer, Failure):
            answer = {"error_status": answer.code, "error": answer.text}
        return json.dumps(answer, ensure_ascii=False).encode()
    if isinstance(answer, Failure) and answer.as_fault:
        fault = xml_value({"faultCode": answer.code, "faultString": answer.text})
        return f"{XML_HEAD}<methodResponse><fault>{fault}</fault></methodResponse>".encode()
    value = xml_value(answer.text if isinstance(answer, Failure) else answer)
    return f"{XML_HEAD}<methodResponse><params><param>{value}</param></params></methodResponse>".encode()


def xml_value(value: Any) -> str:
    """Return a value with its type over XML-RPC."""
    return f"<value>{_typed(value)}</value>"


def _typed(value: Any) -> str:
    match value:
        case Xml():
            return value.text
        case None:
            return "<nil/>"
        case bool():
            return f"<boolean>{int(value)}</boolean>"
        case int():
            tag = "i4" if -(2**31) <= value < 2**31 else "i8"
            return f"<{tag}>{value}</{tag}>"
        case float():
            return f"<double>{value}</double>"
        case str():
            return f"<string>{escape(value)}</string>"
        case Mapping():
            members = (
                f"<member><name>{escape(name)}</name>{xml_value(item)}</member>"
                for name, item in value.items()
            )
            return f"<struct>{''.join(members)}</struct>"
        case _:
            return f"<array><data>{''.join(map(xml_value, value))}</data></array>"


def asked_in(protocol: Protocol, body: bytes, names: tuple[str, ...]) -> dict[str, Any]:
    """Return what a request asks for, by parameter.

    :param names: the parameters in the order in which XML-RPC gets them, where they are not in a struct.
    """
    if protocol == "json":
        request = json.loads(body)
        asked: dict[str, Any] = request.get("parameters", request)
        return asked
    values, _ = xmlrpc.client.loads(body.decode())
    _, _, *given = values
    if given and isinstance(given[0], dict):
        return dict(given[0])
    return dict(zip(names, given, strict=False))
