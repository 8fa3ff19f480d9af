"""One value of a call: checks its kind, and encodes it for each protocol.

Errors give the name and the kind. They never show the value, which may be somebody's address.
"""

from __future__ import annotations

import math
import operator
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from airflow_provider_mailkit.catalogue import parameters as kinds
from airflow_provider_mailkit.catalogue.parameters import Parameter, nearest, shown
from airflow_provider_mailkit.catalogue.times import (
    WrongValueError,
    clock,
    read_day,
    read_instant,
    read_send_date,
)

_LARGEST = 2**63 - 1
_DIGITS = re.compile(r"[0-9]{1,19}")
#: Characters that JSON or XML cannot represent.
NOT_SENDABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_BOOLEANS = {"true": True, "false": False}


def read_value(parameter: Parameter, value: Any, path: str, zone: tzinfo | None) -> Any:
    """Return a value in one Python type for its kind, in whatever form it was given.

    :param path: its place in the call, for the error.
    :param zone: the time zone of days and times. A time with an offset is converted to it.
    :return: int, str, bool, bytes, dict or list.
    :raises WrongValueError: it is not of the kind that is declared.
    """
    if isinstance(value, str):
        # For a subclass, such as an enumeration, use only the text.
        value = value + ""
        if not value and parameter.may_be_empty:
            return value
    if parameter.many and isinstance(value, list | tuple):
        return [_read_struct(parameter, item, f"{path}[{number}]", zone) for number, item in enumerate(value)]
    try:
        read = _READERS[parameter.kind](parameter, value, path, zone)
    except OverflowError:
        raise WrongValueError(f"{path} lies beyond the calendar.") from None
    if parameter.choices and read not in parameter.choices:
        closest = nearest(read, parameter.choices)
        raise WrongValueError(
            f"{path} must be one of {', '.join(parameter.choices)}; the nearest is {closest}."
        )
    return read


def may_show(parameter: Parameter, value: Any) -> bool:
    """Tell whether a value may be stored and shown: it is of its kind, which is never about a person.

    :param value: one value, a list of them, or ``all``.
    """
    values = value if isinstance(value, list | tuple) else [value]
    return not parameter.may_be_personal and all(_is_right(parameter, each) for each in values)


def _is_right(parameter: Parameter, value: Any) -> bool:
    if isinstance(value, str) and value.strip().lower() == kinds.ALL:
        return True
    try:
        return value is None or read_value(parameter, value, parameter.name, None) is not None
    except WrongValueError:
        return False


def write_value(parameter: Parameter, value: Any, protocol: str) -> Any:
    """Return a checked value as Mailkit wants it in a protocol, ``json`` or ``xmlrpc``."""
    if isinstance(value, dict) and parameter.kind in (kinds.STRUCT, kinds.STRUCTS):
        return _write_struct(parameter, value, protocol)
    if isinstance(value, list) and parameter.kind in (kinds.STRUCT, kinds.STRUCTS):
        return [_write_struct(parameter, item, protocol) for item in value]
    if parameter.kind == kinds.BOOLEAN and isinstance(value, bool):
        if parameter.words is None or (parameter.xmlrpc == "boolean" and protocol == "xmlrpc"):
            return value
        value = parameter.words[0 if value else 1]
    if parameter.base64:
        return _encoded(value)
    return str(value) if parameter.xmlrpc == "text" and protocol == "xmlrpc" else value


def _write_struct(parameter: Parameter, value: dict[str, Any], protocol: str) -> dict[str, Any]:
    members = {member.name: member for member in parameter.members}
    return {
        name: write_value(members[name], item, protocol)
        if name in members
        else (_encoded(item) if parameter.base64 else item)
        for name, item in value.items()
    }


def _encoded(value: Any) -> Any:
    """Return a value in Base64. In a nested value, the inner values are encoded."""
    match value:
        case dict():
            return {name: _encoded(item) for name, item in value.items()}
        case list():
            return [_encoded(item) for item in value]
        case bytes():
            return b64encode(value).decode()
    return b64encode(str(value).encode()).decode()


def _read_id(parameter: Parameter, value: Any, path: str, zone: tzinfo | None) -> int:
    number = _whole_number(value)
    if number is None or not parameter.smallest <= number <= (parameter.maximum or _LARGEST):
        least = parameter.smallest
        raise WrongValueError(f"{path} must be an ID: a whole number from {least} on, as int or as digits.")
    return number


def _read_integer(parameter: Parameter, value: Any, path: str, zone: tzinfo | None) -> int:
    number = _whole_number(value)
    if number is None or not parameter.smallest <= number <= (parameter.maximum or _LARGEST):
        most = f" to {parameter.maximum}" if parameter.maximum is not None else " on"
        raise WrongValueError(f"{path} must be a whole number from {parameter.smallest}{most}.")
    return number


def _read_id_or_address(parameter: Parameter, value: Any, path: str, zone: tzinfo | None) -> int | str:
    if isinstance(value, str) and not _DIGITS.fullmatch(value.strip()):
        if "@" not in value:
            raise WrongValueError(f"{path} must be an ID (int or digits) or an e-mail address.")
        return _sendable(parameter, value.strip(), path)
    return _read_id(parameter, value, path, zone)


def _read_text(parameter: Parameter, value: Any, path: str, zone: tzinfo | None) -> Any:
    match value:
        case str():
            text = value
        case bytes() if parameter.base64:
            return value
        case bool():
            raise WrongValueError(f"{path} must be a text, not a bool.")
        case Decimal() if value.is_finite():
            text = str(value)
        case float() if math.isfinite(value):
            text = str(value)
        case datetime():
            text = clock(value, zone).isoformat(" ", "seconds")
        case date():
            text = value.isoformat()
        case _ if (number := _index(value)) is not None and abs(number) <= _LARGEST:
            text = str(number)
        case _:
            raise WrongValueError(f"{path} must be a text, not {type(value).__name__}, or not this one.")
    return _sendable(parameter, text, path)


