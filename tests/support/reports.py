"""Reports in both protocols out of one description, and readers of them that share no code with ours."""

from __future__ import annotations

import json
import random
import xmlrpc.client
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from airflow_provider_mailkit.catalogue.report import Report
from airflow_provider_mailkit.catalogue.reports.deliveries import RECIPIENTS
from airflow_provider_mailkit.exceptions import MailkitError
from airflow_provider_mailkit.protocol.decoder import Decoder
from airflow_provider_mailkit.protocol.excerpt import Redactor
from support.wire import PROTOCOLS as PROTOCOLS, XML_HEAD, Protocol as Protocol, Xml as Xml, xml_value

CLIENT_ID = "1000001"
CLIENT_MD5 = "0123456789abcdef0123456789abcdef"
FUNCTION = "mailkit.report.message.recipients"

INTEGERS = ("ID_SEND_MESSAGE", "ID_EMAIL", "READ_COUNT", "CLICK_COUNT")
RECIPIENT_COLUMNS = (
    "ID_SEND_MESSAGE", "ID_EMAIL", "EMAIL", "STATUS", "AB_VERSION", "DATE", "READ_COUNT", "CLICK_COUNT"
)  # fmt: skip


def recipient(number: int, **members: Any) -> dict[str, Any]:
    """Return one record of a report, as the reference shows it."""
    return {
        "DATE": f"2026-03-{number % 28 + 1:02} 08:{number % 60:02}:00",
        "READ_COUNT": str(number % 5),
        "STATUS": ("sent", "sent", "failed", "wait", "wait_ab")[number % 5],
        "ID_EMAIL": str(5_000_000_000 + number),
        "EMAIL": f"person{number}@example.com",
        "CLICK_COUNT": str(number % 3),
        "ID_SEND_MESSAGE": str(700_000 + number),
        "AB_VERSION": ("", "A", "B")[number % 3],
    } | members


def recipients(count: int) -> list[dict[str, Any]]:
    return [recipient(number) for number in range(count)]


@dataclass(frozen=True)
class Fault:
    """A fault of XML-RPC; in JSON an error object."""

    code: int
    text: str


def encode(protocol: Protocol, answer: Any) -> bytes:
    """Return an answer, given as Python values, in a protocol."""
    return json_text(answer).encode() if protocol == "json" else xml_text(answer).encode()


def json_text(answer: Any) -> str:
    if isinstance(answer, Fault):
        answer = {"error_status": answer.code, "error": answer.text}
    return json.dumps(answer, ensure_ascii=False, default=lambda value: value.json)


def xml_text(answer: Any, head: str = XML_HEAD) -> str:
    if isinstance(answer, Fault):
        value = xml_value({"faultCode": answer.code, "faultString": answer.text})
        return f"{head}<methodResponse><fault>{value}</fault></methodResponse>"
    params = f"<params><param>{xml_value(answer)}</param></params>"
    return f"{head}<methodResponse>{params}</methodResponse>"


def oracle(protocol: Protocol, body: bytes, zone: tzinfo | None = None) -> list[dict[str, Any]]:
    """Return the rows of a good answer, read with the standard library."""
    if protocol == "json":
        answer = json.loads(body.decode("utf-8-sig"))
    else:
        (answer,), _ = xmlrpc.client.loads(body.decode("utf-8-sig"), use_builtin_types=False)
    if isinstance(answer, dict):
        answer = [answer] if answer else []
    return [_oracle_row(record, zone) for record in answer]


def _oracle_row(record: Mapping[str, Any], zone: tzinfo | None) -> dict[str, Any]:
    upper = {name.upper(): value for name, value in record.items()}
    row: dict[str, Any] = dict.fromkeys(RECIPIENT_COLUMNS)
    for name in RECIPIENT_COLUMNS:
        value = upper.get(name)
        if value is None or value == "":
            continue
        if name in INTEGERS:
            row[name] = int(value)
        elif name == "DATE":
            if not str(value).startswith("0000"):
                row[name] = datetime.fromisoformat(str(value)).replace(tzinfo=zone).isoformat()
        else:
            row[name] = str(value)
    return row


