"""What a fault is, and how servers are told to make it."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from faults.bodies import Content, column_of, whole
from faults.outcomes import READ, Outcome
from faults.places import Place
from support.reports import PROTOCOLS, Protocol
from support.server import Answer, Step, plain

from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.catalogue.reports.deliveries import RECIPIENTS

#: Makes the answer to a request for a report.
Respond = Callable[[Protocol, Report], Answer]

JSON: tuple[Protocol, ...] = ("json",)
XML: tuple[Protocol, ...] = ("xmlrpc",)


@dataclass(frozen=True)
class Fault:
    """Something that a server, or the way to it, does.

    :param id: for the names of the tests.
    :param what: for people.
    :param outcome: what happens to a call and of its task.
    :param respond: how the server answers; None if there is a ``place``.
    :param place: where no server answers over HTTP.
    :param content: of an answer that is read: what it holds.
    :param counts: the outcome where only the statuses are looked at, if it is another one.
    :param sensor: the outcome in sensors, if it is another one.
    :param late: rows come before the fault shows.
    :param needs: tells whether it can happen to a report.
    :param protocols: where it can happen.
    :param timeout_s: the time-outs of the connection.
    :param asked_s: how long the server asks to wait before the next try.
    """

    id: str
    what: str
    outcome: Outcome
    respond: Respond | None = None
    place: Place | None = None
    content: Content | None = None
    counts: Outcome | None = None
    sensor: Outcome | None = None
    late: bool = False
    needs: Callable[[Report], bool] = lambda report: True
    protocols: tuple[Protocol, ...] = PROTOCOLS
    timeout_s: float = 5.0
    asked_s: float = 0.0


def sends(
    content: Content, frame: Callable[..., list[Step]] = plain, *arguments: int, **headers: str
) -> Respond:
    """Return a server that frames a content so."""
    return lambda protocol, report: frame(content(protocol, report), *arguments, **headers)


def steps(make: Callable[[bytes], list[Step]], content: Content = whole) -> Respond:
    """Return a server that does with the bytes of a content what is said."""
    return lambda protocol, report: make(content(protocol, report))


def status(code: int, content: Content | bytes = b"", **headers: str) -> Respond:
    body = content if callable(content) else lambda protocol, report: content
    return lambda protocol, report: plain(body(protocol, report), code, **headers)


def in_40_s(code: int) -> Respond:
    def respond(protocol: Protocol, report: Report) -> Answer:
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
        return plain(b"", code, retry_after=date)

    return respond


def read(id_: str, what: str, content: Content, outcome: Outcome = READ, **others: object) -> Fault:
    """Return a row of the matrix whose answer is fine."""
    return Fault(id_, what, outcome, sends(content), content=content, **others)  # type: ignore[arg-type]


def half(body: bytes) -> bytes:
    return body[: len(body) // 2]


def zipped(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)


def is_list(report: Report) -> bool:
    """Tell whether a report is a list of records, of which one can be bad."""
    return not report.single


def has(kind: str) -> Callable[[Report], bool]:
    """Return what tells whether a report is a list of records with a column of a kind."""
    return lambda report: is_list(report) and column_of(report, kind) is not None


def body_of(fault: Fault, protocol: Protocol) -> bytes:
    assert fault.respond is not None
    return b"".join(step for step in fault.respond(protocol, RECIPIENTS) if isinstance(step, bytes))
