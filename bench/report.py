"""The made-up recipients report: the same bytes every time, no two recipients alike.

One file per protocol holds the largest report. Every smaller one is a prefix of it, so that the server needs
no other file, and peers and provider get the very same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_MASK = 2**64 - 1
_NAMES = (
    "anna", "jan", "vlastimila", "ota", "karel.mladsi", "marie-terezie", "bo", "dana", "emil", "frantiska",
    "hana", "ivo", "info", "newsletter.subscriptions", "petr.pavel", "zdenka",
)  # fmt: skip
_SURNAMES = ("novak", "svobodova", "dvorak", "li", "prochazkova-kucerova", "vesely", "horak", "benes")
_DOMAINS = (
    "example.com", "example.org", "example.cz", "mail.example.com",
    "posta.example.cz", "a.example.org", "customers.example.com", "subdivision.company.example.cz",
)  # fmt: skip
_STATUSES = ("sent",) * 56 + ("failed",) * 5 + ("wait",) * 2 + ("wait_ab",)
_VERSIONS = ("", "", "", "", "", "", "A", "B")
_COUNTS = (*(0,) * 20, *(1,) * 7, 2, 2, 3, 5, 12)
_BLOCK = 10_000
_SUBDOMAINS = "division-with-a-telling-name.subsidiary-of-the-holding.group-of-companies."

#: Kinds of reports: usual; unordered row keys; unordered dates over twenty days; all recipients waiting; long
#: addresses.
KINDS = ("usual", "shuffled", "scattered", "waiting", "long")


class Recipient(NamedTuple):
    """The values of one record, ready to be formatted."""

    date: str
    reads: int
    status: str
    id_email: int
    email: str
    clicks: int
    id_message: int
    version: str


def recipient(number: int, kind: str = "usual") -> Recipient:
    """Return the recipient with this number, from 0, in a report of one of the :data:`KINDS`."""
    mix = (number + 1) * 0x9E3779B97F4A7C15 & _MASK
    mix = (mix ^ mix >> 29) * 0xBF58476D1CE4E5B9 & _MASK
    mix ^= mix >> 32
    status = "wait" if kind == "waiting" else _STATUSES[mix & 63]
    if kind == "scattered":
        second = (mix >> 6) % (20 * 86400)
    else:
        # A hundred a second in the order of the report, as a delivery goes out, and up to half an hour late.
        second = 8 * 3600 + number // 100 + (mix >> 6 & 2047)
    date = (
        f"2026-03-{1 + second // 86400:02} {second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}"
    )
    name, surname = _NAMES[mix >> 20 & 15], _SURNAMES[mix >> 24 & 7]
    return Recipient(
        "" if status[0] == "w" else date,
        _COUNTS[mix >> 32 & 31],
        status,
        # An odd multiplier scatters the IDs over the range without duplicates.
        number * 1_640_531_527 & 0x7FFFFFFF,
        f"{name}.{surname}{number}@{_SUBDOMAINS if kind == 'long' else ''}{_DOMAINS[mix >> 28 & 7]}",
        _COUNTS[mix >> 37 & 31],
        # In the order of a database, with gaps; or in no order.
        5_000_000_000
        + (number * 2_654_435_761 & 0xFFFFFFFF if kind == "shuffled" else 3 * number + (mix & 1)),
        _VERSIONS[mix >> 42 & 7],
    )


def _json_record(r: Recipient) -> str:
    return (
        f'{{"DATE":"{r.date}","READ_COUNT":"{r.reads}","STATUS":"{r.status}","ID_EMAIL":"{r.id_email}",'
        f'"EMAIL":"{r.email}","CLICK_COUNT":"{r.clicks}","ID_SEND_MESSAGE":"{r.id_message}",'
        f'"AB_VERSION":"{r.version}"}}'
    )


def _member(name: str, tag: str) -> str:
    return f"<member><name>{name}</name><value><{tag}>%s</{tag}></value></member>"


_XML_RECORD = (
    "<value><struct>"
    + _member("DATE", "string")
    + _member("READ_COUNT", "i4")
    + _member("STATUS", "string")
    + _member("ID_EMAIL", "i4")
    + _member("EMAIL", "string")
    + _member("CLICK_COUNT", "i4")
    + _member("ID_SEND_MESSAGE", "i8")
    + _member("AB_VERSION", "string")
    + "</struct></value>"
)


@dataclass(frozen=True)
class Form:
    """How one protocol writes a report."""

    name: str
    content_type: str
    head: str
    record: Callable[[Recipient], str]
    separator: str
    tail: str


JSON = Form("json", "application/json; charset=utf-8", "[", _json_record, ",", "]")
XMLRPC = Form(
    "xmlrpc",
    "text/xml; charset=utf-8",
    '<?xml version="1.0" encoding="utf-8"?><methodResponse><params><param><value><array><data>',
    lambda record: _XML_RECORD % record,
    "",
    "</data></array></value></param></params></methodResponse>",
)
FORMS = {form.name: form for form in (JSON, XMLRPC)}


def write_report(form: Form, path: Path, sizes: list[int], kind: str = "usual") -> dict[int, int]:
    """Write the report with the largest of these numbers of recipients.

    :param kind: one of the :data:`KINDS`.
    :return: for each size how many bytes of the file make up that report, up to its tail.
    """
    lengths: dict[int, int] = {}
    begin = written = 0
    with path.open("wb") as file:
        written += file.write(form.head.encode())
        for size in sorted(sizes):
            while begin < size:
                end = min(begin + _BLOCK, size)
                text = form.separator.join(form.record(recipient(i, kind)) for i in range(begin, end))
                written += file.write(((form.separator if begin else "") + text).encode())
                begin = end
            lengths[size] = written
    return lengths
