"""Writes docs/reference/functions.md, the page of all functions, from the table that checks calls.

    .venv/bin/python scripts/functions_page.py

A test compares the page with the table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from airflow_provider_mailkit.catalogue.columns import Column
from airflow_provider_mailkit.catalogue.function import Function, Place
from airflow_provider_mailkit.catalogue.functions import FUNCTIONS
from airflow_provider_mailkit.catalogue.parameters import NOT_SENT, Parameter
from airflow_provider_mailkit.catalogue.reports import REPORTS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "functions.md"

HEAD = """\
# Functions of the API

<!-- Made by scripts/functions_page.py out of airflow_provider_mailkit/catalogue: change it there. -->

All {number} known functions of Mailkit's API. `MailkitHook.call` and `acall` check a call against this table
before anything is sent, in the same way for both protocols. With `checked=False` they pass it on as it is.
`MailkitCallOperator` checks when the DAG is parsed.

The table comes from Mailkit's public pages and from public client code. **Nothing in it was tried on the
live service.** What nobody has seen yet is marked. If a function turns out to be different, use
`checked=False`, and please tell us.

## How values are given

| kind | accepted | sent |
| --- | --- | --- |
| ID | int, or a text of digits, above 0 (from 0 where a page begins) | a number |
| ID or address | the same, or a text with an @ | a number or a text |
| integer | int, or a text of digits, within the bounds | a number |
| text | text, number, date; where there is a choice, exactly one of the texts | a text |
| boolean | bool, or TRUE or FALSE in any letter case | `TRUE`, `true` or a boolean, as Mailkit wants it |
| day | date, datetime, or a text, such as `YYYY-MM-DD` or the value of `ts` in a template | `YYYY-MM-DD` |
| instant | the same, as `YYYY-MM-DD HH:MM:SS`; a day alone is its midnight | `YYYY-MM-DD HH:MM:SS` |
| send date | `now`, a datetime without offset, or `YYYY-MM-DD HH:MM` | `YYYY-MM-DD HH:MM` or `now` |
| struct, list | dict, list or tuple | the same, with the fields below |

- A datetime with an offset is moved to the connection's `timezone` (without one: to UTC).
- The provider encodes **Base64**. Pass texts and bytes as they are.
- None counts as not given. Names are in Mailkit's own letter case. If a name is wrong, the error names the
  nearest one.
- Over XML-RPC values have no names, only an order, which is listed below. Unused places before the last one
  are filled with an empty text or struct.
- `required` is what Mailkit's pages or clients say. `one of 2` means that at least one of them must be given.
- An error never shows a value, since it may be somebody's address.

## What comes back

A checked call returns IDs and counts as int, amounts as float and texts as str in both protocols, rows as
a list (even if it is empty or has one row), and `error_status` 0 as a number. Fields that Mailkit does not
document, and empty texts, are returned unchanged. Over XML-RPC some functions answer with a single number or
text where JSON has an object. The column *answer* says which. An error of these functions is a plain text
too, so any text that is not a documented success raises an error. If nobody has seen the answer of a
function, numbers and texts such as `OK` count as success.

## Overview

"""

_SECTION = {
    "mailkit.report": "Reports",
    "mailkit.campaigns.list": "Campaigns",
    "mailkit.mailinglist.list": "Mailing lists",
    "mailkit.email.getstatus": "Recipients",
    "mailkit.sendmail": "Sending",
    "mailkit.profile.emails.list": "Account and files",
}
_UNSEEN = "not known yet"


def page() -> str:
    """Return the whole page."""
    return "\n".join((HEAD.format(number=len(FUNCTIONS)) + "\n".join(overview()), *details())) + "\n"


def overview() -> Iterator[str]:
    """Yield the lines of the table of all functions."""
    yield "| function | effect | answer | JSON parameters |"
    yield "| --- | --- | --- | --- |"
    for function in FUNCTIONS.values():
        link = f"[`{function.name}`](#{anchor(function)})"
        yield f"| {link} | {effect(function)} | {answer(function)} | {placement(function)} |"


def details() -> Iterator[str]:
    """Yield the sections of all functions."""
    for function in FUNCTIONS.values():
        if function.name in _SECTION:
            yield f"\n## {_SECTION[function.name]}"
        yield f"\n### {function.name}\n\n{function.purpose}"
        if function.uncallable:
            yield f"\n**Not to be called with checks:** {function.uncallable}."
        if function.method:
            yield f"\nCalled as `{function.method}`, the name in the samples of its page."
        if function.parameters:
            yield "\n| parameter | kind | | |"
            yield "| --- | --- | --- | --- |"
            yield from lines(function)
        if len(function.parameters) > 1 and not function.uncallable:
            yield f"\nXML-RPC: {', '.join(place_text(place) for place in function.order)}."
        if function.name in REPORTS:
            members = ", ".join(f"`{member_name(column)}`" for column in REPORTS[function.name].columns)
            yield f"\nFields of a row, in any letter case: {members}."
        elif function.answer.members:
            members = ", ".join(f"`{name}`" for name in shortened(function.answer.members))
            yield f"\nFields of {'a row' if function.answer.kind == 'rows' else 'the answer'}: {members}."
        if function.unknown:
            yield f"\n*Not known yet:* {'; '.join(function.unknown)}."


def shortened(names: Iterable[str]) -> list[str]:
    """Return names, with the 25 custom fields as one."""
    return [
        "CUSTOM_1 … CUSTOM_25" if name == "CUSTOM_1" else name
        for name in names
        if not re.fullmatch(r"CUSTOM_([2-9]|\d\d)", name)
    ]


def member_name(column: Column) -> str:
    """Return what Mailkit calls a column."""
    return f"{column.inside}.{column.member}" if column.inside else column.member


def lines(function: Function) -> Iterator[str]:
    """Yield the lines of the table of a function's parameters."""
    for parameter in function.parameters:
        yield line(parameter, parameter.name, required(parameter, function))
        for member in folded(parameter.members):
            yield line(member, f"{parameter.name}.{member.name}", "required" if member.required else "")
            for inner in folded(member.members):
                yield line(inner, f"{parameter.name}.{member.name}.{inner.name}", "")