@dataclass
class Outcome:
    """What came out of a decoder."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    unknown: list[dict[str, Any]] = field(default_factory=list)
    error: MailkitError | None = None

    @property
    def kind(self) -> type[MailkitError] | None:
        return type(self.error) if self.error else None


def decoder(
    protocol: Protocol,
    columns: Sequence[str] | None = None,
    zone: tzinfo | None = None,
    report: Report = RECIPIENTS,
    **options: Any,
) -> Decoder:
    redactor = Redactor((CLIENT_ID, CLIENT_MD5))
    return Decoder(protocol, report, columns, zone=zone, redactor=redactor, **options)


def decode(
    protocol: Protocol,
    pieces: bytes | Iterable[bytes],
    columns: Sequence[str] | None = None,
    zone: tzinfo | None = None,
    report: Report = RECIPIENTS,
    **options: Any,
) -> Outcome:
    """Feed a decoder; only a MailkitError is an outcome, anything else fails the test."""
    reader = decoder(protocol, columns, zone, report, **options)
    outcome = Outcome()

    def take(batches: Iterable[Any]) -> None:
        for batch in batches:
            rows = list(batch.rows())
            assert len(batch) == len(rows) > 0
            outcome.rows += rows
            outcome.unknown += batch.unknown or [{}] * len(rows)

    try:
        for piece in [pieces] if isinstance(pieces, bytes) else pieces:
            take(reader.feed(piece))
        take(reader.finish())
    except MailkitError as error:
        outcome.error = error
    return outcome


def cuttings(body: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Yield the ways in which a body may arrive: whole, in pieces of 64 KiB, at random, byte by byte."""
    yield "whole", [body]
    yield "64 KiB", [body[i : i + 2**16] for i in range(0, len(body), 2**16)]
    for seed in (1, 2, 3) if len(body) < 100_000 else (1,):
        yield f"random {seed}", list(random_pieces(body, seed))
    if len(body) <= 20_000:
        yield "bytes", [body[i : i + 1] for i in range(len(body))]


def random_pieces(body: bytes, seed: int) -> Iterator[bytes]:
    chance = random.Random(seed)
    largest = chance.choice((3, 50, 5000)) if len(body) < 50_000 else 40_000
    start = 0
    while start < len(body):
        end = start + chance.randint(0, largest)
        yield body[start:end]
        start = end


def everything_told(error: BaseException) -> str:
    """Return all that an exception and what hangs on it could show, in a traceback or a log."""
    told = []
    pending: list[BaseException | None] = [error]
    seen: set[int] = set()
    while pending:
        link = pending.pop()
        if link is not None and id(link) not in seen:
            seen.add(id(link))
            told += [
                str(link),
                repr(link),
                repr(link.args),
                repr(vars(link)),
                *getattr(link, "__notes__", []),
            ]
            told.append(repr(getattr(link, "object", "")))
            pending += [link.__cause__, link.__context__]
    return "\n".join(told)


def assert_discreet(error: MailkitError, *secrets: str) -> None:
    """See that an error shows no address, no credentials and no long piece of the answer."""
    told = everything_told(error)
    for secret in (CLIENT_ID, CLIENT_MD5, "@", "%40", "&#64;", "\\u0040", *secrets):
        assert secret not in told, (secret, told)
    _, _, excerpt = str(error).partition("begins with: ")
    assert len(excerpt) <= 200, excerpt
    assert len(str(error)) <= 600, error


def api_error(protocol: Protocol, text: str) -> bytes:
    """Return an error as Mailkit answers it: an object, or over XML-RPC a text."""
    return encode(protocol, {"error_status": 1, "error": text} if protocol == "json" else text)