def _sendable(parameter: Parameter, text: str, path: str) -> str:
    if (_SURROGATE if parameter.base64 else NOT_SENDABLE).search(text):
        raise WrongValueError(f"{path} holds a character that cannot be sent, such as a control character.")
    if parameter.required and not text.strip():
        raise WrongValueError(f"{path} is empty, but {parameter.name} is required.")
    if parameter.max_length is not None and len(text) > parameter.max_length:
        raise WrongValueError(f"{path} must not be longer than {parameter.max_length} characters.")
    return text


def _read_boolean(parameter: Parameter, value: Any, path: str, zone: tzinfo | None) -> bool:
    if isinstance(value, str):
        value = _BOOLEANS.get(value.strip().lower())
    if not isinstance(value, bool):
        raise WrongValueError(f"{path} must be a bool, or TRUE or FALSE.")
    return value


def _read_ids(parameter: Parameter, value: Any, path: str, zone: tzinfo | None) -> list[int]:
    if not isinstance(value, list | tuple):
        raise WrongValueError(f"{path} must be a list of IDs.")
    return [_read_id(parameter, item, f"{path}[{number}]", zone) for number, item in enumerate(value)]


def _read_structs(parameter: Parameter, value: Any, path: str, zone: tzinfo | None) -> list[Any]:
    if not isinstance(value, list | tuple) or (parameter.required and not value):
        raise WrongValueError(f"{path} must be a list of dicts{', not empty' if parameter.required else ''}.")
    return [_read_struct(parameter, item, f"{path}[{number}]", zone) for number, item in enumerate(value)]


def _read_struct(parameter: Parameter, value: Any, path: str, zone: tzinfo | None) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise WrongValueError(f"{path} must be a dict, not {type(value).__name__}.")
    return read_members(parameter.members, value, f"{path}.", zone, is_open=parameter.open)


def read_members(
    declared: tuple[Parameter, ...],
    given: Mapping[Any, Any],
    prefix: str,
    zone: tzinfo | None,
    *,
    is_open: bool = False,
) -> dict[str, Any]:
    """Read all values of a call, or of a struct in it, in the declared order.

    :param given: names and values. An optional value that is None counts as not given.
    :param is_open: whether other names are passed on, in their order after the declared ones.
    :raises WrongValueError: a name is unknown, a required one is missing, or a value is wrong.
    """
    names = dict.fromkeys(parameter.name for parameter in declared)
    others = [name for name in given if name not in names]
    if others and not is_open:
        raise WrongValueError(_unknown(prefix, others, list(names)))
    read = {}
    for parameter in declared:
        value = given.get(parameter.name)
        if value is not None:
            read[parameter.name] = read_value(parameter, value, prefix + parameter.name, zone)
        elif parameter.required:
            raise WrongValueError(f"{prefix}{parameter.name} is missing; it is required.")
    for name in others:
        if not isinstance(name, str) or NOT_SENDABLE.search(name):
            raise WrongValueError(f"{prefix}{shown(name)} is not a name of a variable.")
        read[name] = _read_anything(given[name], prefix + "(a variable)")
    return read


def _unknown(prefix: str, others: list[Any], names: list[str]) -> str:
    owner = prefix.rstrip(".")
    where = f"in {owner}" if owner else "of this function"
    if not names:
        return f"{shown(others[0])} is not a parameter {where}: it has none."
    closest = nearest(others[0] if isinstance(others[0], str) else "", names)
    what = "member" if owner else "parameter"
    few = ", ".join(names if len(names) <= 20 else [*names[:17], "…", names[-1]])
    return f"{shown(others[0])} is not a {what} {where}; the nearest is {closest}. Possible are {few}."


def _read_anything(value: Any, path: str, depth: int = 0) -> Any:
    """Return a value that both protocols can send. Mailkit checks the rest."""
    if depth > 20:
        raise WrongValueError(f"{path} is nested too deeply.")
    match value:
        case bool() | None | bytes():
            return value
        case int() if -(2**63) <= value <= _LARGEST:
            return value
        case float() if math.isfinite(value):
            return value
        case str() if not NOT_SENDABLE.search(value):
            return value
        case list() | tuple():
            return [_read_anything(item, path, depth + 1) for item in value]
        case Mapping() if all(isinstance(name, str) for name in value):
            return {name: _read_anything(item, path, depth + 1) for name, item in value.items()}
    raise WrongValueError(f"{path} cannot be sent: a value of type {type(value).__name__}, or not this one.")


def _whole_number(value: Any) -> int | None:
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        return int(value)
    return _index(value)


def _index(value: Any) -> int | None:
    """Return a whole number of any type, such as NumPy's, but not a bool."""
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


_READERS: dict[str, Callable[[Parameter, Any, str, tzinfo | None], Any]] = {
    kinds.ID: _read_id,
    kinds.ID_OR_ADDRESS: _read_id_or_address,
    kinds.INTEGER: _read_integer,
    kinds.TEXT: _read_text,
    kinds.BOOLEAN: _read_boolean,
    kinds.DAY: lambda parameter, value, path, zone: read_day(value, path, zone),
    kinds.INSTANT: lambda parameter, value, path, zone: read_instant(value, path, zone),
    kinds.SEND_DATE: lambda parameter, value, path, zone: read_send_date(value, path),
    kinds.STRUCT: _read_struct,
    kinds.IDS: _read_ids,
    kinds.STRUCTS: _read_structs,
    kinds.ANYTHING: lambda parameter, value, path, zone: _read_anything(value, path),
}
