"""Encodes a function and its parameters as the bytes of a request, in both protocols."""

from __future__ import annotations

import math
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, Literal
from xml.sax.saxutils import escape

from airflow_provider_mailkit._arguments import identifier
from airflow_provider_mailkit.catalogue.function import Function
from airflow_provider_mailkit.catalogue.functions import find

Protocol = Literal["json", "xmlrpc"]

DELIVERY_ID = identifier("delivery")
CAMPAIGN_ID = identifier("campaign")

_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# A bare one would be read as a line end.
_CARRIAGE_RETURN = {"\r": "&#13;"}
_I4 = range(-(2**31), 2**31)
_I8 = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class Credentials:
    """The client ID and the MD5 code of a Mailkit account. The repr shows neither."""

    client_id: str = field(repr=False)
    client_md5: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """One call, ready to be posted.

    The repr shows neither the body, which holds the credentials, nor the parameters.
    """

    function: str
    path: str
    content_type: str
    body: bytes = field(repr=False)
    parameters: Mapping[str, Any] = field(repr=False)


def make_request(
    protocol: Protocol,
    credentials: Credentials,
    function: str | Function,
    parameters: Mapping[str, Any] | None = None,
    *,
    checked: bool = False,
    zone: tzinfo | None = None,
) -> Request:
    """Encode one call.

    :param function: the full name of the function, or its declaration.
    :param parameters: names and values. Unchecked ones are passed on unchanged; over XML-RPC as values in
        this order, without names.
    :param checked: whether to check the call against the catalogue.
    :param zone: the zone of the account, for checked days and times that have an offset.
    :raises MailkitError: a checked call is wrong.
    :raises ValueError: a value cannot be sent, or the client ID is not a number (XML-RPC wants one).
    """
    declared = function if isinstance(function, Function) else find(function)
    name = declared.spoken if declared and checked else str(getattr(function, "name", function))
    named: dict[str, Any] = dict(parameters or {})
    values = list(named.values())
    if checked:
        from airflow_provider_mailkit.catalogue.calls import check_call

        call = check_call(function, parameters, zone)
        named, values = call.for_json(), call.for_xmlrpc() if protocol == "xmlrpc" else []
    if protocol == "json":
        path, content_type = "/json.fcgi", "application/json"
        body = _json_body(credentials, name, declared, named)
    else:
        path, content_type = "/rpc.fcgi", "text/xml; charset=utf-8"
        body = _xmlrpc_body(credentials, name, values)
    return Request(name, path, content_type, body, dict(parameters or {}))


def _json_body(
    credentials: Credentials, function: str, declared: Function | None, parameters: dict[str, Any]
) -> bytes:
    import msgspec

    body: dict[str, Any] = {"function": function, "id": credentials.client_id, "md5": credentials.client_md5}
    if declared is not None and declared.placement == "top level":
        body |= parameters
    elif parameters or (declared is not None and declared.sends_no_parameters):
        body["parameters"] = parameters
    return msgspec.json.encode(body)


def _xmlrpc_body(credentials: Credentials, function: str, parameters: list[Any]) -> bytes:
    if not re.fullmatch(r"[0-9]{1,18}", credentials.client_id):
        raise ValueError(
            "XML-RPC needs a client ID that is a whole number: check the login of the connection, "
            "or set its protocol to json."
        )
    values = [int(credentials.client_id), credentials.client_md5, *parameters]
    params = "".join(f"<param><value>{_xml_value(value)}</value></param>" for value in values)
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f"<methodCall><methodName>{escape(function)}</methodName><params>{params}</params></methodCall>"
    ).encode()


def _xml_value(value: Any) -> str:
    match value:
        case None:
            return "<nil/>"
        case bool():
            return f"<boolean>{int(value)}</boolean>"
        case int() if value in _I4:
            return f"<i4>{value}</i4>"
        case int() if value in _I8:
            return f"<i8>{value}</i8>"
        case float() if math.isfinite(value):
            return f"<double>{value!r}</double>"
        case str() if not _NOT_IN_XML.search(value):
            return f"<string>{escape(value, _CARRIAGE_RETURN)}</string>"
        case bytes():
            return f"<base64>{b64encode(value).decode()}</base64>"
        case list() | tuple():
            items = "".join(f"<value>{_xml_value(item)}</value>" for item in value)
            return f"<array><data>{items}</data></array>"
        case Mapping():
            members = (
                f"<name>{escape(str(name))}</name><value>{_xml_value(item)}</value>"
                for name, item in value.items()
            )
            return f"<struct>{''.join(f'<member>{member}</member>' for member in members)}</struct>"
    raise ValueError(f"A value of type {type(value).__name__} cannot be sent over XML-RPC, or not this one.")


def parse_id_send(value: Any) -> int:
    """Read the ID of a delivery.

    :param value: int, or str with only digits. The text of a missing value is refused.
    :raises MailkitError: it is not a whole number above 0.
    """
    return DELIVERY_ID("id_send", value)


def parse_id_message(value: Any) -> int:
    """Read the ID of a campaign, as :func:`parse_id_send` reads the one of a delivery."""
    return CAMPAIGN_ID("id_message", value)
