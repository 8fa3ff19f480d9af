"""Turns requests of both protocols into one kind of object."""

from __future__ import annotations

import json
from typing import NamedTuple
from xml.etree import ElementTree

# Stands for a struct of parameters in XML-RPC, with the names of JSON.
OPTIONS = "options"
# Stands for the ID of an address or the address itself.
ID_OR_ADDRESS = "email_id"

_RAW = ("ID_message", "ID_send")

# Every function of the sandbox, with its parameters in the order of XML-RPC.
FUNCTIONS: dict[str, tuple[str, ...]] = {
    "mailkit.report": ("range_from", "range_to"),
    "mailkit.report.campaign": ("ID_message", "range_from", "range_to"),
    "mailkit.report.message": ("ID_send",),
    "mailkit.report.message.recipients": ("ID_send",),
    "mailkit.report.message.feedback": ("ID_send", "period"),
    "mailkit.report.message.links": ("ID_send",),
    "mailkit.report.message.links.visitors": ("ID_send", "ID_url"),
    "mailkit.report.message.bounces": ("ID_send",),
    "mailkit.report.raw.messages": (*_RAW, "ID_send_message", "limit"),
    "mailkit.report.raw.responses": (*_RAW, "ID_send_message", "ID_log", "limit"),
    "mailkit.report.raw.bounces": (*_RAW, "ID_undelivered_log", "limit"),
    "mailkit.mailinglist.list": (),
    "mailkit.mailinglist.getstatus": ("ID_user_list", "status", "change_date", "ID_email", "limit"),
    "mailkit.mailinglist.unsubscribed": ("range_from",),
    "mailkit.mailinglist.engagement": ("ID_user_list", "ID_email", "limit"),
    "mailkit.mailinglist.import": ("ID_user_list", "recipients"),
    "mailkit.email.getstatus": (ID_OR_ADDRESS, "ID_send_message"),
    "mailkit.email.unsubscribe": (ID_OR_ADDRESS, "ID_send_message", "send_optout", OPTIONS),
    "mailkit.email.wipe": (ID_OR_ADDRESS,),
    "mailkit.email.getstatus.history": (OPTIONS,),
    "mailkit.email.unsubscribe.getstatus": (ID_OR_ADDRESS,),
    "mailkit.campaigns.list": ("ID_message",),
    "mailkit.campaigns.history": (OPTIONS,),
    "mailkit.campaigns.single.schedule": (
        "ID_message",
        "subject",
        "send_date",
        "time_zone",
        "(empty)",
        "ID_template",
        OPTIONS,
    ),
    "mailkit.campaigns.schedule.list": ("ID_message",),
    "mailkit.campaigns.schedule.timezone": (),
    "mailkit.campaigns.schedule.timezones": (),
    "mailkit.profile.emails.list": (),
    "mailkit.profile.queries.list": (),
    "mailkit.filemanager.list": ("ID_folder",),
    "mailkit.sendmail_mass.results": ("ID_send", "request_id"),
}

# Functions whose JSON parameters are beside `function`, and nowhere else.
_TOP_LEVEL = ("mailkit.campaigns.list",)

_INTEGER_TAGS = ("int", "i4", "i8")


class Call(NamedTuple):
    """One request. The parameters are by name, with the values of the client."""

    function: str
    client_id: str
    client_md5: str
    parameters: dict[str, object]


class MalformedError(ValueError):
    """The request violates the protocol. The text says why, without quoting it."""


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
    if request["function"] in _TOP_LEVEL:
        parameters = request
    return Call(request["function"], str(client_id), client_md5, parameters)


def parse_xmlrpc(body: bytes) -> Call:
    """Read an XML-RPC request with integers, booleans, strings, nil, structs and arrays."""
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
    parameters = dict(zip(FUNCTIONS.get(function, ()), values[2:], strict=False))
    options = parameters.pop(OPTIONS, None)
    return Call(function, client_id, client_md5, parameters | (options if isinstance(options, dict) else {}))


def _value(value: ElementTree.Element) -> object:
    typed = value[0] if len(value) else value
    text = typed.text or ""
    if typed.tag == "nil":
        return None
    if typed.tag == "struct":
        members = typed.findall("member")
        return {member.findtext("name", ""): _value(_child(member)) for member in members}
    if typed.tag == "array":
        return [_value(value) for value in typed.findall("data/value")]
    if typed.tag == "boolean":
        return text.strip() == "1"
    if typed.tag in _INTEGER_TAGS:
        try:
            return int(text)
        except ValueError:
            raise MalformedError("an integer is not a number") from None
    if typed.tag in ("string", "value"):
        return text
    raise MalformedError("a value is not an integer, a boolean, a string, nil, a struct or an array")


def _child(member: ElementTree.Element) -> ElementTree.Element:
    value = member.find("value")
    if value is None:
        raise MalformedError("a member has no value")
    return value