def line(parameter: Parameter, name: str, need: str) -> str:
    """Return the line of one parameter."""
    said = [*bounds(parameter), *([parameter.note] if parameter.note else [])]
    return f"| `{name}` | {kind(parameter)} | {need} | {'; '.join(said)} |"


def bounds(parameter: Parameter) -> Iterator[str]:
    """Yield the limits of a value, and its default."""
    if parameter.choices:
        yield " or ".join(f"`{choice}`" for choice in parameter.choices)
    if parameter.kind == "integer" and parameter.maximum is not None:
        yield f"{parameter.smallest} to {parameter.maximum}"
    if parameter.max_length is not None:
        yield f"at most {parameter.max_length} characters"
    if parameter.may_be_empty:
        yield "may be empty"
    if parameter.open:
        yield "any other names, too" if parameter.members else "any names"
    if parameter.default is not None:
        yield f"default: {parameter.default}"
    if parameter.when_absent is not NOT_SENT:
        yield "always sent over JSON" + (", also as null" if parameter.when_absent is None else "")


def folded(members: Iterable[Parameter]) -> Iterator[Parameter]:
    """Yield members, with the 25 custom fields as one."""
    for member in members:
        if not re.fullmatch(r"custom([2-9]|1\d|2\d)", member.name):
            is_first = member.name == "custom1"
            yield Parameter("custom1 … custom25", base64=member.base64) if is_first else member


def kind(parameter: Parameter) -> str:
    """Return a parameter's kind in words."""
    name = {"id": "ID", "id or address": "ID or address", "list of ids": "list of IDs"}.get(
        parameter.kind, parameter.kind
    )
    more = " (or a list of them)" if parameter.many else ""
    return f"{name}{more}{', in Base64' if parameter.base64 else ''}"


def required(parameter: Parameter, function: Function) -> str:
    """Return whether a parameter must be given."""
    if parameter.required:
        return "required"
    return f"one of {len(function.one_of)}" if parameter.name in function.one_of else ""


def place_text(place: Place) -> str:
    """Describe a place in words."""
    names = " or ".join(f"`{name}`" for name in place.parameters)
    if not names:
        return "an unused place"
    if place.shape in ("struct", "list"):
        names = "all" if len(place.parameters) > 6 else names.replace(" or ", ", ")
        return f"a {'list of one ' if place.shape == 'list' else ''}struct of {names}"
    return f"a place for each `{place.parameters[0]}`" if place.shape == "each" else names


def effect(function: Function) -> str:
    """Return what a function does, in a word."""
    return f"{function.effect}s" if function.effect else "unknown"


def answer(function: Function) -> str:
    """Return what a function answers, in words."""
    told = function.answer
    json = told.kind or _UNSEEN
    if told.inside:
        json += f" with rows in `{told.inside}`"
    texts = ", ".join(f"`{text}`" for text in told.texts)
    if told.xmlrpc == "text":
        return f"{json}; XML-RPC: {texts}"
    if told.xmlrpc and told.xmlrpc != told.kind:
        return f"{json}; XML-RPC: {told.xmlrpc}"
    return f"{json}; XML-RPC also: {texts}" if texts else json


def placement(function: Function) -> str:
    """Return where a JSON request has the parameters, in words."""
    if function.uncallable:
        return ""
    words = {"parameters": "under `parameters`", "top level": "beside `function`", "none": "none"}
    return words[function.placement] if function.placement else f"{_UNSEEN}: sent under `parameters`"


def anchor(function: Function) -> str:
    """Return the anchor of a function's section, which GitHub and the site make alike of its heading."""
    return re.sub(r"[^\w\s-]", "", function.name.lower()).replace(" ", "-")


if __name__ == "__main__":
    PAGE.write_text(page())
