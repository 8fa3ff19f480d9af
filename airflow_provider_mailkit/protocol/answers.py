"""Whole answers: an error becomes an exception, anything else a Python value."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from airflow_provider_mailkit.catalogue.function import ENVELOPE, Function
from airflow_provider_mailkit.catalogue.functions import find, success_texts
from airflow_provider_mailkit.exceptions import (
    MailkitAccessError,
    MailkitApiError,
    MailkitError,
    MailkitResponseError,
    MailkitTransportError,
)
from airflow_provider_mailkit.protocol.advice import advise, is_refused
from airflow_provider_mailkit.protocol.excerpt import Redactor
from airflow_provider_mailkit.protocol.request import Protocol
from airflow_provider_mailkit.protocol.xml_values import (
    Fault,
    IncompleteXmlError,
    MalformedXmlError,
    parse_response,
)

UTF8_BOM = b"\xef\xbb\xbf"
_COMMON_ERRORS = re.compile(r"\s*(Unauthorized|Disallowed IP|Missing |Invalid )", re.IGNORECASE)
_UNKNOWN_ID = re.compile(r"\s*Invalid ID[ _]?\w", re.IGNORECASE)
_SAID = "Mailkit answered with the error: "
_UNCLEAR = (
    "What a success of this function looks like is not documented: if the text tells one, look in Mailkit "
    "before calling it again."
)
# After a sign, a point or an exponent, a number must continue.
_HALF_A_NUMBER = re.compile(rb"(?:[\s\[:,]-|[0-9]\.|[0-9][eE][+-]?)\Z")


def api_error(
    function: str, text: str, error_status: int | None, redactor: Redactor, advice: str = ""
) -> MailkitError:
    """Make the exception for an error text of the API.

    :param advice: what to do about an error that is not known to be about access.
    """
    shown = redactor.clean(text) or "(no text)"
    said = f"{function}: {_SAID}{shown}."
    if is_refused(text):
        return MailkitAccessError(said, function=function)
    return MailkitApiError(
        f"{said} {advice}".rstrip(),
        function=function,
        error_status=error_status,
        is_unknown_id=_UNKNOWN_ID.match(text) is not None,
    )


def add_advice(error: MailkitError, parameters: Mapping[str, Any], connection: str) -> None:
    """Add advice to an error from :func:`api_error`. Others stay unchanged.

    :param parameters: the parameters of the call.
    :param connection: ID of the connection; empty if it has none that its user knows.
    """
    message = str(error)
    _, is_said, text = message.partition(_SAID)
    if is_said and isinstance(error, MailkitAccessError | MailkitApiError) and not text.endswith(_UNCLEAR):
        error.args = (f"{message} {advise(text, parameters, connection)}",)


def _named(function: str | Function) -> tuple[str, Function | None]:
    """Return the name of a function and its declaration; None if the table does not have it."""
    return (function.name, function) if isinstance(function, Function) else (function, find(function))


def error_in(called: str | Function, answer: dict[str, Any], redactor: Redactor) -> MailkitError | None:
    """Find the error in an object: one whose ``error_status`` is a number other than 0.

    Without a number only the documented error texts count: a success may carry an ``error`` such as OK. For a
    function that acts any other text counts too, so that a refusal never counts as a success.

    :param called: the function, by its name or its declaration.
    """
    function, declared = _named(called)
    members = {name.lower(): value for name, value in answer.items() if name.lower() in ENVELOPE}
    if declared is not None and declared.answer.inside and "error_status" not in members:
        # Around a list, XML-RPC has the number under this name.
        members = {"error_status": members.get("error")} if isinstance(members.get("error"), int) else members
    text = str(members.get("error") or "")
    if members.get("error_status") in (None, ""):
        if _COMMON_ERRORS.match(text):
            return api_error(function, text, None, redactor)
        if declared is None or not _acts(declared) or _is_success(declared, text):
            return None
        return api_error(function, text, None, redactor, "" if declared.answer.is_known else _UNCLEAR)
    try:
        error_status = int(str(members["error_status"]))
    except ValueError:
        return MailkitResponseError(
            f"{function}: the error_status of the answer is not a number.", function=function
        )
    if error_status == 0:
        return None
    return api_error(function, text, error_status, redactor)


def _acts(declared: Function) -> bool:
    return declared.effect is not None and not declared.reads


def _is_success(declared: Function | None, text: str) -> bool:
    texts = success_texts() if declared is None else frozenset(map(str.lower, declared.answer.texts))
    return text.strip().lower() in {"", "ok", *texts}


def says_success(answer: dict[str, Any]) -> bool:
    """Tell whether an object says by ``error_status`` 0 that it is not an error."""
    return any(name.lower() == "error_status" and value not in (None, "") for name, value in answer.items())


def unexpected(function: str, what: str, body: bytes | bytearray, redactor: Redactor) -> MailkitResponseError:
    """Make the exception for an answer that does not have the documented form."""
    return MailkitResponseError(
        f"{function}: {what}. The answer begins with: {redactor.excerpt(body) or '(nothing)'}",
        function=function,
    )


def cut_answer(function: str, received_bytes: int) -> MailkitTransportError:
    """Make the exception for an answer that ended too early."""
    return MailkitTransportError(
        f"{function}: the answer was cut: it ended after {received_bytes} bytes, before it was complete.",
        function=function,
    )


def decode_answer(protocol: Protocol, function: str, body: bytes, redactor: Redactor) -> Any:
    """Decode the whole answer of any function.

    :return: JSON: what the answer holds. XML-RPC: the value, with struct as dict and array as list.
    :raises MailkitError: the answer is an error, is cut, or is not in the protocol's format.
    """
    value = (
        decode_json(function, body, redactor)
        if protocol == "json"
        else decode_xmlrpc(function, body, redactor)
    )
    if isinstance(value, dict) and (error := error_in(function, value, redactor)):
        raise error
    if protocol == "json" and (error := _plain_json_error(function, value, redactor)):
        raise error
    return value


def _plain_json_error(function: str, value: Any, redactor: Redactor) -> MailkitError | None:
    """Find the error in a JSON answer that is a plain text, where XML-RPC would have the same text."""
    declared = find(function)
    is_documented = declared is not None and declared.answer.kind is not None
    if not isinstance(value, str) or not (is_documented or _COMMON_ERRORS.match(value)):
        return None
    return None if _is_success(declared, value) else api_error(function, value, None, redactor)


def decode_json(
    called: str | Function, body: bytes | bytearray, redactor: Redactor, received_bytes: int | None = None
) -> Any:
    """Decode a complete JSON text.

    :param called: the function, by its name or its declaration.
    :param received_bytes: how many bytes have arrived, if ``body`` does not have all of them.
    :raises MailkitAccessError: it is an error that msgspec refuses because its text has half a surrogate
        pair.
    :raises MailkitApiError: likewise.
    :raises MailkitTransportError: it ends too early.
    :raises MailkitResponseError: it is not JSON.
    """
    import msgspec

    function, _ = _named(called)
    text = body.removeprefix(UTF8_BOM)
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        is_cut = not text.strip() or UTF8_BOM.startswith(body) or is_cut_json(error, text)
    if is_cut:
        raise cut_answer(function, len(body) if received_bytes is None else received_bytes)
    answer = _with_half_characters(text)
    if isinstance(answer, dict) and (error_answer := error_in(called, answer, redactor)):
        raise error_answer
    raise unexpected(function, "the answer is not JSON", body, redactor)


def is_cut_json(error: Exception, text: bytes | bytearray) -> bool:
    """Tell whether decoding failed because the text was cut."""
    # msgspec names the byte for a number that is cut after its sign, point or exponent.
    message = str(error)
    return text.lstrip()[:1] in (b"{", b"[") and (
        # msgspec also calls a text cut if half a surrogate pair is near its end.
        ("truncated" in message and _with_half_characters(text) is None)
        or (message.endswith(f"(byte {len(text)})") and _HALF_A_NUMBER.search(text[-3:]) is not None)
    )


def _with_half_characters(text: bytes | bytearray) -> Any:
    """Decode JSON that may have halves of surrogate pairs; None if it is not JSON, or null."""
    with suppress(ValueError, RecursionError):
        return json.loads(text.decode())
    return None


def decode_xmlrpc(
    called: str | Function, body: bytes | bytearray, redactor: Redactor, received_bytes: int | None = None
) -> Any:
    """Decode a complete XML-RPC response.

    :param called: the function, by its name or its declaration.
    :param received_bytes: how many bytes have arrived, if ``body`` does not have all of them.
    :raises MailkitTransportError: it ends too early.
    :raises MailkitResponseError: it is not an XML-RPC response.
    :raises MailkitAccessError: it is one of the documented error strings, or a fault that says so.
    :raises MailkitApiError: it is a fault, or a plain string that is not a documented success.
    """
    function, _ = _named(called)
    failure: MailkitError
    try:
        value = parse_response(bytes(body))
    except IncompleteXmlError:
        failure = (
            cut_answer(function, len(body) if received_bytes is None else received_bytes)
            if UTF8_BOM.startswith(body) or may_become_xmlrpc(body.removeprefix(UTF8_BOM))
            else unexpected(function, "the answer is not XML-RPC", body, redactor)
        )
    except MalformedXmlError as error:
        failure = unexpected(function, str(error), body, redactor)
    else:
        if isinstance(value, Fault):
            raise api_error(function, value.text, value.code, redactor)
        if said := plain_error(called, value, redactor):
            raise said
        return value
    raise failure


def plain_error(called: str | Function, value: Any, redactor: Redactor) -> MailkitError | None:
    """Find the error in an XML-RPC answer that is one plain value.

    Errors are plain texts there, and so are some successes, which are known by their texts. If the answer of
    a function is not known, only a number and the success texts of other functions count as success.
    """
    function, declared = _named(called)
    if declared is not None and value in declared.answer.failures:
        return api_error(function, str(value), None, redactor)
    if not isinstance(value, str) or not value:
        return None
    text = value.strip().lower()
    if declared is not None and declared.answer.is_known:
        is_success = text in map(str.lower, declared.answer.texts)
        return None if is_success else api_error(function, value, None, redactor)
    if text in success_texts() or text.isdecimal():
        return None
    return api_error(function, value, None, redactor, advice="" if _COMMON_ERRORS.match(value) else _UNCLEAR)


def may_become_xmlrpc(body: bytes | bytearray) -> bool:
    """Tell whether a text begins like an XML-RPC response, or ends before that shows."""
    head = bytes(body[:64]).lstrip()
    return any(
        head.startswith(start) or start.startswith(head) for start in (b"<?xml", b"<methodResponse", b"<!--")
    )


def valid_text(data: bytes) -> str:
    """Decode UTF-8 up to the first invalid byte, or a cut character."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        return data[: error.start].decode()
